import Foundation
import Testing

/// What `firebreak ingest` says of evidence that was read, but not as people may think.
@Suite struct IngestNoteTests {
  @Test func theSameLogPackedAndUnpackedIsSaid() throws {
    let work = try Workspace()
    let log = Data(Workspace.log(50).utf8)
    try work.write("a/syslog.1", log)
    try work.write("a/other.log", Data(Workspace.log(51).utf8))
    try work.write("a/syslog.1.gz", try Workspace.gzip(log))
    let together = try work.ingest(work.at("a"))
    #expect(together.run.exit == 0)
    #expect(together.run.errors.contains("syslog.1.gz' has as many bytes and lines"))
    #expect(!together.run.errors.contains("other.log' has as many"))
    // One after the other.
    let later = try Workspace()
    try later.write("syslog.1", log)
    try later.write("syslog.1.gz", try Workspace.gzip(log))
    #expect(!(try later.ingest(later.at("syslog.1")).run.errors.contains("as many bytes")))
    #expect(try later.ingest(later.at("syslog.1.gz")).run.errors.contains("as many bytes and lines"))
  }

  /// `run` and `doctor` ask for a new inventory of a case that has all its evidence.
  @Test func aCaseThatExistsTakesANewInventoryAlone() throws {
    let work = try Workspace()
    try work.ingestFleet()
    let events = try work.eventCount()
    try work.write("new.csv", "device,life_safety,bay\ngw-2,no,7\n")
    let none = try work.firebreak(
      "ingest", "--inventory", work.at("new.csv"), "--case", work.at("y.firebreak"))
    #expect(none.exit == 64 && none.errors.contains("there is no case"), "\(none)")
    let given = try work.ingest(options: ["--inventory", work.at("new.csv")]).run
    #expect(given.exit == 0 && !given.errors.contains("no file to read"), "\(given)")
    #expect(try work.eventCount() == events)
    try work.write("p.yaml", work.touchPlaybook())
    let found = try work.playbook("plan", work.at("p.yaml"), "--targets", "attr.bay:7")
    #expect(found.exit == 0 && found.output.contains("1 of 1 device"), "\(found)")
    try work.write("links.csv", "from,to,kind\ngw-2,gw-1,uplink\n")
    #expect(try work.ingest(options: ["--topology", work.at("links.csv")]).run.exit == 0)
    #expect(try work.firebreak("ingest", "--case", work.at("x.firebreak")).exit == 64)
    #expect(try work.firebreak("verify", "--case", work.at("x.firebreak")).exit == 0)
  }

  @Test func aPatternThatMatchesNothingIsSaid() throws {
    let work = try Workspace()
    try work.write("a/gw-1.log", Data(Workspace.log(5).utf8))
    let result = try work.ingest(
      work.at("a"), options: ["--timezone", "gw-*=+02:00", "--device", "nope*=x", "--year", "*.typo=2026"])
    #expect(result.run.exit == 0)
    #expect(result.run.errors.contains("--device: no source is called 'nope*'"))
    #expect(result.run.errors.contains("--year: no source is called '*.typo'"))
    #expect(!result.run.errors.contains("--timezone: no source"))
  }

  @Test func eventsWithoutAnyTimeAreSaid() throws {
    let work = try Workspace()
    try work.write("a/gw-1.log", Data(Workspace.log(5).utf8))
    try work.write("a/plain.txt", Data("door opened\ndoor closed\n".utf8))
    let result = try work.ingest(work.at("a"))
    #expect(result.run.errors.contains("1 source with 2 events has no time that could be read"))
    #expect(result.run.errors.contains("plain.txt"))
  }

  /// One event with a time hid that all the others have none.
  @Test func eventsWithoutATimeAmongOthersAreSaid() throws {
    let work = try Workspace()
    var log = Workspace.log(5)
    try work.write("a/gw-1.log", Data(log.utf8))
    log = ""
    for index in 0..<6 {
      let stamp = index == 0 ? #""time":"2026-11-20T08:00:00Z""# : #""evt":{"at":"2026-11-20T08:00:05Z"}"#
      log += #"{"device":"a-\#(index)",\#(stamp),"message":"door opened"}"# + "\n"
    }
    try work.write("a/half.jsonl", Data(log.utf8))
    let result = try work.ingest(work.at("a"))
    #expect(
      result.run.errors.contains("5 events of 1 source have no time, though others there do"),
      "\(result.run.errors)")
    #expect(result.run.errors.contains("half.jsonl' (5 of 6)"))
    let clocks = try work.firebreak("clocks", "--case", "x.firebreak", "--format", "jsonl")
    #expect(
      clocks.output.contains("5 events have no stamp that could be read, and so no time"), "\(clocks.output)")
    let whole = try Workspace()
    try whole.write("gw-1.log", Data(Workspace.log(5).utf8))
    #expect(!(try whole.ingest(whole.at("gw-1.log")).run.errors.contains("no time")))
  }

  /// Twenty that were read do not hide the one that gave nothing.
  @Test func theTableBeginsWithWhatGaveNothing() throws {
    let work = try Workspace()
    for index in 0..<25 { try work.write("a/gw-\(index + 10).log", Data(Workspace.log(3 + index).utf8)) }
    try work.write("a/zz.bin", Data((0..<4000).map { UInt8($0 % 7) }))
    let run = try work.firebreak("ingest", work.at("a"), "--case", work.at("t.firebreak"))
    let rows = run.output.split(separator: "\n")
    #expect(rows.count > 20)
    #expect(rows.prefix(4).contains { $0.contains("zz.bin") })
  }
}
