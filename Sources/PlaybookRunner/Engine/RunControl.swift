public import PlaybookModel
import Synchronization

/// Lets somebody outside of a run ask it to stop at a safe place: what is in flight is drained, nothing new begins.
public final class RunControl: Sendable {
  private let stopping = Atomic<Bool>(false)
  private let why = Mutex<String?>(nil)
  private let underWay = Atomic<Int>(0)
  private let sending = Mutex(Sending())

  private struct Sending {
    var next = 0
    var open: [Int: (devices: [String], count: Int)] = [:]
  }

  /// A control that nobody has used yet.
  public init() {}

  /// Asks the run to drain and stop; the first reason is kept. It can be resumed.
  public func stop(reason: String? = nil) {
    why.withLock { if $0 == nil && !isStopping { $0 = reason } }
    stopping.store(true, ordering: .relaxed)
  }

  /// Actions in flight now.
  public var inFlight: Int { underWay.load(ordering: .relaxed) }

  /// Devices with an intent and no result yet: how many, and the names of the first, oldest first.
  public func unsettled(names limit: Int = 5) -> (count: Int, names: [String]) {
    sending.withLock { sending in
      let count = sending.open.values.reduce(0) { $0 + $1.count }
      let oldest = sending.open.keys.sorted().prefix(limit)
      return (count, Array(oldest.flatMap { sending.open[$0]?.devices ?? [] }.prefix(limit)))
    }
  }

  /// An action on devices gets its intents; the number is for `settles`.
  func intends(_ devices: [String]) -> Int {
    sending.withLock { sending in
      sending.next += 1
      // A group may have a million: their names are for people.
      sending.open[sending.next] = (Array(devices.prefix(20)), devices.count)
      return sending.next
    }
  }

  /// The results of such an action are in the journal.
  func settles(_ number: Int) { sending.withLock { _ = $0.open.removeValue(forKey: number) } }

  /// An action begins.
  func begin() { underWay.wrappingAdd(1, ordering: .relaxed) }

  /// An action ends.
  func end() { underWay.wrappingSubtract(1, ordering: .relaxed) }

  /// Why somebody asked; nil for Ctrl-C.
  public var reason: String? { why.withLock { $0 } }

  /// True once somebody asked.
  public var isStopping: Bool { stopping.load(ordering: .relaxed) }
}

/// What a run reports while it goes on.
public enum RunProgress: Sendable {
  /// A step begins.
  case step(name: String)
  /// A wave begins: its number from 1, how many waves there are, and its devices.
  case wave(step: String, number: Int, of: Int, devices: Int)
  /// A device has an outcome.
  case device(step: String, device: String, outcome: RunRecordOutcome, reason: String?, tally: WaveTally)
  /// Watching before the next wave, in milliseconds.
  case soak(milliseconds: Int)
  /// Something a person should read.
  case note(String)
}

/// A question on the timeline that a health gate asks.
public protocol TimelineGate: Sendable {
  /// Number of events since a wall time (nanoseconds since the epoch) that match a query, and the time of the newest
  /// evidence of all; nil for the latter when there is none.
  func count(query: String, since: Int64) async throws -> (matches: Int, newestEvidence: Int64?)
}

/// How a run ended.
public struct RunSummary: Sendable {
  /// The run's id.
  public var run: String
  /// How it ended.
  public var end: RunHistory.End
  /// Numbers of devices by outcome, over all steps.
  public var counts: [RunRecordOutcome: Int]
  /// Why it did not succeed; empty when it did.
  public var reasons: [String]

  /// Devices that are not in the wanted state, over all steps.
  public var missed: Int { counts.reduce(0) { $0 + ([.ok, .changed].contains($1.key) ? 0 : $1.value) } }

  /// A summary from its parts.
  public init(run: String, end: RunHistory.End, counts: [RunRecordOutcome: Int], reasons: [String]) {
    self.run = run
    self.end = end
    self.counts = counts
    self.reasons = reasons
  }
}
