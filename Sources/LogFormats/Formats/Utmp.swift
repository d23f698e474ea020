/// utmp, wtmp and btmp with records of 384 bytes.
struct UtmpFormat: LogFormat {
  let name = "utmp"
  let summary = "utmp, wtmp, btmp: binary login records of 384 bytes"
  let yields = ["time", "user", "terminal", "host", "address", "pid"]
  let framing = Framing.fixed(384)
  let isBinary = true
  let samples = [FormatSample(String(repeating: "\0", count: 384), verdict: .structure)]
  let refusals = ["short"]

  func score(_ line: UnsafeRawBufferPointer) -> Int { 0 }

  func headScore(_ head: UnsafeRawBufferPointer) -> Int {
    Self.headScore(head, UtmpLayout(size: 384, isWide: false))
  }

  /// 60 to 95 where at least half of the first records make sense in one byte order, by how many do. Empty records
  /// say nothing: zeros abound in any binary file.
  static func headScore(_ head: UnsafeRawBufferPointer, _ layout: UtmpLayout) -> Int {
    let records = min(head.count / layout.size, 16)
    guard records > 0 else { return 0 }
    var best = 0
    for order in [false, true] {
      var good = 0
      var filled = 0
      for index in 0..<records {
        let record = UnsafeRawBufferPointer(rebasing: head[index * layout.size..<(index + 1) * layout.size])
        guard !layout.isEmpty(record) else { continue }
        filled += 1
        if layout.isPlausible(record, bigEndian: order) { good += 1 }
      }
      if good > 0, good * 2 >= filled { best = max(best, 60 + 35 * good / filled) }
    }
    return best
  }

  func makeParser(_ context: SourceContext) -> any RecordParser {
    UtmpParser(UtmpLayout(size: 384, isWide: false))
  }
}
