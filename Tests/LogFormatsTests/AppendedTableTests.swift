import Testing

@testable import LogFormats

/// Tables that were put behind one another, and what their beginning tells of all rows.
@Suite struct AppendedTableTests {
  private static let first = """
    time,device,severity,message
    2026-11-20T08:00:00Z,pu-1,info,one
    2026-11-20T08:01:00Z,pu-2,error,two

    """

  private func rows(_ text: String) -> [FormatTrial.Row] {
    Array(text.utf8).withUnsafeBytes { FormatTrial(catalog: FormatCatalog(), bytes: $0) }.rows
  }

  @Test(arguments: [
    "time,device,severity,message\n2026-11-20T08:02:00Z,pu-3,error,three\n",
    "\"time\",\"device\",\"severity\",\"message\"\n2026-11-20T08:02:00Z,pu-3,error,three\n",
    "severity,device,message,time\nerror,pu-3,three,2026-11-20T08:02:00Z\n",
    "site,stamp,unit_id,level,text\nhall 4,2026-11-20T08:02:00Z,pu-3,error,three\n",
    "time;device;severity;message\n2026-11-20T08:02:00Z;pu-3;error;three\n",
    "time,device,severity,message,t1,t2,t3,t4,t5\n2026-11-20T08:02:00Z,pu-3,error,three,1,2,3,4,5\n",
    "date,clock,device,severity,message,value\n2026-11-20,08:02:00,pu-3,error,three,4\n",
  ])
  func aSecondHeaderIsStructureAndCountsFromThereOn(_ second: String) {
    let found = rows(Self.first + second + Self.first)
    #expect(found.filter { $0.verdict == "structure" }.count == 3)
    let events = found.filter { $0.verdict == "event" }
    #expect(events.map(\.device) == ["pu-1", "pu-2", "pu-3", "pu-1", "pu-2"])
    #expect(events.map(\.severity) == [6, 3, 3, 6, 3])
    #expect(events.map(\.message) == ["one", "two", "three", "one", "two"])
    #expect(events[2].time.hasPrefix("2026-11-20T08:02:00"))
  }

  @Test func aRowWithoutATimeIsNoHeader() {
    let found = rows(Self.first + "soon,pu-3,date,start of the pump\n2026-11-20T08:02:00Z,pu-4,info,four\n")
    #expect(found.suffix(2).map(\.verdict) == ["event", "event"])
    #expect(found.suffix(2).map(\.device) == ["pu-3", "pu-4"])
  }

  @Test func whatStandsAboveALaterTableTellsWhoseItIs() {
    let table = "time,flow,temp\n2026-11-20T08:00:00Z,3.5,20\n2026-11-20T08:01:00Z,3.4,21\n"
    for mark in ["Device: pu-", "# device: pu-"] {
      let found = events("\(mark)1\n\(table)\(mark)2\n\(table)")
      #expect(found.map(\.device) == ["pu-1", "pu-1", "pu-2", "pu-2"], "\(mark)")
    }
  }

  @Test func aColumnThatMayNameDevicesDoesSoInAllRowsOrNone() {
    let names = ["evc-3ae9", "evc-a6dd", "billing", "evc-fade", "evc-0b12"]
    func devices(_ names: [String]) -> [String] {
      events("time,unit,message\n" + names.map { "2026-11-20T08:00:00Z,\($0),energy delivered\n" }.joined())
        .map(\.device)
    }
    #expect(devices(names) == names)
    #expect(devices(["kWh", "bar", "m3"]) == ["", "", ""])
  }

  @Test func aStampThatStandsIsNotTheEventsTime() {
    let minutes = (0..<4).map { "2026-11-20T08:0\($0):00Z" }
    let table = events(
      "time,sampled_at,device,message\n"
        + minutes.map { "2026-11-20T00:00:00Z,\($0),pu-1,ok now\n" }.joined())
    #expect(table.map(\.time) == minutes)
    #expect(table.first?.fields == #"{"time":"2026-11-20T00:00:00Z"}"#)
    let json = events(
      minutes.map { #"{"ts":"2026-11-20T00:00:00Z","observed":"\#($0)","device":"pu-1","msg":"ok"}"# + "\n" }
        .joined())
    #expect(json.map(\.time) == minutes)
    let unnamed = events(
      minutes.map { #"{"ts":"2026-11-20T00:00:00Z","acquired":"\#($0)","device":"pu-1","msg":"ok"}"# + "\n" }
        .joined())
    #expect(unnamed.map(\.time) == minutes)
    let pairs = events(
      minutes.map { "time=2026-11-20T00:00:00Z measured=\($0) device=pu-1 msg=ok\n" }.joined())
    #expect(pairs.map(\.time) == minutes)
  }

  @Test func aStampThatStandsIsTheTimeWhereTheOtherTellsOfSomethingElse() {
    let at = "2026-11-20T08:00:00Z"
    // What is still to come, dates of records, and a log of one second.
    for (name, values) in [
      ("due_at", (0..<4).map { "2026-11-2\($0)T08:00:00Z" }),
      ("created_at", (0..<4).map { "2025-11-2\($0)T08:00:00Z" }),
      ("last_seen", (0..<4).map { "2026-11-1\($0)T08:00:00Z" }),
      ("observed", (0..<4).map { "2026-11-20T08:00:00.\($0)00Z" }),
    ] {
      let found = events(
        values.map { #"{"ts":"\#(at)","\#(name)":"\#($0)","device":"pu-1","msg":"ok"}"# + "\n" }.joined())
      #expect(found.map(\.time) == [at, at, at, at], "\(name)")
    }
  }
}
