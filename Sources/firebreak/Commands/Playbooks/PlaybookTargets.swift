import ConsoleOutput
import Crypto
import IncidentModel
import PlaybookModel
import PlaybookRunner
import TimelineStore

/// Answers a target query: which devices of the inventory, and by what kind of evidence.
///
/// Conditions on the device (name, inventory column, role in a trace) are asked of each device; conditions on events
/// select the devices of matching events. A group joined by AND that holds several conditions on events asks for one
/// event that meets them all.
struct PlaybookTargets {
  private let reader: CaseReader
  private let expression: [UInt8]
  private let inventory: Inventory
  private typealias Selection = [String: IdentityBasis?]

  /// The selection of an expression in a case, with the digest of everything it rests on.
  static func select(_ expression: String, case path: String) throws -> TargetSelection {
    let reader = try CaseReader(path: path)
    let fleet = try CaseFleet(reader)
    let inventory = fleet.inventory
    guard inventory.count > 0 else {
      throw CommandError(
        "the case has no inventory, and targets are devices of the inventory: 'firebreak ingest --inventory FILE.csv'"
      )
    }
    guard expression.contains(where: { !$0.isWhitespace }) else {
      throw CommandError(
        "--targets is empty, which would be every device: write 'device:*' if that is what you mean", .usage)
    }
    let parsed = try QueryExpression(parsing: expression)
    try refuseBareWords(parsed, expression, inventory)
    let tree =
      try parsed
      .resolved(newestEvidence: reader.newestEvidence, expression: expression)
    try StaleTraces.warn(tree, reader)
    let targets = PlaybookTargets(reader: reader, expression: Array(expression.utf8), inventory: inventory)
    let selected = try targets.evaluate(tree)
    // Inventory order, then what the inventory does not list.
    var devices = inventory.devices.compactMap { name in
      selected[name].map { SelectedDevice(device: name, basis: $0) }
    }
    devices += selected.filter { inventory.rowOfDevice[$0.key] == nil }.sorted { $0.key < $1.key }
      .map { SelectedDevice(device: $0.key, basis: $0.value) }
    warnOfUnknownGateways(inventory)
    let dependants = fleet.dependants(of: devices.map(\.device))
    return TargetSelection(
      expression: expression, devices: devices, inventory: inventory,
      protected: dependants.mapValues { behind in
        let count = behind.count == 1 ? "1 device hangs" : "\(behind.count) devices hang"
        return "\(count) on it, such as '\(behind[0])'; --include-gateway takes it all the same"
      },
      dependants: dependants,
      caseDigest: try digest(reader))
  }

  /// Says which gateways the inventory's column names that it does not list: what hangs on them is known of nobody.
  private static func warnOfUnknownGateways(_ inventory: Inventory) {
    guard let column = inventory.attributes.firstIndex(of: "gateway") else { return }
    let names = ListedNames(inventory)
    let unknown = inventory.values[column].filter { !$0.isEmpty && names.device($0) == nil }.sorted()
    guard let first = unknown.first else { return }
    Console.warn(
      Sanitizer.escape(
        "the column 'gateway' names \(Figures.counted(unknown.count, "gateway")) that the inventory lists under no name or "
          + "address ('\(first)'\(unknown.count > 1 ? ", …" : "")): whether a target is one of them is not known, and nothing protects it"
      ))
  }

  /// A word alone is looked for in messages, and would select who speaks of a device instead of the device.
  private static func refuseBareWords(
    _ tree: QueryExpression, _ expression: String, _ inventory: Inventory
  ) throws {
    let bytes = Array(expression.utf8)
    for term in tree.terms {
      guard case .text = term.predicate else { continue }
      let word = String(decoding: bytes[term.range], as: UTF8.self)
      guard !word.lowercased().hasPrefix("text") else { continue }
      let plain = word.trimmingQuotes
      let advice =
        inventory.rowOfDevice[plain] != nil
        ? "did you mean device:\(plain)?"
        : "name what it is (device:\(plain), site:\(plain), …), or text:\(word) for those whose messages hold it"
      throw CommandError("'\(word)' stands alone among the targets: \(advice)", .usage)
    }
  }

  /// SHA-256 over the case's sources, inventory and topology. Notes and journals do not change it.
  static func digest(_ reader: CaseReader) throws -> String {
    var hasher = SHA256()
    try reader.forEachInput { line in
      if !line.hasPrefix("note ") { hasher.update(data: Array(line.utf8)) }
    }
    return HexText.lower(hasher.finalize())
  }

  private func asksDevice(_ predicate: QueryPredicate) -> Bool {
    switch predicate {
    case .device, .trace, .attribute: true
    case .named(let name, _): inventory.attributes.contains(name)
    default: false
    }
  }

  private func evaluate(_ tree: QueryExpression) throws -> Selection {
    let terms = tree.terms
    if !terms.isEmpty && !terms.contains(where: { asksDevice($0.predicate) }) { return try events(tree) }
    switch tree {
    case .everything:
      return Dictionary(uniqueKeysWithValues: inventory.devices.map { ($0, IdentityBasis?.none) })
    case .term(let term): return try devices(term.predicate)
    case .not(let inner):
      let excluded = try evaluate(inner)
      return try evaluate(.everything).filter { excluded[$0.key] == nil }
    case .or(let parts):
      var result: Selection = [:]
      for part in parts {
        for (device, basis) in try evaluate(part) {
          if let known = result[device] {
            result[device] = .some(stronger(known, basis))
          } else {
            result[device] = .some(basis)
          }
        }
      }
      return result
    case .and(let parts):
      let onEvents = parts.filter { part in !part.terms.contains { asksDevice($0.predicate) } }
      let onDevices = parts.filter { part in part.terms.contains { asksDevice($0.predicate) } }
      var result: Selection?
      let groups = try onDevices.map(evaluate) + (onEvents.isEmpty ? [] : [events(joined(onEvents))])
      for group in groups {
        guard let known = result else {
          result = group
          continue
        }
        var both: Selection = [:]
        for (device, basis) in known {
          if let other = group[device] { both[device] = .some(weaker(basis, other)) }
        }
        result = both
      }
      return result ?? [:]
    }
  }

  /// Nil is the inventory alone: the strongest.
  private func stronger(_ a: IdentityBasis?, _ b: IdentityBasis?) -> IdentityBasis? {
    guard let a, let b else { return nil }
    return min(a, b)
  }

  private func weaker(_ a: IdentityBasis?, _ b: IdentityBasis?) -> IdentityBasis? {
    guard let a else { return b }
    guard let b else { return a }
    return max(a, b)
  }

  private func joined(_ parts: [QueryExpression]) -> QueryExpression {
    parts.count == 1 ? parts[0] : .and(parts)
  }

  private func devices(_ predicate: QueryPredicate) throws -> Selection {
    switch predicate {
    case .device(let pattern): return choose { name, _ in Glob.fits(name, pattern) }
    case .attribute(let name, let test), .named(let name, let test):
      guard let column = inventory.attributes.firstIndex(of: name) else {
        throw CommandError("the inventory has no column '\(name)'", .usage)
      }
      // Empty means unknown, and is what an empty pattern asks for, also of a device that has no event.
      let asksUnknown = if case .matches(let pattern) = test { pattern.pieces.isEmpty } else { false }
      // Each distinct value is tested once.
      let fits = inventory.values[column].map { $0.isEmpty ? asksUnknown : Glob.fits($0, test) }
      return choose { _, row in fits[Int(inventory.code(row: row, attribute: column))] }
    case .trace(let number, let role): return try traced(number, role)
    default: return [:]
    }
  }

  private func choose(_ fits: (String, Int) -> Bool) -> Selection {
    var result: Selection = [:]
    for (row, name) in inventory.devices.enumerated() where fits(name, row) { result[name] = .some(nil) }
    return result
  }

  /// A trace rests on evidence: the basis is that of the device's events of trouble, else of its other events.
  private func traced(_ number: Int?, _ role: String) throws -> Selection {
    guard let trace = try reader.trace(number.map { Int64($0) }) else {
      throw CommandError(
        "the case has no \(number.map { "trace \($0)" } ?? "trace"): run 'firebreak trace' first")
    }
    guard let names = trace.devices[role] else {
      throw CommandError(
        "the trace has no role '\(role)', only \(trace.devices.keys.sorted().joined(separator: ", "))", .usage
      )
    }
    let trouble = try bases("severity>=warning")
    let all = try bases("")
    return Dictionary(
      names.map { ($0, trouble[$0] ?? all[$0] ?? IdentityBasis.none) }, uniquingKeysWith: { a, _ in a })
  }

  private func events(_ tree: QueryExpression) throws -> Selection {
    try bases(text(tree)).mapValues { .some($0) }
  }

  /// The strongest basis of the matching events, by device.
  private func bases(_ text: String) throws -> [String: IdentityBasis] {
    var result: [String: IdentityBasis] = [:]
    for count in try reader.counts(matching: try reader.query(text), by: [.device, .basis]) {
      guard let device = count.values[0] else { continue }
      let basis = IdentityBasis.allCases.first { $0.name == count.values[1] } ?? .none
      result[device] = min(result[device] ?? .none, basis)
    }
    return result
  }

  /// The text of a part of the expression.
  private func text(_ tree: QueryExpression) -> String {
    switch tree {
    case .everything: ""
    case .term(let term): String(decoding: expression[term.range], as: UTF8.self)
    case .not(let inner): "NOT (\(text(inner)))"
    case .and(let parts): parts.map { "(\(text($0)))" }.joined(separator: " AND ")
    case .or(let parts): parts.map { "(\(text($0)))" }.joined(separator: " OR ")
    }
  }
}

/// Patterns and comparisons on names and inventory values.
enum Glob {
  /// True when the whole text fits a pattern.
  static func fits(_ text: String, _ pattern: GlobPattern) -> Bool {
    var codes: [Int] = []
    for piece in pattern.pieces {
      switch piece {
      case .literal(let literal): codes += literal.utf8.map(Int.init)
      case .anyRun: codes.append(256)
      case .anyOne: codes.append(257)
      }
    }
    let bytes = Array(text.utf8).map(Int.init)
    // Greedy with one point to come back to: linear for one run, never worse than text × pattern.
    var (i, j, mark, star) = (0, 0, 0, -1)
    while i < bytes.count {
      if j < codes.count, codes[j] == bytes[i] || codes[j] == 257 {
        i += 1
        j += 1
      } else if j < codes.count, codes[j] == 256 {
        star = j
        mark = i
        j += 1
      } else if star >= 0 {
        mark += 1
        i = mark
        j = star + 1
      } else {
        return false
      }
    }
    return codes[j...].allSatisfy { $0 == 256 }
  }

  /// True when a value passes a test of the query language.
  static func fits(_ value: String, _ test: QueryPredicate.ValueTest) -> Bool {
    switch test {
    case .matches(let pattern): return fits(value, pattern)
    case .compared(let comparison, let bound):
      let order = natural(value, bound)
      return switch comparison {
      case .equal: order == 0
      case .less: order < 0
      case .lessOrEqual: order <= 0
      case .greater: order > 0
      case .greaterOrEqual: order >= 0
      }
    }
  }

  /// Numbers by value, else texts with runs of digits by value: `2.4.9` comes before `2.4.10`.
  private static func natural(_ a: String, _ b: String) -> Int {
    if let x = Double(a), let y = Double(b) { return x < y ? -1 : x > y ? 1 : 0 }
    let (left, right) = (runs(a), runs(b))
    for (x, y) in zip(left, right) where x != y {
      if let m = Int(x), let n = Int(y) {
        if m != n { return m < n ? -1 : 1 }
      } else {
        return x < y ? -1 : 1
      }
    }
    return left.count - right.count
  }

  private static func runs(_ text: String) -> [String] {
    var runs: [String] = []
    var wasDigit: Bool?
    for character in text {
      let isDigit = character.isASCII && character.isNumber
      if isDigit == wasDigit {
        runs[runs.count - 1].append(character)
      } else {
        runs.append(String(character))
      }
      wasDigit = isDigit
    }
    return runs
  }
}

extension String {
  /// Without quotation marks at both ends.
  fileprivate var trimmingQuotes: String {
    count >= 2 && hasPrefix("\"") && hasSuffix("\"") ? String(dropFirst().dropLast()) : self
  }
}
