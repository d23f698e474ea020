/// A request as far as the pages need it: read whole, bounded, already split.
struct WebRequest: Sendable {
  /// What is asked for.
  enum Method: String, Sendable { case get = "GET", head = "HEAD", post = "POST" }
  var method: Method
  /// Decoded segments of the path.
  var path: [String]
  /// Fields of the query, in order.
  var query: [(name: String, value: String)]
  /// Header fields by lower-case name; repeated ones joined by a comma.
  var headers: [String: String]
  /// Fields of an `application/x-www-form-urlencoded` body.
  var form: [(name: String, value: String)] = []

  /// The first value of a query field; nil where it is missing or empty.
  func field(_ name: String) -> String? {
    query.first { $0.name == name && !$0.value.isEmpty }?.value
  }
  /// All values of a query field.
  func fields(_ name: String) -> [String] { query.filter { $0.name == name }.map(\.value) }
  /// The first value of a form field; nil where it is missing or empty.
  func formField(_ name: String) -> String? {
    form.first { $0.name == name && !$0.value.isEmpty }?.value
  }
  /// A number in a query field.
  func number(_ name: String) -> Int64? { field(name).flatMap { Int64($0) } }

  /// Cookies by name.
  var cookies: [String: String] {
    var result: [String: String] = [:]
    for pair in (headers["cookie"] ?? "").split(separator: ";") {
      let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2 else { continue }
      let name = String(parts[0].drop { $0 == " " })
      if result[name] == nil { result[name] = String(parts[1]) }
    }
    return result
  }
}

/// An answer: status, header fields, body.
struct WebResponse: Sendable {
  var status: Int
  var headers: [(name: String, value: String)] = []
  var body: [UInt8] = []
  /// The body is written by this for as long as the client listens.
  var stream: (@Sendable (any WebStream) -> Void)?

  init(_ status: Int, type: String, body: String) {
    self.status = status
    headers = [("Content-Type", type)]
    self.body = Array(body.utf8)
  }

  init(redirect to: Link) {
    status = 303
    headers = [("Location", to.text), ("Content-Type", "text/plain; charset=utf-8")]
  }

  static func reason(_ status: Int) -> String {
    switch status {
    case 200: "OK"
    case 303: "See Other"
    case 304: "Not Modified"
    case 400: "Bad Request"
    case 401: "Unauthorized"
    case 403: "Forbidden"
    case 404: "Not Found"
    case 405: "Method Not Allowed"
    case 408: "Request Timeout"
    case 409: "Conflict"
    case 410: "Gone"
    case 413: "Content Too Large"
    case 421: "Misdirected Request"
    case 431: "Request Header Fields Too Large"
    case 503: "Service Unavailable"
    default: "Internal Server Error"
    }
  }
}

/// Where a lasting answer is written to.
protocol WebStream {
  /// False once the client has gone or is too slow.
  func send(_ text: String) -> Bool
  /// False once the client has closed its side.
  var isOpen: Bool { get }
}

/// Percent-encoding of RFC 3986 and of forms.
enum PercentCoding {
  /// Text out of a query or form: `+` is a blank. nil where it is no UTF-8 or badly encoded.
  static func decode(_ text: some Collection<UInt8>, plusIsBlank: Bool) -> String? {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.count)
    var index = text.startIndex
    func digit(_ byte: UInt8) -> UInt8? {
      switch byte {
      case 0x30...0x39: byte - 0x30
      case 0x41...0x46: byte - 0x37
      case 0x61...0x66: byte - 0x57
      default: nil
      }
    }
    while index != text.endIndex {
      let byte = text[index]
      index = text.index(after: index)
      if byte == UInt8(ascii: "%") {
        guard index != text.endIndex, let high = digit(text[index]) else { return nil }
        index = text.index(after: index)
        guard index != text.endIndex, let low = digit(text[index]) else { return nil }
        index = text.index(after: index)
        bytes.append(high << 4 | low)
      } else {
        bytes.append(byte == UInt8(ascii: "+") && plusIsBlank ? 0x20 : byte)
      }
    }
    return String(validating: bytes, as: UTF8.self)
  }

  /// Text for a path segment or a query value.
  static func encode(_ text: String) -> String {
    let digits = Array("0123456789ABCDEF".utf8)
    var out: [UInt8] = []
    for byte in text.utf8 {
      switch byte {
      case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
        UInt8(ascii: "~"), UInt8(ascii: ":"):
        out.append(byte)
      default: out += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      }
    }
    return String(decoding: out, as: UTF8.self)
  }

  /// Fields of a query or form; nil where one is badly encoded.
  static func fields(_ text: some Collection<UInt8>) -> [(name: String, value: String)]? {
    var fields: [(name: String, value: String)] = []
    for part in text.split(separator: UInt8(ascii: "&")) {
      let equals = part.firstIndex(of: UInt8(ascii: "="))
      let name = part[..<(equals ?? part.endIndex)]
      let value = equals.map { part[part.index(after: $0)...] } ?? part[part.endIndex...]
      guard let name = decode(name, plusIsBlank: true), let value = decode(value, plusIsBlank: true),
        fields.count < 400
      else { return nil }
      fields.append((name, value))
    }
    return fields
  }
}
