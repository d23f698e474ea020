import Glibc

/// Where a secret lies, as `kind:place` says.
struct SecretPlace: Sendable, Hashable {
  /// The kinds of places.
  enum Kind: String, Sendable, CaseIterable {
    /// A file that only we can read.
    case file
    /// A variable of our environment.
    case env
    /// A file encrypted with age; `FIREBREAK_AGE_IDENTITY` names the identity file (default: ~/.config/age/identity).
    case age
    /// An entry of pass, the password store.
    case pass
    /// A folder with a file for each device, of the device's name.
    case folder
    /// A credential of systemd: a name below `$CREDENTIALS_DIRECTORY`, or a file that `systemd-creds` decrypts.
    case systemdCreds = "systemd-creds"
  }
  var kind: Kind
  var place: String

  /// Forms for messages.
  static let forms = "file:PATH, env:VARIABLE, folder:PATH, age:PATH, pass:NAME or systemd-creds:NAME"

  /// Nil when the text has another form.
  init?(_ text: String) {
    guard let colon = text.firstIndex(of: ":"), let kind = Kind(rawValue: String(text[..<colon])) else {
      return nil
    }
    let place = String(text[text.index(after: colon)...])
    guard !place.isEmpty, !place.hasPrefix("-"), !place.utf8.contains(0) else { return nil }
    self.kind = kind
    self.place = place
  }

  /// True when a program must be run to read it.
  var needsProgram: Bool { [.age, .pass, .systemdCreds].contains(kind) }

  /// The secret's text. `environment` is that of our process.
  func read(_ name: String, environment: [String: String]) throws(RunnerError) -> String {
    switch kind {
    case .file: return try Self.readFile(place, name)
    case .env:
      guard let value = environment[place], !value.isEmpty else {
        throw RunnerError(.secret, "the environment has no variable for the secret '\(name)'")
      }
      return value
    case .folder:
      throw RunnerError(
        .secret,
        "the secret '\(name)' has a file for each device and is asked for without one: give it as file:PATH")
    case .age, .pass, .systemdCreds:
      throw RunnerError(.secret, "the secret '\(name)' was not unlocked before the run")
    }
  }

  /// The secret's text by age, pass or systemd. What the program says on standard error is for people; what it gives
  /// stays in memory.
  func unlock(_ name: String, environment: [String: String]) async throws(RunnerError) -> String {
    let program: String
    let arguments: [String]
    switch kind {
    case .file, .env, .folder: return try read(name, environment: environment)
    case .age:
      let home = environment["HOME"] ?? "/root"
      let identity = environment["FIREBREAK_AGE_IDENTITY"] ?? "\(home)/.config/age/identity"
      try Self.checkPrivate(identity, "the age identity '\(identity)'")
      program = "age"
      arguments = ["--decrypt", "--identity", identity, place]
    case .pass:
      program = "pass"
      arguments = ["show", place]
    case .systemdCreds:
      if let folder = environment["CREDENTIALS_DIRECTORY"], !place.contains("/"),
        access("\(folder)/\(place)", R_OK) == 0
      {
        return try Self.readFile("\(folder)/\(place)", name)
      }
      program = "systemd-creds"
      arguments = ["decrypt", place, "-"]
    }
    let folders = ["/usr/bin", "/usr/local/bin", "/bin"]
    guard
      let path = folders.map({ (folder: String) -> String in folder + "/" + program })
        .first(where: { access($0, X_OK) == 0 })
    else { throw RunnerError(.secret, "the secret '\(name)' needs '\(program)', which is not installed") }
    var passed = ["PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C.UTF-8"]
    for key in ["HOME", "GNUPGHOME", "PASSWORD_STORE_DIR", "GPG_TTY", "XDG_RUNTIME_DIR", "TERM"] {
      passed[key] = environment[key]
    }
    let outcome: ProcessCall.Outcome
    do {
      outcome = try await ProcessCall.run(
        path, arguments, environment: passed, timeout: 60_000_000_000)
    } catch {
      throw RunnerError(.secret, "cannot run \(program) for the secret '\(name)': \(error)")
    }
    guard outcome.exitCode == 0 else {
      let why = RemoteText.excerpt(RemoteText.bounded(outcome.errors))
      throw RunnerError(
        .secret,
        "\(program) does not give the secret '\(name)': \(outcome.timedOut ? "no answer in 60 s" : why)")
    }
    guard let text = String(validating: outcome.output, as: UTF8.self) else {
      throw RunnerError(.secret, "the secret '\(name)' is no text")
    }
    return text
  }

  private static func checkPrivate(_ path: String, _ what: String) throws(RunnerError) {
    var status = stat()
    guard stat(path, &status) == 0 else {
      throw RunnerError(.secret, "cannot open \(what): \(String(cString: strerror(errno)))")
    }
    guard status.st_mode & 0o077 == 0 else {
      throw RunnerError(.secret, "\(what) can be read by others; 'chmod 600' it, and change it")
    }
  }

  static func readFile(_ path: String, _ name: String) throws(RunnerError) -> String {
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
    guard count >= 0, count < bytes.count, let text = String(validating: bytes[..<count], as: UTF8.self)
    else {
      throw RunnerError(.secret, "the file of the secret '\(name)' cannot be read as text of at most 64 KiB")
    }
    return text
  }
}
