import IncidentModel
import Testing

@testable import TimelineStore

/// Compiled SQL against a second, plain evaluation of the tree in Swift.
@Suite struct QueryEvaluationTests {
  static let inventory: (attributes: [String], rows: [(String, [String])]) = (
    ["site", "firmware", "hw rev"],
    [
      ("gw-1", ["plant-01", "2.4.1", "B"]), ("gw-2", ["plant-02", "2.4.10", ""]),
      ("gw-10", ["plant-02", "2.4.9", "A"]),
      ("lock-7", ["", "1.0", "B"]), ("silent", ["plant-01", "2.4.1", "B"]),
    ]
  )
  static let devices = ["gw-1", "gw-2", "gw-10", "lock-7", "stranger", "O'Brien", "a%b_c", "gw-[1]", nil]
  static let templates: [(String, Int)] = [
    ("battery low", 0), ("connection to <*> lost after <*> s", 2), ("<*>", 1), ("100% of <*> used", 1),
    ("Battery <*>", 1), ("", 0),
  ]
  static let words = [
    "10.0.0.1", "low", "LOW", "ü", "a\tb", "\"quoted\"", "back\\slash", "\u{1b}[31m", "0", "60", "60.0",
    "x y", "%s", "",
  ]

  static func events(seed: UInt64, count: Int) -> [[QueryFixture.Event]] {
    var random = SplitMix(seed: seed)
    return (0..<2).map { _ in
      (0..<count).map { _ in
        let (template, variables) = templates.randomElement(using: &random)!
        var event = QueryFixture.Event(
          time: Int.random(in: 0..<12, using: &random) == 0
            ? nil : Int64.random(in: -5_000...5_000, using: &random) * 1_000_000_000,
          device: devices.randomElement(using: &random)!,
          severity: (0...8).randomElement(using: &random).flatMap { $0 == 8 ? nil : $0 })
        event.program = ["app", "kernel", ""].randomElement(using: &random)!
        event.template = template
        event.variables = (0..<variables).map { _ in words.randomElement(using: &random)! }
        switch Int.random(in: 0..<10, using: &random) {
        case 0: event.message = [0xff, 0xfe, 0x00] + Array("battery LOW \u{1b}".utf8) + [0xc3]
        case 1: event.message = Array("stored whole".utf8)
        default: break
        }
        switch Int.random(in: 0..<4, using: &random) {
        case 0:
          event.fields =
            #"{"temp_c":\#(Int.random(in: 55...65, using: &random)),"a":{"b":"x\"y","n":null},"a.c":true,"s":"60.0"}"#
        case 1: event.fields = #"{"temp_c":"hot","s":"batt*","nested":[1,{"temp_c":99}]}"#
        case 3:
          event.header = SyslogHeader(
            facility: Int.random(in: -1...23, using: &random), process: Int.random(in: 0...70, using: &random)
          )
        case 2: event.fields = ["{", "", "[1]", #"{"temp_c"#, "nonsense"].randomElement(using: &random)!
        default: break
        }
        return event
      }
    }
  }

  @Test func answersAsAPlainEvaluationDoes() throws {
    let events = Self.events(seed: 11, count: 150)
    let fixture = try QueryFixture(events: events, inventory: Self.inventory)
    let reader = try fixture.reader()
    let everything = try reader.events(matching: "")
    #expect(everything.count == 300)
    var random = SplitMix(seed: 5)
    var matched = 0
    for _ in 0..<600 {
      let text = Self.expression(depth: 3, using: &random)
      let tree = try QueryExpression(parsing: text).resolved(
        newestEvidence: reader.newestEvidence, expression: text)
      let expected = everything.filter { Self.matches(tree, $0) }.map(\.id)
      let query = try reader.query(text)
      var found: [EventID] = []
      try reader.forEachEvent(matching: query) {
        found.append($0.id)
        return true
      }
      #expect(found == expected, "\(text)")
      #expect(try reader.count(matching: query) == Int64(expected.count), "\(text)")
      let limited = try reader.events(matching: text, order: .newestFirst, limit: 7)
      #expect(limited.map(\.id) == Array(expected.reversed().prefix(7)), "\(text)")
      let counts = try reader.counts(matching: query, by: [.device, .severity])
      #expect(counts.reduce(0) { $0 + $1.events } == Int64(expected.count))
      matched += expected.count
      // The SQL text holds nothing of the user's.
      #expect(!query.condition.sql.contains("'x"))
    }
    #expect(matched > 1000)
  }

  @Test func showsMessagesAsTheViewDoes() throws {
    let fixture = try QueryFixture(events: Self.events(seed: 3, count: 200), inventory: Self.inventory)
    try fixture.run(
      """
      UPDATE origin SET stamp_form = 1, stamp_shift = 7200000000000 WHERE ordinal = 1;
      UPDATE origin SET stamp_digits = 9, stamp_separator = ' ', stamp_suffix = '+02:00' WHERE ordinal = 2;
      UPDATE segment_1 SET stamp = 'yesterday' WHERE id % 10 = 0
      """)
    let reader = try fixture.reader()
    var rows = 0
    _ = try SQLSandbox(path: fixture.path).run(
      "SELECT id, CAST(message AS BLOB), device, severity, program, time_quality, identity_basis, stamp FROM timeline"
    ) { row in
      guard case .integer(let id) = row[0] else { return false }
      let event = try #require(try reader.event(EventID(rawValue: id)))
      #expect(.blob(event.messageBytes) == row[1])
      #expect(event.device.map { .text($0) } ?? .null == row[2])
      #expect(event.severity.map { .text($0.name) } ?? .null == row[3])
      #expect(.text(event.program) == row[4])
      #expect(.text(event.quality.name) == row[5])
      #expect(.text(event.basis.name) == row[6])
      #expect(event.stamp.map { .text($0) } ?? .null == row[7])
      rows += 1
      return true
    }
    #expect(rows == 400)
  }

  @Test func takesInjectionsAsPlainValues() throws {
    let fixture = try QueryFixture(events: Self.events(seed: 4, count: 30), inventory: Self.inventory)
    let reader = try fixture.reader()
    for attack in [
      #"device:"' OR 1=1 --""#, #"text:"'); DROP TABLE note; --""#, #"field."x') OR 1 --":1"#,
      #"attr.site:"' OR '1'='1""#,
      #"source:"%' OR 1=1""#, #"program:"\" OR 1""#, #"tag:"' UNION SELECT 1""#,
      #"template:"x' OR '1"# + "\"",
    ] {
      #expect(try reader.events(matching: attack).isEmpty, "\(attack)")
    }
    #expect(try reader.events(matching: "device:\"O'Brien\"").allSatisfy { $0.device == "O'Brien" })
    #expect(try reader.events(matching: "device:a%b_c").allSatisfy { $0.device == "a%b_c" })
    #expect(try reader.events(matching: "device:gw-[1]*").allSatisfy { $0.device == "gw-[1]" })
  }

  @Test func findsTextAcrossTheBordersOfTemplateAndVariable() throws {
    var event = QueryFixture.Event(time: 1, device: "gw-1", severity: 3)
    event.template = "connection to <*> lost after <*> s"
    event.variables = ["10.0.0.1:8883", "30"]
    let fixture = try QueryFixture(events: [[event]])
    let reader = try fixture.reader()
    for text in [
      "to 10.0", ":8883 LOST", "after 30 s", "CONNECTION", "0.0.1", "lost*30",
      "t?o 1".replacing("?", with: ""),
    ] {
      #expect(
        try reader.events(matching: "text:\"\(text)\"").count == (text.contains("*") ? 0 : 1), "\(text)")
    }
    #expect(try reader.events(matching: "text:lost*30").count == 1)
    #expect(try reader.events(matching: "text:30*lost").isEmpty)
    #expect(try reader.events(matching: #"text="connection to 10.0.0.1:8883 lost after 30 s""#).count == 1)
    #expect(try reader.events(matching: #"text="connection to 10.0.0.1:8883 lost after 30""#).isEmpty)
    #expect(try reader.events(matching: "\"<*>\"").isEmpty)
    #expect(try reader.events(matching: "\"%s\"").isEmpty)
  }

  // MARK: - The second evaluation

  static func expression(depth: Int, using random: inout SplitMix) -> String {
    if depth > 0 {
      let inner = { (r: inout SplitMix) in Self.expression(depth: depth - 1, using: &r) }
      switch Int.random(in: 0..<6, using: &random) {
      case 0: return "(\(inner(&random)) \(inner(&random)))"
      case 1: return "(\(inner(&random)) OR \(inner(&random)))"
      case 2: return "NOT (\(inner(&random)))"
      case 3: return "(\(inner(&random)) AND NOT (\(inner(&random))))"
      default: break
      }
    }
    return [
      "device:gw-*", "device:gw-1", "device!=gw-1", "device:*", "device:\"O'Brien\"", "device:?????",
      "severity>=error",
      "severity:none", "severity<warning", "severity!=info", "severity:6", "program:kernel", "program:\"\"",
      "program:k*l",
      "template:battery", "text:low", "text:\"y low\"", "text:LOST", "text:b*w", "text:\"%\"", "text:ü",
      "text:\"\u{1b}[31m\"",
      "text=\"battery low\"", "text:\"\"", "since:1970-01-01", "until:1970-01-01T00:20Z",
      "since:-1h until:-30m",
      "since:1970-01-01 until:+10m", "basis:self_asserted", "basis>=network", "quality:exact",
      "quality!=exact", "id>100",
      "id<=40", "site:plant-02", "site:plant-*", "site!=plant-02", "firmware>=2.4.9", "firmware<2.4.10",
      "attr.firmware:2.4.1",
      "attr.\"hw rev\":B", "attr.site:\"\"", "field.temp_c>60", "field.temp_c<=57.5", "field.temp_c:60.0",
      "temp_c:hot",
      "field.temp_c:*", "a.b:'x\"y'", "a.n:*", "a.c:true", "s:60", "s:\"batt*\"", "s:batt*", "field.nested:*",
      "source:part-1.zip",
      "source:syslog.*", "source:22222222", "source:nothing", "10.0.0.1", "severity>=error device:gw-*",
    ].randomElement(using: &random)!
  }

  static func matches(_ tree: QueryExpression, _ event: TimelineEvent) -> Bool {
    switch tree {
    case .everything: true
    case .not(let inner): !matches(inner, event)
    case .and(let parts): parts.allSatisfy { matches($0, event) }
    case .or(let parts): parts.contains { matches($0, event) }
    case .term(let term): matches(term.predicate, event)
    }
  }

  private static func matches(_ predicate: QueryPredicate, _ event: TimelineEvent) -> Bool {
    func ordered<Value: Comparable>(_ value: Value, _ comparison: QueryComparison, _ bound: Value) -> Bool {
      switch comparison {
      case .equal: value == bound
      case .less: value < bound
      case .lessOrEqual: value <= bound
      case .greater: value > bound
      case .greaterOrEqual: value >= bound
      }
    }
    func fits(_ pattern: GlobPattern, _ text: [UInt8]) -> Bool { slowGlob(pattern.pieces[...], text[...]) }
    func fits(_ pattern: GlobPattern, _ text: String) -> Bool { fits(pattern, Array(text.utf8)) }
    func lowered(_ pattern: GlobPattern) -> GlobPattern {
      GlobPattern(
        pieces: pattern.pieces.map {
          if case .literal(let text) = $0 {
            .literal(String(decoding: text.utf8.map(\.asciiLowercased), as: UTF8.self))
          } else {
            $0
          }
        })
    }
    switch predicate {
    case .device(let pattern): return event.device.map { fits(pattern, $0) } ?? false
    case .program(let pattern): return fits(pattern, event.program)
    case .source(let pattern):
      return ([event.place.name] + [event.place.path] + event.place.members).contains { part in
        fits(pattern, part) || fits(pattern, String(part.split(separator: "/").last!))
      } || pattern.literal == String(repeating: "\(event.source)", count: 8)
    case .template(let pattern):
      let known = templates.first { ContentHash.of("\(event.program)\0\($0.0)") == event.template.rawValue }!
        .0
      return fits(lowered(pattern).unanchored, known.lowercased())
    case .text(.contains, let pattern):
      return fits(lowered(pattern).unanchored, event.messageBytes.map(\.asciiLowercased))
    case .text(.whole, let pattern): return fits(pattern, event.messageBytes)
    case .severity(_, nil): return event.severity == nil
    case .severity(let comparison, let severity?):
      return event.severity.map { ordered(-Int($0.rawValue), comparison, -Int(severity.rawValue)) } ?? false
    case .basis(let comparison, let basis):
      return ordered(-Int(event.basis.rawValue), comparison, -Int(basis.rawValue))
    case .quality(let quality): return event.quality == quality
    case .id(let comparison, let id): return ordered(event.id.rawValue, comparison, id)
    case .time(let bound, .instant(let instant)):
      return event.time.map { bound == .since ? $0 >= instant : $0 < instant } ?? false
    case .attribute(let name, let test): return attribute(name, test, event)
    case .named(let name, let test):
      return inventory.attributes.contains(name) ? attribute(name, test, event) : field(name, test, event)
    case .field(let name, let test): return field(name, test, event)
    default: return false
    }
    func attribute(_ name: String, _ test: QueryPredicate.ValueTest, _ event: TimelineEvent) -> Bool {
      let column = inventory.attributes.firstIndex(of: name)!
      let value = inventory.rows.first { $0.0 == event.device }?.1[column] ?? ""
      switch test {
      case .matches(let pattern):
        return pattern.literal == "" ? value.isEmpty : !value.isEmpty && fits(pattern, value)
      case .compared(let comparison, let bound): return !value.isEmpty && versions(value, comparison, bound)
      }
    }
    func versions(_ value: String, _ comparison: QueryComparison, _ bound: String) -> Bool {
      func key(_ text: String) -> [Int] { text.split(separator: ".").map { Int($0)! } }
      let (a, b) = (key(value), key(bound))
      return ordered(a.lexicographicallyPrecedes(b) ? -1 : a == b ? 0 : 1, comparison, 0)
    }
    func field(_ name: String, _ test: QueryPredicate.ValueTest, _ event: TimelineEvent) -> Bool {
      guard let value = plainField(name, event.fields ?? "") else { return false }
      switch test {
      case .matches(let pattern):
        if let wanted = pattern.literal.flatMap(Double.init), let number = Double(value) {
          return wanted == number
        }
        return fits(pattern, value)
      case .compared(let comparison, let bound):
        guard let a = Double(value), let b = Double(bound) else { return false }
        return ordered(a, comparison, b)
      }
    }
  }

  /// What the few kinds of fields above hold, by hand.
  private static func plainField(_ name: String, _ fields: String) -> String? {
    if fields.hasPrefix(#"{"temp_c":"hot""#) {
      return ["temp_c": "hot", "s": "batt*", "nested": #"[1,{"temp_c":99}]"#][name]
    }
    guard fields.hasPrefix(#"{"temp_c":"#), fields.hasSuffix("}") else { return nil }
    let number = String(fields.dropFirst(10).prefix { $0 != "," })
    return ["temp_c": number, "a": #"{"b":"x\"y","n":null}"#, "a.b": #"x"y"#, "a.c": "true", "s": "60.0"][
      name]
  }

  private static func slowGlob(_ pieces: ArraySlice<GlobPattern.Piece>, _ text: ArraySlice<UInt8>) -> Bool {
    guard let first = pieces.first else { return text.isEmpty }
    switch first {
    case .literal(let literal):
      return text.starts(with: literal.utf8)
        && slowGlob(pieces.dropFirst(), text.dropFirst(literal.utf8.count))
    case .anyRun:
      return (0...text.count).contains { slowGlob(pieces.dropFirst(), text.dropFirst($0)) }
    case .anyOne:
      guard let lead = text.first else { return false }
      let length = lead >= 0xc2 && lead < 0xe0 && text.count > 1 ? 2 : 1
      return slowGlob(pieces.dropFirst(), text.dropFirst(length))
    }
  }
}
