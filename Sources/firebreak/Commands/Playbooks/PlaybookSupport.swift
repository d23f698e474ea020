import ArgumentParser
import ConsoleOutput
import Glibc
import IncidentModel
import PlaybookModel
import PlaybookRunner
import Synchronization
import TimelineStore

/// Finds and loads playbooks.
enum PlaybookFiles {
  /// Bytes of a file, or of standard input for `-`.
  static func read(_ path: String) throws -> [UInt8] {
    // A million targets take about 100 bytes each.
    try CommandFile.read(path, limit: 1 << 30, tooLarge: "'\(path)' is too large for a playbook or plan")
  }

  /// The file of a playbook given by path or by name.
  static func path(of name: String) throws -> String {
    if name == "-" || access(name, R_OK) == 0, !isFolder(name) { return name }
    let candidates =
      folders().flatMap { folder in
        ["yaml", "yml", "json"].map { "\(folder)/\(name)/playbook.\($0)" }
      } + (isFolder(name) ? ["\(name)/playbook.yaml", "\(name)/playbook.json"] : [])
    if !name.contains("/") || isFolder(name), let found = candidates.first(where: { access($0, R_OK) == 0 }) {
      return found
    }
    let names = installed().map(\.name)
    let near = names.map { ($0, NearNames.distance($0, name)) }.filter { $0.1 <= max(2, $0.0.count / 4) }
      .min { $0.1 < $1.1 }
    if let near { throw CommandError("there is no playbook '\(name)': did you mean '\(near.0)'?") }
    let known = names.isEmpty ? "there are none in \(searched)" : names.joined(separator: ", ")
    throw CommandError(
      "there is no playbook '\(name)': give a file, or one of those that 'firebreak playbook list' shows (\(known))"
    )
  }

  /// The playbooks in the folders, by name; the first folder that has a name wins.
  static func installed() -> [(name: String, path: String)] {
    var found: [String: String] = [:]
    for folder in folders() {
      guard let stream = opendir(folder) else { continue }
      defer { closedir(stream) }
      while let entry = readdir(stream) {
        let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
          String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        if name.hasPrefix(".") || found[name] != nil { continue }
        let paths = ["yaml", "yml", "json"].map { "\(folder)/\(name)/playbook.\($0)" }
        if let path = paths.first(where: { access($0, R_OK) == 0 }) { found[name] = path }
      }
    }
    return found.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }

  private static func isFolder(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  /// The folders as words.
  static var searched: String { folders().joined(separator: ", ") }

  /// `FIREBREAK_PLAYBOOKS`, `./Playbooks`, those beside the program, those installed with it, and those of the repository it
  /// was built in.
  static func folders() -> [String] {
    var folders: [String] = []
    if let own = Console.environment["FIREBREAK_PLAYBOOKS"], !own.isEmpty { folders.append(own) }
    folders.append("Playbooks")
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = readlink("/proc/self/exe", &buffer, buffer.count - 1)
    if count > 0 {
      folders += Self.folders(
        of: String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self))
    }
    return folders
  }

  /// Where the playbooks that came with a program lie.
  static func folders(of program: String) -> [String] {
    var folders: [String] = []
    // An unpacked release has them beside the program.
    if let slash = program.lastIndex(of: "/") { folders.append(program[..<slash] + "/Playbooks") }
    // PREFIX/bin/firebreak has its playbooks in PREFIX/share.
    if let slash = program.lastIndex(of: "/"), let parent = program[..<slash].lastIndex(of: "/") {
      folders.append(program[..<parent] + "/share/firebreak/Playbooks")
    }
    if let build = program.firstRange(of: "/.build/") {
      folders.append(program[..<build.lowerBound] + "/Playbooks")
    }
    return folders
  }

  /// A playbook that may be run, and where it was found.
  static func load(_ name: String, now: Int64) throws -> (playbook: Playbook, path: String) {
    let path = try path(of: name)
    let document = PlaybookDocument(reading: try read(path), now: now)
    do {
      return (try Playbook(document).linked(PlaybookLibrary(beside: path, now: now).find), path)
    } catch {
      throw CommandError("cannot use the playbook '\(path)': \(error)")
    }
  }
}

/// Finds playbooks by id, for those that call others: in the folder of the caller, then where named ones are found.
struct PlaybookLibrary {
  private let candidates: [String]
  private let now: Int64

  init(beside path: String, now: Int64) {
    self.now = now
    var files: [String] = []
    if path != "-" {
      let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
      files += Self.documents(in: folder).filter { $0 != path && $0 != "./" + path }
      // Playbooks lie in a folder each, side by side.
      files += Self.folders(in: folder + "/..").flatMap(Self.documents)
    }
    files += PlaybookFiles.installed().map(\.path)
    var seen: Set<String> = []
    candidates = files.filter { seen.insert($0).inserted }
  }

  private static func names(in folder: String) -> [String] {
    guard let stream = opendir(folder) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream), names.count < 10_000 {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if !name.hasPrefix(".") { names.append(name) }
    }
    return names.sorted()
  }

  private static func documents(in folder: String) -> [String] {
    names(in: folder).filter { name in [".yaml", ".yml", ".json"].contains { name.hasSuffix($0) } }
      .map { folder + "/" + $0 }
  }

  private static func folders(in folder: String) -> [String] {
    names(in: folder).map { folder + "/" + $0 }.filter { access($0 + "/playbook.yaml", R_OK) == 0 }
  }

  /// The playbook of a reference. Without a version the newest of the id counts, and the plan pins it.
  func find(_ reference: PlaybookReference) throws(LinkError) -> (playbook: Playbook, path: String?) {
    var found: [(document: PlaybookDocument, version: String, path: String)] = []
    for path in candidates {
      guard let bytes = try? PlaybookFiles.read(path), bytes.count < 16 << 20,
        contains(bytes, reference.id)
      else { continue }
      let document = PlaybookDocument(reading: bytes, now: now)
      guard let root = document.root, root["id"]?.text == reference.id else { continue }
      found.append((document, root["modified"]?.text ?? "", path))
    }
    guard !found.isEmpty else {
      throw LinkError(
        "the playbook '\(reference.id)' that it calls is not there; put it beside it, or into FIREBREAK_PLAYBOOKS"
      )
    }
    let fitting = found.filter { reference.version == nil || $0.version == reference.version }
    guard let best = fitting.max(by: { $0.version < $1.version }) else {
      let versions = Set(found.map(\.version)).sorted().joined(separator: ", ")
      throw LinkError(
        "version \(reference.version ?? "") of the playbook '\(reference.id)' that it calls is not there, only \(versions)"
      )
    }
    do {
      return (try Playbook(best.document), best.path)
    } catch {
      throw LinkError("the playbook '\(best.path)' that it calls cannot be used: \(error)")
    }
  }

  private func contains(_ bytes: [UInt8], _ text: String) -> Bool {
    String(decoding: bytes, as: UTF8.self).contains(text)
  }
}

/// Options that say how commands reach their targets.
struct ExecutionOptions: ParsableArguments {
  @Option(
    name: .customLong("secret"),
    help: ArgumentHelp(
      "Where a secret lies: NAME=file:PATH, folder:PATH (a file for each device), env:VARIABLE, age:PATH, pass:NAME or systemd-creds:NAME.",
      valueName: "name=place"))
  var secrets: [String] = []

  @Option(
    name: .customLong("same-secret"),
    help: ArgumentHelp(
      "A secret of each device that is the same for all of them, and is meant to be; repeat for several.",
      valueName: "name"))
  var sameSecrets: [String] = []

  @Option(
    name: .customLong("changed-secret"),
    help: ArgumentHelp(
      "A secret that holds something else than when the run was begun, on purpose; repeat for several.",
      valueName: "name"))
  var changedSecrets: [String] = []

  @Option(help: ArgumentHelp("Answer of every manual step: done or failed (default: ask on the terminal)."))
  var answer: String?

  @Option(help: ArgumentHelp("Host keys that ssh trusts (default: ~/.ssh/known_hosts).", valueName: "file"))
  var knownHosts: String?

  @Option(
    name: .customLong("netns"), help: ArgumentHelp("Network namespace that nft works in.", valueName: "name"))
  var networkNamespace: String?

  @Option(
    name: .customLong("tls-ca"),
    help: ArgumentHelp(
      "Certificate authority (PEM) that brokers and services must be certified by; nothing else is trusted.",
      valueName: "file"))
  var authorities: String?

  @Option(
    name: .customLong("tls-certificate"),
    help: ArgumentHelp(
      "Our own certificate (PEM) for brokers and services that ask for one.", valueName: "file"))
  var certificate: String?

  @Option(
    name: .customLong("tls-key"),
    help: ArgumentHelp("The private key of our certificate (PEM, mode 0600).", valueName: "file"))
  var certificateKey: String?

  /// Refuses to give many devices one secret that a playbook binds for each of them.
  func checkSecretsOfDevices(_ plan: ExecutionPlan, _ store: SecretStore) throws {
    guard plan.targets.count > 1 else { return }
    let bound = plan.actionSteps.flatMap { $0.action.rollout?.bindings ?? [] }.compactMap(\.secret)
    for name in Set(bound).sorted()
    where store.knows(name) && !store.isPerDevice(name) && !sameSecrets.contains(name) {
      throw CommandError(
        "the secret '\(name)' is one for each device, and all \(plan.targets.count) would get the same: give it as "
          + "\(name)=folder:PATH with a file for each device, or say --same-secret \(name) if it is meant so")
    }
  }

  /// The file of host keys.
  private var hostKeys: String { knownHosts ?? "\(Console.environment["HOME"] ?? "/root")/.ssh/known_hosts" }

  /// Throws when something is missing that a plan's steps need (all steps where none are named): before a run is begun.
  /// Returns the devices that are to be left alone, with why.
  @discardableResult
  func preflight(
    _ plan: ExecutionPlan, _ secrets: SecretStore, _ executors: ExecutorSet, steps: Set<String>? = nil
  ) throws -> [String: String] {
    let preflight = Preflight(plan, executors: executors, steps: steps)
    let lacks = try preflight.check(secrets)
    for warning in lacks.warnings { Console.warn(Sanitizer.escape(warning)) }
    try preflight.check(knownHosts: hostKeys)
    return lacks.devices
  }

  /// The options as they were given, to be typed again.
  var words: String {
    var words = secrets.flatMap { ["--secret", $0] } + sameSecrets.flatMap { ["--same-secret", $0] }
    words += changedSecrets.flatMap { ["--changed-secret", $0] }
    for (name, value) in [
      ("--answer", answer), ("--known-hosts", knownHosts), ("--netns", networkNamespace),
      ("--tls-ca", authorities), ("--tls-certificate", certificate), ("--tls-key", certificateKey),
    ] {
      if let value { words += [name, value] }
    }
    return words.map(Self.word).joined(separator: " ")
  }

  /// A text as one word of a shell.
  static func word(_ text: String) -> String {
    let isPlain = text.utf8.allSatisfy {
      (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0)
        || "-_./:=@,+".utf8.contains($0)
    }
    return isPlain && !text.isEmpty ? text : ShellQuote.quote(text)
  }

  /// Secrets and executors; what secrets hold that a run had is compared with `expected`.
  func make(expected: ExpectedSecrets? = nil) throws -> (secrets: SecretStore, executors: ExecutorSet) {
    try RepeatedOptions.checkNames(of: secrets, option: "--secret")
    let store = try SecretStore(
      sources: secrets, environment: Console.environment, expected: expected)
    let prompter: any ManualPrompter
    switch answer {
    case nil: prompter = TerminalPrompter()
    case "done": prompter = FixedAnswer(.done(note: ""))
    case "failed": prompter = FixedAnswer(.failed(note: "answered beforehand"))
    default: throw ValidationError("--answer is 'done' or 'failed'")
    }
    return (
      store,
      ExecutorSet.all(
        secrets: store, prompter: prompter, knownHosts: hostKeys,
        networkNamespace: networkNamespace,
        transport: TransportSecurity(
          authorities: authorities, certificate: certificate, key: certificateKey))
    )
  }
}

/// The case's journal as the runner wants it.
struct CaseJournal: JournalStorage {
  /// The case.
  let path: String
  private let store: JournalStore?

  /// The journal of a case; with `readOnly` also of one on read-only media.
  init(case path: String, readOnly: Bool = false) throws {
    self.path = path
    store = readOnly ? nil : try JournalStore(path: path)
  }

  func append(_ records: [RunRecord]) throws {
    guard let store else { throw CommandError("the journal was opened for reading") }
    let rows = records.map {
      JournalRow(
        run: $0.run, sequence: $0.sequence, wallTime: $0.wallTime, monotonicTime: $0.monotonicTime,
        kind: $0.kind.rawValue, step: $0.step, target: $0.target, action: $0.action?.rawValue,
        outcome: $0.outcome?.rawValue, reason: $0.reason, wave: $0.wave, detail: $0.detail, hash: $0.hash)
    }
    do {
      try store.append(rows)
    } catch {
      var error = error
      // A run that has begun is not run again: the command that goes on with it is named where it is known.
      if error.code == .diskFull { error.advice = "free some space" }
      throw error
    }
  }

  func records(run: String) throws -> [RunRecord] {
    var records: [RunRecord] = []
    try forEachRecord(run: run) { records.append($0) }
    return records
  }

  func forEachRecord(run: String, _ body: (RunRecord) throws -> Void) throws {
    try forEachRecord(run: run, after: 0, body)
  }

  func forEachRecord(run: String, after sequence: Int, _ body: (RunRecord) throws -> Void) throws {
    if let store {
      try store.forEachRow(run: run, after: sequence) { try body(Self.record($0)) }
    } else {
      try CaseReader(path: path).forEachJournalRow(run: run, after: sequence) { try body(Self.record($0)) }
    }
  }

  /// What this process has read of a case's journals.
  private static let read = Mutex<[String: RunReadings]>([:])

  var readings: RunReadings? {
    Self.read.withLock { read in
      if let known = read[path] { return known }
      let new = RunReadings()
      read[path] = new
      return new
    }
  }

  /// A row as the engine wants it.
  static func record(_ row: JournalRow) -> RunRecord {
    // An unknown kind comes from a newer version; its hash still has to fit, which it will not as a note.
    RunRecord(
      run: row.run, sequence: row.sequence, wallTime: row.wallTime, monotonicTime: row.monotonicTime,
      kind: RunRecord.Kind(rawValue: row.kind) ?? .note, step: row.step, target: row.target,
      action: row.action.flatMap(RunRecord.Action.init),
      outcome: row.outcome.flatMap(RunRecord.Outcome.init),
      reason: row.reason, wave: row.wave, detail: row.detail, hash: row.hash)
  }

  func runs() throws -> [String] { try store?.runs() ?? CaseReader(path: path).runs() }
}

/// Asks timeline gates of the case.
struct CaseTimeline: TimelineGate {
  let path: String

  func count(query: String, since: Int64) async throws -> (matches: Int, newestEvidence: Int64?) {
    let reader = try CaseReader(path: path)
    let since = DocumentTimestamp.text(nanoseconds: since)
    let matches = try reader.count(matching: try reader.query("(\(query)) since:\(since)"))
    return (Int(matches), reader.newestEvidence?.nanoseconds)
  }
}

extension JSONValue {
  /// A document's value.
  init(_ node: DocumentNode) { self = .verbatim(DocumentWriter.json(node, pretty: false)) }
}
