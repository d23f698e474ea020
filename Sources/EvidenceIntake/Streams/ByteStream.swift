/// How a stretch of bytes ends.
enum StretchEnd: Sendable {
  /// More of the same follows, or the end.
  case none
  /// Bytes are missing here; all before them are right. What follows, if anything, starts anew.
  case cut
  /// As `cut`, but what follows begins wherever the gap ends, mostly inside a line.
  case torn
  /// As `cut`, but some of the bytes handed on last may be wrong too: the damage was noticed late.
  case corrupt
}

/// What one read gave.
struct Stretch: Sendable {
  var count: Int
  var end = StretchEnd.none
  /// Nothing more will come.
  var isLast: Bool { count == 0 && end == .none }
}

/// Bytes front to back, pulled by whoever needs them. Used by one thread at a time.
protocol ByteStream: AnyObject {
  /// Puts the next bytes into `target`. Zero bytes without a gap is the end.
  func read(into target: UnsafeMutableRawBufferPointer) throws(IntakeError) -> Stretch
}
