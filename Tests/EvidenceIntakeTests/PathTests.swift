import Glibc
import IncidentModel
import Testing

@testable import EvidenceIntake

/// Paths, and what is said about those that cannot be read.
@Suite struct PathTests {
  private func fault(_ paths: [String]) -> IntakeError? {
    do {
      try ingest(paths)
      return nil
    } catch { return error as? IntakeError }
  }

  @Test func saysThatAPathIsMissing() {
    let error = fault(["/no/such/place.log"])
    #expect(error?.code == .notFound)
    #expect(error?.description.contains("/no/such/place.log") == true)
  }

  @Test func saysThatAFolderHoldsNothing() {
    let folder = Folder()
    mkdir(folder.path + "/empty", 0o700)
    #expect(fault([folder.path])?.code == .nothingToRead)
  }

  @Test func saysThatAPipeOrDeviceIsNoFile() {
    #expect(fault(["/dev/null"])?.code == .specialFile)
    #expect(fault(["/dev/null"])?.description.contains("'-'") == true)
  }

  @Test func readsFoldersSortedAndFollowsNoLinks() throws {
    let folder = Folder()
    let outside = Folder()
    outside.write("secret.log", Make.lines(3))
    folder.write("b.log", Make.lines(1))
    folder.write("a/z.log", Make.lines(2))
    folder.write("a.log", Make.lines(4))
    symlink(outside.path, folder.path + "/link")
    symlink(folder.path + "/b.log", folder.path + "/c.log")
    symlink("../b.log", folder.path + "/a/back.log")
    symlink("nowhere.log", folder.path + "/a/dangling.log")
    mkfifo(folder.path + "/pipe", 0o600)
    let (sink, summary) = try ingest([folder.path])
    #expect(
      sink.sources.map(\.account.description.path)
        == ["a/z.log", "a.log", "b.log"].map { folder.path + "/" + $0 })
    #expect(summary.notes.contains { $0.contains("link") && $0.contains("outside") })
    #expect(summary.notes.contains { $0.contains("a pipe") })
    #expect(summary.notes.contains { $0.contains("a/dangling.log' is a link to what is not there") })
    // One line a folder, however many lead to files that are read anyway.
    #expect(
      summary.notes.filter { $0.contains("holds 1 link to what is read") }.count == 2, "\(summary.notes)")
  }

  /// Old loggers name files in encodings that are not UTF-8: a string cannot hold them, and they are read all the same.
  @Test func readsFilesWhoseNamesAreNotUTF8() throws {
    let folder = Folder()
    func write(_ name: [UInt8], _ text: String) {
      let path = Array(folder.path.utf8) + [0x2F] + name + [0]
      let file = path.withUnsafeBytes {
        open($0.baseAddress!.assumingMemoryBound(to: CChar.self), O_WRONLY | O_CREAT, 0o600)
      }
      _ = Array(text.utf8).withUnsafeBytes { Unpacker.writeAll(file, $0) }
      close(file)
    }
    write(Array("m".utf8) + [0xFC] + Array("ller.log".utf8), Make.lines(3))
    write(Array("a.log".utf8), Make.lines(2))
    let shown = folder.path + "/m\u{FFFD}ller.log"
    let (sink, summary) = try ingest([folder.path])
    #expect(sink.sources.map(\.account.description.path) == [folder.path + "/a.log", shown])
    #expect(sink.events.count == 5 && summary.unreadable.isEmpty)
    #expect(try ingest([shown]).0.events.count == 3)
    // Two that read alike: neither may be taken for the other.
    write(Array("m".utf8) + [0xFD] + Array("ller.log".utf8), Make.lines(4))
    let (both, said) = try ingest([folder.path])
    #expect(both.events.count == 2)
    #expect(
      said.unreadable.count == 1 && said.unreadable[0].description.contains("2 files"), "\(said.unreadable)")
  }

  /// The same bytes as a file and in an archive: the file's shorter name owns them, wherever the archive stands in order.
  @Test func filesAreReadBeforeArchives() throws {
    let folder = Folder()
    let same = Array(Make.lines(5).utf8)
    let tar = Make.archive(.tar, [Make.Entry(name: "gw/z.log", bytes: same)])
    folder.write("heap/a.tar.gz", Make.gzip(tar))
    folder.write("heap/b.zip", Make.archive(.zip, [Make.Entry(name: "b.tar", bytes: tar)]))
    folder.write("heap/c.log.gz", Make.gzip(Make.lines(7)))
    folder.write("heap/z.log", same)
    let (_, summary) = try ingest([folder.path + "/heap"])
    let names = summary.sources.map { String($0.description.name.dropFirst(folder.path.count + 6)) }
    #expect(Array(names.prefix(2)) == ["c.log.gz", "z.log"], "\(names)")
    #expect(names.contains("a.tar.gz") && names.contains("b.zip"))
  }

  @Test func sendsPacketCapturesToZeek() throws {
    let folder = Folder()
    let capture: [UInt8] = [0xD4, 0xC3, 0xB2, 0xA1, 2, 0, 4, 0] + [UInt8](repeating: 0, count: 400)
    let path = folder.write("x.pcap", capture)
    #expect(fault([path])?.description.contains("Zeek") == true)
    let (sink, summary) = try ingest([path, folder.write("gw.log", Make.lines(2))])
    #expect(sink.events.count == 2)
    #expect(summary.notes.contains { $0.contains("Zeek") })
  }

  @Test func readsThePathsDevice() {
    func name(_ path: String, _ members: [String] = [], known: Set<String> = []) -> String {
      DeviceNaming.choose(SourceDescription(path: path, members: members), given: nil, known: known).name
    }
    #expect(name("/var/log/gw-7.log.2.gz") == "gw-7")
    #expect(name("evidence.zip", ["gw-3/syslog.1"]) == "gw-3")
    #expect(name("/x/logread.txt") == "logread")
    #expect(name("/x/site/meter-12/console.log") == "meter-12")
    #expect(name("/x/meter-12/log/deep/console.log", known: ["meter-12"]) == "meter-12")
    #expect(name("-") == "stdin")
  }

  private func names(_ paths: [String]) -> [String] {
    let shared = SharedFileNames(paths.map { DeviceNaming.parts(SourceDescription(path: $0)) })
    return paths.map {
      DeviceNaming.choose(SourceDescription(path: $0), given: nil, known: [], shared: shared).name
    }
  }

  /// A file's name that sibling folders have says what it holds, whatever it is.
  @Test(arguments: ["ablage", "m", "werte", "x1", "history"])
  func aFileNameThatFoldersShareNamesNoDevice(stem: String) {
    #expect(names(["ev/tor-1/\(stem).csv", "ev/tor-2/\(stem).csv"]) == ["tor-1", "tor-2"])
    #expect(names(["ev/north/log/\(stem).csv.1", "ev/south/log/\(stem).csv"]) == ["north", "south"])
    #expect(names(["ev/10.1.0.4/\(stem).csv", "ev/10.1.0.5/\(stem).csv"]) == ["10.1.0.4", "10.1.0.5"])
    #expect(names(["ev/a/tor-1/\(stem).csv", "ev/b/tor-1/\(stem).csv"]) == ["tor-1", "tor-1"])
  }

  /// Folders of days and copies are not those of devices, and what only one folder has names the device as ever.
  @Test func otherFileNamesNameTheDevice() {
    for folders in [
      ["2026-11-12", "2026-11-13"], ["day-1", "day-2"], ["current", "old"], ["20261112T03", "20261112T04"],
      ["boot-1", "boot-2"],
    ] {
      #expect(names(folders.map { "ev/\($0)/pump.log" }) == ["pump", "pump"], "\(folders)")
    }
    #expect(names(["ev/north/gate.log", "ev/south/pump.log"]) == ["gate", "pump"])
    #expect(names(["ev/pump.log", "ev/pump.log.1"]) == ["pump", "pump"])
  }

  /// Where a folder holds several of a series, they are the devices, and those of another folder are others.
  @Test func filesOfASeriesAreDevicesOfTheirFolder() {
    let paths = ["ev/north/gw-1.log", "ev/north/gw-2.log", "ev/south/gw-1.log", "ev/south/gw-2.log"]
    #expect(names(paths) == ["north/gw-1", "north/gw-2", "south/gw-1", "south/gw-2"])
    let boots = ["ev/tor-1/boot-1.log", "ev/tor-1/boot-2.log", "ev/tor-2/boot-1.log", "ev/tor-2/boot-2.log"]
    #expect(names(boots) == ["tor-1", "tor-1", "tor-2", "tor-2"])
  }

  /// In an archive the folders that follow are not known: one of a series stands above a word.
  @Test func aFolderOfASeriesInAnArchiveNamesTheDevice() throws {
    func name(_ members: [String]) -> String {
      DeviceNaming.choose(SourceDescription(path: "ev/heap-2.tar", members: members), given: nil, known: [])
        .name
    }
    #expect(name(["tor-17/werte.csv"]) == "tor-17")
    #expect(name(["tor-17/log/werte.csv"]) == "tor-17")
    #expect(name(["tor-17/pump-3.csv"]) == "pump-3")
    #expect(name(["day-17/werte.csv"]) == "werte")
    #expect(name(["werte.csv"]) == "werte")
  }

  /// What counts as one device although it lies in several folders is said.
  @Test func devicesThatFallTogetherAreSaid() throws {
    let folder = Folder()
    let lines = (1...3).map { "2026-11-12T10:03:0\($0)Z value \($0) is high\n" }
    let entries = zip(["north", "south"], lines).map {
      Make.Entry(name: "\($0)/werte.txt", bytes: Array($1.utf8))
    }
    let (_, summary) = try ingest([folder.write("a.tar", Make.archive(.tar, entries))])
    #expect(
      summary.notes.contains { $0.contains("2 sources in different folders") && $0.contains("'werte'") },
      "\(summary.notes)")
    folder.write("e/north/werte.txt", Array(lines[0].utf8))
    folder.write("e/south/werte.txt", Array(lines[1].utf8))
    let (sink, plain) = try ingest([folder.path + "/e"])
    #expect(plain.notes.isEmpty, "\(plain.notes)")
    #expect(
      sink.sources.flatMap(\.account.decisions).filter { $0.subject == "device" }.map(\.value) == [
        "north", "south",
      ])
  }

  /// Two exports joined: an interlock that asks for the one does not see the other.
  @Test func columnsThatDifferInTheLettersCaseAloneAreRefused() throws {
    let folder = Folder()
    for (header, named) in [
      ("device,life_safety,Life_Safety", "'life_safety' and 'Life_Safety'"),
      ("device,x,x ", "two columns 'x'"),
      ("device,Device", "'device' and 'Device'"),
    ] {
      let error = #expect(throws: IntakeError.self) {
        try FleetFiles.inventory(folder.write("i.csv", header + "\na,no,yes\n"))
      }
      #expect(error?.description.contains(named) == true, "\(error?.description ?? "")")
    }
  }

  @Test func anInventoryNeedsADevice() throws {
    let folder = Folder()
    let error = #expect(throws: IntakeError.self) {
      try FleetFiles.inventory(folder.write("i.csv", "name,site\na,b\n"))
    }
    #expect(error?.description.contains("'name', 'site'") == true)
    let (inventory, notes) = try FleetFiles.inventory(
      folder.write("j.csv", "site,device,fw\n\"p, 1\",gw-1,2\nr,,4\n"))
    #expect(inventory.devices == ["gw-1"])
    #expect(inventory.value(device: "gw-1", attribute: "site") == "p, 1")
    #expect(notes.count == 1)
    // Lines that end as old Macintoshes end them, and a table that holds nobody.
    let (returns, none) = try FleetFiles.inventory(folder.write("k.csv", "device,ward\rmon-1,a\rmon-2,b\r"))
    #expect(returns.devices == ["mon-1", "mon-2"] && none.isEmpty)
    #expect(returns.value(device: "mon-2", attribute: "ward") == "b")
    let (_, said) = try FleetFiles.inventory(folder.write("l.csv", "device,ward\n"))
    #expect(said.count == 1 && said[0].contains("no row with a device"), "\(said)")
  }

  @Test func whatRowsOfOneDeviceContradictEachOtherInIsNotKnown() throws {
    let folder = Folder()
    let (inventory, notes) = try FleetFiles.inventory(
      folder.write(
        "i.csv",
        "device,site,model,life_safety,fw\nmon-9,icu,lamp,no,\nmon-8,icu,lamp,no,1\n"
          + "mon-9,icu,patient-monitor,yes,7\nmon-9,,lamp,no,7\nmon-9,,,,8\n"))
    #expect(inventory.devices == ["mon-9", "mon-8"])
    func value(_ column: String) -> String? { inventory.value(device: "mon-9", attribute: column) }
    #expect(value("site") == "icu" && value("model") == "" && value("life_safety") == "")
    // What only a later row said, and what one after it denied.
    #expect(value("fw") == "")
    #expect(inventory.value(device: "mon-8", attribute: "life_safety") == "no")
    let said = try #require(notes.first { $0.contains("'life_safety'") }, "\(notes)")
    #expect(said.contains("line 4 says 'yes'") && said.contains("line 2 says 'no'"), "\(said)")
    #expect(notes.contains { $0.contains("line 6 says '8'") && $0.contains("line 4 says '7'") }, "\(notes)")
    #expect(notes.count == 4 && notes[0].contains("3 rows repeat"), "\(notes)")
    // A broker that somebody lists as a lamp, too, is still what others stand on.
    let (brokers, _) = try FleetFiles.inventory(
      folder.write("k.csv", "device,Kind,site\nmq-1,broker,a\nmq-1,lamp,b\n"))
    #expect(brokers.value(device: "mq-1", attribute: "Kind") == "broker")
    #expect(brokers.value(device: "mq-1", attribute: "site") == "")
    let (agreeing, fewer) = try FleetFiles.inventory(
      folder.write("j.csv", "device,site,fw\ngw-1,north,\ngw-1,north,7\n"))
    #expect(agreeing.value(device: "gw-1", attribute: "site") == "north")
    #expect(agreeing.value(device: "gw-1", attribute: "fw") == "7" && fewer.count == 1, "\(fewer)")
  }

  @Test func aTopologySaysUnknownNames() throws {
    let folder = Folder()
    let (topology, notes) = try FleetFiles.topology(
      folder.write("t.csv", "from,to,kind\na,b,uplink\na,b,uplink\na,ghost,\n"), known: ["a", "b"])
    #expect(topology.links.count == 2 && topology.links[1].kind == "link")
    #expect(notes.contains { $0.contains("ghost") })
    #expect(throws: IntakeError.self) {
      try FleetFiles.topology(folder.write("u.csv", "x,y\n1,2\n"), known: [])
    }
  }

  /// The case is made after its name is known, in the folder that is read.
  @Test(arguments: ["", "/.", "/"]) func leavesOutTheCaseBeingWritten(_ ending: String) throws {
    let folder = Folder()
    folder.write("gw.log", Make.lines(2))
    let own = ["", ".building", "-wal", ".building-journal"].map { folder.path + "/x.firebreak" + $0 }
    let excluded = Set(own)
    for path in own { folder.write(String(path.dropFirst(folder.path.count + 1)), "SQLite format 3\0") }
    folder.write("other.firebreak.building", "SQLite format 3\0")
    let (sink, summary) = try ingest([folder.path + ending]) { $0.excluded = excluded }
    #expect(sink.sources.count == 1 && sink.events.count == 2)
    #expect(summary.notes.count == 1 && summary.notes[0].contains("other.firebreak.building"))
    let error = #expect(throws: IntakeError.self) { try ingest([own[0]]) { $0.excluded = excluded } }
    #expect(error?.description.contains("is the case that is being written") == true)
  }

  /// Zeros and small numbers of a database must not become login records of 1970.
  @Test(arguments: [true, false]) func refusesADatabaseAsOneRecord(_ isCase: Bool) throws {
    var bytes = Array("SQLite format 3\0".utf8) + [UInt8](repeating: 0, count: 8176)
    if isCase { bytes.replaceSubrange(68..<72, with: Array("FBRK".utf8)) }
    for index in stride(from: 384, to: bytes.count, by: 96) { bytes[index + 4] = 7 }
    let folder = Folder()
    let path = folder.write("old", bytes)
    for format in [[], ["utmp"]] {
      let (sink, summary) = try ingest([path]) { $0.formats = format.map(SourceRule.init(parsing:)) }
      let account = try #require(sink.sources.first?.account)
      #expect(account.format == "binary" && account.refusedBy == ["binary": 1] && sink.events.isEmpty)
      #expect(account.bytes == 8192)
      #expect(summary.notes.contains { $0.contains(isCase ? "query it with --case" : "an SQLite database") })
    }
    let tail = folder.write("tail", Array(bytes[384...]))
    #expect(try ingest([tail]).sink.events.isEmpty)
  }

  @Test func saysWhichFormatAMistakenChoiceHides() throws {
    let folder = Folder()
    let path = folder.write("gw.log", Make.lines(5))
    let (sink, summary) = try ingest([path]) { $0.formats = [SourceRule(parsing: "logcat")] }
    #expect(sink.events.isEmpty && sink.sources[0].account.linesBy.refused == 5)
    #expect(summary.notes.contains { $0.contains("--input-format logcat") && $0.contains("syslog-iso") })
  }

  @Test(arguments: [
    ("syslog-rfc5423", "did you mean 'syslog-rfc5424'?"), ("sylog", "did you mean 'syslog-"),
    ("cvs", "did you mean 'csv'?"), ("qqqq", "there are"), ("jsnol", "did you mean 'jsonl'?"),
  ]) func suggestsTheNearestFormat(_ word: String, _ hint: String) {
    var options = IntakeOptions()
    options.formats = [SourceRule(parsing: word)]
    let error = #expect(throws: IntakeError.self) { try options.check() }
    #expect(
      error?.code == .badOption && error?.description.contains(hint) == true, "\(String(describing: error))")
  }

  @Test func interruptsAtOnce() throws {
    let folder = Folder()
    let path = folder.write("gw.log", Make.lines(50))
    let error = #expect(throws: IntakeError.self) {
      try Intake.run([path], options: IntakeOptions(), into: MemorySink(), shouldStop: { true })
    }
    #expect(error?.code == .interrupted)
  }
}
