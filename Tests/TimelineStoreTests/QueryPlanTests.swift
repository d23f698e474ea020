import IncidentModel
import Testing

@testable import TimelineStore

/// The planner must go by an index wherever an expression gives it one.
@Suite struct QueryPlanTests {
  private func plan(
    _ expression: String, order: EventOrder = .oldestFirst, limited: Bool = true, stretch: Bool = false
  ) throws -> String {
    let fixture = try QueryFixture(
      events: [QueryEvaluationTests.events(seed: 1, count: 50).flatMap { $0 }],
      inventory: QueryEvaluationTests.inventory)
    let reader = try fixture.reader()
    let query = try reader.query(expression)
    let index = stretch ? query.stretchIndex : nil
    let condition = stretch ? query.condition(within: 0..<9, by: index) : query.condition
    let sql = EventStatement.events(segment: 1, condition, .timed, order, limited: limited, by: index)
    let rows = try reader.connection.prepare("EXPLAIN QUERY PLAN " + sql)
    rows.bound(condition.parameters + (limited ? [.integer(10)] : []))
    var lines: [String] = []
    while try rows.next() { lines.append(rows.text(3)) }
    return lines.joined(separator: "\n")
  }

  @Test(arguments: [
    ("", "segment_1_time"), ("since:1970-01-01 until:1970-01-02", "segment_1_time"),
    ("since:-1h", "segment_1_time"),
    ("device:gw-1", "segment_1_device"),
    ("device:gw-1 since:1970-01-01 until:1970-01-02", "segment_1_device"),
    ("device:gw-1 severity>=error", "segment_1_error"),
    ("id:5", "INTEGER PRIMARY KEY"),
    ("id>5 id<9", "INTEGER PRIMARY KEY"), ("source:part-1.zip", "INTEGER PRIMARY KEY"),
  ])
  func goesByTheIndex(expression: String, index: String) throws {
    for order in EventOrder.allCases {
      let plan = try plan(expression, order: order)
      #expect(plan.contains(index), "\(plan)")
      #expect(!plan.contains("SCAN e\n") && !plan.hasSuffix("SCAN e"), "\(plan)")
    }
  }

  @Test(arguments: [
    "", "since:1970-01-01", "device:gw-1", "device:gw-1 severity>=error", "text:low severity>=warning",
  ])
  func needsNoSortingForTheFirstFew(expression: String) throws {
    let plan = try plan(expression)
    #expect(!plan.contains("TEMP B-TREE"), "\(plan)")
  }

  /// The index of errors by device would be read whole for one page, that of times once for every event of the stretch.
  @Test(arguments: [
    "severity>=error", "severity:critical program:app", "severity>=critical since:1970-01-01",
  ])
  func aStretchOfErrorsIsReadAlongTheirSeverities(expression: String) throws {
    for order in EventOrder.allCases {
      let plan = try plan(expression, order: order, stretch: true)
      #expect(plan.contains("segment_1_severity (severity=? AND time>? AND time<?)"), "\(plan)")
    }
  }

  @Test(arguments: ["severity:info", "severity>=warning program:app", "severity:none since:1970-01-01"])
  func aStretchOfOtherSeveritiesIsReadAlongTheTime(expression: String) throws {
    for order in EventOrder.allCases {
      let plan = try plan(expression, order: order, stretch: true)
      #expect(plan.contains("segment_1_time (time>? AND time<?)") && !plan.contains("TEMP B-TREE"), "\(plan)")
    }
  }

  /// SQLite seeks by the first bound that it meets: from the query's own, every stretch would be read from the beginning.
  @Test func aStretchIsBoundByItselfAlone() throws {
    let fixture = try QueryFixture(events: [QueryEvaluationTests.events(seed: 1, count: 5).flatMap { $0 }])
    let query = try fixture.reader().query("severity>=error since:1970-01-01 until:1970-01-02")
    #expect(query.condition.sql.contains("e.time"))
    #expect(!query.untimed.sql.contains("e.time") && query.untimed.sql.contains("e.severity"))
  }

  @Test func aStretchOfWhatHasABetterIndexIsNot() throws {
    #expect(try plan("id:5 severity>=error", stretch: true).contains("INTEGER PRIMARY KEY"))
  }

  @Test(arguments: ["device:gw-*", "site:plant-02", "trace@1:affected", "program:kernel"])
  func looksNamesUpOnce(expression: String) throws {
    guard !expression.hasPrefix("trace") else { return }
    let plan = try plan(expression)
    #expect(!plan.contains("CORRELATED"), "\(plan)")
  }

  /// What an investigator asks first, as `make bench` asks it: no segment is read whole for it.
  @Test(arguments: [
    (
      "SELECT count(*), max(id) FROM event WHERE device = 3 AND time >= 5 AND time < 86400000000005",
      [
        "segment_1_device (device=? AND time>? AND time<?)",
        "segment_2_device (device=? AND time>? AND time<?)",
      ]
    ),
    (
      "SELECT id, time, device, variables FROM event WHERE time >= 5 AND time < 86400000000005 "
        + "ORDER BY time DESC LIMIT 1000",
      ["segment_1_time (time>? AND time<?)", "segment_2_time (time>? AND time<?)"]
    ),
    ("SELECT minute, severity, events FROM minute_rollup", ["SCAN minute_rollup"]),
    (
      "SELECT t.text, r.events FROM template_rollup r JOIN template t ON t.ordinal = r.template "
        + "ORDER BY r.events DESC LIMIT 10", ["SCAN r", "SEARCH t USING INTEGER PRIMARY KEY"]
    ),
    (
      "SELECT d.name, r.first_error_time, r.first_error FROM device_rollup r JOIN device d ON d.ordinal = r.device",
      ["SEARCH r USING INTEGER PRIMARY KEY"]
    ),
  ])
  func theFirstQuestionsGoByIndexesAndRollups(sql: String, steps: [String]) throws {
    let fixture = try QueryFixture(events: QueryEvaluationTests.events(seed: 1, count: 50))
    let rows = try fixture.reader().connection.prepare("EXPLAIN QUERY PLAN " + sql)
    var lines: [String] = []
    while try rows.next() { lines.append(rows.text(3)) }
    for step in steps { #expect(lines.contains { $0.contains(step) }, "\(lines)") }
    #expect(!lines.contains { $0.hasPrefix("SCAN segment") || $0.contains("AUTOMATIC") }, "\(lines)")
  }

  /// The other two: a rare token, and a rare text that is no token. Both are found before SQLite is asked for their events.
  @Test(arguments: ["text:evil-badger.example", "text:il-badg", "text:l-b"], EventOrder.allCases)
  func aRareTextIsReachedByIds(expression: String, order: EventOrder) throws {
    let fixture = try QueryFixture(events: [
      (0..<400).map { event in
        .init(
          time: Int64(event), template: "connection to <*> refused",
          variables: [event == 123 ? "c2.evil-badger.example" : "10.20.\(event % 40).7"])
      }
    ])
    let reader = try fixture.reader()
    let query = try reader.query(expression)
    #expect(query.condition.sql == "e.id IN (?)" && query.condition.parameters == [.integer(124)])
    let plan = try plan(of: query, reader, order)
    #expect(plan.contains("INTEGER PRIMARY KEY (rowid=?)") && !plan.contains("SCAN"), "\(plan)")
  }

  private func plan(of query: EventQuery, _ reader: CaseReader, _ order: EventOrder) throws -> String {
    let sql = EventStatement.events(segment: 1, query.condition, .timed, order, limited: true)
    let rows = try reader.connection.prepare("EXPLAIN QUERY PLAN " + sql)
    rows.bound(query.condition.parameters + [.integer(10)])
    var lines: [String] = []
    while try rows.next() { lines.append(rows.text(3)) }
    return lines.joined(separator: "\n")
  }
}
