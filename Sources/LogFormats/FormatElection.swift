/// The choice of a source's format from its first lines.
public struct FormatElection: Sendable {
  /// The elected format; nil where no format knows the lines.
  public private(set) var winner: (any LogFormat)?
  /// The other formats, best first, for lines that the winner refuses. Made anew at each call: few sources ask for them.
  public var others: [any LogFormat] { ranked.dropFirst(winner == nil ? 0 : 1).map { formats[$0] } }
  /// True when the bytes are no text: NUL bytes or control characters abound.
  public private(set) var isBinary = false

  /// How the source is cut into records where the winner reads lines.
  let ends: RecordEnds
  /// True where the winner reads what stands behind the `<PRI>` of its lines, and not the lines as they are.
  private(set) var isBehindPriority = false

  /// What each format scored on average per line, in the order of preference, those with 0 left out.
  public var scores: [(name: String, score: Int)] {
    ranked.filter { totals[$0] > 0 }.map { (formats[$0].name, totals[$0] / max(seen, 1)) }
  }

  private let formats: [any LogFormat]
  /// Places in `formats`, best first.
  private let ranked: [Int]
  /// Sum of the scores of all lines, by place in `formats`.
  private let totals: [Int]
  /// Number of lines looked at.
  private let seen: Int

  /// Lines looked at.
  static let lineLimit = 100

  /// Elects from the first bytes of a source. The last line counts only where it is the only one, since it may
  /// be cut.
  /// - Parameter preferred: Names of formats that come before all others where they know the lines.
  public init(formats: [any LogFormat], preferred: Set<String> = [], head: UnsafeRawBufferPointer) {
    let controls = Self.controls(head)
    let ends = RecordEnds(head)
    self.ends = ends
    self.formats = formats
    // Formats are asked where they lie: to copy one costs more than most take to look at a line.
    let poll = formats.withUnsafeBufferPointer { Poll($0, head, ends.framing) }
    let limit = SourceReader.claimThreshold * max(poll.seen, 1)
    let isPreferred = formats.indices.map {
      !preferred.isEmpty && poll.totals[$0] >= limit && preferred.contains(formats[$0].name)
    }
    let ranked =
      formats.indices.filter { poll.totals[$0] > 0 }.sorted {
        if isPreferred[$0] != isPreferred[$1] { return isPreferred[$0] }
        return poll.totals[$0] != poll.totals[$1] ? poll.totals[$0] > poll.totals[$1] : $0 < $1
      } + formats.indices.filter { poll.totals[$0] <= 0 }
    (self.ranked, totals, seen) = (ranked, poll.totals, poll.seen)
    if let best = ranked.first, poll.totals[best] > 0 {
      winner = formats[best]
      isBehindPriority = poll.gains[best] > 0
    }
    // Text with some control characters is text where its lines are records.
    let isClaimed = ranked.first.map { poll.totals[$0] >= Self.claim * max(poll.seen, 1) } ?? false
    isBinary =
      controls != .few && !(controls == .some && isClaimed)
      && !AllFormats.list.contains { $0.isBinary && $0.headScore(head) > 0 }
  }

  /// What all formats make of the first lines.
  private struct Poll {
    /// Sums of scores by format.
    var totals: [Int]
    /// What of them is due to what stands behind a priority.
    var gains: [Int]
    /// Number of lines looked at.
    var seen = 0

    init(_ formats: UnsafeBufferPointer<any LogFormat>, _ head: UnsafeRawBufferPointer, _ framing: Framing) {
      totals = [Int](repeating: 0, count: formats.count)
      gains = totals
      var cursor = RecordCursor(head, framing)
      var stripped: [UInt8] = []
      while seen < FormatElection.lineLimit, let line = cursor.next() {
        if cursor.isAtEnd, !cursor.endedWithNewline, seen > 0 { break }
        if line.isEmpty { continue }
        seen += 1
        if let inner = PriorityPrefix.inner(line) {
          for index in formats.indices {
            let score = formats[index].score(line)
            let gain = formats[index].framing == .lines ? formats[index].score(inner) - score : 0
            totals[index] += max(score, score + gain)
            gains[index] += gain
          }
        } else if AnsiSequences.occur(in: line) {
          AnsiSequences.strip(line, into: &stripped)
          stripped.withUnsafeBytes { plain in
            for index in formats.indices {
              totals[index] += max(formats[index].score(line), formats[index].score(plain))
            }
          }
        } else {
          for index in formats.indices { totals[index] += formats[index].score(line) }
        }
      }
      for index in formats.indices { totals[index] += formats[index].headScore(head) * max(seen, 1) }
    }
  }

  /// Average score of the lines that are records, those of stamped text without a year among them.
  private static let claim = 40

  /// NULs in a row that are a hole: what a power cut, or a log that was emptied while its writer went on, leaves.
  private static let hole = 16

  /// How many of the first bytes are control characters that text does not use.
  enum Controls {
    /// Fewer than a byte in 32.
    case few
    /// Up to a third: binary data, or text into which bytes were written.
    case some
    /// More: no text.
    case many
  }

  /// Counts the control characters outside holes.
  static func controls(_ head: UnsafeRawBufferPointer) -> Controls {
    guard let base = head.baseAddress, !head.isEmpty else { return .few }
    var odd = 0
    var counted = 0
    var at = 0
    while at < head.count, counted < 4096 {
      let byte = head[at]
      at += 1
      guard byte == 0 else {
        counted += 1
        if byte < 0x20, byte != 0x0A, byte != 0x0D, byte != 0x09, byte != 0x1B { odd += 1 }
        continue
      }
      var nuls = 1
      while at < head.count, base.load(fromByteOffset: at, as: UInt8.self) == 0 {
        at += 1
        nuls += 1
      }
      guard nuls < hole else { continue }
      counted += nuls
      odd += nuls
    }
    // Nothing but a hole: text may follow where there is more.
    guard counted > 0 else { return head.count < 64 << 10 ? .many : .few }
    return odd * 32 <= counted ? .few : odd * 3 <= counted ? .some : .many
  }
}

/// Walks over the records of a source's first bytes.
private struct RecordCursor {
  private var lines: LineCursor
  private let bytes: UnsafeRawBufferPointer
  private var framer: RecordFramer
  private var offset = 0

  init(_ bytes: UnsafeRawBufferPointer, _ framing: Framing) {
    self.bytes = bytes
    lines = LineCursor(bytes)
    framer = RecordFramer(framing)
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { offset = 3 }
  }

  var isAtEnd: Bool { framer.framing == .lines ? lines.isAtEnd : offset >= bytes.count }
  /// Records with a framing of their own are as whole as lines with their ends.
  var endedWithNewline: Bool { framer.framing == .octetCounted || lines.endedWithNewline }

  mutating func next() -> UnsafeRawBufferPointer? {
    guard framer.framing != .lines else { return lines.next() }
    let rest = Bytes.part(bytes, offset, bytes.count)
    guard let frame = framer.next(rest, isAtEnd: true), frame.consumed > 0 else { return nil }
    offset += frame.consumed
    return Bytes.part(rest, frame.start, frame.end)
  }
}

/// Walks over lines of a buffer: without LF, without a CR before it, without a leading byte-order mark or NULs. Where there is no LF at
/// all, CR ends a line.
struct LineCursor {
  private let bytes: UnsafeRawBufferPointer
  private let lineEnd: UInt8
  private var offset = 0
  /// True when the line handed out last ended with LF.
  private(set) var endedWithNewline = false

  init(_ bytes: UnsafeRawBufferPointer) {
    self.bytes = bytes
    if bytes.count >= 3, bytes[0] == 0xEF, bytes[1] == 0xBB, bytes[2] == 0xBF { offset = 3 }
    let hasLineFeed = Bytes.find(0x0A, bytes, from: 0, to: bytes.count) < bytes.count
    lineEnd = hasLineFeed ? 0x0A : 0x0D
  }

  /// True when there is no further line.
  var isAtEnd: Bool { offset >= bytes.count }

  mutating func next() -> UnsafeRawBufferPointer? {
    guard offset < bytes.count else { return nil }
    var end = offset
    while end < bytes.count, bytes[end] != lineEnd { end += 1 }
    endedWithNewline = end < bytes.count
    var last = end
    if last > offset, bytes[last - 1] == 0x0D { last -= 1 }
    // A hole before a line is not part of it.
    while offset < last, bytes[offset] == 0 { offset += 1 }
    // Nor is a byte-order mark.
    if last - offset >= 3, bytes[offset] == 0xEF, bytes[offset + 1] == 0xBB, bytes[offset + 2] == 0xBF {
      offset += 3
    }
    let line = UnsafeRawBufferPointer(rebasing: bytes[offset..<last])
    offset = end + 1
    return line
  }
}
