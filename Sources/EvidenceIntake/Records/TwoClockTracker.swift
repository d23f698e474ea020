import IncidentModel

/// Records that hold two clocks (journald: wall time and the monotonic clock, beside the identity of the boot): the
/// difference of the two moves only when somebody sets the wall clock. Stretches between such steps are kept.
struct TwoClockTracker {
  private struct Stretch {
    var boot: UInt64
    var events: Range<Int>
    /// Wall time minus monotonic time: at the first event, at the last.
    var first: Int64
    var last: Int64
    var uptime: Int64
  }

  private var stretches: [Stretch] = []
  private var current: [UInt64: Int] = [:]
  private var lastBoot: UInt64 = 0
  private var lastIndex = -1

  /// A change of less is slewing or the time it takes to write a record.
  private static let least: Int64 = 100_000_000
  /// Boots and steps kept of one source.
  private static let limit = 65_536

  var isEmpty: Bool { stretches.isEmpty }

  /// One record: wall time, monotonic time, and the boot's identity.
  mutating func add(wall: Int64, uptime: Int64, boot: UInt64, ordinal: Int) {
    let offset = wall.subtractingReportingOverflow(uptime).partialValue
    let index = boot == lastBoot ? lastIndex : current[boot] ?? -1
    if index >= 0 {
      let change = offset.subtractingReportingOverflow(stretches[index].last).partialValue.magnitude
      // NTP slews by at most 500 parts per million.
      let elapsed = uptime.subtractingReportingOverflow(stretches[index].uptime).partialValue.magnitude
      if change <= UInt64(Self.least) + elapsed / 2000 {
        stretches[index].events = stretches[index].events.lowerBound..<ordinal + 1
        stretches[index].last = offset
        stretches[index].uptime = uptime
        (lastBoot, lastIndex) = (boot, index)
        return
      }
    }
    guard stretches.count < Self.limit else { return }
    stretches.append(
      Stretch(boot: boot, events: ordinal..<ordinal + 1, first: offset, last: offset, uptime: uptime))
    lastBoot = boot
    lastIndex = stretches.count - 1
    current[boot] = lastIndex
  }

  /// The stretches as boots: those of one boot have one number. Boots whose wall clock was never set come first to last.
  func finish() -> (spans: [BootSpan], decision: IntakeDecision?) {
    var numbers: [UInt64: Int] = [:]
    var spans: [BootSpan] = []
    for stretch in stretches {
      let number = numbers[stretch.boot] ?? numbers.count + 1
      numbers[stretch.boot] = number
      spans.append(
        BootSpan(
          number: number, events: stretch.events, anchor: stretch.first,
          error: Int64(
            clamping: stretch.last.subtractingReportingOverflow(stretch.first).partialValue.magnitude),
          method: BootSpan.twoClocks))
    }
    let steps = spans.count - numbers.count
    guard steps > 0 else { return (spans, nil) }
    return (
      spans,
      IntakeDecision(
        subject: "clock", value: "set \(steps) \(steps == 1 ? "time" : "times") while running",
        reason: "records hold wall time and time since boot, and the difference of the two moved")
    )
  }
}
