/// A strict JSON reader (RFC 8259) that keeps lines, the order of members, and every duplicate name.
struct JSONReader {
  private let bytes: ArraySlice<UInt8>
  private var position: Int
  private var line = 1
  private var lineStart: Int
  /// Duplicate names.
  private(set) var findings: [Finding] = []
  /// Nesting that is still accepted: far beyond any playbook, far below the stack's end.
  private static let maximumDepth = 200

  init(_ bytes: ArraySlice<UInt8>) {
    self.bytes = bytes
    position = bytes.startIndex
    lineStart = bytes.startIndex
  }

  /// Reads the whole input as one value.
  mutating func document() throws(DocumentSyntaxError) -> DocumentNode {
    let root = try value(.root, depth: 0)
    skipSpace()
    if position < bytes.endIndex { throw fault("there is more text after the document's end") }
    return root
  }

  private func fault(_ reason: String) -> DocumentSyntaxError {
    DocumentSyntaxError(line: line, column: position - lineStart + 1, reason: reason)
  }

  private func peek() -> UInt8? { position < bytes.endIndex ? bytes[position] : nil }

  private mutating func skipSpace() {
    while let byte = peek() {
      switch byte {
      case 0x0A:
        position += 1
        line += 1
        lineStart = position
      case 0x20, 0x09, 0x0D: position += 1
      default: return
      }
    }
  }

  private mutating func value(_ pointer: DocumentPointer, depth: Int) throws(DocumentSyntaxError)
    -> DocumentNode
  {
    guard depth < Self.maximumDepth else { throw fault("nested more than \(Self.maximumDepth) deep") }
    skipSpace()
    let start = line
    guard let byte = peek() else { throw fault("the document ends where a value should be") }
    switch byte {
    case UInt8(ascii: "{"): return DocumentNode(.object(try object(pointer, depth)), line: start)
    case UInt8(ascii: "["): return DocumentNode(.array(try array(pointer, depth)), line: start)
    case UInt8(ascii: "\""): return DocumentNode(.string(try string()), line: start)
    case UInt8(ascii: "t"): return DocumentNode(try word("true", .bool(true)), line: start)
    case UInt8(ascii: "f"): return DocumentNode(try word("false", .bool(false)), line: start)
    case UInt8(ascii: "n"): return DocumentNode(try word("null", .null), line: start)
    default: return DocumentNode(.number(try number()), line: start)
    }
  }

  private mutating func word(
    _ text: String, _ value: DocumentNode.Value
  ) throws(DocumentSyntaxError) -> DocumentNode.Value {
    guard bytes[position...].starts(with: text.utf8) else { throw fault("expected a value") }
    position += text.utf8.count
    return value
  }

  private mutating func object(
    _ pointer: DocumentPointer, _ depth: Int
  ) throws(DocumentSyntaxError) -> [DocumentNode.Member] {
    position += 1
    var members: [DocumentNode.Member] = []
    var lineOfName: [String: Int] = [:]
    skipSpace()
    if peek() == UInt8(ascii: "}") {
      position += 1
      return members
    }
    while true {
      skipSpace()
      guard peek() == UInt8(ascii: "\"") else { throw fault("expected a member's name in double quotes") }
      let nameLine = line
      let name = try string()
      let here = pointer.appending(name)
      if let earlier = lineOfName[name] {
        findings.append(
          Finding(
            pointer: here.description, line: nameLine, rule: "encoding.duplicate-name", level: .error,
            message: "the name '\(name)' stands twice in one object (first on line \(earlier)); "
              + "parsers differ in which one they take"))
      }
      lineOfName[name] = nameLine
      skipSpace()
      guard peek() == UInt8(ascii: ":") else { throw fault("expected ':' after the name '\(name)'") }
      position += 1
      members.append(.init(name: name, line: nameLine, value: try value(here, depth: depth + 1)))
      skipSpace()
      switch peek() {
      case UInt8(ascii: ","): position += 1
      case UInt8(ascii: "}"):
        position += 1
        return members
      default: throw fault("expected ',' or '}' after the value of '\(name)'")
      }
    }
  }

  private mutating func array(
    _ pointer: DocumentPointer, _ depth: Int
  ) throws(DocumentSyntaxError) -> [DocumentNode] {
    position += 1
    var items: [DocumentNode] = []
    skipSpace()
    if peek() == UInt8(ascii: "]") {
      position += 1
      return items
    }
    while true {
      items.append(try value(pointer.appending(items.count), depth: depth + 1))
      skipSpace()
      switch peek() {
      case UInt8(ascii: ","): position += 1
      case UInt8(ascii: "]"):
        position += 1
        return items
      default: throw fault("expected ',' or ']' in an array")
      }
    }
  }

  private mutating func number() throws(DocumentSyntaxError) -> String {
    let start = position
    func isDigit(_ byte: UInt8?) -> Bool { byte.map { $0 >= 0x30 && $0 <= 0x39 } ?? false }
    if peek() == UInt8(ascii: "-") { position += 1 }
    guard isDigit(peek()) else {
      position = start
      throw fault("expected a value")
    }
    if peek() == UInt8(ascii: "0") {
      position += 1
    } else {
      while isDigit(peek()) { position += 1 }
    }
    if isDigit(peek()) { throw fault("a number must not begin with 0") }
    if peek() == UInt8(ascii: ".") {
      position += 1
      guard isDigit(peek()) else { throw fault("a digit must follow the decimal point") }
      while isDigit(peek()) { position += 1 }
    }
    if let byte = peek(), byte | 0x20 == UInt8(ascii: "e") {
      position += 1
      if let sign = peek(), sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") { position += 1 }
      guard isDigit(peek()) else { throw fault("a digit must follow the exponent") }
      while isDigit(peek()) { position += 1 }
    }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    guard let double = Double(text), double.isFinite else { throw fault("the number is out of range") }
    return text
  }

  private mutating func string() throws(DocumentSyntaxError) -> String {
    position += 1
    var text: [UInt8] = []
    while true {
      guard let byte = peek() else { throw fault("the document ends within a string") }
      position += 1
      switch byte {
      case UInt8(ascii: "\""):
        guard let result = String(validating: text, as: UTF8.self) else {
          throw fault("the string before this place is not valid UTF-8")
        }
        return result
      case UInt8(ascii: "\\"): try escape(&text)
      case 0..<0x20: throw fault("a control character in a string must be written as an escape")
      default: text.append(byte)
      }
    }
  }

  private mutating func escape(_ text: inout [UInt8]) throws(DocumentSyntaxError) {
    guard let byte = peek() else { throw fault("the document ends within a string") }
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
    case UInt8(ascii: "b"): text.append(0x08)
    case UInt8(ascii: "f"): text.append(0x0C)
    case UInt8(ascii: "n"): text.append(0x0A)
    case UInt8(ascii: "r"): text.append(0x0D)
    case UInt8(ascii: "t"): text.append(0x09)
    case UInt8(ascii: "u"):
      var unit = try hexUnit()
      if unit & 0xFC00 == 0xD800 {
        guard bytes[position...].starts(with: [0x5C, UInt8(ascii: "u")]) else { throw loneSurrogate() }
        position += 2
        let low = try hexUnit()
        guard low & 0xFC00 == 0xDC00 else { throw loneSurrogate() }
        unit = 0x10000 + (unit & 0x3FF) << 10 + (low & 0x3FF)
      }
      guard let scalar = Unicode.Scalar(unit) else { throw loneSurrogate() }
      text.append(contentsOf: Array(String(Character(scalar)).utf8))
    default: throw fault("'\\\(Character(Unicode.Scalar(byte)))' is not an escape of JSON")
    }
  }

  private func loneSurrogate() -> DocumentSyntaxError {
    fault("half of a surrogate pair; such a string has no UTF-8 form")
  }

  private mutating func hexUnit() throws(DocumentSyntaxError) -> UInt32 {
    guard position + 4 <= bytes.endIndex else { throw fault("the document ends within a string") }
    var unit: UInt32 = 0
    for byte in bytes[position..<position + 4] {
      guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
        throw fault("four hexadecimal digits must follow '\\u'")
      }
      unit = unit << 4 | UInt32(digit)
    }
    position += 4
    return unit
  }
}
