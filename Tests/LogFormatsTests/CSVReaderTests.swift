@testable import LogFormats
import Testing

@Suite struct CSVReaderTests {
  private func rows(_ text: String) throws -> [[String]] {
    var reader = CSVReader(Array(text.utf8))
    var rows: [[String]] = []
    while let row = try reader.next() { rows.append(row) }
    return rows
  }

  @Test func readsQuotesDelimitersAndLineEnds() throws {
    #expect(try rows("a,b\r\n1,\"x,\"\"y\"\"\nz\"\n\n,\n") == [["a", "b"], ["1", "x,\"y\"\nz"], ["", ""]])
    #expect(try rows("\u{FEFF}a;b\n1;2") == [["a", "b"], ["1", "2"]])
    #expect(try rows("") == [])
  }

  @Test func saysWhereATableIsBroken() {
    #expect(throws: CSVReader.Failure(line: 3, reason: "a quoted cell is not closed")) {
      try rows("a,b\n1,2\n3,\"x\ny\n")
    }
    #expect(throws: CSVReader.Failure(line: 2, reason: "text follows a closing quote")) {
      try rows("a,b\n\"1\"x,2\n")
    }
  }

  /// One broken row in a small table is refused; the table stays a table.
  @Test(arguments: [
    ("time,device,msg\n2026-04-07T09:00:00Z,a,x\n2026-04-07T09:00:01Z,b,y\n2026-04-07T09:00:02Z,c\n", 2, 1),
    ("time,device,msg\n2026-04-07T09:00:00Z,a,x\n2026-04-07T09:00:01Z,b,\"two\nlines\"\n", 2, 0),
  ]) func aBrokenRowCostsNoHeader(_ text: String, _ events: Int, _ refused: Int) {
    let trial = Array(text.utf8).withUnsafeBytes { FormatTrial(catalog: FormatCatalog(), bytes: $0) }
    #expect(trial.elected == "csv")
    #expect(trial.rows.filter { $0.verdict == "event" && !$0.device.isEmpty }.count == events)
    #expect(trial.rows.filter { $0.verdict.hasPrefix("refused") }.count == refused)
  }

  @Test func proseWithCommasIsNoTable() {
    let text = "Hello, world\nthe time, of day\nno commas\na, b, c\n"
    let trial = Array(text.utf8).withUnsafeBytes { FormatTrial(catalog: FormatCatalog(), bytes: $0) }
    #expect(trial.elected != "csv")
  }
}
