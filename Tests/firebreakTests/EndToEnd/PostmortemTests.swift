import Foundation
import IncidentModel
import Testing

/// The report's commands as people use them: edges of a case, people's part, a real journal, names in PDF.
@Suite struct PostmortemTests {
  /// All texts of all audiences' reports of `x.firebreak`.
  private func reports(_ work: Workspace, _ more: String...) throws -> [(name: String, text: String)] {
    let run = try BuiltProgram.run(
      [
        "postmortem", "--case", work.at("x.firebreak"), "--output", work.at("deep/er/report"), "--audience",
        "all",
      ]
        + more, in: work.folder, environment: ["FIREBREAK_CASE": ""])
    try #require(run.exit == 0, "\(run.errors)")
    return try FileManager.default.contentsOfDirectory(atPath: work.at("deep/er/report")).sorted().map {
      ($0, try String(contentsOfFile: work.at("deep/er/report/\($0)"), encoding: .utf8))
    }
  }

  /// What must never stand in a report.
  private func check(_ files: [(name: String, text: String)]) {
    for (name, text) in files where name.hasPrefix("postmortem") {
      #expect(!text.contains(/\b(NaN|nan|null|1970|Infinity)\b/), "\(name)")
      // A clock may be behind, which is a negative skew in seconds; a duration never is.
      #expect(!text.contains(/[ "(|]-[0-9][0-9.,]* (min|h|d)\b/), "\(name): a negative duration")
      #expect(!text.contains(/"kind": "seconds", "value": -|\*\*: -[0-9]/), "\(name): a negative duration")
      #expect(!text.localizedCaseInsensitiveContains("successful"), "\(name)")
    }
  }

  @Test(.enabled(if: Shell.canMount, "needs root and a mount namespace"))
  func aFullDiskLeavesTheFolderAsItWas() throws {
    let work = try Workspace.simulated("worm", 40)
    let (status, output) = try Shell.run(
      """
      mkdir disk && unshare -m bash -c '
        mount -t tmpfs -o size=400k tmpfs disk || exit 99
        mkdir disk/old && echo mine > disk/old/postmortem.html
        "$FIREBREAK" postmortem --case x.firebreak --output disk/old; echo "status $?"
        "$FIREBREAK" postmortem --case x.firebreak --output disk/new; echo "status $?"
        ls -AR disk; cat disk/old/postmortem.html'
      """, in: work)
    #expect(status == 0, "\(output)")
    #expect(output.components(separatedBy: "status 2").count == 3, "\(output)")
    #expect(output.contains("No space left on device; nothing in 'disk/old' was changed"), "\(output)")
    #expect(output.hasSuffix("disk:\nold\n\ndisk/old:\npostmortem.html\nmine\n"), "\(output)")
  }

  @Test func aReportIsMadeWithoutKeepingItsTrace() throws {
    let work = try Workspace.simulated("worm", 40)
    let (status, output) = try Shell.run(
      """
      count() { "$FIREBREAK" query --sql "SELECT count(*) AS traces FROM trace_result" --case x.firebreak --format csv | tail -1; }
      make() { "$FIREBREAK" postmortem --case x.firebreak --output r --no-timeline --report-format md "$@" >/dev/null || exit 9; }
      exec 2>/dev/null
      count; make --no-store; count; grep -c 'trace@' r/postmortem.md
      make; count; grep -o 'trace@1' r/postmortem.md | head -1
      make --no-store; count; grep -o 'trace@1' r/postmortem.md | head -1
      """, in: work)
    #expect(status == 0, "\(output)")
    #expect(output == "0\n0\n0\n1\ntrace@1\n1\ntrace@1\n", "\(output)")
  }

  @Test func aReportWhoseAnswerCannotBeWrittenIsWrittenAllTheSame() throws {
    let work = try Workspace.simulated("quiet", 20)
    let (status, output) = try Shell.run(
      "\"$FIREBREAK\" postmortem --case x.firebreak --output r >/dev/full; echo \"status $?\"; ls -A r",
      in: work)
    #expect(status == 0)
    #expect(output.contains("the report is written all the same, to 'r'") && output.contains("status 2"))
    #expect(
      output.hasSuffix("devices.csv\npostmortem.html\npostmortem.json\npostmortem.md\ntimeline.csv\n"),
      "\(output)")
  }

  @Test func aFileThatCannotBeWrittenLeavesTheOthersAsTheyWere() throws {
    let work = try Workspace.simulated("quiet", 20)
    try work.write("r/postmortem.html", "mine")
    try work.write("r/postmortem.json/in-the-way", "")
    let run = try work.firebreak("postmortem", "--case", work.at("x.firebreak"), "--output", work.at("r"))
    #expect(run.exit == 2 && run.errors.contains("postmortem.json': it is a folder"), "\(run.errors)")
    let left = try FileManager.default.contentsOfDirectory(atPath: work.at("r")).sorted()
    #expect(left == ["postmortem.html", "postmortem.json"])
    #expect(try String(contentsOfFile: work.at("r/postmortem.html"), encoding: .utf8) == "mine")
  }

  /// The program with rename(2) refusing names that hold one of the words: a file system that fails at the worst moment.
  private func refusingRename(of words: String, _ command: String, in work: Workspace) throws -> (
    status: Int32, output: String
  ) {
    try work.write(
      "refuse.c",
      """
      #define _GNU_SOURCE
      #include <errno.h>
      #include <fcntl.h>
      #include <stdlib.h>
      #include <string.h>
      #include <sys/syscall.h>
      #include <unistd.h>
      static int refuses(const char *name) {
        char words[256];
        strncpy(words, getenv("REFUSED"), 255);
        for (char *word = strtok(words, " "); word; word = strtok(0, " "))
          if (strstr(name, word)) return 1;
        return 0;
      }
      int rename(const char *from, const char *to) {
        if (refuses(from) || refuses(to)) { errno = EIO; return -1; }
        return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
      }
      """)
    return try Shell.run(
      "clang -shared -fPIC -o refuse.so refuse.c || exit 99; REFUSED='\(words)' LD_PRELOAD=$PWD/refuse.so \(command); echo \"status $?\"",
      in: work)
  }

  @Test func reportsThatCannotAllBePutInTheirPlacesLeaveAllPlacesAsTheyWere() throws {
    let work = try Workspace.simulated("quiet", 20)
    let names = ["devices.csv", "postmortem.html", "postmortem.json"]
    for name in names { try work.write("r/\(name)", "my \(name)") }
    let make = "\"$FIREBREAK\" postmortem --case x.firebreak --output"
    let (_, output) = try refusingRename(of: "postmortem.md", "\(make) r", in: work)
    #expect(output.contains("cannot write 'r/postmortem.md': Input/output error; every file is as it was"))
    #expect(output.hasSuffix("status 2\n"), "\(output)")
    #expect(try FileManager.default.contentsOfDirectory(atPath: work.at("r")).sorted() == names)
    for name in names {
      #expect(try String(contentsOfFile: work.at("r/\(name)"), encoding: .utf8) == "my \(name)")
    }
    // A folder that was made for them goes again.
    _ = try refusingRename(of: "postmortem.md", "\(make) new", in: work)
    #expect(!FileManager.default.fileExists(atPath: work.at("new")))
    // Without a failure nothing is left beside them.
    #expect(try work.firebreak("postmortem", "--case", "x.firebreak", "--output", "r").exit == 0)
    let all = try FileManager.default.contentsOfDirectory(atPath: work.at("r")).sorted()
    #expect(
      all == ["devices.csv", "postmortem.html", "postmortem.json", "postmortem.md", "timeline.csv"], "\(all)")
  }

  @Test func whatCannotBePutBackIsSaidWithThePlaceOfBothFiles() throws {
    let work = try Workspace.simulated("quiet", 20)
    try work.write("r/postmortem.html", "mine")
    let (_, output) = try refusingRename(
      of: "postmortem.md .old", "\"$FIREBREAK\" postmortem --case x.firebreak --output r", in: work)
    #expect(
      output.contains("everything was put back but this: 'r/postmortem.html' is the new one"), "\(output)")
    let kept = try #require(output.firstMatch(of: /the former is '([^']+)'/)).output.1
    #expect(try String(contentsOfFile: String(kept), encoding: .utf8) == "mine")
    #expect(
      try String(contentsOfFile: work.at("r/postmortem.html"), encoding: .utf8).hasPrefix("<!doctype"))
    #expect(try FileManager.default.contentsOfDirectory(atPath: work.at("r")).count == 2)
  }

  @Test func anEmptyCaseGivesATrueReport() throws {
    let work = try Workspace()
    try work.write("empty.log", "")
    _ = try work.ingest(work.at("empty.log"))
    let files = try reports(work)
    check(files)
    #expect(files.contains { $0.name == "postmortem.md" && $0.text.contains("The case holds no events") })
    #expect(files.allSatisfy { !$0.name.hasSuffix(".md") || $0.text.contains("No incident was found") })
    let metrics = try work.firebreak("metrics", "ttd", "affected", "--case", work.at("x.firebreak"))
    #expect(metrics.exit == 0 && metrics.output.contains("no incident was found"))
    let second = try work.firebreak(
      "postmortem", "--case", work.at("x.firebreak"), "--output", work.at("r"), "--incident", "2")
    #expect(second.exit == 1 && second.errors.contains("incident"), "\(second.errors)")
  }

  @Test func oneDeviceAndTimesThatNobodyKnowsGiveATrueReport() throws {
    let work = try Workspace()
    // Seconds since a boot that nothing ties to a clock.
    try work.write(
      "one.log",
      (0..<40).map { "[\($0 * 7).123456] usb 1-1: device descriptor read/64, error -71\n" }.joined())
    _ = try work.ingest(work.at("one.log"))
    let files = try reports(work)
    check(files)
    for (name, text) in files where name.hasSuffix(".md") {
      #expect(text.contains("Nothing could be traced: none of 40 events"), "\(name)")
      #expect(!text.contains("No incident was found"), "\(name)")
    }
  }

  @Test(arguments: ["certificate-expiry", "quiet", "worm"]) func everyScenarioGivesATrueReport(
    _ scenario: String
  ) throws {
    let work = try Workspace.simulated(scenario, scenario == "worm" ? 200 : 60)
    let files = try reports(work, "--no-timeline")
    check(files)
    let page = try #require(files.first { $0.name == "postmortem.md" }).text
    switch scenario {
    case "certificate-expiry": #expect(page.contains("synchronous"), "a doubling time of one instant")
    case "worm":
      #expect(page.contains("Recovered means here that a device speaks as usual again"))
      #expect(page.contains(/Attacks on others\*\*: [1-9]/), "traffic that gateways saw is harm to others")
    default: break
    }
  }

  @Test func peoplesPartGoesOutToAFileAndComesBack() throws {
    let work = try Workspace.simulated()
    let path = work.at("x.firebreak")
    #expect(try work.firebreak("note", "--export", work.at("n.json"), "--case", path).exit == 0)
    var text = try String(contentsOfFile: work.at("n.json"), encoding: .utf8)
    #expect(text.contains("\"haltRule\" : \"\""))
    let unedited = try work.firebreak("note", "--import", work.at("n.json"), "--case", path)
    #expect(unedited.exit == 0 && unedited.errors.contains("nothing is new"), "\(unedited.errors)")
    text.replace("\"haltRule\" : \"\"", with: "\"haltRule\" : \"5 % of a stage\"")
    text.replace("\"state\" : \"draft\"", with: "\"state\" : \"in_review\"")
    try work.write("n.json", text)
    let again = try work.firebreak("note", "--export", work.at("n.json"), "--case", path)
    #expect(again.exit == 2 && again.errors.contains("exists already and differs"), "\(again.errors)")
    let back = try work.firebreak("note", "--import", work.at("n.json"), "--case", path)
    #expect(back.exit == 0 && back.errors.contains("haltRule"), "\(back.errors)")
    #expect(try work.firebreak("note", "--export", "-", "--import", "x", "--case", path).exit == 64)
    #expect(try work.firebreak("note", "--export", "-", "words", "--case", path).exit == 64)
    let files = try reports(work, "--no-timeline")
    #expect(
      files.contains { $0.name == "postmortem.md" && $0.text.contains("Rule that halts**: 5 % of a stage") })
    #expect(files.allSatisfy { !$0.name.hasSuffix(".md") || $0.text.contains("In review") })
  }

  @Test func timesThatCannotHaveBeenAreSaidByEverybody() throws {
    let work = try Workspace.simulated()
    let path = work.at("x.firebreak")
    func set(_ value: String) throws -> BuiltProgram.Run {
      try work.firebreak("note", "--set", value, "--case", path)
    }
    let halt = try set("halt.at=2099-01-01T00:00:00Z")
    #expect(halt.exit == 0 && halt.errors.contains("later than when it was written down"), "\(halt.errors)")
    let end = try set("end.at=1999-01-01T00:00:00Z")
    #expect(end.errors.contains("before the oldest event of the case"), "\(end.errors)")
    let lint = try work.firebreak("postmortem", "lint", "--case", path)
    #expect(lint.exit == 1 && lint.output.components(separatedBy: "impossible-time").count == 3, "\(lint)")
    let made = try work.firebreak("postmortem", "--case", path, "--output", work.at("r"), "--no-timeline")
    for field in ["halt.at", "end.at"] {
      #expect(made.errors.contains("the report leaves out \(field) of the notes"), "\(made.errors)")
    }
    let page = try String(contentsOfFile: work.at("r/postmortem.md"), encoding: .utf8)
    #expect(!page.contains("The end was declared at") && !page.contains("2099-01-01 00:00:00 UTC **"))
    // What is said of a moment that may have been is taken as it is.
    #expect(try !set("halt.at=").errors.contains("leaves it out"))
  }

  @Test func theDifferenceOfTwoReportsIsThatOfAllTheyHold() throws {
    let work = try Workspace.simulated("quiet", 20)
    let path = work.at("x.firebreak")
    #expect(
      try work.firebreak("postmortem", "--case", path, "--output", work.at("r"), "--no-timeline").exit == 0)
    let made = try String(contentsOfFile: work.at("r/postmortem.json"), encoding: .utf8)
    func diff(_ edit: (inout [String: Any]) -> Void) throws -> BuiltProgram.Run {
      var report = try jsonObject(made)
      edit(&report)
      try work.write("altered.json", try JSONSerialization.data(withJSONObject: report))
      return try work.firebreak("postmortem", "diff", "r/postmortem.json", "altered.json", "--format", "csv")
    }
    let same = try diff { _ in }
    #expect(same.exit == 0, "\(same)")
    let figures = try diff { report in
      var metrics = report["metrics"] as? [[String: Any]] ?? []
      metrics[0]["value"] = 3
      metrics[0]["formula"] = "guess"
      report["metrics"] = metrics
      report["citations"] = [["event": 1, "number": 1, "message": "all is well", "line": 1]]
    }
    #expect(figures.exit == 1, "\(figures)")
    for word in [".formula", ".value", "guess", "citation,event 1", "all is well"] {
      #expect(figures.output.contains(word), "\(word): \(figures.output)")
    }
    let behind = try diff { report in
      var sections = report["sections"] as? [[String: Any]] ?? []
      var blocks = sections[1]["blocks"] as? [[String: Any]] ?? []
      blocks[0]["events"] = [1]
      sections[1]["blocks"] = blocks
      report["sections"] = sections
    }
    #expect(behind.exit == 1 && behind.output.contains("text,summary"), "\(behind.output)")
  }

  @Test func theReportsModelIsThatOfTheCommand() throws {
    let work = try Workspace.simulated("firmware-cascade", 300)
    let path = work.at("x.firebreak")
    let command = try work.firebreak("what-if", "--case", path, "--format", "json")
    try #require(command.exit == 0, "\(command.errors)")
    let model = try jsonObject(command.output)
    let trace = try jsonObject(try work.firebreak("trace", "--case", path, "--format", "json").output)
    let kept = try #require(trace["counterfactual"] as? [String: Any])
    #expect(kept["failed"] as? Double == model["failed"] as? Double)
    #expect(kept["policy"] as? String == model["policy"] as? String)
    let failed = try #require(model["failed"] as? Double)
    let page = try #require(try reports(work, "--no-timeline").first { $0.name == "postmortem.md" }).text
    #expect(page.contains("Would have failed, median**: \(Int(failed.rounded()))"), "\(failed)")
  }

  /// The plan needs no approval: what lies between it and its run is nobody's waiting.
  @Test func drawsARealRunAndInventsNoWaitForApproval() throws {
    // The incident lies around now, so that the run lies in it.
    let start = Date(timeIntervalSinceNow: -3 * 3600).ISO8601Format()
    let work = try Workspace.simulated("firmware-cascade", 150, "--start", start)
    try work.write("admin", "admin\nsecret-of-the-test\n")
    chmod(work.at("admin"), 0o600)
    let playbook = Repository.root.appending(path: "Playbooks/isolate-device").path(percentEncoded: false)
    let inventory = try String(contentsOfFile: work.at("s/inventory.csv"), encoding: .utf8)
    let device = try #require(
      inventory.split(separator: "\n").dropFirst().first { $0.contains(",device,") && $0.hasSuffix(",no") }
    )
    .prefix { $0 != "," }
    let secret = "broker-admin=file:" + work.at("admin")
    // Port 9 (discard) on loopback: nobody listens.
    let plan = try work.firebreak(
      "playbook", "plan", playbook, "--targets", "device:\(device)", "--set", "broker=mqtt://127.0.0.1:9",
      "--case", work.at("x.firebreak"), "--output", work.at("p.plan"), "--secret", secret)
    try #require(plan.exit == 0, "\(plan.errors)")
    Thread.sleep(forTimeInterval: 1.2)
    let run = try work.firebreak(
      "playbook", "run", work.at("p.plan"), "--case", work.at("x.firebreak"), "--secret", secret)
    try #require(run.exit == 1, "\(run.output)\(run.errors)")
    let files = try reports(work, "--no-timeline")
    check(files)
    let metrics = try jsonObject(
      try work.firebreak(
        "metrics", "approval_wait", "playbook_runs", "--case", work.at("x.firebreak"), "--format", "json"
      )
      .output)
    let values = "\(metrics)"
    #expect(values.contains("1 run"), "\(values)")
    #expect(values.contains("no approval was asked for"), "\(values)")
    let page = try #require(files.first { $0.name == "postmortem.html" }).text
    let figure = try #require(page.range(of: "<figure id=\"response-lanes\">"))
    #expect(!page[figure.lowerBound...].contains("waiting for approval"))
    #expect(page[figure.lowerBound...].contains("playbook at work"))
    for (name, text) in files { #expect(!text.contains("secret-of-the-test"), "\(name)") }
  }

  @Test func saysWhoRanWithoutApprovalAndThatNobodyLookedAtIt() throws {
    let work = try Workspace.simulated()
    let path = work.at("x.firebreak")
    // As `playbook run --break-glass` writes it; its own test runs the engine.
    let sentence =
      "BREAK GLASS by ana@desk with 0 of 2 approvals on the plan made 2026-01-01T00:00:00.000Z, for 60 min, to be reviewed afterwards: the worm spreads, Bob is asleep"
    let sql = """
      INSERT INTO journal (run, sequence, wall_time, monotonic_time, kind, detail, hash)
      VALUES ('r1', 1, 1767225600000000000, 1, 'run_started', json_object('text', 'on 3 devices'), 'a'),
        ('r1', 2, 1767225601000000000, 2, 'approved', json_object('text', '\(sentence)', 'reason', 'break-glass'), 'b');
      """
    try work.write("insert.sql", sql)
    let insert = try Shell.run("sqlite3 x.firebreak < insert.sql", in: work)
    try #require(insert.status == 0, "\(insert.output)")
    func page(_ name: String) throws -> String {
      try #require(try reports(work, "--no-timeline").first { $0.name == name }).text
    }
    let before = try page("postmortem.md")
    for word in ["ana", "of 2", "the worm spreads, Bob is asleep", "not provided"] {
      let section = try #require(before.range(of: "Approval bypassed (break glass)"))
      #expect(before[section.lowerBound...].prefix(1500).contains(word), "\(word)")
    }
    #expect(try page("postmortem-executive.md").contains("Approval was bypassed (1 time)"))
    #expect(try !page("postmortem-customer.md").contains("bypassed"))
    let review =
      #"breakGlassReviews=[{"run":"r1","by":"Safety board","at":"2026-01-03T09:00:00Z","text":"It was right."}]"#
    #expect(try work.firebreak("note", "--set", review, "--case", path).exit == 0)
    #expect(try page("postmortem.md").contains(/It was right\..*Safety board/))
    #expect(try page("postmortem-regulator.md").contains("ana@desk") == false)
    let figure = try work.firebreak("metrics", "break_glass_reviewed", "--case", path)
    #expect(figure.output.contains("100.0 %"), "\(figure.output)")
  }

  @Test func notesOfOneIncidentStayWithIt() throws {
    let work = try Workspace.simulated()
    let path = work.at("x.firebreak")
    for (key, value) in [
      ("incidents.2.detection.at", "2026-04-07T09:08:00Z"), ("incidents.1.halt.text", "stopped"),
    ] {
      #expect(try work.firebreak("note", "--set", "\(key)=\(value)", "--case", path).exit == 0, "\(key)")
    }
    for bad in [
      "incidents.second.halt.text=x", "incidents.2.nothing=x", "incidents.2.detection.at=9:08",
      "incidents.0.title=x",
      "incidents.2.incidents.1.title=x",
    ] { #expect(try work.firebreak("note", "--set", bad, "--case", path).exit == 64, "\(bad)") }
    let made = try work.firebreak("postmortem", "--case", path, "--output", work.at("r"), "--no-timeline")
    #expect(made.exit == 0 && made.errors.contains("incident '2'"), "\(made.errors)")
    let page = try String(contentsOfFile: work.at("r/postmortem.md"), encoding: .utf8)
    #expect(page.contains("stopped"))
    #expect(try work.firebreak("note", "--export", work.at("n.json"), "--case", path).exit == 0)
    let text = try String(contentsOfFile: work.at("n.json"), encoding: .utf8)
    #expect(text.contains("\"incidents\"") && text.contains("2026-04-07T09:08:00Z"))
    for (old, new) in [
      ("\"2\" :", "\"soon\" :"), ("\"detection\" : {\n        \"at\"", "\"detected\" : {\n        \"at\""),
    ] {
      guard text.contains(old) else { continue }
      try work.write("bad.json", text.replacing(old, with: new))
      let run = try work.firebreak("note", "--import", work.at("bad.json"), "--case", path)
      #expect(run.exit == 2 && run.errors.contains("nothing was changed"), "\(run.errors)")
    }
    #expect(try work.firebreak("note", "--import", work.at("n.json"), "--case", path).exit == 0)
    let again = try work.firebreak("note", "--import", work.at("n.json"), "--case", path)
    #expect(again.errors.contains("nothing is new"), "\(again.errors)")
  }

  @Test func noRealNameIsInWhatGoesOutside() throws {
    guard FileManager.default.isExecutableFile(atPath: "/usr/bin/chromium"),
      FileManager.default.isExecutableFile(atPath: "/usr/bin/pdftotext")
    else {
      if ProcessInfo.processInfo.environment["CI"] == "true" {
        Issue.record("Chromium or pdftotext is missing")
      }
      print("skipped: no PDF was made, since Chromium or pdftotext is not installed")
      return
    }
    let work = try Workspace.simulated()
    let inventory = try String(contentsOfFile: work.at("s/inventory.csv"), encoding: .utf8)
      .split(separator: "\n").map {
        $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
      }
    let header = try #require(inventory.first)
    let site = try #require(header.firstIndex(of: "site"))
    var names = Set(inventory.dropFirst().map { $0[0] })
    names.formUnion(inventory.dropFirst().map { $0[site] })
    names.formUnion(["evidence/", work.path, "messages.1.gz", "x.firebreak"])
    names = names.filter { $0.count >= 4 }
    let device = try #require(names.first { $0.hasPrefix("mtr-") || $0.hasPrefix("thr-") })
    let place = try #require(inventory.dropFirst().map { $0[site] }.first { $0.count >= 4 })
    // People write names, too.
    for (key, value) in [
      ("customerImpact", "Door \(device), at \(place)."), ("title", "Outage at \(place)"),
      ("haltRule", "none on \(device)"), ("trigger.text", "\(device) was updated"),
    ] {
      let note = try work.firebreak("note", "--set", "\(key)=\(value)", "--case", work.at("x.firebreak"))
      try #require(note.exit == 0, "\(note.errors)")
    }
    let run = try work.firebreak(
      "postmortem", "--case", work.at("x.firebreak"), "--output", work.at("out"), "--audience", "customer",
      "--audience", "regulator", "--report-format", "pdf", "--report-format", "html", "--report-format", "md",
      "--report-format", "json", "--redaction-log", work.at("log.csv"))
    try #require(run.exit == 0, "\(run.errors)")
    for name in try FileManager.default.contentsOfDirectory(atPath: work.at("out"))
    where !name.hasSuffix(".pdf") {
      let text = try String(contentsOfFile: work.at("out/\(name)"), encoding: .utf8)
      for secret in names { #expect(!text.contains(secret), "\(name): \(secret)") }
      #expect(text.contains("device-"), "\(name): the pseudonym in place of the name")
    }
    try work.write("names", names.sorted().joined(separator: "\n"))
    let script = Repository.root.appending(path: "Tests/Browser/leaks.py").path(percentEncoded: false)
    let look = try Shell.run(
      "python3 '\(script)' names out/postmortem-customer.pdf out/postmortem-regulator.pdf", in: work)
    #expect(look.status == 0, "\(look.output)")
    let actions = Repository.root.appending(path: "Tests/Browser/pdf_actions.py").path(percentEncoded: false)
    let act = try Shell.run(
      "python3 '\(actions)' out/postmortem-customer.pdf out/postmortem-regulator.pdf", in: work)
    #expect(act.status == 0, "\(act.output)")
    // The check can fail: a word that is on every page is found.
    try work.write("names", "TLP:")
    #expect(try Shell.run("python3 '\(script)' names out/postmortem-customer.pdf", in: work).status == 1)
    let log = try String(contentsOfFile: work.at("log.csv"), encoding: .utf8)
    #expect(log.contains(device) && log.contains(place))
  }
}
