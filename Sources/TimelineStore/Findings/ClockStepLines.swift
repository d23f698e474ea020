/// The widest gaps among the stamps of one clock: where it may have leapt forward. A clock that leaps and later falls by as much (or the other way
/// round), but for a pause at either end, was off by that in between, whatever its lines say.
struct ClockLeaps {
  /// A gap, with the events at both ends.
  struct Leap {
    var gap: Int64
    var before: (id: Int64, time: Int64)
    var after: (id: Int64, time: Int64)
    var size: (shift: Int64, error: Int64) = (0, 0)
    /// An amount of that size that the line after it tells, in whatever words: what it is of, a fall by as much may show.
    var told: Int64?
  }

  static let method = "its stamps leap and fall back by as much"

  private var leaps: [Leap] = []
  private static let limit = 4

  /// Keeps the widest.
  mutating func add(
    _ gap: Int64, from before: (id: Int64, time: Int64), to after: (id: Int64, time: Int64),
    told: Int64? = nil
  ) {
    let leap = Leap(gap: gap, before: before, after: after, told: told)
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

  /// The leap that a clock made which a line says was set back by so much: one beside which a line told the same amount, or else the
  /// only one of that size. That lines were kept back is ruled out by what is said. Nil where none is of its size, or several.
  func undone(by amount: Int64, least: Int64) -> Leap? {
    let fitting = leaps.indices.filter { index in
      let rest = leaps[index].gap - amount
      let pause = min(widest(but: index, least: least), amount / 3)
      return rest >= -2_000_000_000 && rest <= pause + pause / 2 + 2_000_000_000
    }
    let told = fitting.filter { index in
      leaps[index].told.map { ($0 - amount).magnitude <= 1_000_000_000 } ?? false
    }
    guard let index = told.count == 1 ? told[0] : fitting.count == 1 ? fitting[0] : nil else { return nil }
    var leap = leaps[index]
    leap.size = (amount, 100_000_000)
    return leap
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
  /// the amount has a sign; a gap may be an outage that somebody measured, and is a clock's where the line speaks of one, too, and says that it
  /// was set or gives a sign.
  static func amount(in text: String, near gap: Int64, pause: Int64, isFall: Bool) -> Int64? {
    let lower = text.lowercased()
    let isOfClock = clockWords.contains(where: lower.contains)
    if !isFall, !isOfClock { return nil }
    let isSaid = isFall ? isOfClock : tells(lower)
    return size(in: lower, near: gap, pause: pause, isFall: isFall) { isSaid || $0 }
  }

  /// Whether a line tells that a clock is moved back by an amount by which it had been moved forward.
  static func tells(_ text: String, back amount: Int64) -> Bool {
    let lower = text.lowercased()
    let isOfClock = clockWords.contains(where: lower.contains)
    return amounts(in: lower, isWhole: true).contains { value, isSigned in
      abs(value.magnitude - Double(amount) / 1e9) <= 1 && (value < 0 || isOfClock && !isSigned)
    }
  }

  /// An amount, in nanoseconds, of the size of a gap that a line after it tells, in whatever words, with a plus or without a sign.
  static func size(in text: String, ofGap gap: Int64, pause: Int64) -> Int64? {
    size(in: text.lowercased(), near: gap, pause: pause, isFall: false) { _ in true }
  }

  private static func size(
    in text: String, near gap: Int64, pause: Int64, isFall: Bool, isWanted: (_ isSigned: Bool) -> Bool
  ) -> Int64? {
    for (value, isSigned) in amounts(in: text, isWhole: true)
    where isWanted(isSigned) && (isFall || value > 0) {
      let size = value.magnitude * 1e9
      let distance = isFall ? size - Double(gap.magnitude) : Double(gap) - size
      if distance >= -1e9, distance <= Double(pause) * 1.5 + 2e9 { return Int64(isFall ? -size : size) }
    }
    return nil
  }

  private static let clockWords = [
    "clock", "ntp", "ptp", "rtc", "system time", "systemzeit", "uhr", "klok", "klock", "horloge", "reloj",
    "relógio",
    "relogio", "orologio", "zegar", "hodiny", "kello", "часы", "часов", "時計", "時刻", "时钟", "時鐘", "시계",
  ]

  /// The amount: a number with a sign or a fraction before `s`, `sec`, `seconds`. Nil where there is none, or one too small
  /// to be a step.
  static func seconds(in text: String) -> Double? { amounts(in: text, isWhole: false).first?.value }

  /// Whether a word is a unit of seconds: nearly everywhere one that begins with an s.
  private static func isSeconds(_ word: Substring, _ isAnyLanguage: Bool) -> Bool {
    if ["s", "sec", "secs", "second", "seconds"].contains(word) { return true }
    guard isAnyLanguage else { return false }
    return ["s", "с", "秒", "초"].contains { word.hasPrefix($0) } && word.count <= 9
  }

  /// - Parameter isWhole: Whether whole numbers without a sign count, and seconds in other languages: where something else bounds the amount.
  private static func amounts(in text: String, isWhole: Bool) -> [(value: Double, isSigned: Bool)] {
    var found: [(value: Double, isSigned: Bool)] = []
    let words = text.split { " ,;()".contains($0) }
    for (index, word) in words.enumerated() {
      var number = word
      var isUnit = index + 1 < words.count && isSeconds(words[index + 1], isWhole)
      if !isUnit, number.hasSuffix("s") {
        number = number.dropLast()
        isUnit = true
      }
      guard isUnit, isWhole || number.contains(".") || number.hasPrefix("+") || number.hasPrefix("-"),
        let value = Double(number), value.isFinite, abs(value) >= 0.05, abs(value) < 4e9
      else { continue }
      found.append((value, number.hasPrefix("+") || number.hasPrefix("-")))
    }
    return found
  }
}
