/// What surrounds the elements of a JSON document that is too large to be one record: `{"Records":[`, `{"decode":{`,
/// `{"version":2,"runs":[`. Elements are the objects in the list or map that makes the document large, whatever it is called;
/// what stands around them is structure.
struct JSONShell: Sendable {
  /// Brackets that are open.
  private var depth: Int
  /// Objects that begin inside as many brackets, or more, are elements.
  private let elementDepth: Int
  /// Which of the open brackets are those of lists, a bit each by its depth.
  private var lists: UInt64 = 0
  /// An element was gone into because of its size: rows that are lists in a list are elements there, too.
  private var isEntered = false

  private init(depth: Int, elementDepth: Int) {
    self.depth = depth
    self.elementDepth = elementDepth
  }

  /// Bytes of a document from which on it is read element by element; honest single events are smaller.
  static let size = 64 << 10
  /// Bytes from which on it is, even where members beside the large one make it look like an event: it would be cut.
  static let certainSize = 512 << 10

  /// What a stretch of a shell is.
  enum Part: Equatable {
    /// So many bytes that belong to no element.
    case structure(Int)
    /// An element, or `"name": element`, whose object begins at this offset.
    case element(Int)
    /// More bytes are needed to tell.
    case unknown
  }

  /// The shell that the document at the beginning of these bytes begins with, and the offset behind its last opening bracket.
  /// Nil where it is one record: it ends within `size` bytes, or what makes it large is no list or map of objects.
  static func opening(_ bytes: UnsafeRawBufferPointer) -> (shell: JSONShell, end: Int)? {
    guard bytes.count >= size, bytes[0] == 0x7B else { return nil }
    // Looked at in two fixed stretches, so that it does not matter how many bytes happen to be at hand.
    let head = UnsafeRawBufferPointer(rebasing: bytes[..<size])
    if JSONText.bracketEnd(head, from: 0) != nil { return nil }
    if let first = JSONWrapper.openElement(head, at: 0) {
      return (JSONShell(depth: 2, elementDepth: 2), first)
    }
    if let found = descend(head, acceptsScalars: false) { return found }
    guard bytes.count >= certainSize else { return nil }
    let more = UnsafeRawBufferPointer(rebasing: bytes[..<certainSize])
    return JSONText.bracketEnd(more, from: 0) == nil ? descend(more, acceptsScalars: true) : nil
  }

  /// Goes into the container that does not end in the bytes, again and again, down to a list or map of objects.
  private static func descend(
    _ bytes: UnsafeRawBufferPointer, acceptsScalars: Bool
  ) -> (shell: JSONShell, end: Int)? {
    var at = 0
    for depth in 1...8 {
      let inside = at + 1
      func found() -> (shell: JSONShell, end: Int) { (JSONShell(depth: depth, elementDepth: depth), inside) }
      if bytes[at] == 0x5B {
        let first = JSONText.skipSpace(bytes, from: inside)
        guard first < bytes.count else { return nil }
        if bytes[first] == 0x7B { return found() }
        guard bytes[first] == 0x5B else { return nil }
        at = first
        continue
      }
      var objects = 0
      var scalars = 0
      var next: Int?
      var i = JSONText.skipSpace(bytes, from: inside)
      while next == nil {
        guard let value = JSONText.memberValue(bytes, i) else { break }
        switch bytes[value] {
        case 0x7B, 0x5B:
          if let end = JSONText.bracketEnd(bytes, from: value) {
            if bytes[value] == 0x7B { objects += 1 }
            i = end
          } else if objects >= 2, bytes.count - value < bytes.count / 2 {
            return acceptsScalars || scalars == 0 ? found() : nil
          } else {
            next = value
          }
        case 0x22:
          var escaped = false
          let end = JSONText.stringEnd(bytes, from: value + 1, escaped: &escaped)
          guard end >= 0 else {
            return objects >= 2 && (acceptsScalars || scalars == 0) ? found() : nil
          }
          scalars += 1
          i = end + 1
        default:
          scalars += 1
          i = value
          while i < bytes.count, bytes[i] != 0x2C, bytes[i] != 0x7D { i += 1 }
        }
        guard next == nil else { break }
        i = JSONText.skipSpace(bytes, from: i)
        guard i < bytes.count, bytes[i] == 0x2C else { break }
        i = JSONText.skipSpace(bytes, from: i + 1)
      }
      guard acceptsScalars || scalars == 0 else { return nil }
      guard let inner = next else { return objects >= 2 ? found() : nil }
      at = inner
    }
    return nil
  }

  /// True once the last bracket is closed.
  var isClosed: Bool { depth <= 0 }

  /// What the bytes begin with, which follow what was asked last; the shell moves on behind a stretch of structure. A stretch of
  /// no bytes: they are broken.
  mutating func part(_ bytes: UnsafeRawBufferPointer, isAtEnd: Bool) -> Part {
    var i = 0
    /// What was gone through so far, where the rest cannot be told yet.
    func pending() -> Part { i > 0 ? .structure(i) : isAtEnd ? .structure(bytes.count) : .unknown }
    while i < bytes.count, depth > 0 {
      switch bytes[i] {
      case 0x7B:
        if depth >= elementDepth { return i == 0 ? .element(0) : .structure(i) }
        // Beside the elements' container: more of them, or a few facts about the document.
        let inner = JSONText.skipSpace(bytes, from: i + 1)
        if inner == bytes.count, !isAtEnd { return pending() }
        if depth == elementDepth - 1, let value = JSONText.memberValue(bytes, inner), bytes[value] == 0x7B {
          open(isList: false)
          i += 1
          continue
        }
        let near = UnsafeRawBufferPointer(rebasing: bytes[..<min(bytes.count, i + Self.size)])
        if let end = JSONText.bracketEnd(near, from: i) {
          i = end
        } else if bytes.count - i >= Self.size || isAtEnd {
          open(isList: false)
          i += 1
        } else {
          return pending()
        }
      case 0x5B:
        if isEntered, depth >= elementDepth, lists &>> UInt64(depth & 63) & 1 != 0 {
          return i == 0 ? .element(0) : .structure(i)
        }
        open(isList: true)
        i += 1
      case 0x7D, 0x5D:
        depth -= 1
        i += 1
      case 0x22:
        var escaped = false
        let end = JSONText.stringEnd(bytes, from: i + 1, escaped: &escaped)
        // A string that is broken ends the shell: what follows is told anew.
        guard end >= 0 else {
          if JSONText.mayGoOn(bytes, from: i + 1), !isAtEnd { return pending() }
          depth = 0
          return .structure(i)
        }
        if depth >= elementDepth {
          let colon = JSONText.skipSpace(bytes, from: end + 1)
          let value = JSONText.skipSpace(bytes, from: colon + 1)
          if !isAtEnd, value >= bytes.count { return pending() }
          if value < bytes.count, bytes[colon] == 0x3A, bytes[value] == 0x7B {
            return i == 0 ? .element(value) : .structure(i)
          }
        }
        i = end + 1
      default: i += 1
      }
    }
    return .structure(i)
  }

  /// An element that is too large itself is gone into: its objects are elements then, and the rows of a list of lists.
  mutating func enter() {
    open(isList: false)
    isEntered = true
  }

  private mutating func open(isList: Bool) {
    depth += 1
    let bit: UInt64 = 1 << UInt64(depth & 63)
    if isList { lists |= bit } else { lists &= ~bit }
  }
}

extension JSONText {
  /// Offset of the value of the member whose name begins here; nil where the bytes do not hold that much.
  static func memberValue(_ bytes: UnsafeRawBufferPointer, _ start: Int) -> Int? {
    guard start < bytes.count, bytes[start] == 0x22 else { return nil }
    var escaped = false
    let end = stringEnd(bytes, from: start + 1, escaped: &escaped)
    guard end >= 0 else { return nil }
    let colon = skipSpace(bytes, from: end + 1)
    guard colon < bytes.count, bytes[colon] == 0x3A else { return nil }
    let value = skipSpace(bytes, from: colon + 1)
    return value < bytes.count ? value : nil
  }

  /// Offset behind the bracket that closes the one at `start`: brackets are counted, strings are skipped. Nil where the bytes end
  /// before.
  static func bracketEnd(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Int? {
    var depth = 0
    var i = start
    while i < bytes.count {
      switch bytes[i] {
      case 0x7B, 0x5B: depth += 1
      case 0x7D, 0x5D:
        depth -= 1
        if depth == 0 { return i + 1 }
      case 0x22:
        i += 1
        while i < bytes.count, bytes[i] != 0x22 { i += bytes[i] == 0x5C ? 2 : 1 }
      default: break
      }
      i += 1
    }
    return nil
  }

  /// True where a string that does not end in the bytes may end behind them: no control character is in it.
  static func mayGoOn(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Bool {
    bytes[start...].allSatisfy { $0 >= 0x20 }
  }
}
