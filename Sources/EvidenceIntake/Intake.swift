import Glibc
public import IncidentModel
import LogFormats
import Synchronization

/// How far an ingest is.
public struct IntakeProgress: Sendable {
  /// Bytes of evidence read so far, as stored.
  public var bytes: UInt64
  /// Bytes of all files given; standard input counts as nothing.
  public var total: UInt64
  /// Seconds since the beginning.
  public var seconds: Double
}

/// What an ingest did.
public struct IntakeSummary: Sendable {
  /// Accounts of all sources that were read, in evidence order. Containers have an account of their own, without
  /// bytes: those are their members'.
  public var sources: [SourceAccount] = []
  /// Sources that are in the case already.
  public var skipped: [SkippedSource] = []
  /// Files that could not be read at all.
  public var unreadable: [IntakeError] = []
  /// What else people should know, one sentence each.
  public var notes: [String] = []
  /// Bytes read, as stored.
  public var storedBytes: UInt64 = 0
}

/// A source that was left out because its SHA-256 is known.
public struct SkippedSource: Sendable, Hashable {
  /// Which.
  public var description: SourceDescription
  /// Its SHA-256, 64 lower-case hex digits.
  public var sha256: String
}

/// Reads evidence into an event sink.
public enum Intake {
  /// Reads files, folders and standard input (`-`). One lane is opened for each file; `jobs` of them are read at a
  /// time, with the same result for any number.
  ///
  /// - Throws: `IntakeError` for paths that cannot be read, for options that make no sense and when `shouldStop`
  ///   says so; whatever the sink throws. The sink is to be thrown away then.
  public static func run(
    _ paths: [String], options: IntakeOptions, into sink: any EventSink,
    shouldStop: @escaping @Sendable () -> Bool = { false },
    onProgress: ((IntakeProgress) -> Void)? = nil
  ) throws -> IntakeSummary {
    var plan = try PathPlan(paths, excluded: options.excluded)
    try refusePacketCapturesAlone(plan)
    plan.putArchivesLast(nesting: options.limits.nesting)
    let settings = try SourceSettings(options, paths: plan.items.map(\.path))
    let work = Work(
      items: plan.items, options: options, settings: settings, sink: sink, shouldStop: shouldStop)
    let count = max(1, min(options.jobs, plan.items.count))
    let total = plan.items.reduce(0) { $0 + $1.size }
    work.start(threads: count)
    work.wait { bytes, seconds in
      onProgress?(IntakeProgress(bytes: bytes, total: total, seconds: seconds))
    }
    var summary = try work.result()
    summary.unreadable = plan.unreadable + summary.unreadable
    summary.notes =
      plan.notes + summary.notes
      + SourceSettings.unmatched(
        options, summary.sources.map(\.description) + summary.skipped.map(\.description))
    return summary
  }

  /// A heap may hold packet captures; packet captures alone leave nothing to do.
  private static func refusePacketCapturesAlone(_ plan: PathPlan) throws(IntakeError) {
    guard let first = plan.items.first, plan.items.count <= 16 else { return }
    for item in plan.items {
      if item.isStandardInput { return }
      let file = try FileStream(path: item.path)
      var head = [UInt8](repeating: 0, count: 512)
      let count = head.withUnsafeMutableBytes { (try? file.read(into: $0).count) ?? 0 }
      guard
        head.withUnsafeBytes({ ContentKind(UnsafeRawBufferPointer(rebasing: $0[..<count])) })
          == .packetCapture
      else { return }
    }
    throw IntakeError(.nothingToRead, PacketCapture.hint, place: first.path)
  }
}

/// What is said of packet captures.
enum PacketCapture {
  static let hint =
    "is a packet capture, not a log: convert it with Zeek (zeek -r FILE) and ingest the logs that it writes"
}

/// The work of all threads: items in order, first come first served.
final class Work: Sendable {
  private struct State {
    var next = 0
    var running = 0
    var outcomes: [Int: LaneOutcome] = [:]
    var failure: (order: Int, error: any Error)?
  }

  let items: [PathPlan.Item]
  let options: IntakeOptions
  let settings: SourceSettings
  let sink: any EventSink
  let shouldStop: @Sendable () -> Bool
  /// Bytes of evidence read, as stored.
  let bytes = Atomic<UInt64>(0)
  /// True where there are fewer files than threads: then the steps of one file are done at the same time.
  let isPipelined: Bool
  /// Of files, those families that have more than one (`SourceEnds`).
  let families: Set<String>
  private let state = Mutex(State())
  private let hasFailed = Atomic<Bool>(false)

  init(
    items: [PathPlan.Item], options: IntakeOptions, settings: SourceSettings,
    sink: any EventSink, shouldStop: @escaping @Sendable () -> Bool
  ) {
    self.items = items
    self.options = options
    self.settings = settings
    self.sink = sink
    self.shouldStop = shouldStop
    isPipelined = items.count < options.jobs
    var counts: [String: Int] = [:]
    for item in items { counts[SourceEnds.family(SourceDescription(path: item.path)), default: 0] += 1 }
    families = Set(counts.filter { $0.value > 1 }.keys)
  }

  /// True when reading has to end: the caller says so, or another thread has failed.
  var mustStop: Bool { hasFailed.load(ordering: .relaxed) || shouldStop() }

  func start(threads: Int) {
    state.withLock { $0.running = threads }
    for _ in 0..<threads { detachThread { [self] in runWorker() } }
  }

  /// Waits for all threads, telling the progress ten times a second.
  func wait(_ tell: (UInt64, Double) -> Void) {
    let start = Self.seconds()
    var pause: UInt32 = 500
    var stopSince: Double?
    while state.withLock({ $0.running > 0 }) {
      // A thread that waits for standard input does not see that it is to stop: it is left to the process's end.
      if shouldStop() {
        let now = Self.seconds()
        if now - (stopSince ?? now) > 2 { return }
        stopSince = stopSince ?? now
      }
      usleep(pause)
      pause = min(pause * 2, 100_000)
      tell(bytes.load(ordering: .relaxed), Self.seconds() - start)
    }
  }

  private static func seconds() -> Double {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    return Double(now.tv_sec) + Double(now.tv_nsec) / 1e9
  }

  private func runWorker() {
    var worker = LaneWorker(work: self)
    while let order = takeNext() {
      do {
        let outcome = try worker.read(items[order], order: order)
        state.withLock { $0.outcomes[order] = outcome }
      } catch {
        hasFailed.store(true, ordering: .relaxed)
        state.withLock { if $0.failure == nil || order < $0.failure!.order { $0.failure = (order, error) } }
      }
    }
    state.withLock { $0.running -= 1 }
  }

  private func takeNext() -> Int? {
    if mustStop { return nil }
    return state.withLock { state in
      guard state.next < items.count else { return nil }
      defer { state.next += 1 }
      return state.next
    }
  }

  /// All that was read, in order.
  func result() throws -> IntakeSummary {
    let (outcomes, failure) = state.withLock { ($0.outcomes, $0.failure) }
    if let failure { throw failure.error }
    if shouldStop() { throw IntakeError.interrupted }
    var summary = IntakeSummary()
    var ends: [SourceEnds] = []
    var unnamed: [UnnamedDevices] = []
    for order in items.indices {
      guard let outcome = outcomes[order] else { continue }
      summary.sources += outcome.accounts
      summary.skipped += outcome.skipped
      summary.unreadable += outcome.unreadable
      summary.notes += outcome.notes
      ends += outcome.ends
      unnamed += outcome.unnamed
    }
    summary.notes +=
      SourceEnds.notes(ends) + SharedFileNames.notes(summary.sources)
      + UnnamedDevices.notes(unnamed, hasInventory: !options.knownDevices.isEmpty)
    summary.storedBytes = bytes.load(ordering: .relaxed)
    return summary
  }
}

/// What one lane gave.
struct LaneOutcome: Sendable {
  var accounts: [SourceAccount] = []
  var skipped: [SkippedSource] = []
  var unreadable: [IntakeError] = []
  var notes: [String] = []
  /// Of sources that may be parts of one log.
  var ends: [SourceEnds] = []
  var unnamed: [UnnamedDevices] = []
}
