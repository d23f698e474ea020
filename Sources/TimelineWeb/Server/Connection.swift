internal import Glibc

/// One client on a socket: one request, one answer, then closed. Every wait and every length is bounded. Handed from the
/// thread that took it to the one that serves it, and used by no two at a time.
final class Connection: WebStream, @unchecked Sendable {
  /// Bounds on what a client may send, and how slowly.
  struct Limits: Sendable {
    /// Bytes of request line and header fields.
    var head = 16 << 10
    /// Bytes of a body.
    var body = 256 << 10
    /// Seconds for the whole request to arrive.
    var requestSeconds = 10.0
    /// Seconds for the answer to be taken in.
    var answerSeconds = 30.0
  }

  /// Why a request could not be read, as a status to answer with; 0: no answer, the client has gone.
  struct Refusal: Error {
    var status: Int
    var words: String
  }

  private let socket: Int32
  private let limits: Limits
  private var buffer: [UInt8] = []
  private var consumed = 0

  init(socket: Int32, limits: Limits) {
    self.socket = socket
    self.limits = limits
  }

  deinit { close(socket) }

  /// Seconds of the monotonic clock.
  static var now: Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }

  /// Waits until the socket can be read or written; false at the deadline.
  private func wait(_ events: Int16, until deadline: Double) -> Bool {
    while true {
      let left = deadline - Self.now
      guard left > 0 else { return false }
      var descriptor = pollfd(fd: socket, events: events, revents: 0)
      let count = poll(&descriptor, 1, Int32(min(left, 3600) * 1000) + 1)
      if count > 0 { return true }
      if count < 0, errno != EINTR { return false }
    }
  }

  private func fill(until deadline: Double) throws(Refusal) {
    guard wait(Int16(POLLIN), until: deadline) else {
      throw Refusal(status: 408, words: "the request did not arrive in time")
    }
    var chunk = [UInt8](repeating: 0, count: 16 << 10)
    let count = recv(socket, &chunk, chunk.count, Int32(MSG_DONTWAIT))
    if count > 0 {
      buffer += chunk[..<count]
    } else if count == 0 || (errno != EAGAIN && errno != EINTR) {
      throw Refusal(status: 0, words: "")
    }
  }

  /// Reads one request whole.
  func request() throws(Refusal) -> WebRequest {
    let deadline = Self.now + limits.requestSeconds
    var end: Int?
    while end == nil {
      if let found = Self.headEnd(buffer, from: max(0, consumed - 3)) {
        end = found
        break
      }
      consumed = buffer.count
      guard buffer.count <= limits.head else {
        throw Refusal(status: 431, words: "the header fields are too long")
      }
      try fill(until: deadline)
    }
    guard let end, end <= limits.head else {
      throw Refusal(status: 431, words: "the header fields are too long")
    }
    var (request, length) = try Self.head(buffer[..<end])
    guard length <= limits.body else { throw Refusal(status: 413, words: "the request is too long") }
    while buffer.count < end + length { try fill(until: deadline) }
    if request.method == .post {
      let type = request.headers["content-type"] ?? ""
      guard type.lowercased().hasPrefix("application/x-www-form-urlencoded"),
        let fields = PercentCoding.fields(buffer[end..<end + length])
      else { throw Refusal(status: 400, words: "only forms are taken") }
      request.form = fields
    }
    return request
  }

  /// Position behind the empty line that ends the head.
  private static func headEnd(_ bytes: [UInt8], from start: Int) -> Int? {
    guard bytes.count >= 4 else { return nil }
    var index = start
    while index + 3 < bytes.count {
      if bytes[index] == 13, bytes[index + 1] == 10, bytes[index + 2] == 13, bytes[index + 3] == 10 {
        return index + 4
      }
      index += 1
    }
    return nil
  }

  /// Parses request line and header fields (RFC 9112): strictly, as only browsers need to be understood.
  static func head(_ bytes: ArraySlice<UInt8>) throws(Refusal) -> (WebRequest, Int) {
    func bad(_ words: String) -> Refusal { Refusal(status: 400, words: words) }
    guard !bytes.contains(0) else { throw bad("the request holds a NUL byte") }
    var lines: [ArraySlice<UInt8>] = []
    var rest = bytes
    while let feed = rest.firstIndex(of: 10) {
      guard feed > rest.startIndex, rest[feed - 1] == 13 else { throw bad("a line ends without CR LF") }
      lines.append(rest[rest.startIndex..<feed - 1])
      rest = rest[(feed + 1)...]
    }
    guard let first = lines.first else { throw bad("there is no request line") }
    let parts = first.split(separator: 0x20, omittingEmptySubsequences: false)
    guard parts.count == 3, parts[2].elementsEqual("HTTP/1.1".utf8) else {
      throw bad("the request line is not one of HTTP/1.1")
    }
    guard let method = WebRequest.Method(rawValue: String(decoding: parts[0], as: UTF8.self)) else {
      throw Refusal(status: 405, words: "only GET, HEAD and POST are known here")
    }
    let target = parts[1]
    guard target.first == UInt8(ascii: "/"), target.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
      throw bad("the address is not one of this server")
    }
    let mark = target.firstIndex(of: UInt8(ascii: "?"))
    var path: [String] = []
    for part in target[..<(mark ?? target.endIndex)].split(separator: UInt8(ascii: "/")) {
      guard let name = PercentCoding.decode(part, plusIsBlank: false), name != ".", name != ".." else {
        throw bad("the address is badly encoded")
      }
      path.append(name)
    }
    guard let query = PercentCoding.fields(mark.map { target[($0 + 1)...] } ?? []) else {
      throw bad("the query is badly encoded")
    }
    var headers: [String: String] = [:]
    for line in lines.dropFirst() where !line.isEmpty {
      guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > line.startIndex,
        line[..<colon].allSatisfy({ $0 > 0x20 && $0 < 0x7f }), headers.count < 100
      else { throw bad("a header field is malformed") }
      let name = String(decoding: line[..<colon], as: UTF8.self).lowercased()
      let value = String(decoding: line[(colon + 1)...], as: UTF8.self).trimmingBlanks()
      if let known = headers[name] {
        // Two of these could be read differently by two readers.
        guard !["host", "content-length", "origin", "transfer-encoding"].contains(name) else {
          throw bad("the header field \(name) is there twice")
        }
        headers[name] = known + (name == "cookie" ? "; " : ", ") + value
      } else {
        headers[name] = value
      }
    }
    guard headers["transfer-encoding"] == nil else { throw bad("no transfer encoding is known here") }
    var length = 0
    if let text = headers["content-length"] {
      guard !text.isEmpty, text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), let value = Int(text) else {
        throw bad("the length of the body is no number")
      }
      length = value
    }
    guard method == .post || length == 0 else { throw bad("only a POST has a body") }
    return (WebRequest(method: method, path: path, query: query, headers: headers), length)
  }

  /// Sends an answer; false when the client has gone or did not take it in time.
  @discardableResult
  func answer(_ response: WebResponse, toHead: Bool = false) -> Bool {
    var head = "HTTP/1.1 \(response.status) \(WebResponse.reason(response.status))\r\n"
    for (name, value) in response.headers {
      // A line break in a value would begin another field.
      let safe = value.unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7f }
      head += "\(name): \(String(String.UnicodeScalarView(safe)))\r\n"
    }
    if response.stream == nil { head += "Content-Length: \(response.body.count)\r\n" }
    head += "Connection: close\r\n\r\n"
    let deadline = Self.now + limits.answerSeconds
    guard write(Array(head.utf8), until: deadline) else { return false }
    if toHead { return true }
    if let stream = response.stream {
      stream(self)
      return true
    }
    return write(response.body, until: deadline)
  }

  /// Ends the sending side and takes in what is still on its way, so that the client sees the whole answer.
  func finish() {
    shutdown(socket, Int32(SHUT_WR))
    var scrap = [UInt8](repeating: 0, count: 4096)
    let deadline = Self.now + 1
    while wait(Int16(POLLIN), until: deadline), recv(socket, &scrap, scrap.count, Int32(MSG_DONTWAIT)) > 0 {}
  }

  /// A client that has closed its side is readable with nothing to read.
  var isOpen: Bool {
    var byte: UInt8 = 0
    let seen = recv(socket, &byte, 1, Int32(MSG_PEEK | MSG_DONTWAIT))
    return seen > 0 || (seen < 0 && (errno == EAGAIN || errno == EINTR))
  }

  func send(_ text: String) -> Bool {
    isOpen && write(Array(text.utf8), until: Self.now + limits.answerSeconds)
  }

  private func write(_ bytes: [UInt8], until deadline: Double) -> Bool {
    var offset = 0
    while offset < bytes.count {
      let count = bytes[offset...].withUnsafeBytes {
        Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL | MSG_DONTWAIT))
      }
      if count > 0 {
        offset += count
      } else if errno == EAGAIN || errno == EINTR {
        guard wait(Int16(POLLOUT), until: deadline) else { return false }
      } else {
        return false
      }
    }
    return true
  }
}

extension String {
  /// Without blanks and tabs at both ends.
  func trimmingBlanks() -> String {
    var text = self[...]
    while text.first == " " || text.first == "\t" { text.removeFirst() }
    while text.last == " " || text.last == "\t" { text.removeLast() }
    return String(text)
  }
}
