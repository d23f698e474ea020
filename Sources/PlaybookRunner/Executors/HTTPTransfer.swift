import CCurl
import Glibc
import Synchronization

/// One HTTP exchange over libcurl. It blocks: run it by `BlockingWork`.
///
/// Only `http` and `https`, no proxy of the environment, no user's `.netrc`, no cookies, TLS 1.2 or newer, certificates
/// and host names always checked. Redirects are never followed by libcurl; the caller decides.
struct HTTPTransfer: Sendable {
  var method: String
  /// The URL, complete.
  var url: String
  var version: HTTPVersion
  /// Header lines without line ends.
  var headers: [String]
  var body: [UInt8]
  /// User and password for basic authentication; nil for none.
  var basic: Credential?
  /// Certificate chain and private key in PEM; nil for none.
  var clientCertificate: String?
  /// Files of a certificate chain and its private key in PEM, when `clientCertificate` is nil; nil for none.
  var certificateFile: String?
  var keyFile: String?
  /// File of certificate authorities in PEM that are trusted in place of the system's; nil for the system's.
  var authorities: String?
  /// Nanoseconds.
  var timeout: Int64

  enum HTTPVersion: Sendable { case http10, http11, http2 }

  /// What came of it.
  enum Outcome: Sendable {
    /// An answer: its status, the value of its `Location`, and the first bytes of its body.
    case answered(status: Int, location: String?, body: [UInt8])
    /// The request did not go out.
    case notSent(String)
    /// The other side is not the one we want, or does not want us; the request did not go out.
    case untrusted(String)
    /// The request went out, or may have, and no whole answer came.
    case lost(String)
  }

  private static let library: Int32 = Int32(curl_global_init(Int(CURL_GLOBAL_DEFAULT)).rawValue)
  /// Handles keep connections open between exchanges.
  private static let idle = Mutex<[UInt]>([])
  /// Bytes of an answer that are read before the connection is cut, whatever is kept of them.
  private static let longestAnswer = 8 << 20

  private final class Received {
    var body: [UInt8] = []
    var total = 0
    var location: String?
    var isTooLong = false
  }

  /// Runs it to its end.
  func perform() -> Outcome {
    guard Self.library == 0 else { return .notSent("libcurl cannot start") }
    let known = Self.idle.withLock { $0.popLast() }
    guard let handle = known.flatMap({ UnsafeMutableRawPointer(bitPattern: $0) }) ?? curl_easy_init() else {
      return .notSent("libcurl has no memory")
    }
    defer {
      curl_easy_reset(handle)
      let kept = Self.idle.withLock { idle in
        guard idle.count < 32 else { return false }
        idle.append(UInt(bitPattern: handle))
        return true
      }
      if !kept { curl_easy_cleanup(handle) }
    }
    let received = Received()
    var list: UnsafeMutablePointer<curl_slist>?
    // Without it libcurl waits for "100 Continue", which many small servers never send.
    for header in headers + ["Expect:"] { list = curl_slist_append(list, header) }
    defer { curl_slist_free_all(list) }
    var words = [CChar](repeating: 0, count: Int(CURL_ERROR_SIZE))
    return words.withUnsafeMutableBufferPointer { words in
      guard configure(handle, list, received, words.baseAddress) else {
        return .notSent("libcurl refuses the request: \(Self.text(words))")
      }
      let code = withExtendedLifetime(received) { curl_easy_perform(handle) }
      return outcome(code, handle, received, Self.text(words))
    }
  }

  private static func text(_ words: UnsafeMutableBufferPointer<CChar>) -> String {
    let bytes = words.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
    return RemoteText.excerpt(RemoteText.bounded(bytes))
  }

  private func configure(
    _ handle: UnsafeMutableRawPointer, _ list: UnsafeMutablePointer<curl_slist>?, _ received: Received,
    _ words: UnsafeMutablePointer<CChar>?
  ) -> Bool {
    var fine = true
    func long(_ option: CURLoption, _ value: Int) {
      fine = fine && firebreak_curl_set_long(handle, option, value) == CURLE_OK
    }
    func text(_ option: CURLoption, _ value: String) {
      fine = fine && firebreak_curl_set_text(handle, option, value) == CURLE_OK
    }
    func pointer(_ option: CURLoption, _ value: UnsafeMutableRawPointer?) {
      fine = fine && firebreak_curl_set_pointer(handle, option, value) == CURLE_OK
    }
    func blob(_ option: CURLoption, _ value: String) {
      var value = value
      fine =
        fine
        && value.withUTF8 { firebreak_curl_set_blob(handle, option, $0.baseAddress, $0.count) } == CURLE_OK
    }
    pointer(CURLOPT_ERRORBUFFER, words)
    long(CURLOPT_NOSIGNAL, 1)
    text(CURLOPT_PROTOCOLS_STR, "http,https")
    text(CURLOPT_PROXY, "")
    long(CURLOPT_FOLLOWLOCATION, 0)
    long(CURLOPT_PATH_AS_IS, 1)
    long(CURLOPT_SSL_VERIFYPEER, 1)
    long(CURLOPT_SSL_VERIFYHOST, 2)
    long(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
    long(CURLOPT_TIMEOUT_MS, Int(max(1, timeout / 1_000_000)))
    long(CURLOPT_CONNECTTIMEOUT_MS, Int(max(1, min(timeout, 5_000_000_000) / 1_000_000)))
    // On a kept connection that dies libcurl sends again by itself; a command must not be sent twice.
    if !isSafe { long(CURLOPT_FRESH_CONNECT, 1) }
    text(CURLOPT_URL, url)
    switch version {
    case .http10: long(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_0))
    case .http11: long(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
    case .http2: long(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_2TLS))
    }
    if method == "HEAD" { long(CURLOPT_NOBODY, 1) }
    if !body.isEmpty || ["POST", "PUT", "PATCH"].contains(method) {
      long(CURLOPT_POST, 1)
      fine =
        fine
        && body.withUnsafeBytes {
          // An empty array may have no address, and none would mean "read from a callback".
          firebreak_curl_set_body(handle, $0.baseAddress ?? UnsafeRawPointer(handle), curl_off_t($0.count))
        } == CURLE_OK
    }
    if method != "HEAD" { text(CURLOPT_CUSTOMREQUEST, method) }
    pointer(CURLOPT_HTTPHEADER, list)
    if let basic {
      long(CURLOPT_HTTPAUTH, 1)
      text(CURLOPT_USERNAME, basic.user)
      text(CURLOPT_PASSWORD, basic.secret)
    }
    if let clientCertificate {
      blob(CURLOPT_SSLCERT_BLOB, clientCertificate)
      blob(CURLOPT_SSLKEY_BLOB, clientCertificate)
    } else if let certificateFile, let keyFile {
      text(CURLOPT_SSLCERT, certificateFile)
      text(CURLOPT_SSLKEY, keyFile)
    }
    if let authorities { text(CURLOPT_CAINFO, authorities) }
    setCallbacks(handle, received)
    return fine
  }

  private func setCallbacks(_ handle: UnsafeMutableRawPointer, _ received: Received) {
    let context = Unmanaged.passUnretained(received).toOpaque()
    firebreak_curl_set_pointer(handle, CURLOPT_WRITEDATA, context)
    firebreak_curl_set_callback(handle, CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
      guard let bytes, let context else { return 0 }
      let received = Unmanaged<Received>.fromOpaque(context).takeUnretainedValue()
      let length = size * count
      received.total += length
      let raw = UnsafeRawBufferPointer(start: bytes, count: length)
      received.body.append(contentsOf: raw.prefix(RemoteText.limit - received.body.count))
      guard received.total <= HTTPTransfer.longestAnswer else {
        received.isTooLong = true
        return 0
      }
      return length
    }
    firebreak_curl_set_pointer(handle, CURLOPT_HEADERDATA, context)
    firebreak_curl_set_callback(handle, CURLOPT_HEADERFUNCTION) { bytes, size, count, context in
      guard let bytes, let context else { return 0 }
      let length = size * count
      let raw = UnsafeRawBufferPointer(start: bytes, count: min(length, 8192))
      let name = Array("location:".utf8)
      if raw.count > name.count, zip(raw, name).allSatisfy({ $0 | 0x20 == $1 || $0 == $1 }) {
        Unmanaged<Received>.fromOpaque(context).takeUnretainedValue().location =
          RemoteText.value(RemoteText.bounded(Array(raw[name.count...].filter { $0 != 0x0D && $0 != 0x0A })))
      }
      return length
    }
  }

  /// Methods that change nothing on the other side (RFC 9110, 9.2.1).
  var isSafe: Bool { ["GET", "HEAD", "OPTIONS", "TRACE"].contains(method) }

  private func outcome(
    _ code: CURLcode, _ handle: UnsafeMutableRawPointer, _ received: Received, _ words: String
  ) -> Outcome {
    let status = firebreak_curl_get_long(handle, CURLINFO_RESPONSE_CODE)
    if code == CURLE_OK || (received.isTooLong && status > 0) {
      return .answered(status: status, location: received.location, body: received.body)
    }
    let why = words.isEmpty ? String(cString: curl_easy_strerror(code)) : words
    switch code {
    case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CIPHER,
      CURLE_SSL_CONNECT_ERROR, CURLE_SSL_ISSUER_ERROR, CURLE_SSL_CRL_BADFILE, CURLE_SSL_INVALIDCERTSTATUS,
      CURLE_SSL_PINNEDPUBKEYNOTMATCH:
      return .untrusted(why)
    default: break
    }
    // With TLS 1.3 the server says no to a client certificate only after the request went out; it has not read it.
    if why.contains("alert") { return .untrusted(why) }
    let sent = firebreak_curl_get_long(handle, CURLINFO_REQUEST_SIZE)
    return sent > 0 ? .lost(why) : .notSent(why)
  }
}
