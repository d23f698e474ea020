import Crypto
import PlaybookModel

/// The plan's text form: JSON Lines, sealed by a hash.
extension ExecutionPlan {
  /// The lines of the plan, each with its line end; the last one holds the hash of all before it.
  /// `sink` gets them one by one. Returns the hash.
  @discardableResult
  public func write(_ sink: (String) throws -> Void) rethrows -> String {
    var hasher = SHA256()
    func put(_ node: DocumentNode) throws(any Error) {
      let line = DocumentWriter.json(node, pretty: false) + "\n"
      hasher.update(data: Array(line.utf8))
      try sink(line)
    }
    func putAll() throws(any Error) {
      try put(header)
      for target in targets {
        try put(
          .object([
            ("device", .string(target.device)), ("basis", .string(target.basis)),
            ("values", .array(target.values.map(DocumentNode.string))),
          ]))
      }
      for refusal in refused {
        try put(
          .object([
            ("refused", .string(refusal.device)), ("code", .string(refusal.code)),
            ("reason", .string(refusal.reason)),
          ]))
      }
    }
    // `rethrows` does not see through the nested functions: only `sink` throws here.
    try Self.rethrowing(sink) { try putAll() }
    let hash = HexText.lower(hasher.finalize())
    try sink(DocumentWriter.json(.object([("plan_hash", .string(hash))]), pretty: false) + "\n")
    return hash
  }

  private static func rethrowing(
    _ witness: (String) throws -> Void, _ body: () throws -> Void
  ) rethrows {
    try body()
  }

  private var header: DocumentNode {
    .object([
      ("schema", .string(Self.schema)), ("created", .string(DocumentTimestamp.text(nanoseconds: created))),
      (
        "playbook",
        .object([
          ("id", .string(playbook.id)), ("name", .string(playbook.name)),
          ("version", .string(playbook.version)),
          ("sha256", .string(playbook.sha256)), ("path", playbookPath.map(DocumentNode.string)),
        ])
      ),
      ("case", .string(caseDigest)), ("targets", .string(expression)),
      ("target_count", .number(targets.count)),
      ("refused_count", .number(refused.count)), ("fleet_size", .number(fleetSize)),
      ("columns", .array(columns.map(DocumentNode.string))), ("approval", .string(approval.rawValue)),
      ("approval_reasons", .array(approvalReasons.map(DocumentNode.string))),
      (
        "variables",
        .object(variables.sorted { $0.key < $1.key }.map { ($0.key, DocumentNode.string($0.value)) })
      ),
      ("document", playbook.document),
      ("called", playbook.called.isEmpty ? nil : .array(calledDocuments)),
    ])
  }

  /// Each called playbook once, with where it was read from.
  private var calledDocuments: [DocumentNode] {
    var seen: Set<String> = []
    return playbook.called.filter { seen.insert($0.playbook.id).inserted }.map {
      .object([
        ("sha256", .string($0.playbook.sha256)), ("path", $0.path.map(DocumentNode.string)),
        ("document", $0.playbook.document),
      ])
    }
  }

  /// The playbook of a plan's header with what it calls, all of it checked at this moment.
  private static func playbook(
    _ header: DocumentNode, root: DocumentNode, now: Int64
  ) throws(RunnerError) -> Playbook {
    func load(_ root: DocumentNode, sha256: String?) throws(RunnerError) -> Playbook {
      var document = PlaybookDocument(root: root, notation: .json, findings: [])
      document.recheck(now: now)
      let playbook: Playbook
      do {
        playbook = try Playbook(document)
      } catch {
        throw RunnerError(.changed, "the plan's playbook must not be run: \(error)")
      }
      guard playbook.sha256 == sha256 else {
        throw RunnerError(.changed, "the plan's playbook is not the one it names")
      }
      return playbook
    }
    let main = try load(root, sha256: header["playbook"]?["sha256"]?.text)
    var called: [String: (playbook: Playbook, path: String?)] = [:]
    for entry in header["called"]?.items ?? [] {
      guard let document = entry["document"] else { continue }
      let playbook = try load(document, sha256: entry["sha256"]?.text)
      called[playbook.id] = (playbook, entry["path"]?.text)
    }
    do throws(LinkError) {
      return try main.linked { (reference) throws(LinkError) in
        guard let found = called[reference.id] else {
          throw LinkError("the plan does not hold the playbook '\(reference.id)'")
        }
        return found
      }
    } catch {
      throw RunnerError(.badPlan, error.description)
    }
  }

  /// Reads a plan file. Throws when it is damaged, altered, or its playbook is not valid now.
  /// `now` is in nanoseconds since the epoch.
  public init(reading bytes: [UInt8], now: Int64) throws(RunnerError) {
    let lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: true)
    func parse(_ line: ArraySlice<UInt8>, _ number: Int) throws(RunnerError) -> DocumentNode {
      do {
        return try ReadDocument.read(Array(line)).root
      } catch {
        throw RunnerError(.badPlan, "line \(number) of the plan cannot be read: \(error)")
      }
    }
    guard let last = lines.last, lines.count >= 2,
      let sealed = try parse(last, lines.count)["plan_hash"]?.text
    else {
      throw RunnerError(.badPlan, "this is no plan, or its end is missing")
    }
    var hasher = SHA256()
    for line in lines.dropLast() { hasher.update(data: Array(line) + [0x0A]) }
    let actual = HexText.lower(hasher.finalize())
    guard actual == sealed else {
      throw RunnerError(
        .changed, "the plan was altered after it was made: its contents do not have the hash \(sealed)")
    }
    let header = try parse(lines[0], 1)
    guard header["schema"]?.text == Self.schema, let root = header["document"] else {
      throw RunnerError(.badPlan, "this plan is of another version than '\(Self.schema)'")
    }
    let playbook = try Self.playbook(header, root: root, now: now)
    self.playbook = playbook
    playbookPath = header["playbook"]?["path"]?.text
    created = DocumentTimestamp.parse(header["created"]?.text ?? "")?.nanoseconds ?? 0
    expression = header["targets"]?.text ?? ""
    caseDigest = header["case"]?.text ?? ""
    fleetSize = header["fleet_size"]?.integer ?? 0
    columns = (header["columns"]?.items ?? []).compactMap(\.text)
    approval = header["approval"]?.text.flatMap(RolloutPolicy.Approval.init(rawValue:)) ?? .two
    approvalReasons = (header["approval_reasons"]?.items ?? []).compactMap(\.text)
    variables = Dictionary(
      (header["variables"]?.members ?? []).map { ($0.name, $0.value.text ?? "") },
      uniquingKeysWith: { a, _ in a })
    targets = []
    refused = []
    for (index, line) in lines.enumerated().dropFirst().dropLast() {
      let node = try parse(line, index + 1)
      if let device = node["device"]?.text {
        let values = (node["values"]?.items ?? []).compactMap(\.text)
        guard values.count == columns.count else {
          throw RunnerError(.badPlan, "line \(index + 1) of the plan has not as many values as columns")
        }
        targets.append(Target(device: device, basis: node["basis"]?.text ?? "", values: values))
      } else {
        refused.append(
          Refusal(
            device: node["refused"]?.text ?? "", code: node["code"]?.text ?? "",
            reason: node["reason"]?.text ?? ""))
      }
    }
    guard targets.count == header["target_count"]?.integer else {
      throw RunnerError(.badPlan, "the plan has not as many targets as its first line says")
    }
    hash = sealed
  }
}
