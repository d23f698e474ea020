import Foundation
import Testing

/// Bad evidence at `firebreak ingest`: a clear message, the right exit code, nothing lost, every byte accounted for.
@Suite struct BadEvidenceTests {
  @Test func saysWhichPathIsMissing() throws {
    let work = try Workspace()
    let run = try work.firebreak("ingest", work.at("absent.log"), "--case", work.at("x.firebreak"))
    #expect(run.exit == 2)
    #expect(run.errors.contains("absent.log"))
    #expect(!FileManager.default.fileExists(atPath: work.at("x.firebreak")))
  }

  @Test func saysWhichPathCannotBeRead() throws {
    let work = try Workspace()
    // A link to itself cannot be read by anybody, root included.
    try FileManager.default.createSymbolicLink(atPath: work.at("loop.log"), withDestinationPath: "loop.log")
    let run = try work.firebreak("ingest", work.at("loop.log"), "--case", work.at("x.firebreak"))
    #expect(run.exit == 2)
    #expect(run.errors.contains("loop.log"))
  }

  @Test func saysThatAFolderHoldsNothing() throws {
    let work = try Workspace()
    try FileManager.default.createDirectory(atPath: work.at("empty"), withIntermediateDirectories: true)
    let run = try work.firebreak("ingest", work.at("empty"), "--case", work.at("x.firebreak"))
    #expect(run.exit == 2)
    #expect(run.errors.contains("empty"))
  }

  @Test func pointsFromAPacketCaptureToZeek() throws {
    let work = try Workspace()
    let header: [UInt8] = [
      0xD4, 0xC3, 0xB2, 0xA1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0, 0, 1, 0, 0, 0,
    ]
    try work.write("trace.pcap", Data(header) + Data(repeating: 7, count: 500))
    let result = try work.ingest(work.at("trace.pcap"))
    #expect((result.run.errors + result.run.output).contains("Zeek"))
    #expect(result.run.exit == 2 || result.run.exit == 3)
  }

  @Test func keepsAllWholeLinesOfATruncatedGzip() throws {
    let work = try Workspace()
    let whole = try Workspace.gzip(Data(Workspace.log(3000).utf8))
    try work.write("cut.log.gz", whole.prefix(whole.count * 6 / 10))
    let result = try work.ingest(work.at("cut.log.gz"))
    #expect(result.run.exit == 3)
    #expect(result.count("events") > 1500 && result.count("events") < 3000)
    #expect(result.damage.contains { $0.contains("truncated") })
    #expect(result.run.errors.contains("cut.log.gz"))
    #expect(result.unaccounted == nil)
    #expect(try work.eventCount() == result.count("events"))
  }

  @Test func acceptedLossesEndWithZero() throws {
    let work = try Workspace()
    let whole = try Workspace.gzip(Data(Workspace.log(3000).utf8))
    try work.write("cut.log.gz", whole.prefix(whole.count / 2))
    let result = try work.ingest(work.at("cut.log.gz"), options: ["--accept-losses"])
    #expect(result.run.exit == 0)
    #expect(!result.damage.isEmpty)
  }

  @Test func marksAWrongChecksum() throws {
    let work = try Workspace()
    var data = try Workspace.gzip(Data(Workspace.log(3000).utf8))
    data[data.count - 8] ^= 0xFF
    try work.write("crc.log.gz", data)
    let result = try work.ingest(work.at("crc.log.gz"))
    #expect(result.run.exit == 3)
    #expect(result.count("events") == 3000)
    #expect(result.damage.contains { $0.contains("crc") })
    #expect(result.unaccounted == nil)
  }

  @Test func readsUpToRubbishAfterTheEnd() throws {
    let work = try Workspace()
    try work.write(
      "tail.log.gz", try Workspace.gzip(Data(Workspace.log(3000).utf8)) + Data("not gzip at all".utf8))
    let result = try work.ingest(work.at("tail.log.gz"))
    #expect(result.count("events") == 3000)
    #expect(result.run.exit == 3)
    #expect(result.damage.contains { $0.contains("trailing") })
    #expect(result.unaccounted == nil)
  }

  @Test func readsEveryMemberOfAGzip() throws {
    let work = try Workspace()
    try work.write(
      "two.log.gz",
      try Workspace.gzip(Data(Workspace.log(100).utf8))
        + Workspace.gzip(Data(Workspace.log(50, from: 100).utf8)))
    let result = try work.ingest(work.at("two.log.gz"))
    #expect(result.run.exit == 0)
    #expect(result.count("events") == 150)
  }

  @Test func neverTakesZeroedBytesForEvents() throws {
    let work = try Workspace()
    var data = try Workspace.gzip(Data(Workspace.log(20_000).utf8))
    for index in (data.count / 2)..<(data.count / 2 + 64) { data[index] = 0 }
    try work.write("hole.log.gz", data)
    let result = try work.ingest(work.at("hole.log.gz"))
    #expect(result.run.exit == 3)
    #expect(result.unaccounted == nil)
    #expect(!result.damage.isEmpty)
    #expect(result.count("events") < 20_000)
  }

  @Test func keepsInvalidTextByteForByte() throws {
    let work = try Workspace()
    var data = Data(Workspace.log(10).utf8)
    data += Data("2026-04-07T09:01:00.000000+00:00 gw-1 relayd[41]: torn ".utf8)
    data += Data([0xFF, 0xFE, 0x00, 0xC3, 0x28, 0x00, 0x41])
    data += Data("\n".utf8) + Data(Workspace.log(10, from: 100).utf8)
    try work.write("torn.log", data)
    let result = try work.ingest(work.at("torn.log"))
    #expect(result.run.exit == 0)
    #expect(result.count("events") == 21)
    #expect(result.unaccounted == nil)
    let shown = try work.firebreak("query", "--case", work.at("x.firebreak"), "text:torn")
    #expect(shown.exit == 0)
    #expect(shown.output.contains("torn"))
    #expect(!shown.output.utf8.contains(0))
  }

  @Test func readsWindowsLineEnds() throws {
    let work = try Workspace()
    try work.write("crlf.log", Workspace.log(50).replacingOccurrences(of: "\n", with: "\r\n"))
    let result = try work.ingest(work.at("crlf.log"))
    #expect(result.run.exit == 0)
    #expect(result.count("events") == 50)
    #expect(result.count("blanks") == 0)
    #expect(result.unaccounted == nil)
  }

  @Test func boundsALineOfTenMegabytes() throws {
    let work = try Workspace()
    var data = Data(Workspace.log(5).utf8)
    data +=
      Data("2026-04-07T09:00:30.000000+00:00 gw-1 relayd[41]: ".utf8)
      + Data(repeating: 0x78, count: 10_000_000)
    data += Data("\n".utf8) + Data(Workspace.log(5, from: 100).utf8)
    try work.write("long.log", data)
    let result = try work.ingest(work.at("long.log"))
    #expect(result.run.exit == 0 || result.run.exit == 3)
    #expect(result.count("events") + result.count("refused") == 11)
    #expect(result.count("events") >= 10)
    #expect(result.unaccounted == nil)
  }

  @Test func stopsABomb() throws {
    let work = try Workspace()
    // A gigabyte of zeros in some megabytes, made by gzip from a sparse file.
    let sparse = work.at("zeros")
    _ = FileManager.default.createFile(atPath: sparse, contents: nil)
    let handle = try #require(FileHandle(forWritingAtPath: sparse))
    try handle.truncate(atOffset: 1 << 30)
    try handle.close()
    let (status, _) = try Shell.run("gzip -1 -c zeros > bomb.log.gz && rm zeros", in: work)
    #expect(status == 0)
    try work.write("good.log", Workspace.log(20))
    let result = try work.ingest(work.at("bomb.log.gz"), work.at("good.log"))
    #expect(result.run.exit == 3)
    #expect(result.damage.contains { $0.contains("limit") })
    #expect(result.unaccounted == nil)
    #expect(try work.eventCount() >= 20)
    let size = try FileManager.default.attributesOfItem(atPath: work.at("x.firebreak"))[.size] as? Int ?? 0
    #expect(size < 20_000_000)
  }

  @Test func writesNothingOutsideTheCaseForHostileArchives() throws {
    let work = try Workspace()
    let log = Data(Workspace.log(20).utf8)
    try work.write(
      "deep/hostile.zip", Workspace.zip([("../escaped.log", log), ("/abs.log", log), ("fine.log", log)]))
    let result = try work.ingest(work.at("deep/hostile.zip"))
    #expect(!FileManager.default.fileExists(atPath: work.at("escaped.log")))
    #expect(!FileManager.default.fileExists(atPath: "/abs.log"))
    #expect(result.count("events") >= 20)
    #expect(result.run.exit == 0 || result.run.exit == 3)
    #expect(result.unaccounted == nil)
  }

  @Test func stopsAtTooManyLayers() throws {
    let work = try Workspace()
    var data = Data(Workspace.log(20).utf8)
    for _ in 0..<100 { data = Workspace.zip([("inner.zip", data)]) }
    try work.write("matryoshka.zip", data)
    try work.write("good.log", Workspace.log(7))
    let result = try work.ingest(work.at("matryoshka.zip"), work.at("good.log"))
    #expect(result.run.exit == 3)
    #expect(result.damage.contains { $0.contains("limit") })
    #expect(result.count("events") == 7)
  }

  @Test func keepsTextOfUnknownFormatAsEventsWithoutTime() throws {
    let work = try Workspace()
    let text = "the quick brown fox\njumps over\nthe lazy dog\n"
    try work.write("notes.txt", text)
    let result = try work.ingest(work.at("notes.txt"))
    #expect(result.run.exit == 0)
    #expect(result.count("events") == 3)
    let run = try work.firebreak(
      "query", "--case", work.at("x.firebreak"), "--sql",
      "SELECT DISTINCT time_quality AS q FROM timeline", "--format", "jsonl")
    #expect(run.output.contains("none"))
  }

  @Test func keepsABinaryAsOneRefusedRecord() throws {
    let work = try Workspace()
    var bytes = Data([0x7F, 0x45, 0x4C, 0x46, 2, 1, 1, 0])
    var state: UInt32 = 1
    for _ in 0..<20_000 {
      state = state &* 1_664_525 &+ 1_013_904_223
      bytes.append(UInt8(state >> 24))
    }
    try work.write("firmware.bin", bytes)
    let result = try work.ingest(work.at("firmware.bin"))
    #expect(result.count("events") == 0)
    #expect(result.count("refused") == 1)
    #expect(result.unaccounted == nil)
    #expect(
      (result.run.errors + result.run.output).contains("20008") || (result.run.errors).contains("20,008"))
  }

  @Test func countsRefusedLinesAndEndsWithZero() throws {
    let work = try Workspace()
    try work.write(
      "mixed.jsonl",
      "{\"ts\":\"2026-04-07T09:00:00Z\",\"device\":\"a\",\"msg\":\"x\"}\n{broken\n".repeated(20))
    let result = try work.ingest(work.at("mixed.jsonl"))
    #expect(result.run.exit == 0)
    #expect(result.count("events") + result.count("refused") == 40)
    #expect(result.count("events") >= 20)
    #expect(result.unaccounted == nil)
  }

  @Test func refusesAnInventoryWithoutDevice() throws {
    let work = try Workspace()
    try work.write("a.log", Workspace.log(5))
    try work.write("inv.csv", "name,site\ngw-1,osl\n")
    let result = try work.ingest(work.at("a.log"), options: ["--inventory", work.at("inv.csv")])
    #expect(result.run.exit == 2)
    #expect(result.run.errors.contains("device"))
    #expect(result.run.errors.contains("inv.csv"))
  }

  @Test func takesATopologyWithUnknownNamesAndSaysSo() throws {
    let work = try Workspace()
    try work.write("a.log", Workspace.log(5))
    try work.write("inv.csv", "device,site\ngw-1,osl\n")
    try work.write("topo.csv", "from,to,kind\ngw-1,nobody-1,link\n")
    let result = try work.ingest(
      work.at("a.log"), options: ["--inventory", work.at("inv.csv"), "--topology", work.at("topo.csv")])
    #expect(result.run.exit == 0)
    #expect(result.run.errors.contains("nobody-1") || result.run.errors.contains("1 "))
  }

  @Test func skipsTheSameSourceGivenAgain() throws {
    let work = try Workspace()
    try work.write("a.log", Workspace.log(30))
    _ = try work.ingest(work.at("a.log"))
    let again = try work.ingest(work.at("a.log"))
    #expect(again.run.exit == 0)
    #expect((again.run.errors + again.run.output).lowercased().contains("skip"))
    #expect(try work.eventCount() == 30)
  }

  @Test func readsStandardInput() throws {
    let work = try Workspace()
    let run = try work.firebreak(
      "ingest", "-", "--case", work.at("x.firebreak"), "--format", "json", input: Data(Workspace.log(12).utf8)
    )
    #expect(Workspace.Ingested(run).count("events") == 12)
    #expect(run.exit == 0)
  }

  @Test func refusesAnUnknownOptionValueWithUsage() throws {
    let work = try Workspace()
    try work.write("a.log", Workspace.log(5))
    for options in [["--timezone", "Mars/Olympus"], ["--year", "later"], ["--input-format", "nonsense"]] {
      let result = try work.ingest(work.at("a.log"), options: options)
      #expect(result.run.exit == 64 || result.run.exit == 2, "\(options)")
      #expect(result.run.errors.contains(options[1]), "\(options)")
    }
  }

  @Test func aCaseWithoutAnEventReassuresNobody() throws {
    let work = try Workspace()
    try work.write("empty.log", "")
    let empty = try work.firebreak("ingest", "empty.log", "--case", "x.firebreak")
    #expect(
      empty.exit == 0 && empty.errors.contains("nothing was read as an event: 1 source without"), "\(empty)")
    try work.write("junk.log", Data((0..<4000).map { UInt8($0 % 8) }))
    let junk = try work.firebreak("ingest", "junk.log", "--case", "y.firebreak")
    #expect(junk.exit == 3 && junk.errors.contains("nothing was read as an event: of 4,000 bytes"), "\(junk)")
    let accepted = try work.firebreak("ingest", "junk.log", "--case", "z.firebreak", "--accept-losses")
    #expect(accepted.exit == 0, "\(accepted)")
    // What is in the case already is no surprise.
    try work.write("a.log", Workspace.log(5))
    #expect(
      try !work.firebreak("ingest", "a.log", "--case", "a.firebreak").errors.contains("nothing was read"))
    #expect(
      try !work.firebreak("ingest", "a.log", "--case", "a.firebreak").errors.contains("nothing was read"))
  }

  @Test func whoReadsStandardInputLearnsAtOnceThatItCannotBeReadAgain() throws {
    let work = try Workspace()
    let run = try work.firebreak(
      "ingest", "-", "--case", "x.firebreak", input: Data(Workspace.log(5).utf8))
    #expect(
      run.exit == 0 && run.errors.contains("--embed") && run.errors.contains("'firebreak verify'"), "\(run)")
  }

  @Test func aSourceNamedByItsPathWhoseLinesNameADeviceOfTheInventoryIsHintedAt() throws {
    let work = try Workspace()
    func lines(_ words: (Int) -> String) -> String {
      (0..<20).map { "2026-04-07T09:00:\(10 + $0)Z INFO \(words($0))\n" }.joined()
    }
    try work.write("export/plant.log", lines { "uplink of edge-7f3a is up, attempt \($0)" })
    try work.write("export/other.log", lines { "pump \($0) runs" })
    try work.write("inv.csv", "device,site,hostname\ngw-7,plant-02,edge-7f3a\ngw-8,plant-02,edge-7f3b\n")
    let run = try work.firebreak("ingest", "export", "--inventory", "inv.csv", "--case", "x.firebreak")
    let words = "its lines hold 'edge-7f3a', the 'hostname' of 'gw-7' in the inventory"
    #expect(run.exit == 0 && run.errors.contains(words), "\(run)")
    #expect(run.errors.contains("--device 'export/plant.log=gw-7'") && !run.errors.contains("other.log"))
    let named = try work.firebreak(
      "ingest", "export", "--inventory", "inv.csv", "--device", "export/plant.log=gw-7", "--case",
      "y.firebreak")
    #expect(named.exit == 0 && !named.errors.contains("by its path"), "\(named)")
    #expect(try work.firebreak("query", "device:gw-7", "--case", "y.firebreak").exit == 0)
  }

  @Test func aReportThatCannotBeWrittenIsToldFromACaseThatIsNotThere() throws {
    let work = try Workspace()
    try work.write("a.log", Workspace.log(5))
    let (status, output) = try Shell.run(
      "\"$FIREBREAK\" ingest a.log --case x.firebreak > /dev/full", in: work)
    #expect(status == 2 && output.contains("the case 'x.firebreak' is complete"), "\(output)")
    #expect(try work.eventCount() == 5)
  }
}

extension String {
  fileprivate func repeated(_ times: Int) -> String { String(repeating: self, count: times) }

  @Test func refusedLinesAreListedWithPlaceAndReason() throws {
    let work = try Workspace()
    let bytes = String(decoding: (0..<64).map { UInt8($0 % 8) }, as: UTF8.self)
    try work.write(
      "a.log",
      "2026-04-07T09:00:00Z gw-1 app[1]: up\n2026-13-77 password=hunter2 no stamp\n"
        + "2026-04-07T09:00:02Z gw-1 app[1]: on\n\(bytes)\n2026-04-07T09:00:03Z gw-1 app[1]: off\n")
    let run = try work.firebreak("ingest", "a.log", "--case", "x.firebreak", "--input-format", "syslog-iso")
    #expect(run.errors.contains("firebreak sources --refused"), "\(run)")
    let listed = try work.firebreak("sources", "--refused", "--case", "x.firebreak")
    #expect(
      listed.exit == 0 && listed.output.contains("a.log") && listed.output.contains("no stamp"), "\(listed)")
    #expect(!listed.output.contains("hunter2") && !listed.output.contains("\u{1}"), "\(listed)")
    let rows = try work.firebreak(
      "sources", "--refused", "--case", "x.firebreak", "--format", "jsonl", "--limit", "1")
    #expect(
      rows.output.split(separator: "\n").count == 1 && rows.errors.contains("there are more"), "\(rows)")
  }

  @Test func whatIsTakenForGrantedAboutTimesIsSaidAtTheEnd() throws {
    let work = try Workspace()
    try work.write("a.log", "Mar  3 09:00:00 router app: up\nMar  3 09:01:00 router app: on\n")
    try work.write("b.log", "2021-04-07T09:00:00Z gw-1 app[1]: up\n")
    let run = try work.firebreak("ingest", "a.log", "b.log", "--case", "x.firebreak")
    #expect(
      run.errors.contains("the year of 1 source was inferred") && run.errors.contains("taken as UTC")
        && run.errors.contains("there is nothing"), "\(run)")
    let given = try work.firebreak(
      "ingest", "a.log", "--case", "y.firebreak", "--year", "2021", "--timezone", "Europe/Berlin")
    #expect(!given.errors.contains("inferred") && !given.errors.contains("UTC"), "\(given)")
  }
}
