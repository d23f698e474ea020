import Testing

@testable import TimelineWeb

/// What a client may send, and what is refused before anything looks at it.
@Suite struct RequestTests {
  static func head(_ text: String) throws(Connection.Refusal) -> WebRequest {
    try Connection.head(ArraySlice(Array(text.utf8))).0
  }

  @Test func readsPathQueryAndCookies() throws {
    let request = try Self.head(
      "GET /event/12%2F3?q=text%3A%22a+b%22&x=&y HTTP/1.1\r\nHost: 127.0.0.1:9\r\nCookie: a=1; firebreak-9=zz\r\n\r\n"
    )
    #expect(request.path == ["event", "12/3"])
    #expect(request.field("q") == "text:\"a b\"")
    #expect(request.field("x") == nil)
    #expect(request.cookies == ["a": "1", "firebreak-9": "zz"])
  }

  @Test(arguments: [
    "GET http://evil.example/ HTTP/1.1\r\n\r\n", "GET / HTTP/2\r\n\r\n", "GET /\r\n\r\n",
    "PUT / HTTP/1.1\r\n\r\n",
    "GET /../etc/passwd HTTP/1.1\r\n\r\n", "GET /%2e%2e/x HTTP/1.1\r\n\r\n", "GET /%zz HTTP/1.1\r\n\r\n",
    "GET /%ff HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\nHost: a\n\n",
    "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
    "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
    "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", "GET / HTTP/1.1\r\nContent-Length: 5\r\n\r\n",
    "GET / HTTP/1.1\r\nbad header\r\n\r\n", "GET / HTTP/1.1\r\n folded: x\r\n\r\n",
    "GET /\u{0} HTTP/1.1\r\n\r\n",
    "GET /a b HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n",
  ])
  func refusesWhatNoBrowserSends(text: String) {
    #expect(throws: Connection.Refusal.self) { try Self.head(text) }
  }

  @Test func mutatedRequestsNeverCrash() {
    let seed = Array(
      "POST /timeline?q=a%20b&since=2026-01-01T00:00Z HTTP/1.1\r\nHost: 127.0.0.1:80\r\nContent-Length: 3\r\n\r\n"
        .utf8)
    var state: UInt64 = 42
    func next(_ bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % bound
    }
    var accepted = 0
    for _ in 0..<5_000 {
      var bytes = seed
      for _ in 0..<(1 + next(4)) { bytes[next(bytes.count)] = UInt8(next(256)) }
      if (try? Connection.head(bytes[...])) != nil { accepted += 1 }
    }
    #expect(accepted < 5_000)
  }

  static func request(
    _ headers: [String: String], method: WebRequest.Method = .get,
    form: [(name: String, value: String)] = []
  ) -> WebRequest {
    WebRequest(method: method, path: [], query: [], headers: headers, form: form)
  }

  @Test func answersOnlyUnderItsOwnNameAndPort() {
    let gate = Gatekeeper(port: 8000)
    for host in ["127.0.0.1:8000", "localhost:8000", "LOCALHOST:8000"] {
      #expect(gate.refusal(Self.request(["host": host])) == nil)
    }
    for host in [
      "evil.example:8000", "127.0.0.1", "127.0.0.1:8001", "127.0.0.1:8000.evil.example", "", "[::1]:8000",
    ] {
      #expect(gate.refusal(Self.request(["host": host]))?.status == 421, "\(host)")
    }
    #expect(gate.refusal(Self.request([:]))?.status == 421)
  }

  @Test func writesComeFromItsOwnPagesOnly() {
    let gate = Gatekeeper(port: 8000)
    let host = ["host": "127.0.0.1:8000"]
    #expect(gate.refusal(Self.request(host, method: .post))?.status == 403)
    for origin in [
      "http://evil.example", "null", "https://127.0.0.1:8000", "http://localhost:8000",
      "http://127.0.0.1:8001",
    ] {
      #expect(
        gate.refusal(Self.request(host.merging(["origin": origin]) { $1 }, method: .post))?.status == 403,
        "\(origin)"
      )
    }
    #expect(
      gate.refusal(Self.request(host.merging(["origin": "http://127.0.0.1:8000"]) { $1 }, method: .post))
        == nil)
    // A browser that is told to send no referrer calls its origin null, and says by other means that it is ours.
    for (site, expected) in [("same-origin", nil), ("cross-site", 403), ("none", 403)] as [(String, Int?)] {
      let headers = host.merging(["origin": "null", "sec-fetch-site": site]) { $1 }
      #expect(gate.refusal(Self.request(headers, method: .post))?.status == expected, "\(site)")
    }
  }

  @Test func aCodeLetsOneBrowserInOnce() throws {
    let gate = Gatekeeper(port: 8000)
    let code = gate.newCode()
    #expect(gate.exchange(code: "wrong") == nil)
    let cookie = try #require(gate.exchange(code: code))
    #expect(gate.exchange(code: code) == nil)
    #expect(gate.exchange(code: gate.newCode(seconds: -1)) == nil)
    let mine = Self.request(["cookie": "firebreak-8000=\(cookie)"])
    let session = try #require(gate.session(mine))
    #expect(gate.session(Self.request(["cookie": "firebreak-9000=\(cookie)"])) == nil)
    #expect(gate.isWriteAllowed(Self.request([:], method: .post, form: [("token", session.token)]), session))
    #expect(!gate.isWriteAllowed(Self.request([:], method: .post, form: [("token", cookie)]), session))
    #expect(!gate.isWriteAllowed(Self.request([:], method: .post), session))
  }

  @Test func theOldestBrowserGoesWhenThereAreTooMany() throws {
    let gate = Gatekeeper(port: 1)
    let cookies = (0...Gatekeeper.maximumSessions).compactMap { _ in gate.exchange(code: gate.newCode()) }
    #expect(gate.session(Self.request(["cookie": "firebreak-1=\(cookies[0])"])) == nil)
    #expect(gate.session(Self.request(["cookie": "firebreak-1=\(cookies[1])"])) != nil)
  }
}
