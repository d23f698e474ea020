internal import ConsoleOutput
internal import Glibc
internal import IncidentModel
internal import Synchronization
internal import TimelineStore

/// What the case holds, looked at no more than once a second however many pages listen, and told to them as server-sent
/// events (WHATWG HTML, 9.2).
final class LiveFeed: Sendable {
  private struct State {
    var reader: PooledReader?
    var counter: Int64 = -1
    var seen = CaseState()
    var looked = 0.0
    /// Counts changes; -1 once the case has gone.
    var version = 0
  }
  private let state = Mutex(State())
  private let streams = Atomic<Int>(0)
  private let desk: Desk
  private let isStopping: @Sendable () -> Bool
  /// Pages that may listen at a time; each holds a thread.
  private static let maximumStreams = 16

  init(desk: Desk, isStopping: @escaping @Sendable () -> Bool) {
    self.desk = desk
    self.isStopping = isStopping
  }

  /// The newest numbers and how often they changed.
  private func now() -> (version: Int, state: CaseState) {
    state.withLock { state in
      let now = Connection.now
      guard state.version >= 0, now - state.looked >= 1 else { return (state.version, state.seen) }
      state.looked = now
      do {
        try desk.checkIdentity()
        if state.reader == nil {
          let reader = try CaseReader(path: desk.path)
          try reader.limitCache(bytes: 1 << 20)
          state.reader = PooledReader(reader: reader, state: CaseState())
        }
        guard let reader = state.reader?.reader else { return (state.version, state.seen) }
        let counter = try reader.changeCounter()
        if counter != state.counter {
          let seen = try reader.state()
          state.counter = counter
          if seen != state.seen {
            state.seen = seen
            state.version += 1
          }
        }
      } catch let error as StoreError where error.code == .locked {
        // Somebody is writing; the next look will tell.
      } catch {
        state.version = -1
      }
      return (state.version, state.seen)
    }
  }

  /// The answer to a page that listens.
  func response() -> WebResponse {
    guard streams.add(1, ordering: .relaxed).newValue <= Self.maximumStreams else {
      streams.subtract(1, ordering: .relaxed)
      return WebResponse(503, type: "text/plain; charset=utf-8", body: "too many pages listen\n")
    }
    var response = WebResponse(200, type: "text/event-stream; charset=utf-8", body: "")
    response.headers.append(("Cache-Control", "no-store"))
    response.stream = { [self] stream in
      defer { streams.subtract(1, ordering: .relaxed) }
      var told = Int.min
      var silent = 0.0
      // Whoever leafs through pages opens and closes one of these on each.
      while !isStopping(), stream.isOpen {
        let (version, state) = now()
        if version != told {
          told = version
          silent = 0
          guard stream.send(version < 0 ? "event: gone\ndata: {}\n\n" : Self.event(state)) else { return }
          if version < 0 { return }
        } else if silent >= 10 {
          // A comment: keeps the way open and finds out whether anybody listens.
          silent = 0
          guard stream.send(": \n\n") else { return }
        }
        usleep(250_000)
        silent += 0.25
      }
    }
    return response
  }

  private static func event(_ state: CaseState) -> String {
    let newest = state.newest.map { Moment.words(Instant(nanoseconds: $0)) } ?? ""
    let data = JSONValue.object([
      ("events", .string(Figures.grouped(state.events))),
      ("sources", .string(Figures.grouped(state.sources))),
      ("newest", .string(newest)), ("trace", .int(state.trace)), ("journal", .int(state.journal)),
      ("notes", .int(state.notes)),
    ]).text()
    return "event: state\ndata: \(data)\n\n"
  }
}
