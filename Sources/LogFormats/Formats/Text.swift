/// Text of which nothing is known: every line is an event without time, its message the whole line.
struct TextFormat: LogFormat {
  let name = "text"
  let summary = "any text: each line an event without time"
  let yields: [String] = []
  let samples = [FormatSample("the quick brown fox", time: "none", message: "the quick brown fox")]
  let refusals: [String] = []

  func score(_ line: UnsafeRawBufferPointer) -> Int { 0 }

  func makeParser(_ context: SourceContext) -> any RecordParser { Parser() }

  final class Parser: RecordParser {
    func parse(_ record: UnsafeRawBufferPointer, into reading: inout Reading) -> Verdict {
      reading.reset()
      if Bytes.isBlank(record) { return .blank }
      reading.message = .record(0, record.count)
      return .event
    }
  }
}
