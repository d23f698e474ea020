import Testing

@testable import LogFormats

/// Stamped text whose lines name a device behind their stamp.
@Suite struct LineSpeakerTests {
  private func found(_ rest: [String]) -> [FormatTrial.Row] {
    events(rest.enumerated().map { "2026-11-20 08:00:0\($0.offset) \($0.element)\n" }.joined())
  }

  @Test func namesOfOneKindAreDevices() {
    let lines = found(["ELV03 E12 DOOR FAULT", "ELV03 E00 NORMAL", "ELV04 ERROR overspeed"])
    #expect(lines.map(\.device) == ["ELV03", "ELV03", "ELV04"])
    #expect(lines.map(\.message) == ["E12 DOOR FAULT", "E00 NORMAL", "overspeed"])
    #expect(lines.map(\.severity) == [255, 255, 3])
  }

  @Test func levelAndProgramStandBesideTheName() {
    let lines = found([
      "WARN pump-7 net: slow", "[error] [gw-12] net[31]: lost", "gw-12: INFO up", "pump-8 - ERROR - stuck",
    ])
    #expect(lines.map(\.device) == ["pump-7", "gw-12", "gw-12", "pump-8"])
    #expect(lines.map(\.severity) == [4, 3, 6, 3])
    #expect(lines.map(\.program) == ["net", "net", "", ""])
    #expect(lines.map(\.message) == ["slow", "lost", "up", "stuck"])
  }

  @Test(arguments: [
    // Of several kinds, and not beyond doubt.
    ["ELV03 door open", "DOOR12 open", "FAN3 stopped"],
    // Threads, interfaces, codes, and numbers of requests.
    ["worker-1 done", "worker-2 done", "worker-1 done"], ["eth0 link up", "eth1 link up", "eth0 link down"],
    ["ERR12 door open", "ERR13 fan", "ERR12 door open"],
    (0..<9).map { "ab1\($0)c\($0) request done" },
    ["pump started", "pump stopped", "pump-7 started"],
  ])
  func otherWordsAreNone(_ rest: [String]) {
    #expect(found(rest).allSatisfy { $0.device.isEmpty }, "\(rest)")
  }

  /// Whatever threads are called, the layout of loggers tells them.
  @Test(arguments: [
    [
      "[edi-3] INFO  c.a.Router - started", "[edi-4] ERROR c.a.Router - lost",
      "[edi-3] WARN  c.a.io.Sock - slow",
    ],
    ["INFO [edi-3] Router - started", "ERROR [edi-4] Router - lost", "WARN [edi-3] Socket - slow"],
    ["[edi-3] INFO Router:118 - started", "[edi-4] ERROR Router:7 - lost", "[edi-3] WARN Socket:1 - slow"],
    [
      "[edi-3] INFO com.acme.Router: started", "[edi-4] ERROR com.acme.Router: lost",
      "[edi-4] WARN com.acme.Sock: slow",
    ],
    [
      "[edi-3] [INFO] [com.acme.Router] - started", "[edi-4] [ERROR] [com.acme.Router] - lost",
      "[edi-3] [INFO] [com.acme.Router] - ok",
    ],
  ])
  func threadsAreNoDevices(_ rest: [String]) {
    #expect(found(rest).allSatisfy { $0.device.isEmpty }, "\(rest)")
    #expect(found(rest)[1].severity == 3)
  }

  /// One word before a hyphen is a message in some lines, and a layout in all.
  @Test func messagesWithHyphensMakeNoThreads() {
    let lines = found([
      "[gate-3] INFO door - closed", "[gate-4] ERROR motor hot", "[gate-3] INFO door closed",
    ])
    #expect(lines.map(\.device) == ["gate-3", "gate-4", "gate-3"])
  }

  @Test func aLineThatNamesNoneIsText() {
    let lines = found((0..<10).map { "pump-\($0 % 2) step \($0)" } + ["all pumps stopped"])
    #expect(lines.last?.device == "")
    #expect(lines.last?.message == "all pumps stopped")
  }
}
