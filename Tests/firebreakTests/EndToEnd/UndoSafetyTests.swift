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
    // The latest changed nothing: that is no success, and it says where to look.
    let empty = try act(work, "undo")
    #expect(empty.exit == 1 && empty.errors.contains("changed nothing"), "\(empty)")
    #expect(empty.errors.contains("2 of run \(first)") && empty.errors.contains("--all"), "\(empty)")
    #expect(acted(work) == ["gw-2", "gw-3"])
    // Listing does nothing; the last part of the id is enough.
    let short = String(first.split(separator: "-").last ?? "")
    let dry = try act(work, "undo", short, "--dry-run")
    #expect(dry.exit == 0 && dry.output.contains("gw-2  touch") && dry.output.contains("2 changes"), "\(dry)")
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
        of: "command: \"echo", with: "command: \"test -n __key__:value; sleep 0.4; echo"))
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
}
