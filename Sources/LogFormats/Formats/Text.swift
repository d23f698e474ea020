/// Text of which nothing is known: every line is an event without time, its message the whole line. Bytes among the lines that are
/// no text are refused: they are counted, and shown with that reason.
struct TextFormat: LogFormat {
  let name = "text"
  let summary = "any text: each line an event without time"
  let yields: [String] = []
  let samples = [
    FormatSample("the quick brown fox", time: "none", message: "the quick brown fox"),
    FormatSample("\u{07}bell\tand \u{1B}[31mcolour\u{1B}[0m", time: "none"),
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
      return .event
    }
  }
}
