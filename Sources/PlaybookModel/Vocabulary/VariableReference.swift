/// A use of a variable in a text: `__name__:value`.
public struct VariableReference: Sendable, Hashable {
  /// The name with its underscores.
  public var name: String
  /// Where the use stands in the text's UTF-8.
  public var range: Range<Int>

  /// All uses in a text, in order.
  public static func all(in text: String) -> [VariableReference] {
    // Most texts use none: no copy for them.
    var text = text
    let mayUse = text.withUTF8 { bytes in
      bytes.count > 10 && bytes.contains(0x5F)
    }
    guard mayUse else { return [] }
    let bytes = Array(text.utf8)
    var found: [VariableReference] = []
    var start = 0
    while start + 10 < bytes.count {
      guard bytes[start] == 0x5F, bytes[start + 1] == 0x5F else {
        start += 1
        continue
      }
      if let end = endOfReference(bytes, start) {
        let name = String(decoding: bytes[start..<end - 6], as: UTF8.self)
        found.append(VariableReference(name: name, range: start..<end))
        start = end
      } else {
        start += 1
      }
    }
    return found
  }

  private static func endOfReference(_ bytes: [UInt8], _ start: Int) -> Int? {
    var end = start + 2
    while end < bytes.count, isNameByte(bytes[end]) { end += 1 }
    guard bytes[end...].starts(with: ":value".utf8) else { return nil }
    guard VariableName.isWellFormed(String(decoding: bytes[start..<end], as: UTF8.self)) else { return nil }
    // `:valueless` is no use of a variable.
    let after = end + 6
    if after < bytes.count, isNameByte(bytes[after]), bytes[after] != 0x5F, bytes[after] != 0x2D {
      return nil
    }
    return after
  }

  private static func isNameByte(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x5F, 0x2D: true
    default: false
    }
  }

  /// Uses of the notation of CACAO 1.x, `$$name$$`, which 2.0 does not have.
  public static func oldStyleNames(in text: String) -> [String] {
    var names: [String] = []
    let parts = text.splitAtDoubleDollars()
    // Names stand between pairs: parts 1, 3, 5… when what is between them looks like a name.
    for part in parts.dropFirst().dropLast() where VariableName.isPlainName(part) {
      names.append("$$\(part)$$")
    }
    return names
  }
}

/// Names of variables: `__` letter, letters, digits, `_`, `-`, `__`; at most 250 ASCII characters (CACAO 2.0, 10.18).
public enum VariableName {
  /// True for a name as the standard wants it.
  public static func isWellFormed(_ name: String) -> Bool {
    let bytes = Array(name.utf8)
    guard bytes.count >= 5, bytes.count <= 204, name.hasPrefix("__"), name.hasSuffix("__") else {
      return false
    }
    let inner = bytes[2..<bytes.count - 2]
    guard let first = inner.first, (0x41...0x5A).contains(first) || (0x61...0x7A).contains(first) else {
      return false
    }
    return inner.allSatisfy {
      switch $0 {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x5F, 0x2D: true
      default: false
      }
    }
  }

  /// True for letters, digits, `_`, `-` that begin with a letter or `_`.
  static func isPlainName(_ name: String) -> Bool {
    guard let first = name.unicodeScalars.first, first.properties.isAlphabetic || first == "_" else {
      return false
    }
    return name.unicodeScalars.allSatisfy {
      $0.isASCII && ($0.properties.isAlphabetic || ("0"..."9") ~= $0 || $0 == "_" || $0 == "-")
    }
  }
}

extension String {
  /// The pieces between occurrences of `$$`.
  fileprivate func splitAtDoubleDollars() -> [String] {
    var pieces: [String] = []
    var piece: [UInt8] = []
    let bytes = Array(utf8)
    var index = 0
    while index < bytes.count {
      if bytes[index] == 0x24, index + 1 < bytes.count, bytes[index + 1] == 0x24 {
        pieces.append(String(decoding: piece, as: UTF8.self))
        piece = []
        index += 2
      } else {
        piece.append(bytes[index])
        index += 1
      }
    }
    pieces.append(String(decoding: piece, as: UTF8.self))
    return pieces
  }
}
