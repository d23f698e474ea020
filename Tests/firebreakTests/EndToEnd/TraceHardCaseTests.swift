import Foundation
import Testing

/// Evidence that is hard to trace, from files as they come.
@Suite struct TraceHardCaseTests {
  /// Sixty units behind a hub in JSON lines; of ten lines nine are cut off in the middle, as a dying disk leaves them.
  @Test func ninetyOfAHundredLinesRefusedStillGiveABoundedAnswer() throws {
    let work = try Workspace()
    var lines: [(Double, String)] = []
    func say(_ device: String, _ second: Double, _ level: String, _ text: String) {
      let whole = Int(second)
      let stamp = String(
        format: "2026-04-07T%02d:%02d:%02d.%03dZ", 4 + whole / 3600, whole / 60 % 60, whole % 60,
        Int(second * 1000) % 1000)
      lines.append(
        (second, #"{"ts":"\#(stamp)","device":"\#(device)","level":"\#(level)","msg":"\#(text)"}"#))
    }
    var topology = "from,to,kind\n"
    for unit in 0..<60 {
      topology += "hub,unit-\(unit)x,serves\n"
      for turn in 0..<60 {
        say("unit-\(unit)x", Double(turn * 120 + unit * 7 % 110), "info", "stored sample \(turn * 31 + unit)")
      }
    }
    for turn in 0..<20 { say("hub", 4995 + Double(turn) * 3, "critical", "table full at \(800 + turn)") }
    for unit in 0..<54 {
      for turn in 0..<10 {
        say("unit-\(unit)x", 5002 + Double(unit + turn * 11), "error", "uplink lost, try \(turn + 41)")
      }
    }
    lines.sort { $0.0 < $1.0 }
    var state: UInt64 = 5
    let text = lines.map { line -> String in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return (state >> 33) % 10 == 0 ? line.1 : String(line.1.prefix(20 + Int((state >> 40) % 12)))
    }
    try work.write("dying.jsonl", text.joined(separator: "\n") + "\n")
    try work.write("topology.csv", topology)
    let read = try work.firebreak(
      "ingest", "dying.jsonl", "--input-format", "jsonl", "--topology", "topology.csv", "--case",
      "x.firebreak")
    #expect([0, 3].contains(read.exit), "\(read.errors)")
    // A tenth is left to tell from.
    #expect(try work.eventCount() > 300)
    let run = try work.firebreak("trace", "--case", "x.firebreak", "--format", "json", "--no-store")
    #expect([0, 1].contains(run.exit), "\(run.errors)")
    let trace = try jsonObject(run.output)
    for origin in trace["origins"] as? [[String: Any]] ?? [] {
      let score = try #require(origin["score"] as? Double)
      #expect((0...1).contains(score))
      // Whoever is named rather than not is the right one; to name nobody is right as well.
      if score >= 0.5 { #expect(origin["device"] as? String == "hub") }
    }
    // A device in the inventory twice, with other words each time, is one device.
    try work.write("inventory.csv", "device,model\nunit-3x,a\nunit-3x,b\nunit-4x,a\n")
    let again = try work.firebreak(
      "ingest", "dying.jsonl", "--input-format", "jsonl", "--topology", "topology.csv", "--inventory",
      "inventory.csv", "--case", "y.firebreak")
    #expect([0, 3].contains(again.exit), "\(again.errors)")
    let twice = try work.firebreak("trace", "--case", "y.firebreak", "--format", "json", "--no-store")
    let onsets = try #require(try jsonObject(twice.output)["onset_details"] as? [[String: Any]])
    #expect(onsets.count { $0["device"] as? String == "unit-3x" } <= 1)
  }
}
