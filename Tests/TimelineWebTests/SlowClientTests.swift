import Foundation
import Glibc
import Testing

@testable import TimelineWeb

/// A client that sends or takes nothing holds the server for a bounded time, and never another client.
@Suite struct SlowClientTests {
  final class Running {
    let server: LoopbackServer
    init(
      maximum: Int = 48, limits: Connection.Limits, handler: @escaping @Sendable (WebRequest) -> WebResponse
    ) throws {
      server = try LoopbackServer(port: 0, maximumConnections: maximum, limits: limits, handler: handler)
      let server = server
      Thread.detachNewThread { server.run { false } }
    }
    deinit { server.stop() }
  }

  static func connect(_ port: UInt16) -> Int32 {
    let client = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    let code = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Glibc.connect(client, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    return code == 0 ? client : -1
  }

  static func exchange(_ client: Int32, _ text: String) -> String {
    _ = text.withCString { send(client, $0, strlen($0), Int32(MSG_NOSIGNAL)) }
    var out: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65536)
    while case let count = recv(client, &buffer, buffer.count, 0), count > 0 { out += buffer[..<count] }
    close(client)
    return String(decoding: out, as: UTF8.self)
  }

  static func ok(_ request: WebRequest) -> WebResponse {
    WebResponse(
      200, type: "text/plain", body: String(repeating: "x", count: request.path == ["big"] ? 8 << 20 : 2))
  }

  @Test func aRequestThatDoesNotArriveIsEndedAndOthersAreServedMeanwhile() throws {
    var limits = Connection.Limits()
    limits.requestSeconds = 0.5
    let running = try Running(limits: limits) { Self.ok($0) }
    let slow = Self.connect(running.server.port)
    _ = "GET / HT".withCString { send(slow, $0, strlen($0), 0) }
    let quick = Self.exchange(Self.connect(running.server.port), "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    #expect(quick.hasPrefix("HTTP/1.1 200 OK\r\n") && quick.hasSuffix("\r\n\r\nxx"))
    #expect(Self.exchange(slow, "").hasPrefix("HTTP/1.1 408 "))
  }

  @Test func aClientThatTakesNothingIsLetGo() throws {
    var limits = Connection.Limits()
    limits.answerSeconds = 0.5
    let running = try Running(maximum: 1, limits: limits) { Self.ok($0) }
    let deaf = Self.connect(running.server.port)
    _ = "GET /big HTTP/1.1\r\nHost: a\r\n\r\n".withCString { send(deaf, $0, strlen($0), 0) }
    // It holds the only place until its time is over; then the next one gets it.
    var answer = ""
    for _ in 0..<100 where !answer.contains(" 200 OK") {
      usleep(100_000)
      answer = Self.exchange(Self.connect(running.server.port), "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    }
    #expect(answer.contains(" 200 OK"))
    close(deaf)
  }

  @Test func whoListensNoMoreHoldsNoPlace() throws {
    let small = try SmallCase(events: 5)
    let browser = try small.browser()
    let desk = browser.handler.desk
    let feed = LiveFeed(desk: desk) { false }
    let running = try Running(limits: .init()) { _ in feed.response() }
    // More than may listen at a time, one after the other.
    for _ in 0..<24 {
      let client = Self.connect(running.server.port)
      _ = "GET /live HTTP/1.1\r\nHost: a\r\n\r\n".withCString { send(client, $0, strlen($0), 0) }
      var first = [UInt8](repeating: 0, count: 12)
      let count = recv(client, &first, 12, Int32(MSG_WAITALL))
      #expect(count == 12)
      #expect(String(decoding: first, as: UTF8.self) == "HTTP/1.1 200")
      close(client)
      usleep(40_000)
    }
  }

  @Test func longHeadsAndBodiesAreRefused() throws {
    let running = try Running(limits: .init()) { Self.ok($0) }
    let long = "GET / HTTP/1.1\r\nX: " + String(repeating: "a", count: 20_000) + "\r\n\r\n"
    #expect(Self.exchange(Self.connect(running.server.port), long).hasPrefix("HTTP/1.1 431 "))
    let body = "POST / HTTP/1.1\r\nContent-Length: 9999999\r\n\r\n"
    #expect(Self.exchange(Self.connect(running.server.port), body).hasPrefix("HTTP/1.1 413 "))
  }

  @Test func linesInHeaderValuesBecomeOneLine() throws {
    let running = try Running(limits: .init()) { _ in
      var response = WebResponse(200, type: "text/plain", body: "")
      response.headers.append(("X-Name", "a\r\nSet-Cookie: evil=1"))
      return response
    }
    let answer = Self.exchange(Self.connect(running.server.port), "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    #expect(!answer.contains("\r\nSet-Cookie"))
  }

  @Test func anotherServerOnThePortIsSaidClearly() throws {
    let running = try Running(limits: .init()) { Self.ok($0) }
    #expect(throws: ServerError.self) {
      _ = try LoopbackServer(port: running.server.port) { Self.ok($0) }
    }
  }
}
