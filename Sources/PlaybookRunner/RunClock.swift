import Glibc

/// Time as a run sees it. Expiry and pacing use the monotonic clock: the wall clock of a responder's laptop may be wrong.
public protocol RunClock: Sendable {
  /// Nanoseconds since the epoch.
  func wallTime() -> Int64
  /// Nanoseconds since an arbitrary start, also while the machine sleeps.
  func monotonicTime() -> Int64
  /// Waits; ends early when the task is cancelled.
  func sleep(nanoseconds: Int64) async
  /// Which start of the machine `monotonicTime` counts from; empty when unknown. Times of different starts cannot be
  /// compared.
  var boot: String { get }
}

extension RunClock {
  /// The kernel's id of this start of the machine.
  public var boot: String { BootIdentifier.current }

  /// This moment.
  var now: RunHistory.Moment {
    RunHistory.Moment(wall: wallTime(), monotonic: monotonicTime(), boot: boot)
  }

  /// What the wall clock as it is set now would have shown at a moment: it may have been set since, and times that are compared with
  /// those of others must be of one setting. Of another start of the machine only the time that it showed is known.
  func wallTime(of moment: RunHistory.Moment) -> Int64 {
    guard moment.boot == boot, !boot.isEmpty else { return moment.wall }
    return wallTime() - (monotonicTime() - moment.monotonic)
  }
}

/// The kernel's random id of the machine's current start.
enum BootIdentifier {
  static let current: String = {
    let descriptor = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return "" }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: 64)
    let count = Glibc.read(descriptor, &bytes, bytes.count)
    return count > 0 ? RemoteText.value(String(decoding: bytes[..<count], as: UTF8.self)) : ""
  }()
}

/// The machine's clocks.
public struct SystemClock: RunClock {
  /// The clocks.
  public init() {}

  /// `CLOCK_REALTIME`.
  public func wallTime() -> Int64 { read(CLOCK_REALTIME) }

  /// `CLOCK_BOOTTIME`.
  public func monotonicTime() -> Int64 { read(CLOCK_BOOTTIME) }

  /// Suspends the task.
  public func sleep(nanoseconds: Int64) async {
    guard nanoseconds > 0 else { return }
    // A cancelled sleep is an early end, which is what the caller asked for.
    try? await Task.sleep(nanoseconds: UInt64(nanoseconds))
  }

  private func read(_ clock: clockid_t) -> Int64 {
    var time = timespec()
    clock_gettime(clock, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}
