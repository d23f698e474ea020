import Foundation
import PlaybookRunner
import Synchronization

/// Hands a TCP connection on, and cuts it once after a text has gone through to the server: what was asked is done, its
/// answer never comes.
final class CuttingProxy: Sendable {
  let port: Int
  private let listener: Int32
  private let target: Int
  private let word: [UInt8]
  private let isCut = Mutex(false)

  init(to target: Int, whenSeen word: String) throws {
    self.target = target
    self.word = Array(word.utf8)
    port = try Support.freePort()
    listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var yes: Int32 = 1
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, 4)
    guard Self.at(port, { bind(self.listener, $0, $1) }) == 0, listen(listener, 16) == 0 else {
      throw RunnerError(.unsupported, "no proxy")
    }
    Thread.detachNewThread { [self] in
      while true {
        let client = accept(listener, nil, nil)
        if client < 0 { return }
        Thread.detachNewThread { [self] in serve(client) }
      }
    }
  }

  private static func at(_ port: Int, _ use: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    return withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        use($0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
  }

  private func serve(_ client: Int32) {
    let server = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer {
      close(client)
      close(server)
    }
    guard Self.at(target, { connect(server, $0, $1) }) == 0 else { return }
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
      var list = [
        pollfd(fd: client, events: Int16(POLLIN), revents: 0),
        pollfd(fd: server, events: Int16(POLLIN), revents: 0),
      ]
      guard poll(&list, 2, 20_000) > 0 else { return }
      if list[1].revents != 0 {
        let count = read(server, &buffer, buffer.count)
        guard count > 0, write(client, buffer, count) == count else { return }
      }
      if list[0].revents != 0 {
        let count = read(client, &buffer, buffer.count)
        guard count > 0, write(server, buffer, count) == count else { return }
        if contains(buffer[..<count]),
          isCut.withLock({ cut in
            defer { cut = true }
            return !cut
          })
        {
          // Time for the server to act; its answer is thrown away with the connection.
          usleep(200_000)
          return
        }
      }
    }
  }

  private func contains(_ bytes: ArraySlice<UInt8>) -> Bool {
    guard bytes.count >= word.count else { return false }
    return (bytes.startIndex...(bytes.endIndex - word.count)).contains { bytes[$0...].starts(with: word) }
  }

  func stop() {
    shutdown(listener, Int32(SHUT_RDWR))
    close(listener)
  }
}
