/// A search in messages, with what can be said of whole templates beforehand.
final class TextMatcher: Sendable {
  /// What is known of all messages of a template.
  enum Verdict: Sendable {
    /// Every one fits, or none does.
    case settled(Bool)
    /// A message fits when one of its variables, as stored, holds the text: it cannot reach over their borders.
    case inVariables
    /// The message must be put together.
    case inMessage
  }

  private let glob: GlobMatcher
  /// The text, where there are no wildcards and it may stand anywhere.
  private let needle: BytePattern?
  /// By template ordinal.
  private let verdicts: [Verdict]

  init(_ place: QueryPredicate.TextPlace, _ pattern: GlobPattern, rebuilder: MessageRebuilder) {
    let glob = GlobMatcher(place == .contains ? pattern.unanchored : pattern, foldsCase: place == .contains)
    let needle = place == .contains ? pattern.literal.map { BytePattern($0, foldsCase: true) } : nil
    self.glob = glob
    self.needle = needle
    let screen = needle.map { ConstantScreen($0) }
    verdicts = rebuilder.parts.map { parts in
      guard let parts else { return .settled(false) }
      if parts.constants.count == 1 {
        return .settled(parts.constants[0].withUnsafeBufferPointer { glob.matches($0) })
      }
      guard place == .contains else { return .inMessage }
      if let screen, screen.isStoredAsItIs, !screen.mayTouch(parts.constants) { return .inVariables }
      // What one constant part holds, every message of the template holds.
      if parts.constants.contains(where: { $0.withUnsafeBufferPointer { glob.matches($0) } }) {
        return .settled(true)
      }
      guard let needle, !Self.canCrossBorders(needle.bytes, parts.constants) else { return .inMessage }
      return .inVariables
    }
  }

  /// False when no occurrence of a text (in lower case) can lie partly in a constant part and partly in a variable, and
  /// the text is stored in variables as it is.
  static func canCrossBorders(_ needle: [UInt8], _ constants: [[UInt8]]) -> Bool {
    guard ConstantScreen.isStoredAsItIs(needle) else { return true }
    for (index, constant) in constants.enumerated() {
      let folded = constant.map(\.asciiLowercased)
      // From the end of a constant into the variable behind it.
      if index < constants.count - 1 {
        for length in 1..<max(1, min(needle.count, folded.count + 1))
        where folded.suffix(length).elementsEqual(needle.prefix(length)) {
          return true
        }
      }
      // From a variable into the beginning of the constant behind it, and perhaps beyond.
      if index > 0 {
        for length in 1..<max(1, needle.count) {
          let rest = needle.dropFirst(length)
          let common = min(rest.count, folded.count)
          if rest.prefix(common).elementsEqual(folded.prefix(common)),
            rest.count <= folded.count || index < constants.count - 1
          {
            return true
          }
        }
      }
    }
    return false
  }

  func verdict(template: Int64) -> Verdict {
    template >= 0 && template < Int64(verdicts.count) ? verdicts[Int(template)] : .settled(false)
  }

  func matches(_ message: UnsafeBufferPointer<UInt8>) -> Bool {
    needle?.isContained(in: message) ?? glob.matches(message)
  }

  /// A filter that lets every page through on which a row can fit; nil where a row can fit without holding the text.
  var pageFilter: PageFilter? {
    guard let needle, !needle.bytes.isEmpty else { return nil }
    for verdict in verdicts {
      switch verdict {
      case .settled(false), .inVariables: continue
      case .settled(true), .inMessage: return nil
      }
    }
    return PageFilter(needle.bytes)
  }
}

/// Says of most templates at a glance that a text can neither stand in one of their constant parts nor reach into one.
struct ConstantScreen {
  /// A bit for each byte of the text, letters in either case.
  private var bytes: SIMD4<UInt64> = .zero
  private let needle: BytePattern
  /// False where variables hold the text otherwise than it is written.
  let isStoredAsItIs: Bool

  /// - Parameter needle: In lower case.
  init(_ needle: BytePattern) {
    self.needle = needle
    isStoredAsItIs = Self.isStoredAsItIs(needle.bytes)
    for byte in needle.bytes { bytes[Int(byte >> 6)] |= 1 << UInt64(byte & 63) }
  }

  /// True when nothing of a text is escaped in stored variables, or divides them.
  static func isStoredAsItIs(_ needle: [UInt8]) -> Bool {
    !needle.contains { $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\\") || $0 == 9 }
  }

  private func has(_ byte: UInt8) -> Bool {
    let byte = byte.asciiLowercased
    return bytes[Int(byte >> 6)] >> UInt64(byte & 63) & 1 != 0
  }

  /// False where the text stands in no constant part and no message has it lie partly in one: for that, the part would
  /// have to begin or end with a byte of the text, or be empty, between two variables.
  func mayTouch(_ constants: [[UInt8]]) -> Bool {
    let last = constants.count - 1
    for index in 0...max(0, last) {
      let isTouched = constants[index].withUnsafeBufferPointer { constant in
        guard let first = constant.first, let end = constant.last else { return index > 0 && index < last }
        return (index > 0 && has(first)) || (index < last && has(end))
          || (constant.count >= needle.bytes.count && needle.isContained(in: constant))
      }
      if isTouched { return true }
    }
    return false
  }
}
