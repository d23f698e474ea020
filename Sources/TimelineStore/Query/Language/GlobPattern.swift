/// A text with wildcards: `*` is any run of characters, `?` is one character. Everything else stands for itself.
public struct GlobPattern: Hashable, Sendable {
  /// A piece of a pattern.
  public enum Piece: Hashable, Sendable {
    /// These characters, exactly.
    case literal(String)
    /// Any run of characters, also none.
    case anyRun
    /// Exactly one character (one Unicode scalar, or one byte that is not UTF-8).
    case anyOne
  }
  /// The pieces in order. Literals are never empty and never adjacent; runs are never adjacent.
  public private(set) var pieces: [Piece]

  /// A pattern from pieces, brought into normal form.
  public init(pieces: [Piece]) {
    self.pieces = []
    for piece in pieces {
      switch (self.pieces.last, piece) {
      case (_, .literal("")), (.anyRun, .anyRun): continue
      case (.literal(let a), .literal(let b)): self.pieces[self.pieces.count - 1] = .literal(a + b)
      default: self.pieces.append(piece)
      }
    }
  }

  /// The pattern that only this text matches.
  public init(literal: String) { self.init(pieces: [.literal(literal)]) }

  /// A pattern from text in which `*` and `?` are wildcards.
  public init(wildcards text: String) {
    self.init(pieces: text.map { $0 == "*" ? .anyRun : $0 == "?" ? .anyOne : .literal(String($0)) })
  }

  /// The text, when there is no wildcard in the pattern.
  public var literal: String? {
    switch (pieces.count, pieces.first) {
    case (0, _): ""
    case (1, .literal(let text)): text
    default: nil
    }
  }

  /// True when everything matches: `*`.
  public var matchesEverything: Bool { pieces == [.anyRun] }

  /// The pattern that matches wherever this one matches somewhere inside a text.
  public var unanchored: GlobPattern { GlobPattern(pieces: [.anyRun] + pieces + [.anyRun]) }

  /// The characters that every match begins with.
  public var prefix: String {
    if case .literal(let text)? = pieces.first { text } else { "" }
  }

  /// The literal runs of the pattern, each of which occurs in every match.
  public var literals: [String] {
    pieces.compactMap { if case .literal(let text) = $0 { text } else { nil } }
  }
}

/// A `GlobPattern` made ready to be tested on bytes. Linear in the text for patterns with one run; never worse than
/// text × pattern.
struct GlobMatcher: Sendable {
  /// 256 and 257 stand for the wildcards.
  private var codes: [UInt16] = []
  private let foldsCase: Bool
  /// Set when the pattern is `*literal*`: a plain search.
  private let needle: BytePattern?

  private static let run: UInt16 = 256
  private static let one: UInt16 = 257

  /// - Parameter foldsCase: a to z and A to Z are the same; no other characters are.
  init(_ pattern: GlobPattern, foldsCase: Bool) {
    self.foldsCase = foldsCase
    for piece in pattern.pieces {
      switch piece {
      case .literal(let text): codes += text.utf8.map { UInt16(foldsCase ? $0.asciiLowercased : $0) }
      case .anyRun: codes.append(Self.run)
      case .anyOne: codes.append(Self.one)
      }
    }
    if pattern.pieces.count == 3, pattern.pieces[0] == .anyRun, pattern.pieces[2] == .anyRun,
      case .literal(let text) = pattern.pieces[1]
    {
      needle = BytePattern(text, foldsCase: foldsCase)
    } else {
      needle = nil
    }
  }

  /// True when the whole of `text` fits the pattern.
  func matches(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    if let needle { return needle.isContained(in: text) }
    return codes.withUnsafeBufferPointer { matches(text, $0) }
  }

  private func matches(_ text: UnsafeBufferPointer<UInt8>, _ codes: UnsafeBufferPointer<UInt16>) -> Bool {
    var t = 0
    var c = 0
    var retryText = -1
    var retryCode = -1
    while t < text.count {
      if c < codes.count {
        let code = codes[c]
        if code == Self.run {
          c += 1
          (retryText, retryCode) = (t, c)
          continue
        }
        if code == Self.one {
          c += 1
          t += Self.scalarLength(text, t)
          continue
        }
        if code == UInt16(foldsCase ? text[t].asciiLowercased : text[t]) {
          c += 1
          t += 1
          continue
        }
      }
      guard retryCode >= 0 else { return false }
      retryText += Self.scalarLength(text, retryText)
      (t, c) = (retryText, retryCode)
    }
    while c < codes.count, codes[c] == Self.run { c += 1 }
    return c == codes.count
  }

  func matches(_ text: String) -> Bool {
    var text = text
    return text.withUTF8 { matches($0) }
  }

  /// Bytes of the scalar at `at`; 1 where the bytes are not well-formed enough to tell.
  private static func scalarLength(_ text: UnsafeBufferPointer<UInt8>, _ at: Int) -> Int {
    let lead = text[at]
    let length = lead < 0xc2 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 1
    guard at + length <= text.count else { return 1 }
    for i in 1..<max(1, length) where text[at + i] & 0xc0 != 0x80 { return 1 }
    return length
  }
}

extension UInt8 {
  /// A to Z as a to z, everything else as it is.
  @inline(__always) var asciiLowercased: UInt8 { self &- 0x41 < 26 ? self | 0x20 : self }
}
