import Foundation
import PlaybookModel
import Testing

@testable import PlaybookRunner

/// What a run's journal says of its secrets, and that nobody gets others for them.
@Suite struct RunSecretTests {
  private func key(_ folder: TemporaryFolder, _ name: String = "key", run: String = "r") throws -> SecretKey {
    try JournalSigner(keyFile: folder.path + "/" + name).secretKey(run: run)
  }

  private func records(_ drafts: [RecordDraft]) -> [RunRecord] {
    drafts.enumerated().map { index, draft in
      RunRecord(
        run: "r", sequence: index + 1, wallTime: 0, monotonicTime: 0, kind: draft.kind, step: nil,
        target: nil,
        action: nil, outcome: nil, reason: draft.reason, wave: nil, detail: draft.detail, hash: "")
    }
  }

  private func read(_ drafts: [RecordDraft]) -> RunSecrets {
    var secrets = RunSecrets()
    for record in records(drafts) { secrets.add(record) }
    return secrets
  }

  /// A plan whose step puts the secret `old` in place and proves itself to nobody.
  private func plan(_ devices: [String]) throws -> ExecutionPlan {
    try Planner(
      executors: .all(secrets: try SecretStore(sources: [], environment: [:]), prompter: FixedAnswer(.nobody))
    )
    .plan(
      try Support.playbook(
        text: WorkflowText.text(
          """
            START: {type: start, on_completion: action--@1}
            action--@1:
              type: action
              name: put it there
              AGENT
              on_completion: end--@2
              commands: [{type: bash, command: "echo __key__:value"}]
              ON_DEVICES(bindings: {__key__: secret.old, __fresh__: secret.fresh}, makes_secrets: [fresh])
            end--@2: {type: end}
          """, variables: "{__key__: {type: string}, __fresh__: {type: string}}")),
      selection: Support.selection(devices, inventory: Support.inventory(devices)), options: .init(),
      now: Support.now)
  }

  @Test func theSecretOfAnotherRunIsGivenToNobody() throws {
    let folder = try TemporaryFolder()
    let devices = (1...450).map { "gate-\($0)" } + ["it's \"7\""]
    for run in ["first", "second"] {
      try FileManager.default.createDirectory(
        atPath: "\(folder.path)/\(run)", withIntermediateDirectories: true)
      for device in devices { _ = try folder.write("\(run)/\(device)", "\(run) of \(device)\n") }
    }
    // What is the same in both is no other content.
    _ = try folder.write("second/gate-2", "first of gate-2\n")
    func store(_ run: String, expected: ExpectedSecrets? = nil) throws -> SecretStore {
      try SecretStore(
        sources: ["old=folder:\(folder.path)/\(run)", "fresh=folder:\(folder.path)/none"], environment: [:],
        expected: expected)
    }
    let key = try key(folder)
    let notes = try RunSecrets.contentsNotes(try plan(devices), try store("first"), key: key)
    #expect(notes.count == 3 && !notes.contains { $0.detail.contains("first of") })
    let known = read(notes)
    let first = try store("first", expected: known.expected(by: key, excepting: []))
    let second = try store("second", expected: known.expected(by: key, excepting: []))
    for device in devices {
      #expect(try first.credential("old", device: device).secret == "first of \(device)")
      if device == "gate-2" {
        #expect(try second.credential("old", device: device).secret == "first of gate-2")
      } else {
        let error = #expect(throws: RunnerError.self) { try second.credential("old", device: device) }
        #expect(error?.description.contains("is not the one that the run had") ?? false, "\(device)")
      }
    }
    // Changed on purpose, and where the key of another machine, or of another run, cannot tell.
    let changed = try store("second", expected: known.expected(by: key, excepting: ["old"]))
    #expect(try changed.credential("old", device: "gate-1").secret == "second of gate-1")
    let other = try self.key(folder, "elsewhere")
    #expect(known.expected(by: other, excepting: []) == nil && known.incomparable(by: other) == ["old"])
    #expect(known.expected(by: nil, excepting: []) == nil && known.incomparable(by: key).isEmpty)
    // Who has two cases cannot see that one password is in both.
    let elsewhere = try RunSecrets.contentsNotes(
      try plan(devices), try store("first"), key: try self.key(folder, run: "s"))
    #expect(Set(notes.map(\.detail)).isDisjoint(with: elsewhere.map(\.detail)))
  }

  @Test func oneSecretForAllIsComparedToo() throws {
    let folder = try TemporaryFolder()
    let key = try key(folder)
    let now = try folder.write("now", "token-now\n")
    let then = try folder.write("then", "token-then\n")
    let notes = try RunSecrets.contentsNotes(
      try plan(["gate-1"]), try SecretStore(sources: ["old=file:\(then)"], environment: [:]), key: key)
    let expected = read(notes).expected(by: key, excepting: [])
    #expect(
      try SecretStore(sources: ["old=file:\(then)"], environment: [:], expected: expected).credential("old")
        .secret
        == "token-then")
    #expect(throws: RunnerError.self) {
      try SecretStore(sources: ["old=file:\(now)"], environment: [:], expected: expected).credential("old")
    }
  }

  /// Options are kept as they are; one in which a secret stands is not kept.
  @Test func placesAreReadAsTheyWereWritten() {
    let masker = SecretMasker()
    masker.add("hunter22")
    let options = [
      ("--secret", "old=folder:/srv/it's \"old\""), ("--secret", "api=file:/srv/hunter22"),
      ("--known-hosts", "/srv/k h"),
      ("--same-secret", "old"),
    ]
    let read = read([RunSecrets.placesNote(options.map { (name: $0.0, value: $0.1) }, masker: masker)])
    #expect(read.options?.map(\.value) == ["old=folder:/srv/it's \"old\"", "/srv/k h", "old"])
    #expect(
      read.place("old") == "folder:/srv/it's \"old\"" && read.place("api") == nil && read.place("ol") == nil)
    #expect(RunSecrets().options == nil)
    // What somebody wrote there says nothing.
    let odd = [RecordDraft(.note, reason: RunSecrets.placesReason, detail: "[1, {\"options\": 7}]")]
    #expect(self.read(odd).options?.isEmpty ?? true)
  }
}
