internal import Glibc
internal import Synchronization

/// Why the server could not be started: one sentence.
public struct ServerError: Error, CustomStringConvertible {
  /// What could not be done, on what, why, what next.
  public let description: String
}

/// A server of HTTP/1.1 on 127.0.0.1 only: one thread takes connections, each is answered on a thread of its own, and
/// no more than a fixed number at a time. Blocking reads of the case never meet the cooperative pool.
final class LoopbackServer: Sendable {
  /// The port that is listened on.
  let port: UInt16
  private let listener: Int32
  private let limits: Connection.Limits
  private let open = Atomic<Int>(0)
  private let isStopped = Atomic<Bool>(false)
  private let maximum: Int
  private let handler: @Sendable (WebRequest) -> WebResponse

  /// Listens. Port 0 takes a free one.
  init(
    port: UInt16, maximumConnections: Int = 48, limits: Connection.Limits = .init(),
    handler: @escaping @Sendable (WebRequest) -> WebResponse
  ) throws(ServerError) {
    func failure(_ what: String) -> ServerError {
      let reason = String(cString: strerror(errno))
      let advice = errno == EADDRINUSE ? "; another program has it: give --port N, or leave it out" : ""
      return ServerError(description: "cannot \(what) 127.0.0.1:\(port): \(reason)\(advice)")
    }
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw failure("make a socket for") }
    var yes: Int32 = 1
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isBound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, length) == 0 && listen(descriptor, 64) == 0
          && getsockname(descriptor, $0, &length) == 0
      }
    }
    guard isBound else {
      let error = failure("listen on")
      close(descriptor)
      throw error
    }
    listener = descriptor
    self.port = UInt16(bigEndian: address.sin_port)
    self.limits = limits
    maximum = maximumConnections
    self.handler = handler
  }

  deinit { close(listener) }

  /// Takes connections until `stop`, or until `isInterrupted` says so.
  func run(isInterrupted: () -> Bool) {
    while !isStopped.load(ordering: .relaxed), !isInterrupted() {
      var descriptor = pollfd(fd: listener, events: Int16(POLLIN), revents: 0)
      guard poll(&descriptor, 1, 200) > 0 else { continue }
      let client = accept(listener, nil, nil)
      guard client >= 0 else {
        // Out of descriptors: those in use will be given back.
        if errno == EMFILE || errno == ENFILE { usleep(50_000) }
        continue
      }
      // Programs that are started meanwhile must not hold the client's socket.
      _ = fcntl(client, F_SETFD, FD_CLOEXEC)
      let connection = Connection(socket: client, limits: limits)
      guard open.add(1, ordering: .relaxed).newValue <= maximum else {
        open.subtract(1, ordering: .relaxed)
        connection.answer(
          WebResponse(503, type: "text/plain; charset=utf-8", body: "too many connections; try again\n"))
        continue
      }
      detachThread { [self] in
        serve(connection)
        open.subtract(1, ordering: .relaxed)
      }
    }
  }

  /// Ends `run`.
  func stop() { isStopped.store(true, ordering: .relaxed) }
  /// True once `stop` was called: lasting answers end.
  var isStopping: Bool { isStopped.load(ordering: .relaxed) }

  private func serve(_ connection: Connection) {
    do throws(Connection.Refusal) {
      let request = try connection.request()
      let response = handler(request)
      connection.answer(response, toHead: request.method == .head)
    } catch {
      guard error.status > 0 else { return }
      var response = WebResponse(error.status, type: "text/plain; charset=utf-8", body: error.words + "\n")
      response.headers += SecurityHeaders.list
      connection.answer(response)
    }
    connection.finish()
  }
}

/// Runs on a thread of its own, with room on its stack for SQLite and deep pages.
func detachThread(_ work: @escaping @Sendable () -> Void) {
  final class Box {
    let work: @Sendable () -> Void
    init(_ work: @escaping @Sendable () -> Void) { self.work = work }
  }
  var attributes = pthread_attr_t()
  pthread_attr_init(&attributes)
  pthread_attr_setstacksize(&attributes, 2 << 20)
  pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
  var thread = pthread_t()
  let box = Unmanaged.passRetained(Box(work))
  let code = pthread_create(
    &thread, &attributes,
    { argument in
      if let argument { Unmanaged<Box>.fromOpaque(argument).takeRetainedValue().work() }
      return nil
    }, box.toOpaque())
  pthread_attr_destroy(&attributes)
  // No thread to be had: the work is done here, later than hoped.
  if code != 0 { box.takeRetainedValue().work() }
}
