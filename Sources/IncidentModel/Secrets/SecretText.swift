/// What a secret in a text is, by what gave it away.
public enum SecretKind: String, Sendable, CaseIterable, Comparable {
  /// A value beside a name such as `password`, `passphrase`, `community`.
  case password
  /// A value beside `psk`, `shared_key`, `network_key`: keys that two sides have.
  case presharedKey = "preshared_key"
  /// A value beside `token`, `secret`, `api_key`, or a text of a token's own shape (JSON Web Token, `ghp_…`, `AKIA…`).
  case token
  /// What an `Authorization` header, `Bearer`, `Basic` or a cookie carries.
  case authorization
  /// The password in a URL.
  case urlCredential = "url_credential"
  /// A private key in PEM, or a line of one.
  case privateKey = "private_key"
  /// A hashed password as in `/etc/shadow`.
  case passwordHash = "password_hash"

  /// By name, for a total order only.
  public static func < (a: SecretKind, b: SecretKind) -> Bool { a.rawValue < b.rawValue }
}

/// Finds what should not be shown to everybody: passwords, keys and tokens that devices wrote into their logs, by the names
/// beside them (`psk=…`, `"password": "…"`) and by their own shape (JWT, AWS key ids, PEM private keys, passwords in URLs).
///
/// The one masking function of the program: `query`, `show`, exports, reports and pages all use it. Better a harmless word
/// masked than a password printed. A finder, not a proof: a secret under a harmless name in a harmless shape is not seen.
public enum SecretText {
  /// What stands in a secret's place.
  public static let mask = "[masked]"

  /// One secret in a text.
  public struct Finding: Sendable, Hashable {
    /// What it is.
    public var kind: SecretKind
    /// Offsets of its bytes.
    public var range: Range<Int>
    /// True for a JSON value without quotes (a number): the mask then needs quotes for the text to stay JSON.
    public var isBareJSON: Bool

    init(_ kind: SecretKind, _ range: Range<Int>, isBareJSON: Bool = false) {
      self.kind = kind
      self.range = range
      self.isBareJSON = isBareJSON
    }
  }

  /// The secrets in a text, in order, not overlapping.
  ///
  /// - Parameter takesPlaceholders: Also counts the `<*>` of a template beside a secret's name, to tell whether its variables
  ///   may hold secrets.
  public static func findings(
    in bytes: UnsafeRawBufferPointer, takesPlaceholders: Bool = false
  ) -> [Finding] {
    var finder = SecretFinder(bytes, takesPlaceholders: takesPlaceholders)
    return finder.run()
  }

  /// Offsets of the secret values, in order, not overlapping.
  public static func ranges(in bytes: UnsafeRawBufferPointer) -> [Range<Int>] {
    findings(in: bytes).map(\.range)
  }

  /// The text with every secret value replaced by `[masked]`.
  public static func masked(_ text: String) -> String {
    var text = text
    return text.withUTF8 { utf8 in
      masked(bytes: UnsafeRawBufferPointer(utf8)).map { String(decoding: $0, as: UTF8.self) }
    } ?? text
  }

  /// The bytes with every secret value replaced by `[masked]`; nil where there is none.
  public static func masked(bytes: UnsafeRawBufferPointer) -> [UInt8]? {
    let found = findings(in: bytes)
    guard !found.isEmpty else { return nil }
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count)
    var from = 0
    for one in found {
      result += bytes[from..<one.range.lowerBound]
      if one.isBareJSON { result.append(0x22) }
      result += Array(mask.utf8)
      if one.isBareJSON { result.append(0x22) }
      from = one.range.upperBound
    }
    result += bytes[from...]
    return result
  }

  /// The text with these exact values replaced by `[masked]`, wherever they stand: for values taken out of the text that
  /// gave them away, such as the variables of a template.
  public static func masked(_ text: String, values: Set<String>) -> String {
    guard !values.isEmpty else { return text }
    if values.contains(text) { return mask }
    guard text.utf8.contains(0x09) else { return text }
    return text.split(separator: "\t", omittingEmptySubsequences: false)
      .map { values.contains(String($0)) ? mask : String($0) }.joined(separator: "\t")
  }
}

/// A template some of whose events hold a secret: found when its first event was read, or one of every 256.
public struct SecretMark: Sendable, Hashable {
  /// The template.
  public var template: TemplateID
  /// What was found first.
  public var kind: SecretKind
  /// `message` or `fields`.
  public var part: String
  /// 1-based line in the source.
  public var line: UInt64
  /// First byte of the event in the uncompressed source.
  public var byteOffset: UInt64
  /// A mark from its parts.
  public init(template: TemplateID, kind: SecretKind, part: String, line: UInt64, byteOffset: UInt64) {
    self.template = template
    self.kind = kind
    self.part = part
    self.line = line
    self.byteOffset = byteOffset
  }
}
