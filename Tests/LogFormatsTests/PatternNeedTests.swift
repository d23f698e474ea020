import Testing

@testable import LogFormats

@Suite struct PatternNeedTests {
  private func mayHoldAddress(_ text: [UInt8]) -> Bool {
    text.withUnsafeBytes { PatternNeed.mayHoldAddress($0) }
  }

  @Test(arguments: [
    "Disconnected from 192.0.2.1 port 22", "192.0.2.1", "x192.0.2.1", "from ::1", "a::b",
    "2001:db8::7 closed",
    "release 1.2 on 10.0.0.7",
    "fe80:0:0:0:1:2:3:4", "12345678 1.2.3.4", "a4:cf:12:00:11:22",
  ])
  func addressesAreSeen(text: String) {
    // An address ends behind the first group that follows the second colon or third full stop.
    #expect(mayHoldAddress(Array(text.utf8)) == (text != "from ::1"))
  }

  @Test(arguments: [
    "", ".", ":", "Started Session 5 of user root.",
    "telemetry-agent.service: Main process exited, code=exited",
    "USER root pid 77 cmd /usr/sbin/fw-4.12.3.bin --interval=3", "1.2.3.", "1..2.3.4", "at 12:30", "e: f:",
    "version 1.2.3", "::", "a:", "1.2.3:4",
  ])
  func otherTextsHoldNone(text: String) { #expect(!mayHoldAddress(Array(text.utf8))) }

  /// The quick look may see an address where there is none, and never the other way round.
  @Test func noAddressIsPassedOver() throws {
    let pattern = try BytePattern(
      #"(?<a>\d{1,3}(?:\.\d{1,3}){3}|[0-9a-fA-F]{1,4}:[0-9a-fA-F:]*:[0-9a-fA-F]{1,4})"#)
    let letters = Array("0129..::aF x".utf8)
    var state: UInt64 = 20_261_130
    var held = 0
    for _ in 0..<20_000 {
      var text: [UInt8] = []
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      for _ in 0..<state >> 59 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        text.append(letters[Int(state >> 33) % letters.count])
      }
      guard text.withUnsafeBytes({ pattern.matches($0) }) else { continue }
      held += 1
      if !mayHoldAddress(text) { Issue.record("\(String(decoding: text, as: UTF8.self))") }
    }
    #expect(held > 1000)
  }

  @Test func aPatternIsTriedWhereItsNeedIsMet() throws {
    let format = try DefinedFormat(
      json: Array(
        #"""
        {"name":"acme","kind":"regex","lines":false,"programs":["acmed"],
         "patterns":[{"pattern":"door (?<door>\\w+)","needs":["key","<address>"]},"^(?<message>x.*)$"],
         "sample":[{"line":"key at door a1","expect":{"fields":{"door":"a1"}}},
                   {"line":"door b2 from 192.0.2.7","expect":{"fields":{"door":"b2"}}}],
         "refuse":["door c3"]}
        """#.utf8))
    #expect(format.name == "acme")
  }

  @Test(arguments: [
    #"{"pattern":"(?<a>.)","needs":""}"#, #"{"pattern":"(?<a>.)","needs":[]}"#,
    #"{"pattern":"(?<a>.)","need":"x"}"#, #"{"needs":"x"}"#, #"{"pattern":"(?<a>.)","needs":[5]}"#,
  ])
  func needsThatSayNothingAreRefused(entry: String) {
    #expect(throws: DefinitionError.self) {
      try DefinedFormat(
        json: Array(
          #"{"name":"acme","kind":"regex","patterns":[\#(entry)],"sample":[{"line":"x"}],"refuse":[]}"#.utf8))
    }
  }
}
