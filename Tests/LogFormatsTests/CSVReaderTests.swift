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
}
