import Foundation
import Testing

/// What trace makes of a device whose clock was set between two boots, from files as devices write them.
@Suite struct TraceClockTests {
  private static func stamp(_ second: Double) -> String {
    let whole = Int(second.rounded(.down))
    let millis = Int((second - Double(whole)) * 1000)
    return String(
      format: "2026-04-07T%02d:%02d:%02d.%03dZ", 4 + whole / 3600, whole / 60 % 60, whole % 60, millis)
  }

  @Test func aDeviceThatBootedWithAnotherClockFailsWhenItsLikesDo() throws {
    let work = try Workspace()
    let boot = 9000.0
    let failure = 14_000.0
    var ear: [(Double, String)] = []
    var topology = "from,to,kind\n"
    var inventory = "device,sort,board\n"
    for unit in 0..<24 {
      topology += "ear,unit-\(unit)x,serves\n"
      inventory += "unit-\(unit)x,thing,b\(unit % 3)\n"
      var lines = ""
      for turn in 0..<150 {
        let time = Double(turn) * 96 + Double(unit * 37 % 90)
        let off = unit != 5 ? 0.0 : time < boot ? 900 : -700
        let number = 100_000 + unit * 1000 + turn * 3
        guard time < failure + Double(unit) else { continue }
        lines += "\(stamp(time + off)) unit-\(unit)x app[3]: <info> handed over \(number)\n"
        ear.append((time + 0.05 + Double(number % 97) / 500, "info: stored \(number) of unit-\(unit)x"))
      }
      for turn in 0..<3 where unit < 20 {
        let off = unit == 5 ? -700.0 : 0
        lines +=
          "\(stamp(failure + Double(unit) + Double(turn) * 9 + off)) unit-\(unit)x app[3]: error: uplink lost, try \(turn + 41)\n"
      }
      try work.write("logs/unit-\(unit)x.log", lines)
    }
    for turn in 0..<3 { ear.append((failure - 4 + Double(turn), "critical: table full at \(800 + turn)")) }
    try work.write(
      "logs/ear.log",
      ear.sorted { $0.0 < $1.0 }.map { "\(stamp($0.0)) ear hub[9]: \($0.1)\n" }.joined())
    try work.write("topology.csv", topology)
    try work.write("inventory.csv", inventory + "ear,hub,\n")
    let read = try work.firebreak(
      "ingest", "logs", "--inventory", "inventory.csv", "--topology", "topology.csv", "--case", "x.firebreak")
    try #require(read.exit == 0, "\(read.errors)")
    let run = try work.firebreak("trace", "--case", "x.firebreak", "--format", "json")
    try #require(run.exit == 0, "\(run.errors)")
    let onsets = try #require(try jsonObject(run.output)["onsets"] as? [String: String])
    let likes = try #require(onsets["unit-6x"])
    let moved = try #require(onsets["unit-5x"], "\(run.output.prefix(600))")
    func second(_ stamp: String) -> Double {
      let parts = stamp.dropLast().split { "T:".contains($0) }.suffix(3).compactMap { Double($0) }
      return parts.count == 3 ? parts[0] * 3600 + parts[1] * 60 + parts[2] - 4 * 3600 : .nan
    }
    #expect(abs(second(likes) - failure - 6) < 2, "\(likes)")
    #expect(abs(second(moved) - failure - 5) < 2, "\(moved)")
  }

  private func stamp(_ second: Double) -> String { Self.stamp(second) }
}
