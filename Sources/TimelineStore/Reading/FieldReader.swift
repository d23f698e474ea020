/// Finds one member in the JSON object of an event's fields, on bytes, without building a tree. Bad JSON has no
/// members; nothing a case holds makes it fail.
enum FieldReader {
  /// A value found.
  struct Value {
    /// Contents of the string, or the number, `true`, `false`, object or array as written.
    var bytes: [UInt8]
    var isNumber: Bool
  }

  /// The member with this path. A dot in `path` is part of a name, or steps into an object: the longest name wins.
  /// `null` is no value. Names are compared byte by byte.
  static func value(_ path: [UInt8], in json: UnsafeBufferPointer<UInt8>) -> Value? {
    var scanner = Scanner(json: json)
    scanner.skipSpaces()
    return scanner.find(path[...], depth: 0)
  }

  /// A member found on the way: the path of the object it stands in, its name as written, its value.
  struct Leaf {
    var path: [UInt8]
    var name: UnsafeBufferPointer<UInt8>
    /// Contents of the string, or the number, `true`, `false` or `null` as written.
    var value: UnsafeBufferPointer<UInt8>
    var isText: Bool

    private static let ports = [
      "port", "dpt", "spt", "dport", "sport", "srcport", "dstport", "src_port", "dst_port",
    ].map { Array($0.utf8) }

    /// Whether it is the number of a port, which names and does not measure. Most names are told from these by their last letter.
    @inline(__always) var isPort: Bool {
      guard let last = name.last, last | 0x20 == UInt8(ascii: "t"), name.count <= 8 else { return false }
      return Self.ports.contains { $0.elementsEqual(name.lazy.map { $0 == 0x5F ? $0 : $0 | 0x20 }) }
    }

    /// Appends the whole path: names with dots between.
    func appendPath(to out: inout [UInt8]) {
      out += path
      if !path.isEmpty { out.append(UInt8(ascii: ".")) }
      MessageRebuilder.appendUnescaped(name, to: &out)
    }
  }

  /// Calls with each member that is a text or a bare value, those of nested objects too.
  static func forEachLeaf(in json: UnsafeBufferPointer<UInt8>, _ body: (Leaf) -> Void) {
    var scanner = Scanner(json: json)
    scanner.skipSpaces()
    scanner.leaves(path: [], depth: 0, body)
  }

  private struct Scanner {
    let json: UnsafeBufferPointer<UInt8>
    var at = 0
    static let maximumDepth = 16

    var byte: UInt8? { at < json.count ? json[at] : nil }

    mutating func skipSpaces() {
      while let byte, byte == 0x20 || (byte >= 0x09 && byte <= 0x0d) { at += 1 }
    }

    mutating func take(_ wanted: UInt8) -> Bool {
      skipSpaces()
      guard byte == wanted else { return false }
      at += 1
      return true
    }

    /// Walks the members of the object that begins here; `body` may consume the value, else it is skipped.
    mutating func members(_ body: (inout Scanner, UnsafeBufferPointer<UInt8>) -> Bool) {
      guard take(UInt8(ascii: "{")) else { return }
      while true {
        skipSpaces()
        guard let name = string() else { return }
        guard take(UInt8(ascii: ":")) else { return }
        skipSpaces()
        let start = at
        if body(&self, name) { return }
        at = start
        guard skipValue(), take(UInt8(ascii: ",")) else { return }
      }
    }

    mutating func find(_ path: ArraySlice<UInt8>, depth: Int) -> Value? {
      guard depth < Self.maximumDepth else { return nil }
      var found: Value?
      var nested: (start: Int, rest: ArraySlice<UInt8>)?
      members { scanner, raw in
        let length = raw.count
        if raw.contains(UInt8(ascii: "\\")) {
          var name: [UInt8] = []
          MessageRebuilder.appendUnescaped(raw, to: &name)
          guard path.elementsEqual(name) else { return false }
        } else if length == path.count {
          guard path.elementsEqual(raw) else { return false }
        } else {
          if nested == nil, length < path.count, path[path.startIndex + length] == UInt8(ascii: "."),
            path.prefix(length).elementsEqual(raw), scanner.byte == UInt8(ascii: "{")
          {
            nested = (scanner.at, path.dropFirst(length + 1))
          }
          return false
        }
        found = scanner.readValue()
        return true
      }
      if found == nil, let nested {
        var inner = Scanner(json: json, at: nested.start)
        return inner.find(nested.rest, depth: depth + 1)
      }
      return found
    }

    mutating func leaves(path: [UInt8], depth: Int, _ body: (Leaf) -> Void) {
      guard depth < Self.maximumDepth else { return }
      members { scanner, name in
        let start = scanner.at
        switch scanner.byte {
        case UInt8(ascii: "{"): scanner.leaves(path: Self.joined(path, name), depth: depth + 1, body)
        case UInt8(ascii: "["): break
        case UInt8(ascii: "\""):
          guard let text = scanner.string() else { break }
          if text.contains(UInt8(ascii: "\\")) {
            var unescaped: [UInt8] = []
            MessageRebuilder.appendUnescaped(text, to: &unescaped)
            unescaped.withUnsafeBufferPointer { body(Leaf(path: path, name: name, value: $0, isText: true)) }
          } else {
            body(Leaf(path: path, name: name, value: text, isText: true))
          }
        default:
          if scanner.skipValue() {
            let value = UnsafeBufferPointer(rebasing: scanner.json[start..<scanner.at])
            body(Leaf(path: path, name: name, value: value, isText: false))
          }
        }
        scanner.at = start
        return false
      }
    }

    private static func joined(_ path: [UInt8], _ raw: UnsafeBufferPointer<UInt8>) -> [UInt8] {
      var result = path
      if !path.isEmpty { result.append(UInt8(ascii: ".")) }
      MessageRebuilder.appendUnescaped(raw, to: &result)
      return result
    }

    mutating func readValue() -> Value? {
      if byte == UInt8(ascii: "\"") {
        guard let raw = string() else { return nil }
        var bytes: [UInt8] = []
        MessageRebuilder.appendUnescaped(raw, to: &bytes)
        return Value(bytes: bytes, isNumber: false)
      }
      let start = at
      guard skipValue() else { return nil }
      let bytes = Array(json[start..<at])
      if bytes.elementsEqual("null".utf8) { return nil }
      let first = bytes.first ?? 0
      return Value(bytes: bytes, isNumber: first == UInt8(ascii: "-") || (first >= 0x30 && first <= 0x39))
    }

    /// The raw contents of the string that begins here.
    mutating func string() -> UnsafeBufferPointer<UInt8>? {
      guard byte == UInt8(ascii: "\"") else { return nil }
      at += 1
      let start = at
      while at < json.count {
        if json[at] == UInt8(ascii: "\\") {
          at += 2
        } else if json[at] == UInt8(ascii: "\"") {
          at += 1
          return UnsafeBufferPointer(rebasing: json[start..<at - 1])
        } else {
          at += 1
        }
      }
      return nil
    }

    /// Moves behind the value that begins here, whatever it is.
    mutating func skipValue() -> Bool {
      var depth = 0
      let start = at
      while at < json.count {
        switch json[at] {
        case UInt8(ascii: "\""):
          guard string() != nil else { return false }
          if depth == 0 { return true }
          continue
        case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
        case UInt8(ascii: "}"), UInt8(ascii: "]"):
          if depth == 0 { return at > start }
          depth -= 1
          if depth == 0 {
            at += 1
            return true
          }
        case UInt8(ascii: ","), 0x20, 0x09...0x0d: if depth == 0 { return at > start }
        default: break
        }
        at += 1
      }
      return depth == 0 && at > start
    }
  }

  /// The number that these bytes write in full, or nil. Infinities and NaN are none.
  static func number(_ text: UnsafeBufferPointer<UInt8>) -> Double? {
    guard (1...64).contains(text.count) else { return nil }
    // Small integers, the most frequent by far, without a String.
    if text.count <= 15 {
      var value: Int64 = 0
      var index = text[0] == UInt8(ascii: "-") && text.count > 1 ? 1 : 0
      while index < text.count, text[index] >= 0x30, text[index] <= 0x39 {
        value = value * 10 + Int64(text[index] - 0x30)
        index += 1
      }
      if index == text.count { return Double(text[0] == UInt8(ascii: "-") ? -value : value) }
    }
    guard let first = text.first,
      first == UInt8(ascii: "-") || first == UInt8(ascii: "+") || first == UInt8(ascii: ".")
        || (first >= 0x30 && first <= 0x39),
      !text.contains(where: { $0 | 0x20 == UInt8(ascii: "x") }),
      let value = Double(String(decoding: text, as: UTF8.self)), value.isFinite
    else { return nil }
    return value
  }
}
