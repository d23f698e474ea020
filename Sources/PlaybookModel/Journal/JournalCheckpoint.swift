public import Crypto

/// A signature over a journal at one record. The chain shows changes; only a key that whoever changes the journal does
/// not have shows that the whole chain was written anew, or that its end was cut off before the last checkpoint.
///
/// A checkpoint is a record of its own. What is signed with Ed25519 is the text `firebreak-journal`, the run, the number
/// of the record before the checkpoint and its hash, each followed by a line feed.
public enum JournalCheckpoint {
  /// What a checkpoint's record says.
  public struct Statement: Sendable, Hashable {
    /// The public key, 32 bytes.
    public var key: [UInt8]
    /// The signature, 64 bytes.
    public var signature: [UInt8]
  }

  /// The text that is signed.
  public static func text(run: String, sequence: Int, hash: String) -> [UInt8] {
    Array("firebreak-journal\n\(run)\n\(sequence)\n\(hash)\n".utf8)
  }

  /// The sentence of a checkpoint's record: key and signature in base64. Throws when the key cannot sign.
  public static func detail(
    run: String, sequence: Int, hash: String, key: Curve25519.Signing.PrivateKey
  ) throws -> String {
    let signature = try key.signature(for: text(run: run, sequence: sequence, hash: hash))
    return "ed25519 \(Base64Text.encode(key.publicKey.rawRepresentation)) \(Base64Text.encode(signature))"
  }

  /// What a checkpoint's sentence says; nil when it has another form.
  public static func statement(_ detail: String) -> Statement? {
    let parts = detail.split(separator: " ")
    guard parts.count == 3, parts[0] == "ed25519", let key = Base64Text.decode(String(parts[1])),
      key.count == 32,
      let signature = Base64Text.decode(String(parts[2])), signature.count == 64
    else { return nil }
    return Statement(key: key, signature: signature)
  }

  /// True when a statement is good for a record.
  public static func isGood(_ statement: Statement, run: String, sequence: Int, hash: String) -> Bool {
    guard let key = try? Curve25519.Signing.PublicKey(rawRepresentation: statement.key) else { return false }
    return key.isValidSignature(statement.signature, for: text(run: run, sequence: sequence, hash: hash))
  }
}

/// Checks a run's journal offline: its chain, and the signatures of its checkpoints.
public struct JournalVerification: Sendable {
  /// The run; nil before the first record.
  public private(set) var run: String?
  /// Checkpoints with a good signature, by the public key in base64.
  public private(set) var signed: [String: Int] = [:]
  /// Number of the last record that a good signature covers; 0 for none.
  public private(set) var lastSigned = 0
  /// Intents without a result: devices whose state nobody has confirmed.
  public private(set) var openIntents: Set<String> = []
  private var chain = JournalChain.Check()
  private var signatureProblem: String?
  private let pinned: Set<String>?
  private let noted: [Int: String]
  private var otherRecord: Int?

  /// A verification of nothing yet. With `pinned` keys (base64) a checkpoint by another key is a problem. `noted` are hashes of
  /// records that the machine which signed them kept elsewhere, by number.
  public init(pinned: Set<String>? = nil, noted: [Int: String] = [:]) {
    self.pinned = pinned
    self.noted = noted
  }

  /// What is missing at the end, once all records were added: chain and signatures of the rest are whole where a journal was cut
  /// off right after a checkpoint. Nil where nothing is known to be missing.
  public var cut: String? {
    if let otherRecord {
      return
        "record \(otherRecord) is not the one that this machine signed: the journal was cut off before it and written on"
    }
    guard let last = noted.keys.max(), last > records, chain.problem == nil else { return nil }
    return
      "it ends at record \(records), and this machine signed record \(last) of it: the rest was cut off, or this is an older "
      + "copy of the case"
  }

  /// True when this machine has noted records of the run.
  public var isNoted: Bool { !noted.isEmpty }

  /// Records that hold together.
  public var records: Int { chain.count }
  /// The hash of the last of them.
  public var head: String { chain.head }

  /// The first thing that is wrong; nil when nothing is.
  public var problem: String? {
    if let problem = chain.problem ?? signatureProblem { return problem }
    if pinned != nil && records > 0 && lastSigned == 0 {
      return "no checkpoint is signed with a key that was given"
    }
    return nil
  }

  /// The next record.
  public mutating func add(_ record: RunRecord) {
    let (sequence, hash) = (chain.count, chain.head)
    chain.add(record)
    run = run ?? record.run
    guard chain.problem == nil else { return }
    if otherRecord == nil, let hash = noted[record.sequence], hash != record.hash {
      otherRecord = record.sequence
    }
    if let target = record.target, let step = record.step {
      let key = "\(step) \(target) \(record.action?.rawValue ?? "")"
      if record.kind == .intent { openIntents.insert(key) }
      if record.kind == .result || record.kind == .verified { openIntents.remove(key) }
    }
    guard record.kind == .checkpoint, signatureProblem == nil else { return }
    guard let statement = JournalCheckpoint.statement(record.detail),
      JournalCheckpoint.isGood(statement, run: record.run, sequence: sequence, hash: hash)
    else {
      signatureProblem = "the checkpoint at record \(record.sequence) is not signed well"
      return
    }
    let key = Base64Text.encode(statement.key)
    if let pinned, !pinned.contains(key) {
      signatureProblem = "the checkpoint at record \(record.sequence) is signed with another key (\(key))"
      return
    }
    signed[key, default: 0] += 1
    lastSigned = record.sequence
  }
}
