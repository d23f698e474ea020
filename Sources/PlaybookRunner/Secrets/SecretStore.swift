import Glibc
import Synchronization

/// A user name and what proves it. Never printed: its description says nothing.
public struct Credential: Sendable, CustomStringConvertible, CustomDebugStringConvertible {
  /// The user; empty for tokens.
  public var user: String
  /// Password or token.
  public var secret: String
  /// A credential from its parts.
  public init(user: String, secret: String) {
    self.user = user
    self.secret = secret
  }
  /// Always the same.
  public var description: String { "Credential(…)" }
  /// Always the same.
  public var debugDescription: String { description }
}

/// Replaces known secrets in texts before they are printed or kept: the last line of defence, not the first.
public final class SecretMasker: Sendable {
  private let secrets = Mutex<[String]>([])

  /// A masker that knows nothing yet.
  public init() {}

  /// From now on this text is masked. Texts of fewer than four characters are not, they would mask half the language.
  public func add(_ secret: String) {
    guard secret.utf8.count >= 4 else { return }
    secrets.withLock { if !$0.contains(secret) { $0.append(secret) } }
  }

  /// The text with every known secret replaced by `***`.
  public func mask(_ text: String) -> String {
    let known = secrets.withLock { $0 }
    guard !known.isEmpty else { return text }
    var result = text
    for secret in known where result.utf8.count >= secret.utf8.count {
      result = Self.replace(secret, in: result)
    }
    return result
  }

  private static func replace(_ secret: String, in text: String) -> String {
    let (needle, bytes) = (Array(secret.utf8), Array(text.utf8))
    var result: [UInt8] = []
    var index = 0
    var found = false
    while index < bytes.count {
      if bytes[index] == needle[0], bytes[index...].starts(with: needle) {
        result += [0x2A, 0x2A, 0x2A]
        index += needle.count
        found = true
      } else {
        result.append(bytes[index])
        index += 1
      }
    }
    return found ? String(decoding: result, as: UTF8.self) : text
  }
}

/// Secrets by the name a playbook uses for them (`kms_key_identifier`). Where each lies is said outside of the
/// playbook: `name=file:PATH`, `name=env:VARIABLE`, `name=folder:PATH` with a file for each device, of the device's name.
///
/// A file holds the user on its first line and the password on its second, or only a token. It must belong to the
/// user who runs us and be unreadable for others.
public final class SecretStore: Sendable {
  /// What replaces secrets in texts.
  public let masker: SecretMasker
  private let sources: [String: String]
  private let environment: [String: String]
  private let cache = Mutex<[String: Credential]>([:])

  /// A store from `name=kind:place` texts. Throws when one has another form.
  public init(
    sources texts: [String], environment: [String: String], masker: SecretMasker = SecretMasker()
  ) throws(RunnerError) {
    var sources: [String: String] = [:]
    for text in texts {
      guard let equals = text.firstIndex(of: "="), equals != text.startIndex else {
        throw RunnerError(.secret, "a secret is given as 'name=file:PATH' or 'name=env:VARIABLE'")
      }
      let place = String(text[text.index(after: equals)...])
      guard ["file:", "env:", "folder:"].contains(where: { place.hasPrefix($0) }) else {
        // The text itself is not repeated: somebody may have put the secret there.
        throw RunnerError(.secret, "the secret '\(text[..<equals])' must come from file:PATH or env:VARIABLE")
      }
      sources[String(text[..<equals])] = place
    }
    self.sources = sources
    self.environment = environment
    self.masker = masker
  }

  /// True when a place for this secret was given.
  public func knows(_ name: String) -> Bool { sources[name] != nil }

  /// The credential of a name for a device: with `folder:` each device has its own, else it is the same for all.
  /// Throws when it is unknown, missing, or readable for others.
  public func credential(_ name: String, device: String?) throws(RunnerError) -> Credential {
    guard let place = sources[name], place.hasPrefix("folder:") else { return try credential(name) }
    guard let device, !device.isEmpty, !device.hasPrefix("."),
      !device.utf8.contains(where: { $0 == 0x2F || $0 < 0x20 })
    else {
      throw RunnerError(
        .secret,
        "the secret '\(name)' has a file for each device, and '\(device ?? "")' cannot be a file's name")
    }
    return try Self.parse(try Self.read(place.dropFirst(7) + "/" + device, "\(name)' of '\(device)"), name)
  }

  /// The credential of a name. Throws when it is unknown, missing, or readable for others.
  public func credential(_ name: String) throws(RunnerError) -> Credential {
    if let known = cache.withLock({ $0[name] }) { return known }
    guard let place = sources[name] else {
      throw RunnerError(
        .secret, "no place was given for the secret '\(name)': add --secret \(name)=file:PATH")
    }
    guard !place.hasPrefix("folder:") else {
      throw RunnerError(
        .secret,
        "the secret '\(name)' has a file for each device and is asked for without one: give it as file:PATH")
    }
    let text: String
    if place.hasPrefix("file:") {
      text = try Self.read(String(place.dropFirst(5)), name)
    } else {
      guard let value = environment[String(place.dropFirst(4))], !value.isEmpty else {
        throw RunnerError(.secret, "the environment has no variable for the secret '\(name)'")
      }
      text = value
    }
    let credential = try Self.parse(text, name)
    masker.add(credential.secret)
    cache.withLock { $0[name] = credential }
    return credential
  }

  private static func parse(_ text: String, _ name: String) throws(RunnerError) -> Credential {
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map {
      String($0.hasSuffix("\r") ? $0.dropLast() : $0)
    }
    while lines.last == "" { lines.removeLast() }
    guard !lines.isEmpty, lines.count <= 2 else {
      throw RunnerError(
        .secret, "the secret '\(name)' must be one line (a token) or two (user, password), not \(lines.count)"
      )
    }
    return
      lines.count == 2 ? Credential(user: lines[0], secret: lines[1]) : Credential(user: "", secret: lines[0])
  }

  private static func read(_ path: String, _ name: String) throws(RunnerError) -> String {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
    guard descriptor >= 0 else {
      throw RunnerError(
        .secret, "cannot open the file of the secret '\(name)': \(String(cString: strerror(errno)))")
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw RunnerError(.secret, "the secret '\(name)' is not in a plain file")
    }
    guard status.st_mode & 0o077 == 0 else {
      throw RunnerError(
        .secret,
        "the file of the secret '\(name)' can be read by others; 'chmod 600' it, and change the secret")
    }
    guard status.st_uid == geteuid() else {
      throw RunnerError(.secret, "the file of the secret '\(name)' belongs to somebody else")
    }
    var bytes = [UInt8](repeating: 0, count: 65_536)
    let count = Glibc.read(descriptor, &bytes, bytes.count)
    guard count >= 0, let text = String(validating: bytes[..<count], as: UTF8.self) else {
      throw RunnerError(.secret, "the file of the secret '\(name)' cannot be read as text")
    }
    return text
  }
}
