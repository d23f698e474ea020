/// utmp, wtmp and btmp with records of 400 bytes (64-bit time: aarch64, s390x and others).
struct Utmp64Format: LogFormat {
  let name = "utmp64"
  let summary = "utmp, wtmp, btmp: binary login records of 400 bytes (aarch64, s390x)"
  let yields = ["time", "user", "terminal", "host", "address", "pid"]
  let framing = Framing.fixed(400)
  let isBinary = true
  let samples = [FormatSample(String(repeating: "\0", count: 400), verdict: .structure)]
  let refusals = ["short"]

  func score(_ line: UnsafeRawBufferPointer) -> Int { 0 }

  func headScore(_ head: UnsafeRawBufferPointer) -> Int {
    UtmpFormat.headScore(head, UtmpLayout(size: 400, isWide: true))
  }

  func makeParser(_ context: SourceContext) -> any RecordParser {
    UtmpParser(UtmpLayout(size: 400, isWide: true))
  }
}
