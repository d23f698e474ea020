/// The little JSON that the store writes itself.
enum JSONText {
  /// A string as JSON, quotes included.
  static func quoted(_ text: String) -> String {
    var bytes: [UInt8] = []
    append(text, to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Adds a string as JSON, quotes included.
  static func append(_ text: String, to bytes: inout [UInt8]) {
    var text = text
    text.withUTF8 { append($0, to: &bytes) }
  }

  /// Adds UTF-8 as a JSON string, quotes included.
  static func append(_ utf8: UnsafeBufferPointer<UInt8>, to bytes: inout [UInt8]) {
    bytes.append(0x22)
    // What stands between two escapes is copied at once.
    var start = 0
    for (index, byte) in utf8.enumerated() where byte < 0x20 || byte == 0x22 || byte == 0x5C {
      bytes.append(contentsOf: utf8[start..<index])
      start = index + 1
      bytes.append(0x5C)
      guard byte < 0x20 else {
        bytes.append(byte)
        continue
      }
      bytes.append(contentsOf: "u00".utf8)
      bytes.append(byte < 0x10 ? 0x30 : 0x31)
      bytes.append(hexadecimal[Int(byte & 15)])
    }
    bytes.append(contentsOf: utf8[start...])
    bytes.append(0x22)
  }

  private static let hexadecimal = Array("0123456789abcdef".utf8)

  /// An array of strings.
  static func array(_ texts: [String]) -> String { "[" + texts.map(quoted).joined(separator: ",") + "]" }

  /// An object of numbers, names in order.
  static func object(_ counts: [String: UInt64]) -> String {
    "{" + counts.sorted { $0.key < $1.key }.map { quoted($0.key) + ":\($0.value)" }.joined(separator: ",")
      + "}"
  }
}
