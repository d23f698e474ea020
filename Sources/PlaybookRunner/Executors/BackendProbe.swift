import Glibc
public import PlaybookModel

/// Looks whether a service can be reached before anything is to be done with it.
public enum BackendProbe {
  /// What was found.
  public struct Answer: Sendable, Hashable {
    /// True when the connection was opened.
    public var isReached: Bool
    /// What the other side said first, or why it was not reached; one harmless line.
    public var detail: String
  }

  /// Opens a TCP connection and, with `waitsForGreeting`, reads what the other side says first.
  public static func connect(
    host: String, port: Int, waitsForGreeting: Bool = false, timeoutMilliseconds: Int32 = 3000
  ) async -> Answer {
    await withCheckedContinuation { done in
      BlockingWork.run {
        done.resume(returning: connectNow(host, port, waitsForGreeting, timeoutMilliseconds))
      }
    }
  }

  private static func connectNow(
    _ host: String, _ port: Int, _ waitsForGreeting: Bool, _ timeout: Int32
  ) -> Answer {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var list: UnsafeMutablePointer<addrinfo>?
    let code = getaddrinfo(host, String(port), &hints, &list)
    guard code == 0, let first = list else {
      return Answer(
        isReached: false, detail: "the name has no address: \(String(cString: gai_strerror(code)))")
    }
    defer { freeaddrinfo(list) }
    var last = "no address"
    var next: UnsafeMutablePointer<addrinfo>? = first
    while let info = next {
      next = info.pointee.ai_next
      let descriptor = socket(
        info.pointee.ai_family,
        info.pointee.ai_socktype | Int32(SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
      guard descriptor >= 0 else { continue }
      defer { close(descriptor) }
      if Glibc.connect(descriptor, info.pointee.ai_addr, info.pointee.ai_addrlen) != 0, errno != EINPROGRESS {
        last = String(cString: strerror(errno))
        continue
      }
      var wanted = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
      guard poll(&wanted, 1, timeout) == 1 else {
        last = "no answer in \(timeout / 1000) s"
        continue
      }
      var problem: Int32 = 0
      var size = socklen_t(MemoryLayout<Int32>.size)
      getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &problem, &size)
      guard problem == 0 else {
        last = String(cString: strerror(problem))
        continue
      }
      guard waitsForGreeting else { return Answer(isReached: true, detail: "connected") }
      wanted = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      guard poll(&wanted, 1, timeout) == 1 else {
        return Answer(isReached: true, detail: "it accepts and says nothing")
      }
      var buffer = [UInt8](repeating: 0, count: 256)
      let count = read(descriptor, &buffer, buffer.count)
      let text = RemoteText.bounded(Array(buffer.prefix(max(0, count))))
      return Answer(isReached: true, detail: RemoteText.excerpt(RemoteText.value(text), 80))
    }
    return Answer(isReached: false, detail: last)
  }
}

extension ExecutorSet {
  /// True when what a step does can be taken back: the playbook says how, or the command's type knows.
  public func hasInverse(_ action: ActionStep) -> Bool { EffectiveRollout(action, self).inverse != nil }
}
