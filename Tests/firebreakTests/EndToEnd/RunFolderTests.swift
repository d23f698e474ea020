import Foundation
import Testing

/// The plan and the undo script beside the case, when somebody else has been at them.
@Suite struct RunFolderTests {
  private let work: Workspace
  private let folder: String

  init() throws {
    work = try Workspace()
    try work.ingestFleet()
    try work.write("p.yaml", work.touchPlaybook())
    let made = try work.playbook(
      ["plan", work.at("p.yaml"), "--targets", "device:gw-2 OR device:gw-3", "--output", work.at("p.plan")])
    try #require(made.exit == 0, "\(made)")
    try #require(try work.playbook(["run", work.at("p.plan")]).exit == 0)
    let runs = try FileManager.default.contentsOfDirectory(atPath: work.at("x.firebreak.runs"))
    folder = work.at("x.firebreak.runs/" + (try #require(runs.first { $0 != "lock" })))
  }

  private func edit(_ name: String, _ change: (String) -> String) throws {
    let path = folder + "/" + name
    let text = change(try String(contentsOfFile: path, encoding: .utf8))
    try text.write(toFile: path, atomically: false, encoding: .utf8)
  }

  private func verify(_ more: String...) throws -> BuiltProgram.Run {
    try BuiltProgram.run(["verify", "--case", work.at("x.firebreak")] + more, in: work.folder)
  }

  @Test func verifyAndStatusSayThatTheUndoScriptIsNotWhatTheJournalNotes() throws {
    let good = try verify()
    #expect(good.exit == 0 && !good.output.contains("journal notes"), "\(good)")
    try edit("undo.sh") { $0.replacingOccurrences(of: "set -u", with: "echo altered; set -u") }
    let bad = try verify()
    let run = folder.split(separator: "/").last ?? ""
    #expect(bad.exit == 1, "\(bad)")
    #expect(bad.output.contains("undo.sh of run \(run) differs from what the journal notes"), "\(bad)")
    #expect(!bad.output.contains("plan of run"), "\(bad)")
    let json = try verify("--log-only", "--format", "json")
    #expect(json.exit == 1 && json.output.contains("\"differs\""), "\(json)")
    let status = try work.playbook(["status"])
    #expect(status.exit == 1 && status.output.contains("undo.sh of run \(run) differs"), "\(status)")
    // What takes the run back does not need it, and warns of it.
    let undo = try work.playbook(["undo"])
    #expect(undo.exit == 0 && undo.errors.contains("do not run it") && work.acted.isEmpty, "\(undo)")
  }

  @Test func aPlanThatWasChangedOrSealedAnewIsSaidToDiffer() throws {
    let plan = try String(contentsOfFile: folder + "/plan", encoding: .utf8)
    try edit("plan") { $0.replacingOccurrences(of: "\"gw-3\"", with: "\"gw-4\"") }
    let changed = try verify()
    #expect(changed.exit == 1 && changed.output.contains("plan of run "), "\(changed)")
    #expect(!changed.output.contains("undo.sh of run"), "\(changed)")
    let undo = try work.playbook(["undo"])
    #expect(undo.exit == 2 && undo.errors.contains("plan' is not the plan that was run"), "\(undo)")
    #expect(undo.errors.contains("undo.sh' takes back what it says"), "\(undo)")
    // The script is no way out when it was changed, too.
    try edit("undo.sh") { $0 + "# more\n" }
    let neither = try work.playbook(["undo"])
    #expect(neither.exit == 2 && !neither.errors.contains("takes back what it says"), "\(neither)")
    #expect(neither.errors.contains("do not run it") && work.acted == ["gw-2", "gw-3"], "\(neither)")
    // Another plan with a good seal of its own, and an empty line that its seal does not cover.
    let other = try work.playbook(
      ["plan", work.at("p.yaml"), "--targets", "device:gw-5", "--output", work.at("o.plan")])
    try #require(other.exit == 0, "\(other)")
    let sealed = try String(contentsOfFile: work.at("o.plan"), encoding: .utf8)
    for text in [sealed, "\n" + plan] {
      try edit("plan") { _ in text }
      let found = try verify()
      #expect(found.exit == 1 && found.output.contains("plan of run "), "\(found)")
    }
    try edit("plan") { _ in plan }
    #expect(!(try verify().output.contains("plan of run ")))
  }

  /// Whoever archives the case and clears the folder has the way back in the pack.
  @Test func aCaseThatWasPackedCanStillBeTakenBack() throws {
    let pack = work.at("x.pack")
    let packed = try work.firebreak("pack", "--case", work.at("x.firebreak"), "--output", pack)
    #expect(packed.exit == 0 && packed.errors.contains("plans and undo scripts of 1 run"), "\(packed)")
    let other = work.at("y.firebreak")
    let unpacked = try work.firebreak("pack", "--unpack", "--case", pack, "--output", other)
    #expect(unpacked.exit == 0 && unpacked.errors.contains("y.firebreak.runs"), "\(unpacked)")
    let verified = try work.firebreak("verify", "--case", other)
    #expect(verified.exit == 0 && !verified.output.contains("undo.sh of run"), "\(verified)")
    let undo = try work.playbook(["undo", "--yes", "--case", other])
    #expect(undo.exit == 0 && work.acted.isEmpty, "\(undo)")
  }

  @Test func filesThatAreGoneAreSaidAndAreNoFaultOfTheEvidence() throws {
    try FileManager.default.removeItem(atPath: folder + "/undo.sh")
    let gone = try verify()
    #expect(gone.exit == 0 && gone.output.contains("undo.sh of run "), "\(gone)")
    #expect(gone.output.contains("could not be compared") && gone.output.contains("No such file"), "\(gone)")
  }
}
