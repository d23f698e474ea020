import ConsoleOutput
import IncidentModel
import TimelineStore

/// The names of each device, joined by evidence; `firebreak devices --aliases`.
struct DeviceAliases {
  /// What became of a join.
  enum Verdict: String {
    /// It joins two names of one device.
    case joined
    /// One of the names, an address, was used by several devices: it joins nothing.
    case shared
    /// An analyst rejected it.
    case rejected
  }

  let joins: [AliasJoin]
  private(set) var verdicts: [Verdict] = []
  /// By name: what its device is called.
  private(set) var identities: [String: String] = [:]

  static let subject = "aliases"
  private static let version = 2

  /// The joins that are in the case where they rest on what it holds now, else worked out anew and kept.
  static func current(_ reader: CaseReader) throws -> (aliases: DeviceAliases, notKept: String?) {
    let digest = try digest(reader)
    if try reader.derivation(subject)?.inputDigest == digest {
      return (try DeviceAliases(try reader.aliasJoins(), reader), nil)
    }
    let aliases = try DeviceAliases(try reader.scanAliases(), reader)
    return (aliases, try aliases.keep(digest, reader))
  }

  /// Of the notes only verdicts on joins count.
  private static func digest(_ reader: CaseReader) throws -> String {
    try Findings.inputDigest(subject, version: version, reader) { $0.contains("\"alias:") }
  }

  private func keep(_ digest: String, _ reader: CaseReader) throws -> String? {
    let groups = Set(identities.values).count
    return try Findings.keep(
      Self.subject, digest,
      "\(Figures.counted(joins.count, "join")) of names, \(Figures.counted(groups, "device")) with several",
      in: reader
    ) { (store, derivation) throws(StoreError) in
      try store.replaceAliases(joins, identities: identities, derivation)
    }
  }

  /// True where the joins that the case keeps rest on what it holds now.
  static func areCurrent(_ reader: CaseReader) throws -> Bool {
    guard let known = try reader.derivation(subject) else { return false }
    return try known.inputDigest == digest(reader)
  }

  /// Judges the joins that the case keeps by the notes of now: what an analyst rejects holds at once.
  /// - Returns: Why they could not be kept; nil where they are.
  static func judgeAgain(_ reader: CaseReader) throws -> String? {
    let aliases = try DeviceAliases(try reader.aliasJoins(), reader)
    return try aliases.keep(try digest(reader), reader)
  }

  /// The other names of the device that has this one, in order.
  func others(than name: String) -> [String] {
    guard let identity = identities[name] else { return [] }
    return identities.filter { $0.value == identity && $0.key != name }.keys.sorted()
  }

  /// What an analyst writes to reject a join: `note --reject alias:A=B`.
  static func subject(_ join: AliasJoin) -> String { "alias:\(join.name)=\(join.other)" }

  private init(_ joins: [AliasJoin], _ reader: CaseReader) throws {
    self.joins = joins
    let rejected = Set(
      try reader.notes().filter { $0.kind == .reject }.compactMap(\.subject).filter { $0.hasPrefix("alias:") }
    )
    // An address that went from one device to another joins neither.
    var partners: [String: Set<String>] = [:]
    for join in joins where join.otherKind == .address {
      partners[join.other, default: []].insert("\(join.nameKind == .mac ? "mac" : "name") \(join.name)")
    }
    func isShared(_ join: AliasJoin) -> Bool {
      guard join.otherKind == .address, let all = partners[join.other] else { return false }
      return all.count { $0.hasPrefix("mac ") } > 1 || all.count { $0.hasPrefix("name ") } > 1
    }
    var parents: [String: String] = [:]
    func root(_ name: String) -> String {
      var top = name
      while let up = parents[top] { top = up }
      // The way is shortened for the next who goes it.
      var at = name
      while let up = parents[at], up != top {
        parents[at] = top
        at = up
      }
      return top
    }
    var members: Set<String> = []
    for join in joins {
      let isRejected =
        rejected.contains(Self.subject(join)) || rejected.contains("alias:\(join.other)=\(join.name)")
      let verdict: Verdict = isRejected ? .rejected : isShared(join) ? .shared : .joined
      verdicts.append(verdict)
      guard verdict == .joined else { continue }
      members.insert(join.name)
      members.insert(join.other)
      let (a, b) = (root(join.name), root(join.other))
      if a != b { parents[max(a, b)] = min(a, b) }
    }
    // The device goes by the inventory's name, else by the one with the most events.
    var events: [String: Int64] = [:]
    var listed: Set<String> = []
    for device in try reader.devices() {
      events[device.name] = device.events
      if device.isListed { listed.insert(device.name) }
    }
    var best: [String: String] = [:]
    func rank(_ name: String) -> (Int, Int64) { (listed.contains(name) ? 1 : 0, events[name] ?? 0) }
    for name in members.sorted() {
      let top = root(name)
      guard let other = best[top] else {
        best[top] = name
        continue
      }
      if rank(name) > rank(other) { best[top] = name }
    }
    for name in members { identities[name] = best[root(name)] ?? name }
  }

  static let keys = [
    "device", "name", "name_kind", "other", "other_kind", "verdict", "reason", "sightings", "evidence",
    "change_with",
  ]

  /// Writes the joins of the devices that are wanted.
  func write(matching pattern: String?, limit: Int?, as format: OutputFormat, _ reader: CaseReader) -> Bool {
    let isTable = format == .table
    var rows = ResultRows(
      schema: "firebreak.aliases/1",
      columns: isTable
        ? [
          .init("device"), .init("name"), .init("is also"), .init("as"), .init(""),
          .init("because", wraps: true), .init("seen", alignsRight: true), .init("events", wraps: true),
        ] : Self.keys.map { .init($0) }, keys: Self.keys)
    rows.extra = [("case", .string(reader.path))]
    var found: [(device: String, row: [JSONValue])] = []
    for (join, verdict) in zip(joins, verdicts) {
      let device = verdict == .joined ? identities[join.name] ?? join.name : join.name
      guard pattern.map({ p in [device, join.name, join.other].contains { NameMatch.fits(p, $0) } }) ?? true
      else {
        continue
      }
      let ids = join.evidence.map(String.init).joined(separator: " ")
      let row: [JSONValue] =
        isTable
        ? [
          .string(device), .string(join.name), .string(join.other), .string(join.otherKind.rawValue),
          .string(verdict == .joined ? "" : verdict.rawValue), .string(join.reason), .int(join.sightings),
          .string(ids),
        ]
        : [
          .string(device), .string(join.name), .string(join.nameKind.rawValue), .string(join.other),
          .string(join.otherKind.rawValue), .string(verdict.rawValue), .string(join.reason),
          .int(join.sightings),
          .array(join.evidence.map { .int($0) }), .string("note --reject '\(Self.subject(join))'"),
        ]
      found.append((device, row))
    }
    found.sort { $0.device < $1.device }
    rows.rows = found.prefix(limit ?? .max).map(\.row)
    if isTable {
      // What every row says, or none, needs no column.
      if rows.rows.allSatisfy({ $0[0] == $0[1] }) { rows.drop("name") }
      if !rows.rows.contains(where: { row in row.contains { $0 == "shared" || $0 == "rejected" } }) {
        rows.drop("")
      }
    }
    if !found.isEmpty || !isTable { rows.write(as: format) }
    if rows.rows.count < found.count {
      Console.note("\(Figures.grouped(found.count - rows.rows.count)) more (--limit)")
    }
    if isTable, !found.isEmpty {
      Console.note(
        "a join that is wrong is taken apart by:\n  firebreak note --reject 'alias:NAME=OTHER' \"why\"")
    }
    return !found.isEmpty
  }
}
