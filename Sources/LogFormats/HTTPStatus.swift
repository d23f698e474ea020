/// How bad an answer of a web server is, by its status code (RFC 9110, 15).
enum HTTPStatus {
  /// A syslog severity: a request that the server could not fulfil (5xx) is an error, one that it fulfilled or led elsewhere (1xx to
  /// 3xx) is information. What it refused (4xx) may be the client's slip or its trouble, and has none.
  @inline(__always)
  static func severity(_ status: Int64) -> UInt8? {
    if status >= 500, status < 600 { return 3 }
    return status >= 100 && status < 400 ? 6 : nil
  }
}
