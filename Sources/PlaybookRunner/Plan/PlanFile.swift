import Crypto
import PlaybookModel

/// The plan's text form: JSON Lines, sealed by a hash.
extension ExecutionPlan {
  /// The lines of the plan, each with its line end; the last one holds the hash of all before it.
  /// `sink` gets them one by one. Returns the hash.
  @discardableResult
  public func write(_ sink: (String) throws -> Void) rethrows -> String {
    var hasher = SHA256()
    // A million lines: written into one buffer, and hashed and handed on by the megabyte.
    var buffer: [UInt8] = []
    buffer.reserveCapacity(1 << 20)
    func flush() throws(any Error) {
      hasher.update(data: buffer)
      try sink(String(decoding: buffer, as: UTF8.self))
      buffer.removeAll(keepingCapacity: true)
    }
    func text(_ literal: StaticString) {
      literal.withUTF8Buffer { buffer.append(contentsOf: $0) }
    }
    func putAll() throws(any Error) {
      buffer += Array((DocumentWriter.json(header, pretty: false) + "\n").utf8)
      for target in targets {
        text("{\"device\":")
        CanonicalJSON.append(string: target.device, to: &buffer)
        text(",\"basis\":")
        CanonicalJSON.append(string: target.basis, to: &buffer)
        text(",\"values\":[")
        for (index, value) in target.values.enumerated() {
          if index > 0 { text(",") }
          CanonicalJSON.append(string: value, to: &buffer)
        }
        text("]}\n")
        if buffer.count > 1 << 20 { try flush() }
      }
      for refusal in refused {
        text("{\"refused\":")
        CanonicalJSON.append(string: refusal.device, to: &buffer)
        text(",\"code\":")
        CanonicalJSON.append(string: refusal.code, to: &buffer)
        text(",\"reason\":")
        CanonicalJSON.append(string: refusal.reason, to: &buffer)
        text("}\n")
        if buffer.count > 1 << 20 { try flush() }
      }
      try flush()
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
      ("refused_count", .number(refused.count)), ("carried_count", .number(carried)),
      ("fleet_size", .number(fleetSize)), ("network_namespace", networkNamespace.map(DocumentNode.string)),
      ("columns", .array(columns.map(DocumentNode.string))), ("approval", .string(approval.rawValue)),
      ("approval_reasons", .array(approvalReasons.map(DocumentNode.string))),
      ("gateways", gateways.isEmpty ? nil : .array(gateways.map(DocumentNode.string))),
      ("life_safety", lifeSafety.isEmpty ? nil : .array(lifeSafety.map(DocumentNode.string))),
      ("earlier", earlier.isEmpty ? nil : .array(earlier.map(\.document))),
      ("once", oncePlaces.isEmpty ? nil : .array(oncePlaces.map(\.document))),
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
    _ header: DocumentNode, root: DocumentNode, now: Int64, evenIfNotRunnable: Bool
  ) throws(RunnerError) -> Playbook {
    func load(_ root: DocumentNode, sha256: String?) throws(RunnerError) -> Playbook {
      var document = PlaybookDocument(root: root, notation: .json, findings: [])
      document.recheck(now: now)
      let playbook: Playbook
      do {
        playbook = try Playbook(document, evenIfNotRunnable: evenIfNotRunnable)
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

  /// True when a file begins as a plan does.
  public static func begins(_ bytes: [UInt8]) -> Bool {
    bytes.starts(with: Array("{\"schema\":\"firebreak.plan/".utf8))
  }

  /// Reads a plan file. Throws when it is damaged, altered, or its playbook is not valid now.
  /// `now` is in nanoseconds since the epoch. With `evenIfNotRunnable` the playbook may have expired or been revoked
  /// meanwhile: what was done by it can still be looked at and taken back.
  public init(reading bytes: [UInt8], now: Int64, evenIfNotRunnable: Bool = false) throws(RunnerError) {
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
    for line in lines.dropLast() {
      line.withUnsafeBytes { hasher.update(bufferPointer: $0) }
      hasher.update(data: [0x0A])
    }
    let actual = HexText.lower(hasher.finalize())
    guard actual == sealed else {
      throw RunnerError(
        .changed, "the plan was altered after it was made: its contents do not have the hash \(sealed)")
    }
    let header = try parse(lines[0], 1)
    guard header["schema"]?.text == Self.schema, let root = header["document"] else {
      throw RunnerError(.badPlan, "this plan is of another version than '\(Self.schema)'")
    }
    let playbook = try Self.playbook(
      header, root: root, now: now, evenIfNotRunnable: evenIfNotRunnable)
    // What was done by such a plan is still taken back.
    if !evenIfNotRunnable, let problem = playbook.runTimeValueProblem {
      throw RunnerError(.unsupported, problem)
    }
    self.playbook = playbook
    playbookPath = header["playbook"]?["path"]?.text
    created = DocumentTimestamp.parse(header["created"]?.text ?? "")?.nanoseconds ?? 0
    expression = header["targets"]?.text ?? ""
    caseDigest = header["case"]?.text ?? ""
    fleetSize = header["fleet_size"]?.integer ?? 0
    carried = header["carried_count"]?.integer ?? 0
    gateways = (header["gateways"]?.items ?? []).compactMap(\.text)
    lifeSafety = (header["life_safety"]?.items ?? []).compactMap(\.text)
    earlier = (header["earlier"]?.items ?? []).compactMap(EarlierActs.init)
    networkNamespace = header["network_namespace"]?.text
    columns = (header["columns"]?.items ?? []).compactMap(\.text)
    approval = header["approval"]?.text.flatMap(RolloutPolicy.Approval.init(rawValue:)) ?? .two
    approvalReasons = (header["approval_reasons"]?.items ?? []).compactMap(\.text)
    variables = Dictionary(
      (header["variables"]?.members ?? []).map { ($0.name, $0.value.text ?? "") },
      uniquingKeysWith: { a, _ in a })
    oncePlaces = (header["once"]?.items ?? []).compactMap(OncePlace.init)
    targets = []
    refused = []
    if let count = header["target_count"]?.integer { targets.reserveCapacity(min(count, lines.count)) }
    for (index, line) in lines.enumerated().dropFirst().dropLast() {
      if let target = Self.target(line, columns: columns.count) {
        targets.append(target)
        continue
      }
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
    // The hash is no signature: who writes a plan anew can seal it, and must not get away with fewer signatures.
    guard approval >= Planner.approval(of: self).needed else {
      throw RunnerError(
        .changed, "the plan asks for fewer signatures than its playbook and its targets want; make a new plan"
      )
    }
  }

  /// A target from a line as `write` writes it, without escapes; nil for every other line, which is read by the rules of
  /// JSON.
  private static func target(
    _ line: ArraySlice<UInt8>, columns: Int
  ) -> Target? {
    var position = line.startIndex
    func take(_ literal: StaticString) -> Bool {
      literal.withUTF8Buffer { wanted in
        guard line.endIndex - position >= wanted.count,
          line[position..<position + wanted.count].elementsEqual(wanted)
        else { return false }
        position += wanted.count
        return true
      }
    }
    func string() -> String? {
      guard take("\"") else { return nil }
      let start = position
      while position < line.endIndex, line[position] != 0x22 {
        guard line[position] != 0x5C, line[position] >= 0x20 else { return nil }
        position += 1
      }
      guard position < line.endIndex, let text = String(validating: line[start..<position], as: UTF8.self)
      else {
        return nil
      }
      position += 1
      return text
    }
    guard take("{\"device\":"), let device = string(), take(",\"basis\":"), let basis = string(),
      take(",\"values\":[")
    else { return nil }
    var values: [String] = []
    values.reserveCapacity(columns)
    for index in 0..<columns {
      if index > 0, !take(",") { return nil }
      guard let value = string() else { return nil }
      values.append(value)
    }
    guard take("]}"), position == line.endIndex else { return nil }
    return Target(device: device, basis: basis, values: values)
  }
}
