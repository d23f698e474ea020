import Crypto
import Glibc
import PlaybookModel

/// The key that signs checkpoints of journals: one for each machine and user, made when it is first needed, outside of
/// every case. Who changes a case later does not have it.
public struct JournalSigner: Sendable {
  private let key: Curve25519.Signing.PrivateKey
  private let ends: JournalEnds?

  /// The public key in base64, to be written down where it is needed for `firebreak verify --journal-key`.
  public var publicKey: String { Base64Text.encode(key.publicKey.rawRepresentation) }

  /// The signer of a key file (mode 0600), which is made when absent. Throws when it cannot be, or others can read it. What is
  /// signed is noted in `ends`, too, where that is given.
  public init(keyFile path: String, ends: JournalEnds? = nil) throws(RunnerError) {
    self.ends = ends
    if access(path, F_OK) != 0 {
      let made = Curve25519.Signing.PrivateKey()
      do {
        if let slash = path.lastIndex(of: "/") { try DurableFile.makeFolder(String(path[..<slash])) }
        try DurableFile.write(path, mode: 0o600) { sink in
          try sink("firebreak-journal-key-1 \(Base64Text.encode(made.rawRepresentation))\n")
        }
      } catch {
        throw RunnerError(.journal, "cannot keep the key that signs journals in '\(path)': \(error)")
      }
    }
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
    var status = stat()
    guard descriptor >= 0, fstat(descriptor, &status) == 0 else {
      throw RunnerError(
        .journal, "cannot read the key that signs journals, '\(path)': \(String(cString: strerror(errno)))")
    }
    defer { close(descriptor) }
    guard status.st_mode & 0o077 == 0, status.st_uid == geteuid() else {
      throw RunnerError(
        .journal, "the key that signs journals, '\(path)', must be ours and unreadable for others")
    }
    var bytes = [UInt8](repeating: 0, count: 256)
    let count = max(0, Glibc.read(descriptor, &bytes, bytes.count))
    let words = String(decoding: bytes[..<count], as: UTF8.self).split(whereSeparator: \.isWhitespace)
    guard words.count == 2, words[0] == "firebreak-journal-key-1",
      let raw = Base64Text.decode(String(words[1])),
      let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: raw)
    else { throw RunnerError(.journal, "'\(path)' holds no key that signs journals") }
    self.key = key
  }

  /// The key for hashes of a run's secrets: nobody has it who does not have the one that signs.
  public func secretKey(run: String) -> SecretKey {
    let raw = SymmetricKey(data: key.rawRepresentation)
    let own = HKDF<SHA256>.deriveKey(
      inputKeyMaterial: raw, salt: Array(run.utf8), info: Array("firebreak secret contents".utf8),
      outputByteCount: 32)
    return SecretKey(
      id: HexText.lower(SHA256.hash(data: key.publicKey.rawRepresentation).prefix(8)), key: own)
  }

  /// Notes elsewhere that a checkpoint is in the journal.
  func note(run: String, sequence: Int, hash: String) {
    ends?.note(run: run, sequence: sequence, hash: hash)
  }

  /// The checkpoint after a record.
  func checkpoint(run: String, sequence: Int, hash: String) -> RecordDraft? {
    // Ed25519 does not fail with a sound key; without its checkpoint the chain is still whole.
    guard let detail = try? JournalCheckpoint.detail(run: run, sequence: sequence, hash: hash, key: key)
    else {
      return nil
    }
    return RecordDraft(.checkpoint, detail: detail)
  }
}
