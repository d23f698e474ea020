/// The patterns of a definition, tried in order.
struct PatternList: Sendable {
  let patterns: [BytePattern]
  private let all: [UInt16]
  private let byFirstByte: [[UInt16]]

  /// - Parameter passesOver: Looks at how each pattern may begin, once for all sources. It costs compiling each again, so it is
  ///   for definitions that are tried at every message of a program; others are tried where their source was elected.
  init(_ patterns: [BytePattern], passesOver: Bool) {
    self.patterns = patterns
    all = patterns.indices.map { UInt16($0) }
    guard passesOver else {
      byFirstByte = []
      return
    }
    let firstBytes = patterns.map(\.firstBytes)
    byFirstByte = (0..<256).map { byte in
      patterns.indices.filter { firstBytes[$0]?[byte] ?? true }.map { UInt16($0) }
    }
  }

  /// The patterns that may match a record with this first byte, in order, as places in `patterns`.
  @inline(__always) func withCandidates(_ first: UInt8, _ body: (UnsafeBufferPointer<UInt16>) -> Void) {
    if byFirstByte.isEmpty { return all.withUnsafeBufferPointer(body) }
    byFirstByte.withUnsafeBufferPointer { $0[Int(first)].withUnsafeBufferPointer(body) }
  }
}
