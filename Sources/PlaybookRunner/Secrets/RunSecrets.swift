import Crypto
public import PlaybookModel

/// What a run's journal says of its secrets: where each lay, and a keyed hash of what those held that its steps put in place.
///
/// Who takes a run back needs the secrets of that run and no others: with those of another one the password goes back that leaked.
/// A secret that only proves who we are is not compared: the other side says whether it fits, and it may have been changed since.
public struct RunSecrets: Sendable {
  /// Reason of the note with the options that say where secrets lay.
  static let placesReason = "secret-places"
  /// Reason of a note with hashes of contents.
  static let contentsReason = "secret-contents"
  /// Devices in one note.
  private static let devicesInNote = 200

  /// Options of the run, as `name` and `value`, in their order; nil where its journal says nothing of them.
  public private(set) var options: [(name: String, value: String)]?
  /// Which key made the hashes, by secret.
  private var keys: [String: String] = [:]
  /// Hashes by secret and device; a secret that is the same for all has one of the device ``.
  private var contents: [String: [String: String]] = [:]

  /// What is known of a run of which nothing was read yet.
  public init() {}

  /// What the journal of a run says. Throws what the journal throws.
  public init(run: String, in storage: any JournalStorage) throws {
    self.init()
    try storage.forEachRecord(run: run) { add($0) }
  }

  /// The next record: a later note replaces what an earlier one says of the same.
  public mutating func add(_ record: RunRecord) {
    guard record.kind == .note, let reason = record.reason,
      reason == Self.placesReason || reason == Self.contentsReason,
      let node = try? ReadDocument.read(Array(record.detail.utf8)).root
    else { return }
    if reason == Self.placesReason {
      options = (node["options"]?.items ?? []).compactMap { pair in
        guard let words = pair.items?.compactMap(\.text), words.count == 2 else { return nil }
        return (words[0], words[1])
      }
      return
    }
    guard let name = node["secret"]?.text, let key = node["key"]?.text else { return }
    if keys.updateValue(key, forKey: name) != key { contents[name] = nil }
    for member in node["devices"]?.members ?? [] {
      contents[name, default: [:]][member.name] = member.value.text
    }
    if let text = node["content"]?.text { contents[name] = ["": text] }
  }

  /// Where a secret lay; nil where that is not known.
  public func place(_ name: String) -> String? {
    options?.last { $0.name == "--secret" && $0.value.hasPrefix("\(name)=") }
      .map { String($0.value.dropFirst(name.utf8.count + 1)) }
  }

  /// True where something is known of what secrets held.
  public var hasContents: Bool { !contents.isEmpty }

  /// What secrets must hold, by the key of this machine; `excepting` those that somebody changed on purpose.
  public func expected(by key: SecretKey?, excepting names: Set<String>) -> ExpectedSecrets? {
    guard let key else { return nil }
    let known = contents.filter { keys[$0.key] == key.id && !names.contains($0.key) }
    return known.isEmpty ? nil : ExpectedSecrets(key: key, contents: known)
  }

  /// Secrets of which the journal has hashes that the key of this machine cannot be compared with.
  public func incomparable(by key: SecretKey?) -> [String] {
    contents.keys.filter { keys[$0] != key?.id }.sorted()
  }

  /// A note that says where the secrets of a run lie. An option that holds a secret itself is left out.
  public static func placesNote(
    _ options: [(name: String, value: String)], masker: SecretMasker
  ) -> RecordDraft {
    let pairs = options.filter { masker.mask($0.value) == $0.value }.map {
      DocumentNode.array([.string($0.name), .string($0.value)])
    }
    return RecordDraft(
      .note, reason: placesReason,
      detail: DocumentWriter.json(.object([("options", .array(pairs))]), pretty: false))
  }

  /// Notes with hashes of what the secrets hold that the steps of a plan put in place; `names` nil for all of them. What the run
  /// makes itself nobody knows yet.
  public static func contentsNotes(
    _ plan: ExecutionPlan, _ store: SecretStore, key: SecretKey, names: Set<String>? = nil
  ) throws(RunnerError) -> [RecordDraft] {
    var notes: [RecordDraft] = []
    for name in plan.boundSecrets.subtracting(plan.madeSecrets).sorted()
    where store.knows(name) && names?.contains(name) ?? true {
      func note(_ what: (String, DocumentNode)) {
        let node = DocumentNode.object([("key", .string(key.id)), ("secret", .string(name)), what])
        notes.append(
          RecordDraft(.note, reason: contentsReason, detail: DocumentWriter.json(node, pretty: false)))
      }
      guard store.isPerDevice(name) else {
        note(("content", .string(key.hash(try store.credential(name), of: name, device: ""))))
        continue
      }
      var hashes: [(String, DocumentNode?)] = []
      for target in plan.targets {
        // Who has none is left alone.
        guard let own = try? store.credential(name, device: target.device) else { continue }
        hashes.append((target.device, .string(key.hash(own, of: name, device: target.device))))
        if hashes.count == devicesInNote {
          note(("devices", .object(hashes)))
          hashes.removeAll()
        }
      }
      if !hashes.isEmpty { note(("devices", .object(hashes))) }
    }
    return notes
  }
}

/// A key for hashes of secrets, of one run: who has only the case cannot try passwords on them.
public struct SecretKey: Sendable {
  /// Tells keys of other machines apart.
  let id: String
  private let key: SymmetricKey

  init(id: String, key: SymmetricKey) {
    self.id = id
    self.key = key
  }

  /// The hash of what a secret holds, in hex.
  func hash(_ credential: Credential, of name: String, device: String) -> String {
    var text: [UInt8] = []
    for part in [name, device, credential.user, credential.secret] {
      // Each with its length: no two lists of parts make one text.
      withUnsafeBytes(of: UInt64(part.utf8.count).bigEndian) { text += $0 }
      text += part.utf8
    }
    return HexText.lower(HMAC<SHA256>.authenticationCode(for: text, using: key).prefix(16))
  }
}

/// What secrets must hold: those of a run that is gone on with, or taken back.
public struct ExpectedSecrets: Sendable {
  let key: SecretKey
  let contents: [String: [String: String]]

  /// True where a secret holds something else than it did.
  func differs(_ name: String, device: String?, _ credential: Credential) -> Bool {
    guard let known = contents[name] else { return false }
    // One that was the same for all may lie in a file for each by now, and the other way round.
    guard let device, known[""] == nil else {
      return known[""].map { $0 != key.hash(credential, of: name, device: "") } ?? false
    }
    return known[device].map { $0 != key.hash(credential, of: name, device: device) } ?? false
  }
}

extension ExecutionPlan {
  /// Secrets that steps put in place: what they hold is the act, and not only a proof of who we are.
  public var boundSecrets: Set<String> {
    Set(actionSteps.flatMap { $0.action.rollout?.bindings ?? [] }.compactMap(\.secret))
  }

  /// Secrets that steps make.
  public var madeSecrets: Set<String> {
    Set(actionSteps.flatMap { $0.action.rollout?.madeSecrets ?? [] })
  }
}
