import Synchronization

/// Secrets by the name a playbook uses for them (`kms_key_identifier`). Where each lies is said outside of the
/// playbook: `name=file:PATH`, `name=env:VARIABLE`, `name=age:PATH`, `name=pass:NAME`, `name=systemd-creds:NAME`, or
/// `name=folder:PATH` with a file for each device, of the device's name.
///
/// A secret's text is one line (a token), two lines (user, password), or PEM (a client certificate and its key). A file
/// must belong to the user who runs us and be unreadable for others.
public final class SecretStore: Sendable {
  /// What replaces secrets in texts.
  public let masker: SecretMasker
  private let sources: [String: SecretPlace]
  private let environment: [String: String]
  private let expected: ExpectedSecrets?
  private let cache = Mutex<[String: Credential]>([:])

  /// A store from `name=kind:place` texts. Throws when one has another form. What holds something else than `expected` is not given
  /// to anybody.
  public init(
    sources texts: [String], environment: [String: String], masker: SecretMasker = SecretMasker(),
    expected: ExpectedSecrets? = nil
  ) throws(RunnerError) {
    var sources: [String: SecretPlace] = [:]
    for text in texts {
      guard let equals = text.firstIndex(of: "="), equals != text.startIndex else {
        throw RunnerError(.secret, "a secret is given as 'name=file:PATH' (or \(SecretPlace.forms))")
      }
      guard let place = SecretPlace(String(text[text.index(after: equals)...])) else {
        // The text itself is not repeated: somebody may have put the secret there.
        throw RunnerError(.secret, "the secret '\(text[..<equals])' must come from \(SecretPlace.forms)")
      }
      sources[String(text[..<equals])] = place
    }
    self.sources = sources
    self.environment = environment
    self.masker = masker
    self.expected = expected
  }

  /// Names that a place was given for.
  var names: [String] { Array(sources.keys) }

  /// True when a place for this secret was given.
  public func knows(_ name: String) -> Bool { sources[name] != nil }

  /// Reads every secret that a program must give (age, pass, systemd-creds), before anything is done: a passphrase that
  /// nobody knows must show now and not in the middle of a wave. Throws when one cannot be read.
  public func unlock() async throws(RunnerError) {
    for (name, place) in sources.sorted(by: { $0.key < $1.key }) where place.needsProgram {
      _ = try keep(name, try await place.unlock(name, environment: environment))
    }
  }

  /// Where a secret lies, as `file:PATH` or `folder:PATH` with a whole path, or `env:VARIABLE`; nil where a shell cannot read it.
  func place(_ name: String) -> String? {
    guard let place = sources[name] else { return nil }
    if place.kind == .env { return "env:\(place.place)" }
    guard [.file, .folder].contains(place.kind) else { return nil }
    return "\(place.kind.rawValue):\(ScriptedCommand.absolute(place.place))"
  }

  /// Where a secret lies, as `kind:place`, with a whole path; nil for one that no place was given for.
  public func wholePlace(_ name: String) -> String? {
    guard let place = sources[name] else { return nil }
    let isPath = [.file, .folder, .age].contains(place.kind)
    return "\(place.kind.rawValue):\(isPath ? ScriptedCommand.absolute(place.place) : place.place)"
  }

  /// True when each device has a secret of its own under this name.
  public func isPerDevice(_ name: String) -> Bool { sources[name]?.kind == .folder }

  /// The credential of a name for a device: with `folder:` each device has its own, else it is the same for all.
  /// Throws when it is unknown, missing, or readable for others.
  public func credential(_ name: String, device: String?) throws(RunnerError) -> Credential {
    guard let place = sources[name], place.kind == .folder else { return try credential(name) }
    guard let device, !device.isEmpty, !device.hasPrefix("."),
      !device.utf8.contains(where: { $0 == 0x2F || $0 < 0x20 })
    else {
      throw RunnerError(
        .secret,
        "the secret '\(name)' has a file for each device, and '\(device ?? "")' cannot be a file's name")
    }
    // Not kept and not learned by the masker: a million of them would make both slow. Who sends it hides it.
    let own = try parse(name, try SecretPlace.readFile("\(place.place)/\(device)", "\(name)' of '\(device)"))
    try compare(own, name, device: device)
    return own
  }

  /// Throws where a secret holds something else than it must.
  private func compare(_ credential: Credential, _ name: String, device: String?) throws(RunnerError) {
    guard expected?.differs(name, device: device, credential) ?? false else { return }
    throw RunnerError(
      .secret,
      "the secret '\(name)'\(device.map { " of '\($0)'" } ?? "") is not the one that the run had: without --secret \(name)=… it is taken "
        + "from where that lay; where its content was changed on purpose, say --changed-secret \(name)")
  }

  /// The credential of a name. Throws when it is unknown, missing, or readable for others.
  public func credential(_ name: String) throws(RunnerError) -> Credential {
    if let known = cache.withLock({ $0[name] }) { return known }
    guard let place = sources[name] else {
      throw RunnerError(
        .secret, "no place was given for the secret '\(name)': add --secret \(name)=file:PATH")
    }
    return try keep(name, try place.read(name, environment: environment))
  }

  private func parse(_ name: String, _ text: String) throws(RunnerError) -> Credential {
    guard let credential = Credential(text: text) else {
      throw RunnerError(
        .secret,
        "the secret '\(name)' must be one line (a token), two (user, password), or a certificate with its key in PEM"
      )
    }
    return credential
  }

  private func keep(_ name: String, _ text: String) throws(RunnerError) -> Credential {
    let credential = try parse(name, text)
    try compare(credential, name, device: nil)
    masker.add(credential)
    cache.withLock { $0[name] = credential }
    return credential
  }
}
