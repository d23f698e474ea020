import Foundation
import Testing

/// "Succeeded" while devices stay isolated is the worst that the program can say: what people see of `undo`, `status`,
/// `runs` and of a run that is cut off.
@Suite struct UndoSafetyTests {
  private func scene(rollout: String = "", head: String = "", command: String? = nil) throws -> Workspace {
    let work = try Workspace()
    try work.ingestFleet()
    var text = work.touchPlaybook(rollout: rollout, head: head)
    if let command {
      text = text.replacingOccurrences(of: "command: \"echo", with: "command: \"\(command)echo")
    }
    try work.write("p.yaml", text)
    return work
  }

  private func act(_ work: Workspace, _ arguments: String...) throws -> BuiltProgram.Run {
    try work.playbook(arguments)
  }

  private func plan(_ work: Workspace, _ targets: String) throws {
    let made = try act(work, "plan", work.at("p.yaml"), "--targets", targets, "--output", work.at("p.plan"))
    try #require(made.exit == 0, "\(made)")
  }

  private func acted(_ work: Workspace) -> [String] {
    work.acted.sorted()
  }

  private func runs(_ work: Workspace) throws -> [[String]] {
    try act(work, "runs", "--format", "csv").output.split(separator: "\n").dropFirst().map {
      $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }
  }

  @Test func undoNamesTheRunsWhoseChangesStand() throws {
    let work = try scene()
    try plan(work, "device:gw-2 OR device:gw-3")
    #expect(try act(work, "runs").output.contains("no runs"))
    try #require(try act(work, "run", work.at("p.plan")).exit == 0)
    let again = try act(work, "run", work.at("p.plan"))
    #expect(again.exit == 0 && again.output.contains("2 ok"), "\(again)")
    let listed = try runs(work)
    try #require(listed.count == 2)
    #expect(listed.map { $0[5] } == ["2", "0"] && listed.allSatisfy { $0[2] == "touch" && $0[3] == "2" })
    let first = listed[0][0]
    // Listing does nothing; the last part of the id is enough.
    let short = String(first.split(separator: "-").last ?? "")
    let held = try act(work, "undo", short, "--dry-run")
    #expect(
      held.exit == 0 && held.output.contains("0 changes") && !held.output.contains("gw-2  touch"), "\(held)")
    let dry = try act(work, "undo", short, "--dry-run", "--include-held")
    #expect(dry.exit == 0 && dry.output.contains("gw-2  touch") && dry.output.contains("2 changes"), "\(dry)")
    let end = try act(work, "undo", "--dry-run")
    #expect(end.exit == 0 && end.output.contains("changed nothing") && end.output.contains("undo \(first)"))
    #expect(try runs(work)[1][4] == "succeeded" && acted(work) == ["gw-2", "gw-3"])
    // The latest changed nothing: that is no success, and it says where to look.
    let empty = try act(work, "undo")
    #expect(empty.exit == 1 && empty.errors.contains("changed nothing"), "\(empty)")
    #expect(empty.errors.contains("2 of run \(first)") && empty.errors.contains("--all"), "\(empty)")
    #expect(acted(work) == ["gw-2", "gw-3"])
    #expect(try act(work, "status", short).output.contains("in force now: 2, taken back: 0"))
    let all = try act(work, "undo", "--all")
    #expect(all.exit == 0 && all.errors.contains("run \(first) ('touch', begun"), "\(all)")
    #expect(acted(work).isEmpty)
    let status = try act(work, "status", first)
    #expect(status.output.contains("in force now: 0, taken back: 2"), "\(status)")
    let second = try act(work, "undo", first)
    #expect(second.exit == 0 && second.output.contains("taken back already (2 changes)"), "\(second)")
    #expect(try runs(work).map { $0[7] } == ["2", "0"])
    let resume = try act(work, "resume", first)
    #expect(resume.exit == 2 && resume.errors.contains("was taken back"), "\(resume)")
    let none = try act(work, "status", "2999")
    #expect(none.exit == 2 && none.errors.contains("no run '2999'"), "\(none)")
  }

  @Test func anOlderRunDoesNotLetInWhatALaterOneCountsOnUnlessItIsTold() throws {
    let work = try scene()
    try plan(work, "device:gw-2 OR device:gw-3")
    try #require(try act(work, "run", work.at("p.plan")).exit == 0)
    // Another playbook, which looks at the same.
    let other = try String(contentsOfFile: work.at("p.yaml"), encoding: .utf8)
      .replacingOccurrences(of: "e042eeb5", with: "e042eeb6")
      .replacingOccurrences(of: "aa0d8228", with: "aa0d8229")
      .replacingOccurrences(of: "name: touch", with: "name: other")
    try work.write("p.yaml", other)
    try FileManager.default.removeItem(atPath: work.at("p.plan"))
    try plan(work, "device:gw-3")
    #expect(try act(work, "run", work.at("p.plan")).output.contains("1 ok"))
    let listed = try runs(work).map { $0[0] }
    try #require(listed.count == 2)
    let undo = try act(work, "undo", listed[0])
    #expect(undo.exit == 1 && acted(work) == ["gw-3"], "\(undo)")
    let words = "the later run \(listed[1]) counts on 'touch' there: gw-3"
    #expect(undo.output.contains(words) && undo.errors.contains("--include-held"), "\(undo)")
    let again = try act(work, "undo", listed[0])
    #expect(again.exit == 1 && again.errors.contains("nothing was taken back"), "\(again)")
    #expect(again.errors.contains(words) && again.errors.contains("--include-held"), "\(again)")
    let told = try act(work, "undo", listed[0], "--include-held")
    #expect(told.exit == 0 && acted(work).isEmpty && told.errors.contains(listed[1]), "\(told)")
    let status = try act(work, "status", listed[1])
    #expect(status.output.contains("released: 1"), "\(status)")
    #expect(status.output.contains("1 × released: left to the undo of run \(listed[0])"), "\(status)")
    #expect(status.output.contains("gw-3    released") && status.output.contains("verifies"), "\(status)")
  }

  /// 80 columns hold it, and how a run ended stands there whole.
  @Test func theListOfRunsFitsAndShowsHowEachEnded() throws {
    let work = try scene()
    let long = try String(contentsOfFile: work.at("p.yaml"), encoding: .utf8).replacingOccurrences(
      of: "name: touch\ncreated_by",
      with: "name: isolate everything behind the gateway of the plant\ncreated_by")
    try work.write("p.yaml", long)
    try plan(work, "device:gw-2 OR device:gw-3")
    try #require(try act(work, "run", work.at("p.plan")).exit == 0)
    try #require(try act(work, "undo").exit == 0)
    try #require(try act(work, "run", work.at("p.plan")).exit == 0)
    let shown = try Shell.run("COLUMNS=80 $FIREBREAK playbook runs --case x.firebreak 2>/dev/null", in: work)
    let lines = shown.output.split(separator: "\n")
    #expect(lines.count >= 3 && lines.allSatisfy { $0.count <= 80 }, "\(shown)")
    #expect(shown.output.contains("taken back") && shown.output.contains("succeeded"), "\(shown)")
    #expect(shown.output.contains("2 in force"), "\(shown)")
  }

  @Test func anAlteredJournalAndACaseThatIsNotOpenedSayWhatToDoNext() throws {
    let work = try scene()
    try plan(work, "device:gw-2")
    try #require(try act(work, "run", work.at("p.plan")).exit == 0)
    try #require(try act(work, "undo").exit == 0)
    try #require(try act(work, "run", work.at("p.plan")).exit == 0)
    let over = try #require(try runs(work).first?.first)
    let run = try #require(try runs(work).last?.first)
    let trigger =
      "CREATE TRIGGER journal_update BEFORE UPDATE ON journal BEGIN\n"
      + "  SELECT RAISE(ABORT, 'the journal is append-only');\nEND"
    try sqlite(
      "UPDATE journal SET wall_time = wall_time + 1 WHERE sequence = 9 AND run = '\(run)'", trigger, work)
    for (word, more) in [("status", "ALTERED"), ("undo", "firebreak playbook status \(run)")] {
      let told = try act(work, word)
      let text = (told.output + told.errors).split(whereSeparator: \.isWhitespace).joined(separator: " ")
      #expect(told.exit != 0 && text.contains(more), "\(told)")
      guard word == "status" else { continue }
      #expect(text.contains("records 1 to 8 hang together") && text.contains("firebreak verify"), "\(told)")
      #expect(text.contains("\(run)/undo.sh' takes back all that its plan names"), "\(told)")
      #expect(text.contains("--case NEW.firebreak"), "\(told)")
    }
    try sqlite("", "", work)
    for word in ["status", "undo"] {
      let told = try act(work, word)
      let text = told.errors.split(whereSeparator: \.isWhitespace).joined(separator: " ")
      #expect(told.exit == 2 && text.contains("lacks the trigger journal_update"), "\(told)")
      #expect(text.contains("\(run)/undo.sh") && text.contains("--case NEW.firebreak"), "\(told)")
      // What was taken back already, as our own signature says, is nothing to be run as root.
      #expect(!text.contains("\(over)/undo.sh") && text.contains("1 run is left out"), "\(told)")
    }
    // Without our key nothing vouches for that, and all are named.
    try FileManager.default.removeItem(atPath: work.at("journal.key"))
    let told = try act(work, "status")
    #expect(told.errors.contains("\(over)/undo.sh") && !told.errors.contains("left out"), "\(told)")
    #expect(acted(work) == ["gw-2"])
  }

  /// Changes the case behind the program's back, and leaves it with this trigger on changes of the journal, or none.
  private func sqlite(_ change: String, _ trigger: String, _ work: Workspace) throws {
    try work.write("change.sql", "DROP TRIGGER journal_update; \(change); \(trigger);")
    let changed = try Shell.run("sqlite3 x.firebreak < change.sql", in: work)
    try #require(changed.status == 0, "\(changed)")
  }

  @Test(.enabled(if: Shell.canMount, "mounts are not allowed here"))
  func onAFullDiskTheCommandThatGoesOnIsNamedAndNoPlanIsLeftHalf() throws {
    let fill = "dd if=/dev/zero of=disk/fill bs=4096 2>/dev/null || true; "
    let work = try scene(rollout: "max_in_flight: 1", command: "[ -e filled ] || { touch filled; \(fill)}; ")
    try plan(work, "device:gw-2 OR device:gw-3")
    let (status, output) = try Shell.run(
      """
      mkdir disk && unshare -m bash -c '
        mount -t tmpfs -o size=1500k tmpfs disk || exit 99
        cp x.firebreak disk/
        "$FIREBREAK" playbook run p.plan --case disk/x.firebreak; echo "status $?"
        "$FIREBREAK" playbook plan ./p.yaml --case x.firebreak --targets device:gw-4 --output disk/y.plan; echo "plan $?"
        ls -A disk; rm disk/fill
        "$FIREBREAK" playbook resume --case disk/x.firebreak; echo "resumed $?"'
      """, in: work)
    #expect(status == 0 && output.contains("status 1") && output.contains("plan 2"), "\(output)")
    #expect(output.contains("free some space") && !output.contains("run it again"), "\(output)")
    #expect(output.contains("then go on with: firebreak playbook resume 2"), "\(output)")
    #expect(!output.contains("y.plan.new\n") && !output.contains("\ny.plan\n"), "\(output)")
    #expect(output.contains("resumed 0") && acted(work) == ["gw-2", "gw-3"], "\(output)")
  }

  @Test func onATerminalUndoAsksFirst() throws {
    let work = try scene()
    try plan(work, "device:gw-2")
    try #require(try act(work, "run", work.at("p.plan")).exit == 0)
    let line = "FIREBREAK_CASE=x.firebreak script -qec \"$FIREBREAK playbook undo MORE\" /dev/null"
    for (answer, more, exit, left) in [("no", "", 1, 1), ("no", "--yes", 0, 0)] {
      let asked = try Shell.run(
        "((sleep 1; echo \(answer); sleep 1) || true) | " + line.replacingOccurrences(of: "MORE", with: more),
        in: work)
      #expect(Int(asked.status) == exit && acted(work).count == left, "\(asked)")
      let said = asked.output.split(whereSeparator: \.isWhitespace).joined(separator: " ")
      #expect(said.contains("1 change on 1 device to take back"), "\(asked)")
    }
  }

  @Test func aPlaybookThatHasExpiredSinceDoesNotKeepAnybodyLockedOut() throws {
    let soon = ISO8601DateFormatter()
    soon.formatOptions = [.withInternetDateTime, .withFractionalSeconds]
    let end = Date(timeIntervalSinceNow: 8)
    let work = try scene(head: "valid_until: \(soon.string(from: end))")
    try plan(work, "device:gw-2")
    try #require(try act(work, "run", work.at("p.plan")).exit == 0)
    Thread.sleep(forTimeInterval: max(0, end.timeIntervalSinceNow) + 0.1)
    #expect(try act(work, "run", work.at("p.plan")).exit == 2)
    let undo = try act(work, "undo")
    #expect(undo.exit == 0 && undo.errors.contains("taken back all the same"), "\(undo)")
    #expect(acted(work).isEmpty)
  }

  @Test func aMissingSecretMakesNoRunAndNextCommandsCanBeCopied() throws {
    let work = try scene(rollout: "max_in_flight: 1")
    let text = try String(contentsOfFile: work.at("p.yaml"), encoding: .utf8)
    try work.write(
      "p.yaml",
      text.replacingOccurrences(
        of: "{__device__: {type: string}}", with: "{__device__: {type: string}, __key__: {type: string}}"
      ).replacingOccurrences(
        of: "bindings: {__device__: device}", with: "bindings: {__device__: device, __key__: secret.token}"
      ).replacingOccurrences(
        of: "command: \"echo", with: "command: \"test -n __key__:value; sleep 1.5; echo"))
    try plan(work, "device:gw-*")
    try work.write("token", "a-long-token\n")
    let attempts: [(secrets: [String], word: String)] = [
      ([], "asks for the secret 'token'"), (["--secret", "token=file:token"], "--same-secret token"),
      (["--secret", "token=file:token", "--same-secret", "token"], "chmod"),
    ]
    for (secrets, word) in attempts {
      let run = try BuiltProgram.run(
        ["playbook", "run", work.at("p.plan"), "--case", work.at("x.firebreak")] + secrets, in: work.folder)
      #expect(run.exit == 2 && run.errors.contains(word), "\(run)")
    }
    #expect(try runs(work).isEmpty && acted(work).isEmpty)
    chmod(work.at("token"), 0o600)
    // Cut off by a terminal that is closed: drained, and the next command is complete.
    let cut = try Shell.run(
      """
      $FIREBREAK playbook run p.plan --case x.firebreak --secret token=file:token --same-secret token >out 2>&1 & pid=$!
      n=0; while [ ! -s acted ] && [ $n -lt 200 ]; do n=$((n+1)); sleep 0.05; done
      kill -HUP $pid; wait $pid; code=$?; cat out; exit $code
      """,
      in: work)
    let line = cut.output.split(separator: "\n").first { $0.hasPrefix("go on with: ") }
    let next = try #require(line.map { String($0.dropFirst("go on with: ".count)) }, "\(cut)")
    #expect(cut.status == 130 && cut.output.contains("stopping: "), "\(cut)")
    #expect(next.hasSuffix("--case x.firebreak --secret token=file:token --same-secret token"), "\(next)")
    let warned = try BuiltProgram.run(
      ["playbook", "run", work.at("p.plan"), "--case", work.at("x.firebreak"), "--hash", "0"],
      in: work.folder)
    #expect(warned.exit == 1, "\(warned)")
    let done = try Shell.run(
      next.replacingOccurrences(of: "firebreak playbook", with: "$FIREBREAK playbook"), in: work)
    #expect(done.status == 0 && acted(work).count == 8, "\(done)")
  }

  @Test func aRunThatIsStillWorkedOnIsCalledRunningAndNotKilled() throws {
    let work = try scene(rollout: "max_in_flight: 1", command: "sleep 1; ")
    try plan(work, "device:gw-2 OR device:gw-3")
    let second = try Shell.run(
      """
      export FIREBREAK_CASE=x.firebreak
      $FIREBREAK playbook run p.plan >first.txt 2>&1 & pid=$!
      n=0; while ! grep -q wave first.txt && [ $n -lt 200 ]; do n=$((n+1)); sleep 0.05; done
      sleep 0.2; $FIREBREAK playbook run p.plan 2>&1; code=$?; echo "pid $pid"; wait $pid || exit 99; exit $code
      """,
      in: work)
    let process = try #require(second.output.split(separator: "\n").last).dropFirst("pid ".count)
    #expect(second.status == 2 && second.output.contains("is running (process \(process))"), "\(second)")
    for word in ["killed", "unfinished", "resume", "undo"] {
      #expect(!second.output.contains(word), "\(second)")
    }
    #expect(acted(work) == ["gw-2", "gw-3"])
  }

  @Test func aClosedPipeDrainsARunAndANewOneWarnsOfIt() throws {
    let work = try scene(rollout: "max_in_flight: 1", command: "sleep 0.3; ")
    try plan(work, "device:gw-*")
    let cut = try Shell.run(
      "export FIREBREAK_CASE=x.firebreak; ($FIREBREAK playbook run p.plan 2>&1; echo $? > code) | head -n 5 >/dev/null; cat code",
      in: work)
    #expect(cut.output == "130\n", "\(cut)")
    #expect((1...7).contains(acted(work).count))
    let status = try act(work, "status", "--format", "json")
    #expect(status.output.contains("interrupted"), "\(status)")
    let verified = try work.firebreak("verify", "--log-only", "--case", work.at("x.firebreak"))
    #expect(verified.exit == 0 && !verified.output.contains("without a result"), "\(verified)")
    let anew = try act(work, "run", work.at("p.plan"))
    #expect(anew.exit == 0 && anew.errors.contains("is unfinished (interrupted)"), "\(anew)")
    #expect(try act(work, "undo", "--all").exit == 0 && acted(work).isEmpty)
  }

  /// The one that is named is one that still needs somebody.
  @Test func theFirstThatIsNamedIsNotOneThatALaterAttemptPutRight() throws {
    let work = try Workspace()
    try work.ingestFleet()
    func command(_ text: String) -> String { "commands: [{type: bash, command: \"\(text)\"}]" }
    let undo = "sed -i /^__device__:value$/d \(work.at("acted"))"
    let held = "test ! -e \(work.at("hold"))-__device__:value && \(undo)"
    let gone = "! grep -qx __device__:value \(work.at("acted"))"
    let text = work.touchPlaybook().replacingOccurrences(
      of: "undo: {\(command(undo))}", with: "undo: {\(command(held)), verify: {\(command(gone))}}")
    try #require(text.contains("test ! -e"))
    try work.write("p.yaml", text)
    try plan(work, "device:gw-2 OR device:gw-3 OR device:gw-4")
    try #require(try act(work, "run", work.at("p.plan")).exit == 0)
    for device in ["gw-2", "gw-4"] { try work.write("hold-\(device)", "") }
    let first = try act(work, "undo")
    #expect(first.exit == 1 && first.output.contains("the first: gw-2"), "\(first)")
    try FileManager.default.removeItem(atPath: work.at("hold-gw-2"))
    let second = try act(work, "undo")
    #expect(second.exit == 1 && acted(work) == ["gw-4"], "\(second)")
    #expect(second.output.contains("the first: gw-4") && !second.output.contains("gw-2"), "\(second)")
  }

  /// A program goes on after the run that started it was killed: until its end nothing is known, and nothing is begun.
  @Test func programsThatOutliveTheirRunAreWaitedFor() throws {
    let work = try Workspace()
    try work.ingestFleet()
    // The first act kills its run and takes its time.
    let slow = "[ -e \(work.at("cut")) ] || { touch \(work.at("cut")); kill -9 $PPID; sleep 3; }; echo"
    try work.write(
      "p.yaml", work.touchPlaybook().replacingOccurrences(of: "command: \"echo", with: "command: \"\(slow)"))
    try plan(work, "device:gw-2")
    #expect(try act(work, "run", work.at("p.plan")).exit != 0)
    let other = try act(work, "run", work.at("p.plan"))
    #expect(other.exit == 2 && other.errors.contains("still at work"), "\(other)")
    #expect(acted(work).isEmpty)
    let undone = try act(work, "undo", "--yes")
    #expect(undone.exit == 0 && undone.errors.contains("waiting for"), "\(undone)")
    usleep(500_000)
    #expect(acted(work).isEmpty)
    #expect(try act(work, "run", work.at("p.plan")).exit == 0)
    #expect(acted(work) == ["gw-2"])
  }

  @Test func aPlanIsRunAsItIs() throws {
    let work = try scene()
    try plan(work, "device:gw-2 OR device:gw-3")
    for more in [["--protect", "gw-2"], ["--include-self-asserted"], ["--include-gateway", "gw-3"]] {
      let run = try work.playbook(["run", work.at("p.plan")] + more)
      #expect(run.exit == 64 && run.errors.contains(more[0]), "\(run)")
    }
    #expect(acted(work).isEmpty)
  }

  /// More in flight than there are file descriptors for: whoever has none waits.
  @Test func fewFileDescriptorsMakeARunSlowerAndNothingElse() throws {
    let work = try scene(rollout: "max_in_flight: 64")
    try plan(work, "device:gw-*")
    let run = try Shell.run(
      "ulimit -n 64; FIREBREAK_CASE=x.firebreak FIREBREAK_LOCKS=$PWD/locks FIREBREAK_JOURNAL_KEY=$PWD/journal.key $FIREBREAK playbook run p.plan",
      in: work)
    #expect(run.status == 0, "\(run)")
    #expect(acted(work).count == 8)
  }

  /// The same statements in another network namespace block somebody else.
  @Test func thePlanSaysWhichNetworkNamespaceItIsFor() throws {
    let work = try Workspace()
    try work.ingestFleet()
    let text = work.touchPlaybook().replacingOccurrences(
      of: "type: bash, command: \"echo __device__:value >> \(work.at("acted"))\"",
      with: "type: nft, command: \"list tables\"")
    try work.write("p.yaml", text)
    let made = try work.plan("device:gw-2", "--netns", "lab")
    #expect(made.exit == 0 && made.output.contains("namespace 'lab'"), "\(made)")
    for more in [[], ["--netns", "other"]] {
      let run = try work.playbook(["run", work.at("p.plan")] + more)
      #expect(run.exit == 2 && run.errors.contains("give --netns lab"), "\(run)")
    }
    try #require(try work.plan("device:gw-2", output: "here.plan").exit == 0)
    let other = try work.playbook("run", work.at("here.plan"), "--netns", "lab")
    #expect(other.exit == 2 && other.errors.contains("without --netns"), "\(other)")
  }
}
