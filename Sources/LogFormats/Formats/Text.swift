/// Text of which nothing is known: every line is an event without time, its message the whole line; a severity word that it begins with
/// counts. Bytes among the lines that are no text are refused: they are counted, and shown with that reason.
struct TextFormat: LogFormat {
  let name = "text"
  let summary = "any text: each line an event without time"
  let yields = ["severity", "program in Python's 'LEVEL:logger:text'"]
  let samples = [
    FormatSample("the quick brown fox", time: "none", message: "the quick brown fox"),
    FormatSample("\u{07}bell\tand \u{1B}[31mcolour\u{1B}[0m", time: "none"),
    FormatSample(
      "ERROR:fleet.ota:update failed", time: "none", severity: 3, program: "fleet.ota",
      message: "update failed"),
    FormatSample("Warning: slow", time: "none", severity: 4, message: "Warning: slow"),
    FormatSample("(c) 2026 by nobody", time: "none", severity: 255),
    FormatSample("\0\0\0\0\0\0\0\0behind a power cut", time: "none"),
  ]
  let refusals = ["\u{7F}EL\u{01}\u{02}\u{01}\0\0\0", "\u{01}\u{03}\u{15}\u{19}ab"]

  func score(_ line: UnsafeRawBufferPointer) -> Int { 0 }

  func makeParser(_ context: SourceContext) -> any RecordParser { Parser() }

  final class Parser: RecordParser {
    func parse(_ record: UnsafeRawBufferPointer, into reading: inout Reading) -> Verdict {
      reading.reset()
      if Bytes.isBlank(record) { return .blank }
      if TextLine.isNoText(record) { return .refused(.binary) }
      reading.message = .record(0, record.count)
      if let found = HeaderLevel.first(record) {
        reading.severity = found.severity
        if !found.name.isEmpty {
          reading.program = found.name
          reading.message = .record(found.end, record.count &- found.end)
        }
      }
      return .event
    }
  }
}
