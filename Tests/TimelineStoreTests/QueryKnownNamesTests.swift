import Glibc
import Testing

@testable import TimelineStore

/// A mistyped name must not look like a quiet night.
@Suite struct QueryKnownNamesTests {
  private func fixture() throws -> QueryFixture {
    try QueryFixture(
      events: [
        (0..<40).map { index in
          QueryFixture.Event(
            time: Int64(index), device: "gw-1", severity: 6,
            fields: index == 39 ? #"{"rare":1,"net":{"rssi":-80}}"# : #"{"temp_c":60,"null":null}"#)
        }
      ], inventory: (["site", "firmware"], [("gw-1", ["plant-01", "2.4.1"])]))
  }

  @Test(arguments: [
    ("serverity>=error", "severity"), ("fimware:4.12.0", "firmware"), ("frmware:x", "firmware"),
    ("temp_d>60", "temp_c"), ("devise!=gw-1", "device"), ("NOT sitte:x", "site"),
  ])
  func aMistypedNameIsRefusedWithTheNameThatWasMeant(expression: String, meant: String) throws {
    let fixture = try fixture()
    let reader = try fixture.reader()
    let error = #expect(throws: QueryError.self) { try reader.query("severity>=error OR " + expression) }
    #expect(error?.hint == "did you mean \(meant)?")
    let from = "severity>=error OR ".utf8.count
    #expect(error.map { $0.range.lowerBound >= from } == true)
  }

  /// What people call things elsewhere is near no name of ours.
  @Test(arguments: [
    ("message:low", "text:"), ("host:gw-1", "device:"), ("Level:error", "severity:"),
    ("app:relayd", "program:"),
    ("timestamp>2026-11-12", "since:"), ("file:x.log", "source:"),
  ])
  func theNameThatOthersUseLeadsToOurs(expression: String, ours: String) throws {
    let error = #expect(throws: QueryError.self) { try fixture().reader().query(expression) }
    #expect(error?.hint?.contains(ours) == true)
  }

  @Test func boundsOfTimeAreWrittenWithAColon() throws {
    for expression in ["since>2026-11-12", "until!=2026-11-12"] {
      let name = expression.prefix(5)
      guard
        let error = #expect(throws: QueryError.self, performing: { try fixture().reader().query(expression) })
      else { continue }
      #expect(error.hint == "write \(name):")
    }
  }

  @Test func capitalsAreSaid() throws {
    let reader = try fixture().reader()
    #expect(
      try reader.hints(reader.query("device:GW-1"))
        == ["no event is of a device called 'GW-1', but of 'gw-1': capitals count"])
    #expect(try reader.hints(reader.query("device:gw-2")) == ["no event is of a device called 'gw-2'"])
    #expect(try reader.hints(reader.query("device:gw-1 text:absent")).isEmpty)
  }

  @Test(arguments: ["temp_c>60", "rare:1", "net.rssi<0", "null:x", "site:nowhere", "field.anything:x"])
  func aNameThatOccursIsKnownWhateverItsValue(expression: String) throws {
    let fixture = try fixture()
    let reader = try fixture.reader()
    _ = try reader.query(expression)
  }

  @Test func aCaseWithoutEventsKnowsNoNamesAndRefusesNone() throws {
    let fixture = try QueryFixture(events: [[]])
    _ = try fixture.reader().query("temp_c>60")
  }

  @Test func aKeyOfACountIsCheckedToo() throws {
    let fixture = try fixture()
    let reader = try fixture.reader()
    let query = try reader.query("")
    let error = #expect(throws: QueryError.self) {
      try reader.counts(matching: query, by: [.named("devise")])
    }
    #expect(error?.hint == "did you mean device?")
    #expect(try reader.counts(matching: query, by: [.named("temp_c")]).count == 2)
  }

  @Test func anOrderNeedsANumberOrAVersion() throws {
    let fixture = try fixture()
    let reader = try fixture.reader()
    #expect(throws: QueryError.self) { try reader.query("temp_c>hot") }
    #expect(throws: QueryError.self) { try reader.query("field.temp_c<=hot") }
    _ = try reader.query("temp_c>60 firmware>=2.4.9 temp_c:hot")
  }

  @Test func nothingFoundIsExplained() throws {
    let fixture = try fixture()
    let reader = try fixture.reader()
    #expect(try reader.hints(reader.query("site:lyn1,bcn1")).first?.contains("OR") == true)
    #expect(try reader.hints(reader.query("field.temp_d>1")).first?.contains("temp_c") == true)
    #expect(try reader.hints(reader.query("temp_c>60")).isEmpty)
  }

  @Test func aWordThatIsANameIsPointedOut() throws {
    let fixture = try QueryFixture(events: [
      [
        .init(device: "router a", program: "ntpd", template: "started"),
        .init(device: "gw-1", program: "gw-1"),
      ]
    ])
    let reader = try fixture.reader()
    func hints(_ expression: String) throws -> [String] { try reader.hints(reader.query(expression)) }
    #expect(
      try hints("ntpd") == ["no message holds 'ntpd'; it is the name of a program: program:ntpd"])
    #expect(
      try hints("text:\"router a\"")
        == ["no message holds 'router a'; it is the name of a device: device:\"router a\""])
    #expect(try hints("gw-1 severity>=error").count == 2)
    #expect(
      try hints("severity>=error ntpd").first
        == "'ntpd' is looked for in messages; it is the name of a program: program:ntpd")
    #expect(try hints("nonsense").isEmpty && hints("text:ntp*").isEmpty)
  }

  @Test func anErrorOfSQLNamesTheFileAndNotItsAddress() throws {
    let fixture = try fixture()
    fixture.close()
    for name in ["a?b.firebreak", "a%20b.firebreak", "a#b.firebreak"] {
      let path = fixture.folder + "/" + name
      #expect(link(fixture.path, path) == 0)
      defer { unlink(path) }
      #expect(try CaseReader(path: path).eventCount() == 40)
      let sandbox = try SQLSandbox(path: path, limits: SQLLimits(seconds: 0.05))
      for sql in [
        "SELECT nonsense",
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n",
      ] {
        let error = #expect(throws: StoreError.self) { try sandbox.run(sql) { _ in true } }
        #expect(error?.path == path)
      }
    }
  }

  @Test func aSourceOrSecretThatIsNotThereIsSaid() throws {
    let fixture = try fixture()
    let reader = try fixture.reader()
    // Lists leave out the folder that all sources lie in.
    #expect(try reader.count(matching: reader.query("source:part-1.zip/gw-1/syslog.1")) == 40)
    #expect(try reader.count(matching: reader.query("source:art-1.zip/gw-1/syslog.1")) == 0)
    #expect(
      try reader.hints(reader.query("source:nosuch.log")).first?.contains("no source called 'nosuch.log'")
        == true)
    #expect(try reader.hints(reader.query("source:\(reader.sources()[0].name) text:absent")).isEmpty)
    #expect(try reader.hints(reader.query("secret:foo")).first?.contains("preshared_key") == true)
    #expect(try reader.hints(reader.query("secret:token")).isEmpty)
  }

  /// The shell's habit: the time of day would be searched for in messages.
  @Test(arguments: ["since:2026-11-20 00:10", "severity>=error until:2026-11-20 09:05:00"])
  func aDateAndItsTimeInTwoWordsAreRefused(expression: String) throws {
    let error = #expect(throws: QueryError.self) { try fixture().reader().query(expression) }
    #expect(error?.hint?.contains("2026-11-20T") == true)
    _ = try fixture().reader().query("since:2026-11-20 \"00:10\"")
  }
}
