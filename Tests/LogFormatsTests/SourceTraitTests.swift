import Testing

@testable import LogFormats

/// What is decided for a source and not line by line.
@Suite struct SourceTraitTests {
  private func units(_ names: [String], _ key: String = "unit") -> [String] {
    events(
      names.map { #"{"ts":"2026-11-20T08:00:00Z","\#(key)":"\#($0)","msg":"energy delivered"}"# }
        .joined(separator: "\n") + "\n"
    ).map(\.device)
  }

  @Test func oneFleetsUnitsAreDevicesAllOrNone() {
    let names = ["evc-3ae9", "evc-a6dd", "evc-0b12", "evc-fade", "billing", "evc-77c1"]
    #expect(units(names) == names)
    #expect(units(names, "charger") == names)
    let pairs = events(
      names.map { "ts=2026-11-20T08:00:00Z unit=\($0) level=info msg=ok" }.joined(separator: "\n") + "\n")
    #expect(pairs.map(\.device) == names)
  }

  @Test func unitsOfMeasurementStatesAndServicesStayNone() {
    #expect(units(["kWh", "bar", "m3", "AHU-3"]) == ["", "", "", "AHU-3"])
    #expect(units(["running", "stopped", "fault"], "pump") == ["", "", ""])
    #expect(units(["ssh.service", "a-1b2c.timer", "nginx.service"]) == ["", "", ""])
    // A unit of measurement behind the first lines is none either.
    let many = (100..<400).map { "evc-\($0)" }
    #expect(units(many + ["kWh"]).suffix(2) == ["evc-399", ""])
  }

  @Test(arguments: [";", "; ", "|", "\t", ",", ", "])
  func pairsMayBeDividedByOtherSigns(_ divider: String) {
    let text = (0..<4).map {
      ["time=2026-11-20T08:00:0\($0)Z", "device=pu-\($0)", "severity=error", "message=low flow, try \($0)"]
        .joined(separator: divider) + "\n"
    }.joined()
    let found = events(text)
    #expect(found.map(\.device) == ["pu-0", "pu-1", "pu-2", "pu-3"])
    #expect(found.map(\.severity) == [3, 3, 3, 3])
    #expect(found.map(\.message) == (0..<4).map { "low flow, try \($0)" })
    #expect(found.first?.format == "logfmt")
  }

  @Test func pairsWithColonsBeginWithATime() {
    let found = events(
      (0..<3).map { "time: 2026-11-20T08:00:0\($0)Z, device: pu-\($0), severity: warning, message: slow\n" }
        .joined())
    #expect(found.map(\.device) == ["pu-0", "pu-1", "pu-2"])
    #expect(found.map(\.severity) == [4, 4, 4])
  }

  @Test func aLineDividedByBlanksIsReadAmongOthers() {
    let found = events(
      "time=2026-11-20T08:00:00Z;device=pu-1;severity=error;message=slow\n"
        + "time=2026-11-20T08:00:01Z device=pu-2 level=warn msg=late\n")
    #expect(found.map(\.device) == ["pu-1", "pu-2"])
    #expect(found.map(\.message) == ["slow", "late"])
  }

  @Test func pairsDividedByBlanksKeepTheirCommas() {
    let found = events(
      (0..<3).map { "ts=2026-11-20T08:00:0\($0)Z host=gw-1 tags=a=1,b=2,c=3 level=warn msg=slow\n" }.joined())
    #expect(found.map(\.device) == ["gw-1", "gw-1", "gw-1"])
    #expect(found.map(\.message) == ["slow", "slow", "slow"])
  }

  @Test func syslogOfSeveralKindsIsReadLineByLine() {
    let text = (10..<30).map {
      """
      Nov 20 08:00:\($0) bridge-2 cron[1]: run \($0)
      Nov 20 08:00:\($0) bridge-2 cron[1]: done \($0)
      <28>1 2026-11-20T08:00:\($0)Z bridge-3 agent 1 - - joined
      2026-11-20T08:00:\($0)+00:00 bridge-4 agent[3]: left

      """
    }.joined()
    let found = events(text)
    #expect(found.count == 80)
    #expect(found.prefix(4).map(\.device) == ["bridge-2", "bridge-2", "bridge-3", "bridge-4"])
    #expect(Set(found.map(\.device)) == ["bridge-2", "bridge-3", "bridge-4"])
  }

  @Test func syslogBehindStampedTextIsSyslog() {
    let plain = (100..<300).map { "2026-11-20 08:00:00.\($0) ERROR plain text\n" }.joined()
    let found = events(
      plain + "Nov 20 08:00:01 bridge-2 cron[1]: run\n2026-11-20T08:00:02Z bridge-4 agent[3]: left\n")
    #expect(found.suffix(3).map(\.device) == ["", "bridge-2", "bridge-4"])
    #expect(found.suffix(2).map(\.program) == ["cron", "agent"])
  }

  @Test(
    arguments: [
      ("ERROR link lost", 3), ("CRITICAL: battery empty", 2), ("[WARN] slow", 4), ("<3>link lost", 3),
      ("error: no route", 3),
      (#"level=error device=EV-1 msg="link lost""#, 3), (#"device=EV-1 level=warn msg="x y""#, 4),
      ("INFO up", 6),
      ("error rate 3 %", 255), ("errors: 0", 255), ("Errors: none", 255), ("critical: false", 255),
      ("link up", 255),
      ("Failed: 3 of 4", 255),
    ] as [(String, UInt8)])
  func aSyslogBodyMayBeginWithItsSeverity(_ body: String, _ severity: UInt8) {
    #expect(events("Nov 20 08:00:00 bridge-2 app[2]: \(body)\n").map(\.severity) == [severity])
    #expect(events("2026-11-20T08:00:00+00:00 bridge-2 app[2]: \(body)\n").map(\.severity) == [severity])
    #expect(events("<28>Nov 20 08:00:00 bridge-2 app[2]: \(body)\n").map(\.severity) == [4])
  }

  @Test(
    arguments: [
      ("errors: 0", 255), ("Errors: none", 255), ("critical: false", 255), ("errors: 3", 255),
      ("Error: none, done", 255), ("Error: no route to host", 3), ("ERROR: 0 bytes read", 3),
      ("critical: battery", 2),
    ] as [(String, UInt8)])
  func whatThereIsNoneOfIsNoSeverity(_ text: String, _ severity: UInt8) {
    let found = events("2026-11-20 08:00:00 \(text)\n")
    #expect(found.map(\.severity) == [severity])
    if severity == 255 { #expect(found.map(\.message) == [text]) }
  }
}
