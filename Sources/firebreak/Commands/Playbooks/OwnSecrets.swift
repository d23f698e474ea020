import ArgumentParser
import ConsoleOutput
import Glibc
import PlaybookModel
import PlaybookRunner

/// The secrets of a run are those that it had: with those of another run its undo would put back what was never in force there.
extension RunCommandSupport {
  /// The same for a run of the case: what was not given is taken from where that run had it, and a secret that holds something else than
  /// it did is refused. With `ownFirst` the run's own places win also over given ones where its steps put the secret in place: one option
  /// cannot be meant for each of several runs.
  func of(_ run: String, _ plan: ExecutionPlan, ownFirst: Bool = false) throws -> RunCommandSupport {
    let noted = try RunSecrets(run: run, in: try CaseJournal(case: casePath, readOnly: true))
    let completed = given.completed(by: noted, plan, ownFirst: ownFirst)
    if !ownFirst { try given.checkMadeSecrets(noted, plan, run: run) }
    let key = !noted.hasContents ? nil : JournalKey.signer(case: casePath)?.secretKey(run: run)
    let incomparable = noted.incomparable(by: key).filter { !given.changedSecrets.contains($0) }
    if !incomparable.isEmpty {
      Console.warn(
        Sanitizer.escape(
          "run \(run) was begun with another key of journals: nobody can tell here whether '\(incomparable.joined(separator: "', '"))' "
            + "\(incomparable.count == 1 ? "holds" : "hold") what \(incomparable.count == 1 ? "it" : "they") held then"
        ))
    }
    if completed.secrets != given.secrets {
      let own = completed.secrets.filter { !given.secrets.contains($0) }
      Console.note(
        Sanitizer.escape("secrets of run \(run), from where it had them: \(own.joined(separator: ", "))"))
    }
    let (secrets, executors) = try completed.make(
      expected: noted.expected(by: key, excepting: Set(given.changedSecrets)))
    var support = RunCommandSupport(
      casePath: casePath, executors: executors, secrets: secrets, format: format, execution: completed,
      givenCase: givenCase)
    support.given = given
    support.ownRun = run
    support.bound = plan.boundSecrets
    return support
  }

  /// A command that goes on with a run, to be typed as it is.
  func again(_ command: String, _ run: String, _ flags: String = "") -> String {
    let options = options(for: run)
    let words =
      ["firebreak playbook \(command) \(run)" + (flags.isEmpty ? "" : " " + flags)]
      + (givenCase.map { ["--case \(ExecutionOptions.word($0))"] } ?? [])
      + (options.isEmpty ? [] : [options])
    return words.joined(separator: " ")
  }

  /// Options for a command about a run: its own, never those that another run's steps put in place.
  private func options(for run: String) -> String {
    if run == ownRun { return execution.words }
    let noted = try? RunSecrets(run: run, in: try CaseJournal(case: casePath, readOnly: true))
    guard let noted, noted.options != nil, var own = try? ExecutionOptions.parse([]) else {
      return given.without(bound).words
    }
    own.answer = given.answer
    return own.completed(by: noted, nil, ownFirst: false).words
  }

  /// What the journal is to say of the secrets when a run is begun, and when it goes on with others.
  func secretNotes(_ plan: ExecutionPlan, run: String) throws -> [RecordDraft] {
    let noted = try RunSecrets(run: run, in: try CaseJournal(case: casePath, readOnly: true))
    let places = execution.places(secrets)
    var notes: [RecordDraft] = []
    let isNew = noted.options == nil
    if !places.isEmpty, isNew || !places.elementsEqual(noted.options ?? [], by: ==) {
      notes.append(RunSecrets.placesNote(places, masker: secrets.masker))
    }
    if isNew || !execution.changedSecrets.isEmpty, !plan.boundSecrets.isEmpty,
      let key = JournalKey.signer(case: casePath)?.secretKey(run: run)
    {
      notes += try RunSecrets.contentsNotes(
        plan, secrets, key: key, names: isNew ? nil : Set(execution.changedSecrets))
    }
    return notes
  }
}

extension ExecutionOptions {
  /// The name of a secret in `NAME=PLACE`.
  private static func name(_ text: String) -> String { String(text.prefix { $0 != "=" }) }

  /// False for a file or folder that is gone.
  private static func isThere(_ secret: String) -> Bool {
    let place = secret.drop { $0 != "=" }.dropFirst()
    guard let kind = ["file:", "folder:", "age:"].first(where: place.hasPrefix) else { return true }
    return access(String(place.dropFirst(kind.utf8.count)), F_OK) == 0
  }

  /// The options with those of a run where none were given. `plan` says which secrets its steps put in place.
  func completed(by noted: RunSecrets, _ plan: ExecutionPlan?, ownFirst: Bool) -> ExecutionOptions {
    var options = self
    let bound = ownFirst ? (plan?.boundSecrets ?? []).subtracting(changedSecrets) : []
    let had = noted.options ?? []
    // Where nothing lies there any more the given place is asked, whose content is compared all the same.
    let kept = had.filter { $0.name == "--secret" && Self.isThere($0.value) }
    let replaced = Set(kept.map { Self.name($0.value) }).intersection(bound)
    options.secrets.removeAll { replaced.contains(Self.name($0)) }
    let known = Set(options.secrets.map(Self.name))
    // A certificate and its key belong together.
    let hasCertificate = certificate != nil || certificateKey != nil
    for (name, value) in had {
      switch name {
      case "--secret" where !known.contains(Self.name(value)): options.secrets.append(value)
      case "--same-secret" where !sameSecrets.contains(value): options.sameSecrets.append(value)
      case "--known-hosts": options.knownHosts = knownHosts ?? value
      case "--netns": options.networkNamespace = networkNamespace ?? value
      case "--tls-ca": options.authorities = authorities ?? value
      case "--tls-certificate" where !hasCertificate: options.certificate = value
      case "--tls-key" where !hasCertificate: options.certificateKey = value
      default: break
      }
    }
    return options
  }

  /// The options without some secrets.
  func without(_ names: Set<String>) -> ExecutionOptions {
    var options = self
    options.secrets.removeAll { names.contains(Self.name($0)) }
    return options
  }

  /// Throws where a secret that a run made is given from another place: what lies there is another run's.
  func checkMadeSecrets(_ noted: RunSecrets, _ plan: ExecutionPlan, run: String) throws {
    let store = try SecretStore(sources: secrets, environment: [:])
    for name in plan.madeSecrets.sorted() where !changedSecrets.contains(name) {
      guard let had = noted.place(name), let now = store.wholePlace(name), now != had else { continue }
      throw CommandError(
        "run \(run) made the secret '\(name)' in \(had), and \(now) is another place: leave --secret \(name)=… away, or say "
          + "--changed-secret \(name) where it was moved there")
    }
  }

  /// Where everything lies that was given, with whole paths: what holds wherever the run is gone on with.
  func places(_ store: SecretStore) -> [(name: String, value: String)] {
    var places: [(name: String, value: String)] = secrets.map(Self.name).compactMap { name in
      store.wholePlace(name).map { ("--secret", "\(name)=\($0)") }
    }
    places += sameSecrets.map { ("--same-secret", $0) }
    for (name, path) in [
      ("--known-hosts", knownHosts), ("--tls-ca", authorities), ("--tls-certificate", certificate),
      ("--tls-key", certificateKey),
    ] {
      if let path { places.append((name, ScriptedCommand.absolute(path))) }
    }
    if let networkNamespace { places.append(("--netns", networkNamespace)) }
    return places
  }
}
