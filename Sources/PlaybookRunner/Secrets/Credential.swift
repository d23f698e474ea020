import PlaybookModel

/// A user name and what proves it. Never printed: its description says nothing.
public struct Credential: Sendable, CustomStringConvertible, CustomDebugStringConvertible {
  /// The user; empty for tokens and certificates.
  public var user: String
  /// Password, token, or a client certificate: its chain and private key in PEM.
  public var secret: String
  /// A credential from its parts.
  public init(user: String, secret: String) {
    self.user = user
    self.secret = secret
  }
  /// True when the secret is a client certificate with its private key.
  public var isPEM: Bool { secret.hasPrefix("-----BEGIN ") }
  /// Always the same.
  public var description: String { "Credential(…)" }
  /// Always the same.
  public var debugDescription: String { description }

  /// Reads a secret's text: one line (a token), two (user, password), or PEM. Nil for other forms.
  init?(text: String) {
    if text.hasPrefix("-----BEGIN ") {
      self.init(user: "", secret: text)
      return
    }
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map {
      String($0.hasSuffix("\r") ? $0.dropLast() : $0)
    }
    while lines.last == "" { lines.removeLast() }
    guard (1...2).contains(lines.count), lines.allSatisfy({ !$0.isEmpty }) else { return nil }
    self.init(user: lines.count == 2 ? lines[0] : "", secret: lines[lines.count - 1])
  }

  /// What HTTP's basic authentication makes of user and password; nil where there is no user.
  var basicHeader: String? {
    user.isEmpty || isPEM ? nil : Base64Text.encode(Array("\(user):\(secret)".utf8))
  }

  /// The texts that must not be seen: the secret, and of a certificate each line of its private key.
  var hiddenTexts: [String] {
    guard isPEM else { return [secret] }
    var texts: [String] = []
    var isKey = false
    for line in secret.split(whereSeparator: \.isNewline) {
      if line.hasPrefix("-----") {
        isKey = line.contains("PRIVATE KEY") && line.hasPrefix("-----BEGIN")
      } else if isKey && line.utf8.count >= 16 {
        texts.append(String(line))
      }
    }
    return texts
  }
}
