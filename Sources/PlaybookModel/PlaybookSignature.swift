import Crypto
import CryptoExtras

/// A digital signature in a playbook (CACAO 2.0, 10.15 and appendix A).
///
/// What is signed: the playbook with this signature alone and without its `value`, in canonical JSON, hashed, and the hash
/// written as lower-case hexadecimal text. A key inside the document proves nothing: keys are pinned by the reader.
public struct PlaybookSignature: Sendable {
  /// A public key that the reader trusts.
  public struct PinnedKey: Sendable {
    /// Whose it is, for people.
    public var name: String
    /// The key as `public_key` carries it: DER of SubjectPublicKeyInfo in base64, or PEM with header and footer.
    public var text: String
    /// A key from its parts.
    public init(name: String, text: String) {
      self.name = name
      self.text = text
    }

    /// The key's DER; nil when the text is no key.
    var der: [UInt8]? {
      let lines = text.split(whereSeparator: \.isNewline).filter { !$0.hasPrefix("-----") }
      return Base64Text.decode(lines.joined().filter { !$0.isWhitespace })
    }
  }

  /// What checking a signature gave.
  public enum Verdict: Sendable, Hashable {
    /// It is good, by the pinned key of this name.
    case good(key: String)
    /// It is not good, revoked, or outside its time; why.
    case bad(String)
    /// No pinned key fits, or the algorithm is not supported; why.
    case unverified(String)
  }

  /// The verdicts on all signatures of a document, in order. `now` is in nanoseconds since the epoch.
  public static func verify(_ root: DocumentNode, keys: [PinnedKey], now: Int64) -> [Verdict] {
    (root["signatures"]?.items ?? []).map { verify($0, root, keys, now) }
  }

  /// The verdicts on all signatures where no key is pinned, each by the key that it brings itself: that it is good proves nothing,
  /// since whoever alters the document can sign it anew; that it is bad does.
  public static func unpinned(_ root: DocumentNode, now: Int64) -> [Verdict] {
    (root["signatures"]?.items ?? []).map { signature in
      let own = signature["public_key"]?.text.map { [PinnedKey(name: "", text: $0)] } ?? []
      let verdict = verify(signature, root, own, now)
      guard case .unverified = verdict else { return verdict }
      return own.isEmpty ? .unverified("it brings no key, and none was given") : verdict
    }
  }

  /// The text whose bytes are signed: the hash in hexadecimal. Nil for hash algorithms that are not supported.
  public static func signedText(_ signature: DocumentNode, of root: DocumentNode) -> String? {
    let bare = DocumentNode(.object((signature.members ?? []).filter { $0.name != "value" }))
    var members = (root.members ?? []).filter { $0.name != "signatures" }
    members.append(.init(name: "signatures", value: .array([bare])))
    let bytes = CanonicalJSON.bytes(of: DocumentNode(.object(members)))
    return switch signature["hash_algorithm"]?.text {
    case "sha-256": HexText.lower(SHA256.hash(data: bytes))
    case "sha-384": HexText.lower(SHA384.hash(data: bytes))
    case "sha-512": HexText.lower(SHA512.hash(data: bytes))
    default: nil
    }
  }

  private static func verify(
    _ signature: DocumentNode, _ root: DocumentNode, _ keys: [PinnedKey], _ now: Int64
  ) -> Verdict {
    if signature["revoked"]?.flag == true { return .bad("the signature is revoked") }
    func time(_ name: String) -> Int64? {
      signature[name]?.text.flatMap { DocumentTimestamp.parse($0)?.nanoseconds }
    }
    if let from = time("valid_from"), from > now { return .bad("the signature is not valid yet") }
    if let until = time("valid_until"), until <= now { return .bad("the signature has expired") }
    guard signature["related_to"]?.text == root["id"]?.text,
      signature["related_version"]?.text == root["modified"]?.text
    else { return .bad("the signature belongs to another playbook or version") }
    guard let text = signedText(signature, of: root) else {
      return .unverified("its hash algorithm is not supported")
    }
    guard let value = signature["value"]?.text.flatMap(Base64Text.decodeURL) else {
      return .bad("its value is not base64url")
    }
    let algorithm = signature["algorithm"]?.text ?? ""
    guard supportedAlgorithms.contains(algorithm) else {
      return .unverified(
        "signatures with '\(algorithm)' are not supported (\(supportedAlgorithms.joined(separator: ", ")))")
    }
    let embedded = signature["public_key"]?.text.map { PinnedKey(name: "", text: $0).der }
    var tried = false
    for key in keys {
      guard let der = key.der else { continue }
      // The document may say which key it means; another one cannot fit.
      if let embedded, embedded != der { continue }
      guard let fits = check(algorithm, der, Array(text.utf8), value) else { continue }
      tried = true
      if fits { return .good(key: key.name) }
    }
    return tried
      ? .bad("it does not fit the document: one of them was altered") : .unverified("no pinned key fits it")
  }

  /// Algorithms that can be checked, by their names in the standard.
  public static let supportedAlgorithms = [
    "Ed25519", "ES256", "ES384", "ES512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512",
  ]

  /// Nil when the key is of another kind.
  private static func check(_ algorithm: String, _ der: [UInt8], _ text: [UInt8], _ value: [UInt8]) -> Bool? {
    switch algorithm {
    case "Ed25519":
      // SubjectPublicKeyInfo of RFC 8410: a fixed prefix and the 32 bytes of the key.
      let prefix: [UInt8] = [0x30, 0x2A, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x03, 0x21, 0x00]
      guard der.count == 44, der.starts(with: prefix),
        let key = try? Curve25519.Signing.PublicKey(rawRepresentation: der[12...])
      else { return nil }
      return key.isValidSignature(value, for: text)
    case "ES256":
      guard let key = try? P256.Signing.PublicKey(derRepresentation: der) else { return nil }
      // JWA (RFC 7518, 3.4): r and s, 32 bytes each.
      guard let signature = try? P256.Signing.ECDSASignature(rawRepresentation: value) else { return false }
      return key.isValidSignature(signature, for: text)
    case "ES384":
      guard let key = try? P384.Signing.PublicKey(derRepresentation: der) else { return nil }
      guard let signature = try? P384.Signing.ECDSASignature(rawRepresentation: value) else { return false }
      return key.isValidSignature(signature, for: text)
    case "ES512":
      guard let key = try? P521.Signing.PublicKey(derRepresentation: der) else { return nil }
      guard let signature = try? P521.Signing.ECDSASignature(rawRepresentation: value) else { return false }
      return key.isValidSignature(signature, for: text)
    default: return checkRSA(algorithm, der, text, value)
    }
  }

  /// RSASSA-PKCS1-v1_5 and RSASSA-PSS (RFC 7518, 3.3 and 3.5); keys of fewer than 2048 bits are none.
  private static func checkRSA(
    _ algorithm: String, _ der: [UInt8], _ text: [UInt8], _ value: [UInt8]
  ) -> Bool? {
    guard let key = try? _RSA.Signing.PublicKey(derRepresentation: der) else { return nil }
    let signature = _RSA.Signing.RSASignature(rawRepresentation: value)
    let padding: _RSA.Signing.Padding = algorithm.hasPrefix("PS") ? .PSS : .insecurePKCS1v1_5
    return switch algorithm.suffix(3) {
    case "256": key.isValidSignature(signature, for: SHA256.hash(data: text), padding: padding)
    case "384": key.isValidSignature(signature, for: SHA384.hash(data: text), padding: padding)
    case "512": key.isValidSignature(signature, for: SHA512.hash(data: text), padding: padding)
    default: nil
    }
  }
}
