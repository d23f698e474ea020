import ArgumentParser
import ConsoleOutput

/// How a result is written.
enum OutputFormat: String, CaseIterable, ExpressibleByArgument {
  case table, json, jsonl, csv
}

/// How a result is written that is no list of rows.
enum DocumentFormat: String, CaseIterable, ExpressibleByArgument {
  case table, json
}

/// Rows to be written in any of the formats.
struct ResultRows {
  /// What the rows are, for `"schema": "firebreak.<what>/1"`.
  let schema: String
  let columns: [TextTable.Column]
  /// Keys of the JSON members and of the CSV header, one per column.
  let keys: [String]
  /// One value per column.
  var rows: [[JSONValue]] = []
  /// Members of the JSON document beside `rows`.
  var extra: [(String, JSONValue)] = []

  /// Writes the rows to standard output.
  func write(as format: OutputFormat) {
    switch format {
    case .table:
      var table = TextTable(columns)
      for row in rows { table.append(row.map(\.cellText)) }
      Console.print(table)
    case .json:
      let objects = rows.map { JSONValue.object(Array(zip(keys, $0))) }
      let document: JSONValue = .object([("schema", .string(schema))] + extra + [("rows", .array(objects))])
      Console.print(document.prettyText())
    case .jsonl:
      for row in rows { Console.print(JSONValue.object(Array(zip(keys, row))).text()) }
    case .csv:
      Console.print(DelimitedText.line(keys))
      for row in rows { Console.print(DelimitedText.line(row.map(\.cellText))) }
    }
  }
}

extension JSONValue {
  /// The value as a cell of a table: strings without quotes, null as nothing.
  var cellText: String {
    switch self {
    case .null: ""
    case .string(let text): text
    default: text()
    }
  }
}
