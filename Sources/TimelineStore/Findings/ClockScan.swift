internal import IncidentModel

/// A stretch of one source in which one clock stamped events and was not seen to be set.
public struct ClockStretch: Sendable, Hashable {
  /// The device's ordinal in the case.
  public var device: Int64
  /// The source's number in the case.
  public var source: Int64
  /// Ids of the first and the last event.
  public var events: ClosedRange<Int64>
  /// By the clock itself.
  public var first: Int64
  /// By the clock itself.
  public var last: Int64
  /// The clock is the source's writer's, who stamped what other devices did, too.
  public var stampsOthers: Bool
  /// How far the clock was moved forward just before this stretch, where that is known: nanoseconds, the bound of the error,
  /// how it is known, and the events that say it.
  public var step: (shift: Int64, error: Int64, method: String, evidence: [Int64])?

  /// Equal where all parts are.
  public static func == (a: ClockStretch, b: ClockStretch) -> Bool {
    a.device == b.device && a.source == b.source && a.events == b.events && a.step?.shift == b.step?.shift
  }
  /// Agrees with `==`.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(device)
    hasher.combine(events)
  }
}

/// Stamps that cannot be right, or that jump.
public struct ClockFlag: Sendable, Hashable {
  /// What is odd about them.
  public enum Kind: String, Sendable, CaseIterable {
    /// Before 1980: the clock counts from the epoch, it was never set.
    case unset1970 = "unset_1970"
    /// In 2000: where real-time clocks start that have lost their battery.
    case unset2000 = "unset_2000"
    /// More than a day after the evidence was read.
    case future
    /// Half a year or more after the event before.
    case jumpForward = "jump_forward"
    /// Half a year or more before the event before.
    case jumpBack = "jump_back"
  }
  /// What is odd.
  public var kind: Kind
  /// The source's number in the case.
  public var source: Int64
  /// The device's ordinal in the case; nil where the events name none.
  public var device: Int64?
  /// Ids of the first and the last event.
  public var events: ClosedRange<Int64>
  /// How many events.
  public var count: Int64
  /// Of unset clocks the first and last stamp; of jumps the stamps on both sides.
  public var from: Int64
  /// See `from`.
  public var to: Int64
}

/// One pass over all events in evidence order: which clock ran from where to where, and which stamps are odd.
///
/// A clock is cut where it falls by a minute or more, where it jumps out of 1970 or 2000, where a line says how far it
/// was set, and where it leaps by as much as it falls later, or fell before (`ClockLeaps`). The stamps of a source that only ever rise although several devices are in it are one clock's: its writer's.
struct ClockScan {
  private(set) var stretches: [ClockStretch] = []
  private(set) var flags: [ClockFlag] = []

  /// Falls of less are lines out of order.
  private static let leastFall: Int64 = 60_000_000_000
  private static let halfYear: Int64 = 182 * 86_400_000_000_000
  private static let year1980: Int64 = 315_532_800_000_000_000
  private static let year2000: Int64 = 946_684_800_000_000_000
  private static let year2001: Int64 = 978_307_200_000_000_000
  /// Cuts of one clock in one source; a source with more is out of order altogether.
  private static let mostCuts = 64
  private static let mostFlags = 100_000

  private struct Clock {
    var first: Int64
    var firstTime: Int64
    var lastTime: Int64
    var last: Int64
    var latest: Int64
    var widest: Int64 = 0
    var cuts: Int32 = 0
    var flag: Int32 = -1
    var step: Step?
    var leaps = ClockLeaps()
    /// How far it fell just before, where nothing says why.
    var fell: Int64?
    /// What the line at hand tells of the gap before it.
    var toldGap: Int64?
  }

  typealias Step = (shift: Int64, error: Int64, method: String, evidence: [Int64])

  private var clocks: [Int64: Clock] = [:]
  private var stretchesHere: [Int64: [ClockStretch]] = [:]
  private var source: Int64 = .min
  /// Events by device whose name comes from the path: the writer of the source.
  private var byPath: [Int64: Int64] = [:]
  private var falls = 0
  private var timed = 0
  private let newest: Int64
  private let stepLines: ClockStepLines
  /// Steps of the clock by the event they come before; see `TwoClockSteps`.
  private let known: [Int64: (shift: Int64, error: Int64)]

  /// The whole of a source's events together.
  private static let whole: Int64 = -1

  init(newest: Int64, stepLines: ClockStepLines, known: [Int64: (shift: Int64, error: Int64)]) {
    self.newest = newest
    self.stepLines = stepLines
    self.known = known
  }

  /// One event. `text` gives its message.
  mutating func add(
    id: Int64, time: Int64, device: Int64?, template: Int64, source: Int64, isByPath: Bool,
    text: () -> String
  ) {
    if source != self.source {
      endSource()
      self.source = source
    }
    timed += 1
    var step: Step?
    if let (shift, error) = known[id] {
      step = (shift, error, BootSpan.twoClocks, [id])
    } else if stepLines.mayTell(template), let seconds = ClockStepLines.seconds(in: text()) {
      step = (Int64(seconds * 1e9), 100_000_000, "a line says how far the clock was set", [id])
    }
    if let device {
      if isByPath { byPath[device, default: 0] += 1 }
      advance(device, id, time, step, isWhole: false, text)
    }
    advance(Self.whole, id, time, step, isWhole: true, text)
  }

  private mutating func advance(
    _ key: Int64, _ id: Int64, _ time: Int64, _ told: Step?, isWhole: Bool, _ text: () -> String
  ) {
    guard var clock = clocks[key] else {
      var fresh = Clock(first: id, firstTime: time, lastTime: time, last: id, latest: time)
      if !isWhole { flag(key, id, time, nil, &fresh) }
      clocks[key] = fresh
      return
    }
    let gap = time.subtractingReportingOverflow(clock.lastTime).partialValue
    if isWhole, gap < -1_000_000_000 { falls += 1 }
    if !isWhole { flag(key, id, time, clock.lastTime, &clock) }
    var step = told
    if let told, told.shift < 0, told.method != BootSpan.twoClocks, clock.cuts < Self.mostCuts {
      undo(key, &clock, by: -told.shift)
    }
    if step == nil, gap > 30 * 86_400_000_000_000, Self.isUnset(clock.lastTime), !Self.isUnset(time) {
      step = (
        gap, max(1_000_000_000, clock.leaps.widest(but: nil, least: clock.widest)),
        "the clock was set: stamps jump from \(Instant(nanoseconds: clock.lastTime).rfc3339(fractionDigits: 0).prefix(4))",
        [clock.last, id]
      )
    }
    if step == nil, gap.magnitude >= UInt64(Self.leastFall), clock.cuts < Self.mostCuts {
      step = moved(key, &clock, by: gap, id, time, text)
    }
    if step != nil || gap < -Self.leastFall, clock.cuts < Self.mostCuts {
      end(key, clock)
      clock = Clock(
        first: id, firstTime: time, lastTime: time, last: id, latest: time, cuts: clock.cuts + 1,
        flag: clock.flag, step: step, fell: step == nil ? -gap : nil)
    } else {
      if gap >= Self.leastFall {
        clock.leaps.add(gap, from: (clock.last, clock.lastTime), to: (id, time), told: clock.toldGap)
        clock.toldGap = nil
      } else if gap > clock.widest {
        clock.widest = gap
      }
      clock.lastTime = time
      clock.last = id
      if time > clock.latest { clock.latest = time }
    }
    clocks[key] = clock
  }

  /// What the stamps themselves tell of a gap or fall: a line that says as much, or a leap and a fall of one size, between which the clock was
  /// off by that. Where a leap that was met before is found out now, the stretch is cut there, too.
  private mutating func moved(
    _ key: Int64, _ clock: inout Clock, by gap: Int64, _ id: Int64, _ time: Int64, _ text: () -> String
  ) -> Step? {
    let usual = clock.leaps.widest(but: nil, least: clock.widest)
    if gap > 0 {
      // Pauses are not looked into.
      guard gap / 3 > usual else { return nil }
      let line = text()
      if let amount = ClockStepLines.amount(in: line, near: gap, pause: usual, isFall: false) {
        return (amount, 100_000_000, ClockStepLines.method, [clock.last, id])
      }
      clock.toldGap = ClockStepLines.size(in: line, ofGap: gap, pause: usual)
      guard let fell = clock.fell,
        let size = ClockLeaps.size(
          leap: gap, fall: fell, pause: usual, between: clock.lastTime - clock.firstTime)
      else { return nil }
      clock.step = (-size.shift, size.error, ClockLeaps.method, [clock.first, id])
      return (size.shift, size.error, ClockLeaps.method, [clock.last, id])
    }
    let line = text()
    // Told twice, there and back, it need not be seen from the stamps how long the clock was silent in between.
    if let there = clock.step?.shift, there > 0, -gap <= there + 1_000_000_000,
      ClockStepLines.tells(line, back: there)
    {
      return (-there, 100_000_000, ClockStepLines.method, [clock.last, id])
    }
    if let amount = ClockStepLines.amount(in: line, near: gap, pause: min(usual, -gap / 3), isFall: true) {
      undo(key, &clock, by: -amount)
      return (amount, 100_000_000, ClockStepLines.method, [clock.last, id])
    }
    guard let leap = clock.leaps.matching(fall: -gap, at: clock.lastTime, least: clock.widest) else {
      return nil
    }
    cut(key, &clock, at: leap, ClockLeaps.method)
    return (-leap.size.shift, leap.size.error, ClockLeaps.method, [clock.last, id])
  }

  /// A line says that a clock was set back. Where it had leapt by as much, it was off since then only.
  private mutating func undo(_ key: Int64, _ clock: inout Clock, by amount: Int64) {
    guard let leap = clock.leaps.undone(by: amount, least: clock.widest) else { return }
    cut(key, &clock, at: leap, leap.told == nil ? ClockLeaps.method : ClockStepLines.method)
  }

  /// Ends a stretch before a leap, and begins the next one with it.
  private mutating func cut(_ key: Int64, _ clock: inout Clock, at leap: ClockLeaps.Leap, _ method: String) {
    var before = clock
    before.last = leap.before.id
    before.lastTime = leap.before.time
    end(key, before)
    clock.first = leap.after.id
    clock.firstTime = leap.after.time
    clock.cuts += 1
    clock.step = (leap.size.shift, leap.size.error, method, [leap.before.id, leap.after.id])
  }

  private static func isUnset(_ time: Int64) -> Bool {
    time < year1980 || (time >= year2000 && time < year2001)
  }

  private mutating func flag(
    _ device: Int64, _ id: Int64, _ time: Int64, _ before: Int64?, _ clock: inout Clock
  ) {
    var kind: ClockFlag.Kind?
    if time < Self.year1980 {
      kind = .unset1970
    } else if time >= Self.year2000, time < Self.year2001 {
      kind = .unset2000
    } else if time > newest {
      kind = .future
    }
    if let kind {
      if clock.flag >= 0, flags[Int(clock.flag)].kind == kind {
        let index = Int(clock.flag)
        flags[index].events = flags[index].events.lowerBound...id
        flags[index].count += 1
        flags[index].from = min(flags[index].from, time)
        flags[index].to = max(flags[index].to, time)
      } else if flags.count < Self.mostFlags {
        clock.flag = Int32(flags.count)
        flags.append(
          ClockFlag(
            kind: kind, source: source, device: device, events: id...id, count: 1, from: time, to: time))
      }
      return
    }
    clock.flag = -1
    guard let before, !Self.isUnset(before), before <= newest, flags.count < Self.mostFlags else { return }
    let gap = time.subtractingReportingOverflow(before).partialValue
    guard gap.magnitude >= UInt64(Self.halfYear) else { return }
    flags.append(
      ClockFlag(
        kind: gap > 0 ? .jumpForward : .jumpBack, source: source, device: device, events: id...id, count: 1,
        from: before, to: time))
  }

  private mutating func end(_ key: Int64, _ clock: Clock) {
    stretchesHere[key, default: []].append(
      ClockStretch(
        device: key, source: source, events: clock.first...clock.last, first: clock.firstTime,
        last: clock.lastTime, stampsOthers: false, step: clock.step))
  }

  /// Closes the source that was read last.
  mutating func endSource() {
    for (key, clock) in clocks { end(key, clock) }
    let devices = stretchesHere.count - 1
    let writer = byPath.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key
    if devices > 1, let writer, falls * 1000 <= timed {
      for var one in stretchesHere[Self.whole] ?? [] {
        one.device = writer
        one.stampsOthers = true
        stretches.append(one)
      }
    } else {
      for (key, list) in stretchesHere where key != Self.whole { stretches += list }
    }
    clocks.removeAll(keepingCapacity: true)
    stretchesHere.removeAll(keepingCapacity: true)
    byPath.removeAll(keepingCapacity: true)
    falls = 0
    timed = 0
  }

  /// All that was found, in evidence order.
  mutating func finish() {
    endSource()
    stretches.sort { ($0.events.lowerBound, $0.device) < ($1.events.lowerBound, $1.device) }
  }
}
