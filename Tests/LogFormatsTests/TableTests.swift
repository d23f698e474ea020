import Testing

@testable import LogFormats

/// Tables as programs write them: what stands above the header, rows and cells that are not as the header says.
@Suite struct TableTests {
  private static let header = "timestamp,device,level,msg"
  private static let rows = """
    2026-11-12T10:03:01Z,p1,ERROR,ok
    2026-11-12T10:03:02Z,p2,ERROR,ok

    """

  private func expectTwoRows(_ text: String, _ comment: Comment? = nil) {
    let found = events(text)
    #expect(found.map(\.device) == ["p1", "p2"], comment)
    #expect(found.map(\.time) == ["2026-11-12T10:03:01Z", "2026-11-12T10:03:02Z"], comment)
    #expect(found.map(\.severity) == [3, 3], comment)
    #expect(found.map(\.message) == ["ok", "ok"], comment)
  }

  @Test func whatStandsAboveTheHeaderIsNoHeader() {
    expectTwoRows("Device: Logger 7\nSerial: 12345\n\n\(Self.header)\n\(Self.rows)")
    expectTwoRows("Device: Logger 7, hall 3\nSerial: 12345\n\(Self.header)\n\(Self.rows)")
    expectTwoRows("#\(Self.header)\n\(Self.rows)", "the header is a comment")
    expectTwoRows("# exported\n#tz=UTC\n\(Self.header)\n\(Self.rows)")
    expectTwoRows("sep=,\n\(Self.header)\n\(Self.rows)")
    let semicolons = (Self.header + "\n" + Self.rows).replacing(",", with: ";")
    expectTwoRows("sep=;\n" + semicolons)
    expectTwoRows("\u{FEFF}SEP=;\n" + semicolons)
  }

  @Test func aLastCommaMakesNoColumn() {
    let rows = Self.rows.replacing(",ok", with: ",ok,")
    expectTwoRows("\(Self.header),\n\(rows)")
    expectTwoRows("\(Self.header)\n\(rows)")
  }

  @Test func textWithCommasIsNoTable() {
    for text in [
      "Nov: a, b\nand so: on\nmore, of it: all\n", "Device: Logger 7\nsome, words\nmore: words\n",
      "plain text\ntimestamp,device,level,msg\n\(Self.rows)",
    ] {
      let elected = Array(text.utf8).withUnsafeBytes { FormatTrial(catalog: FormatCatalog(), bytes: $0) }
        .elected
      #expect(["text", "stamped-text"].contains(elected), "\(text)")
    }
  }

  @Test func columnsOfOneNameAreAllKept() {
    let found = events("timestamp,value,value,value_2,,value\n2026-11-12T10:03:01Z,1,2,3,4,5\n")
    #expect(
      found.map(\.fields) == [#"{"value":1,"value_3":2,"value_2":3,"column_5":4,"value_4":5}"#])
  }

  @Test func tablesOfInfluxDBFollowOneAnother() {
    let table = """
      #group,false,false,true,false,true,true
      #datatype,string,long,dateTime:RFC3339,double,string,string
      #default,_result,,,,,
      ,result,table,_time,_value,_field,host
      ,,0,2026-11-12T09:03:05Z,21.5,temp,gw-1

      """
    let other = table.replacing("_field,host", with: "host,_field").replacing("temp,gw-1", with: "gw-2,temp")
    let found = events(table + "\n" + other)
    #expect(found.map(\.device) == ["gw-1", "gw-2"])
    #expect(found.map(\.fields) == Array(repeating: #"{"table":0,"_value":21.5,"_field":"temp"}"#, count: 2))
  }

  @Test func aQuotedCellMayGoOnInTheNextLine() {
    let row = "2026-11-12T10:03:01Z,p1,ERROR,\"line1\nline2, \"\"y\"\"\n\nline3\""
    let text = Self.header + "\n" + Array(repeating: row, count: 30).joined(separator: "\n") + "\n"
    let all = Array(text.utf8).withUnsafeBytes { FormatTrial(catalog: FormatCatalog(), bytes: $0) }
    #expect(all.elected == "csv")
    let counts = Dictionary(grouping: all.rows, by: \.verdict).mapValues(\.count)
    #expect(counts == ["structure": 1, "event": 30, "continuation": 60, "blank": 30])
    #expect(all.rows[1].message == "line1")
    #expect(all.rows[2].message == "line2, \"y\"")
    #expect(all.rows[4].message == "line3")
  }

  @Test func cellsBehindSuchACellAreFields() {
    let found = Array("ts,msg,temp,site\n2026-11-12T10:03:01Z,\"a\nb\",21.5,\"x, y\"\n".utf8).withUnsafeBytes
    {
      FormatTrial(catalog: FormatCatalog(), bytes: $0, forced: CSVFormat())
    }.rows
    #expect(found.map(\.verdict) == ["structure", "event", "continuation"])
    #expect(found.last?.message == "b")
    #expect(found.last?.fields == #"{"temp":21.5,"site":"x, y"}"#)
  }

  @Test func aSecondCellMayGoOnToo() {
    let found = Array("ts,msg,level,note\n2026-11-12T10:03:01Z,\"a\nb\",error,\"c\nd\"\n".utf8)
      .withUnsafeBytes {
        FormatTrial(catalog: FormatCatalog(), bytes: $0, forced: CSVFormat())
      }.rows
    #expect(found.map(\.verdict) == ["structure", "event", "continuation", "continuation"])
    #expect(found[2].severity == 3 && found[2].fields == #"{"note":"c"}"#)
    #expect(found[3].message == "d")
  }

  @Test func aQuoteThatIsNeverClosedSwallowsNothing() {
    let found = events(
      "\(Self.header)\n2026-11-12T10:03:00Z,p0,ERROR,\"never closed\n\(Self.rows)")
    #expect(found.map(\.device) == ["p0", "p1", "p2"])
    #expect(found.map(\.message) == ["never closed", "ok", "ok"])
  }

  @Test func aTextWithoutAHeadingIsTheMessage() {
    let found = events(
      """
      Level,Date and Time,Source,Event ID,Task Category
      Error,2026-11-12 10:03:05,Service Control Manager,7031,None,"The service ended.
      An action will be taken."
      Information,2026-11-12 10:03:06,EventLog,6005,None,"The log was started."

      """)
    #expect(found.map(\.severity) == [3, 6])
    #expect(found.map(\.message) == ["The service ended.", "The log was started."])
    #expect(found.map(\.program) == ["Service Control Manager", "EventLog"])
    #expect(found.map(\.device) == ["", ""])
  }

  @Test func dateAndClockAreJoinedHoweverTheyAreWritten() {
    let found = events(
      """
      "Nr.";"Datum";"Uhrzeit";"Ereignis";"Rechner"
      "1";"12.11.2026";"10:03:05,123";"STOP";"hmi-3"
      "2";"13.11.2026";"10:03:06,456";"RUN";"hmi-3"

      """)
    #expect(found.map(\.time) == ["2026-11-12T10:03:05.123 (no zone)", "2026-11-13T10:03:06.456 (no zone)"])
    #expect(found.map(\.message) == ["STOP", "RUN"])
    #expect(found.map(\.device) == ["hmi-3", "hmi-3"])
    let beside = events("date,timestamp,device\n2026-11-12,2026-11-12T10:03:05Z,p1\n")
    #expect(beside.map(\.time) == ["2026-11-12T10:03:05Z"])
    let zone = events("time,tz,device\n2026-11-12 10:03:05,+01:00,p1\n")
    #expect(zone.map(\.time) == ["2026-11-12T09:03:05Z"])
    #expect(zone.map(\.fields) == [#"{"tz":"+01:00"}"#])
  }

  @Test func pairsAreJoinedAsWell() {
    let found = events(
      #"date=2026-11-12 time=10:03:05 devid="FGT1" tz="+0100" level="notice" msg="no session""# + "\n"
        + #"<187>date=2026-11-12 time=10:03:06 devid="FGT1" msg="no session""# + "\n"
        + #"date=2026-11-12 time=10:03:07 devid="FGT1" level="notice" msg="no session""# + "\n")
    #expect(
      found.map(\.time) == [
        "2026-11-12T09:03:05Z", "2026-11-12T10:03:06 (no zone)", "2026-11-12T10:03:07 (no zone)",
      ])
    #expect(found.map(\.severity) == [5, 3, 5])
    #expect(found.allSatisfy { $0.fields.contains(#""date":"2026-11-12""#) })
  }

  @Test(arguments: [
    ("21,5", "21.5"), ("-3,25", "-3.25"), ("1.013,25", "1013.25"), ("1.234.567,8", "1234567.8"),
    ("0,5", "0.5"),
    ("3,125", "3.125"), ("007,5", #""007,5""#), ("1,2,3", #""1,2,3""#), ("1.01,5", #""1.01,5""#),
    ("21.5", "21.5"),
    ("4.12.0", #""4.12.0""#), (",5", #"",5""#), ("5,", #""5,""#),
  ]) func commasOfDecimalsAreRead(_ cell: String, _ value: String) {
    let found = events("Zeit;Gerät;Wert\n2026-11-12 10:03:05;p1;\(cell)\n")
    #expect(found.map(\.fields) == [#"{"Wert":\#(value)}"#])
  }

  @Test func aFileWithThousandsApartKeepsItsCommas() {
    let found = events("ts;device;v\n2026-11-12 10:03:05;p1;1,234.5\n2026-11-12 10:03:06;p1;1,234\n")
    #expect(found.map(\.fields) == [#"{"v":"1,234.5"}"#, #"{"v":"1,234"}"#])
    // Between bars only a comma that can be nothing else is one.
    let bars = events(
      "ts|device|v\n2026-11-12 10:03:05|p1|1,234\n2026-11-12 10:03:06|p1|2,5\n2026-11-12 10:03:07|p1|1,234\n")
    #expect(bars.map(\.fields) == [#"{"v":"1,234"}"#, #"{"v":2.5}"#, #"{"v":1.234}"#])
  }
}
