internal import Glibc
internal import Synchronization

/// Decides who may ask for what: one name of one port, a cookie that a one-time code was exchanged for, and for writing
/// a token besides and the page's own origin.
final class Gatekeeper: Sendable {
  /// One browser that showed a start code.
  struct Session: Sendable {
    /// Proves that a form came from a page of ours.
    var token: String
  }

  private struct State {
    /// Codes that were not used yet, and until when they can be (monotonic seconds).
    var codes: [String: Double] = [:]
    /// By the cookie's value.
    var sessions: [String: Session] = [:]
    /// Cookies in the order they were given: the oldest goes when there are too many.
    var order: [String] = []
  }
  private let state = Mutex(State())
  let port: UInt16
  /// Most browsers at a time.
  static let maximumSessions = 16

  init(port: UInt16) { self.port = port }

  /// Cookies are shared by all ports of a host: the name says whose this one is.
  var cookieName: String { "firebreak-\(port)" }

  /// A new start code, for one use.
  /// - Parameter seconds: How long it can be used.
  func newCode(seconds: Double = .infinity) -> String {
    let code = Self.random()
    state.withLock { state in
      state.codes = state.codes.filter { $0.value > Connection.now }
      state.codes[code] = Connection.now + seconds
    }
    return code
  }

  /// Exchanges a code for a cookie's value; nil where it is wrong, used or too old.
  func exchange(code: String) -> String? {
    state.withLock { state in
      // All are compared, in the same time whichever fits.
      var found: String?
      for known in state.codes.keys where Self.isSame(known, code) { found = known }
      guard let found, let end = state.codes.removeValue(forKey: found), end > Connection.now else {
        return nil
      }
      let cookie = Self.random()
      state.sessions[cookie] = Session(token: Self.random())
      state.order.append(cookie)
      if state.order.count > Self.maximumSessions {
        state.sessions[state.order.removeFirst()] = nil
      }
      return cookie
    }
  }

  /// Why a request is refused before anything else is looked at; nil: it may go on.
  func refusal(_ request: WebRequest) -> (status: Int, words: String)? {
    // A page elsewhere whose name was made to point here (DNS rebinding) sends its own name.
    guard let host = request.headers["host"]?.lowercased(),
      Self.names.contains(where: { host == "\($0):\(port)" })
    else {
      return (421, "this server answers only as http://127.0.0.1:\(port)")
    }
    // Under `Referrer-Policy: no-referrer` a browser calls the origin of our own forms `null` (Fetch, "append a request
    // Origin header"); then its `Sec-Fetch-Site`, which no page can set, has to say that it is ours.
    if let origin = request.headers["origin"], origin.lowercased() != "http://\(host)",
      !(origin == "null" && request.headers["sec-fetch-site"] == "same-origin")
    {
      return (403, "the request comes from another page")
    }
    if request.method == .post {
      guard request.headers["origin"] != nil else {
        return (403, "the request does not say which page it is from")
      }
      if let site = request.headers["sec-fetch-site"], site != "same-origin" {
        return (403, "the request comes from another page")
      }
    } else if let site = request.headers["sec-fetch-site"], site == "cross-site" || site == "same-site",
      request.headers["sec-fetch-mode"] != "navigate"
    {
      return (403, "the request comes from another page")
    }
    return nil
  }

  private static let names = ["127.0.0.1", "localhost"]

  /// The session that a request belongs to; nil: none.
  func session(_ request: WebRequest) -> Session? {
    guard let cookie = request.cookies[cookieName] else { return nil }
    return state.withLock { state in
      var found: Session?
      for (known, session) in state.sessions where Self.isSame(known, cookie) { found = session }
      return found
    }
  }

  /// True where a form carries its session's token.
  func isWriteAllowed(_ request: WebRequest, _ session: Session) -> Bool {
    guard let token = request.formField("token") else { return false }
    return Self.isSame(token, session.token)
  }

  /// 128 random bits as 26 letters and digits.
  static func random() -> String {
    var bytes = [UInt8](repeating: 0, count: 26)
    // Fails only where the kernel has no random numbers; then nothing here would be safe.
    precondition(getentropy(&bytes, bytes.count) == 0, "the system gives no random numbers")
    let letters = Array("0123456789abcdefghjkmnpqrstvwxyz".utf8)
    return String(decoding: bytes.map { letters[Int($0 & 31)] }, as: UTF8.self)
  }

  /// Compares in a time that tells nothing of where two texts differ.
  static func isSame(_ a: String, _ b: String) -> Bool {
    let (a, b) = (Array(a.utf8), Array(b.utf8))
    guard a.count == b.count else { return false }
    var difference: UInt8 = 0
    for (x, y) in zip(a, b) { difference |= x ^ y }
    return difference == 0
  }
}
