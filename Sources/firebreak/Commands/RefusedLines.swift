import ConsoleOutput
import IncidentModel
import LogFormats
import TimelineStore

/// The lines that no format could read; `firebreak sources --refused`.
enum RefusedLines {
  private static let keys = ["source", "line", "byte_offset", "byte_length", "reason", "excerpt"]
  /// Bytes of a line that are shown.
  private static let shown = 200

  /// Writes the first `limit` lines in the order of the evidence. Exit code 1 where there are none.
  static func write(_ reader: CaseReader, limit: Int, as format: OutputFormat) throws {
    let isTable = format == .table
    let lines = try reader.refusedLines(after: 0, limit: limit + 1)
    guard !lines.isEmpty else {
      if isTable { Console.note("no line was refused") }
      throw ExitStatus.no
    }
    var rows = ResultRows(
      schema: "firebreak.refused-lines/1",
      columns: isTable
        ? [
          .init("source", wraps: true), .init("line", alignsRight: true), .init("because", wraps: true),
          .init("beginning", wraps: true),
        ] : keys.map { .init($0) }, keys: keys)
    rows.extra = [("case", .string(reader.path))]
    for line in lines.prefix(limit) {
      let text = excerpt(line.excerpt, isText: line.reason != Refusal.binary.code)
      let name = line.place.name
      rows.rows.append(
        isTable
          ? [.string(name), .int(line.line), .string(Self.words(line.reason)), .string(text)]
          : [
            .string(name), .int(line.line), .int(line.byteOffset), .int(line.byteLength),
            .string(line.reason),
            .string(text),
          ])
    }
    rows.write(as: format)
    if lines.count > limit { Console.note("there are more: --limit \(limit * 10)") }
  }

  /// A reason's code with what it means.
  private static func words(_ code: String) -> String {
    guard let refusal = Refusal.allCases.first(where: { $0.code == code }) else { return code }
    return "\(code): \(refusal.words)"
  }

  /// The beginning of a line as text, secrets masked; of bytes that are none, how they begin.
  private static func excerpt(_ bytes: [UInt8], isText: Bool) -> String {
    let beginning = bytes.prefix(shown)
    let strange = beginning.count { $0 < 0x20 && $0 != 0x09 || $0 == 0x7F }
    if !isText || strange * 8 > beginning.count {
      let hex = beginning.prefix(16).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(
        separator: " ")
      return "bytes \(hex)" + (bytes.count > 16 ? " …" : "")
    }
    return Masking(isOn: true)(String(decoding: beginning, as: UTF8.self)) + (bytes.count > shown ? " …" : "")
  }
}
