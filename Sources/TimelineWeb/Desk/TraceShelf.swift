internal import Glibc
internal import Synchronization
internal import TimelineStore

/// The newest trace, read on a thread of its own: that of 100,000 devices takes a second or two, in which pages that can do
/// without it are shown already.
final class TraceShelf: Sendable {
  /// How far the reading of a trace has come.
  enum Content: Sendable {
    /// The case has none.
    case none
    /// It is being read.
    case loading
    case ready(IncidentView)

    /// The trace, where it is there.
    var view: IncidentView? { if case .ready(let view) = self { view } else { nil } }
  }

  private struct State {
    /// Of the trace that was read last, or is being read; 0: none yet.
    var number: Int64 = 0
    var result: Result<IncidentView, any Error>?
  }
  private let state = Mutex(State())
  private let path: String

  init(path: String) { self.path = path }

  /// The trace of this number, read if need be.
  /// - Parameter patience: Seconds to wait for it.
  func content(_ number: Int64, patience: Double) throws -> Content {
    guard number > 0 else { return .none }
    let end = Connection.now + patience
    while true {
      let (result, mustLoad) = state.withLock { state in
        guard state.number != number else { return (state.result, false) }
        state = State(number: number)
        return (nil, true)
      }
      if mustLoad { load(number) }
      if let result { return .ready(try result.get()) }
      guard Connection.now < end else { return .loading }
      usleep(2_000)
    }
  }

  private func load(_ number: Int64) {
    detachThread { [self] in
      let result = Result {
        let reader = try CaseReader(path: path)
        try reader.limitCache(bytes: 1 << 20)
        return try IncidentView(reader: reader, number: number)
      }
      state.withLock { if $0.number == number { $0.result = result } }
    }
  }
}
