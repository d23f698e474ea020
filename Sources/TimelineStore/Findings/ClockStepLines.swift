/// The widest gaps among the stamps of one clock: where it may have leapt forward. A clock that leaps and later falls by as much (or the other way
/// round), but for a pause at either end, was off by that in between, whatever its lines say.
struct ClockLeaps {
  /// A gap, with the events at both ends.
  struct Leap {
    var gap: Int64
    var before: (id: Int64, time: Int64)
    var after: (id: Int64, time: Int64)
    var size: (shift: Int64, error: Int64) = (0, 0)
  }

  static let method = "its stamps leap and fall back by as much"

  private var leaps: [Leap] = []
  private static let limit = 4

  /// Keeps the widest.
  mutating func add(_ gap: Int64, from before: (id: Int64, time: Int64), to after: (id: Int64, time: Int64)) {
    let leap = Leap(gap: gap, before: before, after: after)
    guard leaps.count == Self.limit else { return leaps.append(leap) }
    guard let least = leaps.indices.min(by: { leaps[$0].gap < leaps[$1].gap }), leaps[least].gap < gap else {
      return
    }
    leaps[least] = leap
  }

  /// The widest gap but one: how long the clock's device pauses.
  func widest(but index: Int?, least: Int64) -> Int64 {
    var widest = least
    for (other, leap) in leaps.enumerated() where other != index && leap.gap > widest { widest = leap.gap }
    return widest
  }

  /// The leap that a fall undoes; nil where none, or more than one, is of its size.
  func matching(fall: Int64, at end: Int64, least: Int64) -> Leap? {
    var found: Leap?
    for (index, leap) in leaps.enumerated() {
      let pause = widest(but: index, least: least)
      guard
        let size = Self.size(
          leap: leap.gap, fall: fall, pause: pause, between: end - leap.after.time)
      else { continue }
      guard found == nil else { return nil }
      found = leap
      found?.size = size
    }
    return found
  }

  /// How far a clock was moved that leapt and fell so far, where pauses of that length are usual: a leap looks greater by the pause in it, a
  /// fall smaller. Nil where the two are not of one size, hardly greater than pauses, or not some pauses apart: lines that were kept back and sent behind
  /// a new one leap and fall as well, but what follows the fall then goes on where the leap began, however long the clock ran in between.
  static func size(
    leap: Int64, fall: Int64, pause: Int64, between span: Int64
  ) -> (shift: Int64, error: Int64)? {
    let rest = leap.subtractingReportingOverflow(fall).partialValue
    guard fall / 3 > pause, rest >= 0, rest <= 2 * pause + 2_000_000_000, span / 3 > pause,
      span > 2 * rest
    else { return nil }
    return (fall + rest / 2, rest / 2 + 500_000_000)
  }
}

/// Lines of time services that say how far they set the clock: chronyd, ntpd, ntpdate, busybox, systemd and their like. Told
/// by their words, of which each producer has others; the amount counts, which is what the clock was moved forward by.
struct ClockStepLines {
  private let templates: Set<Int64>

  init(_ rebuilder: MessageRebuilder) {
    var found: Set<Int64> = []
    for (ordinal, parts) in rebuilder.parts.enumerated() {
      guard let parts, Self.tells(parts.text.lowercased()) else { continue }
      found.insert(Int64(ordinal))
    }
    templates = found
  }

  private static func tells(_ text: String) -> Bool {
    guard text.contains("clock") || text.contains("time") else { return false }
    return text.contains("step") || text.contains("time reset") || text.contains("wrong by")
      || text.contains("offset") && (text.contains("setting time") || text.contains("adjust time"))
  }

  func mayTell(_ template: Int64) -> Bool { !templates.isEmpty && templates.contains(template) }

  static let method = "a line says how far the clock was moved, and its stamps do as much"

  /// The amount, in nanoseconds forward, that a line tells where the stamps move by as much, pauses left out. A fall is a clock's in any words where
  /// the amount has a sign; a gap may be an outage that somebody measured, and is a clock's where the line speaks of one, too.
  static func amount(in text: String, near gap: Int64, pause: Int64, isFall: Bool) -> Int64? {
    let lower = text.lowercased()
    let isOfClock = clockWords.contains(where: lower.contains)
    if !isFall, !isOfClock { return nil }
    for (value, isSigned) in amounts(in: lower) where isFall ? isSigned || isOfClock : isSigned && value > 0 {
      let size = value.magnitude * 1e9
      let distance = isFall ? size - Double(gap.magnitude) : Double(gap) - size
      if distance >= -1e9, distance <= Double(pause) * 1.5 + 2e9 { return Int64(isFall ? -size : size) }
    }
    return nil
  }

  private static let clockWords = [
    "clock", "ntp", "ptp", "rtc", "system time", "systemzeit", "uhr", "horloge", "reloj",
  ]

  /// The amount: a number with a sign or a fraction before `s`, `sec`, `seconds`. Nil where there is none, or one too small
  /// to be a step.
  static func seconds(in text: String) -> Double? { amounts(in: text).first?.value }

  private static func amounts(in text: String) -> [(value: Double, isSigned: Bool)] {
    var found: [(value: Double, isSigned: Bool)] = []
    let words = text.split { " ,;()".contains($0) }
    for (index, word) in words.enumerated() {
      var number = word
      var isUnit =
        index + 1 < words.count && ["s", "sec", "secs", "second", "seconds"].contains(words[index + 1])
      if !isUnit, number.hasSuffix("s") {
        number = number.dropLast()
        isUnit = true
      }
      guard isUnit, number.contains(".") || number.hasPrefix("+") || number.hasPrefix("-"),
        let value = Double(number), value.isFinite, abs(value) >= 0.05, abs(value) < 4e9
      else { continue }
      found.append((value, number.hasPrefix("+") || number.hasPrefix("-")))
    }
    return found
  }
}
