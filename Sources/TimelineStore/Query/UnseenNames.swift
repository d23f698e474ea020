/// Names that a condition on the inventory's columns does not see, although the device that they are of fits it: the inventory
/// lists the device under another name.
public struct UnseenNames: Sendable {
  /// The first of them, by name.
  public var first: [String] = []
  /// How many there are.
  public var count = 0
  /// Their events.
  public var events: Int64 = 0
}

extension EventQuery {
  /// True where it goes by a column of the inventory.
  public func asksInventory(of reader: CaseReader) -> Bool {
    expression.terms.contains { $0.predicate.column(in: reader.catalog) != nil }
  }

  /// Whether a device with these values fits what the expression asks of the inventory; nil where it asks nothing there, or
  /// only by exclusion.
  fileprivate static func fits(
    _ tree: QueryExpression, _ values: [Int64: [UInt8]], _ catalog: CaseCatalog
  ) -> Bool? {
    switch tree {
    case .everything, .not: return nil
    case .term(let term):
      guard let (column, test) = term.predicate.column(in: catalog) else { return nil }
      // What asks for devices without a value finds the names that are not listed as well.
      if case .matches(let pattern) = test, pattern.literal == "" { return nil }
      let matcher = ValueMatcher(test, numeric: false)
      return values[column]?.withUnsafeBufferPointer { !$0.isEmpty && matcher.matches($0) } ?? false
    case .and(let parts):
      let answers = parts.compactMap { fits($0, values, catalog) }
      return answers.isEmpty ? nil : answers.allSatisfy { $0 }
    case .or(let parts):
      let answers = parts.compactMap { fits($0, values, catalog) }
      return answers.isEmpty ? nil : answers.contains(true)
    }
  }
}

extension QueryPredicate {
  /// The inventory's column that is asked for, and how it is tested.
  fileprivate func column(in catalog: CaseCatalog) -> (Int64, ValueTest)? {
    switch self {
    case .attribute(let name, let test), .named(let name, let test):
      catalog.attributes[name].map { ($0, test) }
    default: nil
    }
  }
}

extension CaseReader {
  /// True where somebody speaks under a name that the inventory does not list. In the order of the names, since both are looked up by
  /// it: half a second where all of a million are listed.
  public func hasUnlistedSpeakers() throws(StoreError) -> Bool {
    try connection.prepare(
      "SELECT 1 FROM (SELECT name FROM device ORDER BY name) d "
        + "WHERE NOT EXISTS (SELECT 1 FROM inventory_device i WHERE i.name = d.name) LIMIT 1"
    ).next()
  }

  /// Names of devices that fit what a query asks of the inventory, but which the inventory does not list. As the joins of names
  /// (`devices --aliases`) were found last; only what was joined is looked at, not the fleet.
  public func unseenNames(_ query: EventQuery) throws(StoreError) -> UnseenNames {
    var columns: Set<Int64> = []
    for term in query.expression.terms {
      if let (column, _) = term.predicate.column(in: catalog) { columns.insert(column) }
    }
    var found = UnseenNames()
    guard !columns.isEmpty else { return found }
    let rows = try connection.prepare(
      "SELECT a.name, r.events, v.attribute, v.value FROM identity a JOIN device d ON d.name = a.name "
        + "JOIN device_rollup r ON r.device = d.ordinal JOIN inventory_device i ON i.name = a.device "
        + "JOIN inventory_value v ON v.device = i.ordinal WHERE a.name <> a.device "
        + "AND NOT EXISTS (SELECT 1 FROM inventory_device x WHERE x.name = a.name) ORDER BY a.name")
    var current: (name: String, events: Int64)?
    var values: [Int64: [UInt8]] = [:]
    func finish() {
      guard let current, EventQuery.fits(query.expression, values, catalog) == true else { return }
      found.count += 1
      found.events += current.events
      if found.first.count < 3 { found.first.append(current.name) }
    }
    while try rows.next() {
      let name = rows.text(0)
      if name != current?.name {
        finish()
        current = (name, rows.int64(1))
        values = [:]
      }
      if columns.contains(rows.int64(2)) { values[rows.int64(2)] = rows.bytes(3) }
    }
    finish()
    return found
  }
}
