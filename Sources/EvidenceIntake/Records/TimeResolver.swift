import IncidentModel
import LogFormats

/// The latest that a source's last stamp without a year can be, and how that is known.
struct UpperBound: Sendable {
  var instant: Int64
  var reason: String
}

/// An instant with how it came about.
struct ResolvedTime {
  var time: Int64 = 0
  var error: Int64 = -1
  var quality = TimeQuality.none
}

/// Makes instants of the stamps of one source.
///
/// Stamps without a year are placed provisionally and put right at the end: the last is at most the upper bound, and
/// from there the years are counted back over each new year.
struct TimeResolver {
  /// A stretch of events with yearless stamps that were placed alike.
  private struct Stretch {
    var events: Range<Int>
    /// New years passed since the source's beginning.
    var turn: Int
    /// The turn that the events were placed in at first.
    let placedTurn: Int
    /// On or after 1 March: leap days shift these differently.
    var isLate: Bool
    var earliest: Int64
    var latest: Int64
    var hasLeapDay: Bool
    var largestStamp: Int64
    /// The step from the stamp before, where that is more than half a year, and that stamp.
    var jump: Int64
    let before: Int64

    /// Learns of the events that were added without a look, up to `end`.
    mutating func settle(through end: Int) {
      if end > events.upperBound { events = events.lowerBound..<end }
    }

    /// Adds the event behind its last one.
    mutating func add(_ instant: Int64, stamp: Int64, isLeapDay: Bool) {
      events = events.lowerBound..<events.upperBound + 1
      if instant < earliest { earliest = instant }
      if instant > latest { latest = instant }
      if isLeapDay { hasLeapDay = true }
      if stamp > largestStamp { largestStamp = stamp }
    }
  }

  private static let day: Int64 = 86_400_000_000_000
  private static let halfYear: Int64 = 182 * day

  private let zone: TimeZoneRules?
  private let zoneIsGiven: Bool
  private let zoneIsFixedUTC: Bool
  private let forcedYear: Int?
  private let bound: UpperBound?

  private var boots: BootTracker
  private var twoClocks = TwoClockTracker()
  private var stretches: [Stretch] = []
  private var firstYear: Int?
  private var turn = 0
  private var previousStamp: Int64 = 0
  private var previousInstant: Int64 = 0
  /// Ordinal of the event that would go on where the last yearless stamp stood; -1 before the first.
  private var openEnd = -1
  private var beforeTurn: Int64 = 0
  private var turnStretch = 0
  private var startsAtNewYear = false
  private var direction = LineDirection()
  private var placement: (turn: Int, isLate: Bool, base: Int64) = (-1, false, 0)

  /// Error that the zone brought for the stamp that was placed last, beyond its resolution.
  private var previousError: Int64 = 0

  private var offsetSlot: Int64 = .min
  private var offsetNanoseconds: Int64 = 0
  private var doubt: TimeZoneRules.Doubt?
  private var usedZone = false
  private var clockChanges = ClockChangeTracker()
  private var dayOrder: DayOrderTracker
  private var zoneNames = ZoneNameTracker()
  private var unplaced = UnplacedStamps()
  private var earliest = Int64.max
  private var latest = Int64.min

  /// `zone` nil means that none was given: UTC is assumed.
  /// `anchors` are instants at which the clock of a boot (from 1) read 0.
  init(
    zone: TimeZoneRules?, forcedYear: Int?, bound: UpperBound?, anchors: [Int: Int64] = [:],
    dateOrder: DayOrderTracker.Order? = nil
  ) {
    dayOrder = DayOrderTracker(given: dateOrder)
    boots = BootTracker(given: anchors)
    self.zone = zone
    zoneIsGiven = zone != nil
    zoneIsFixedUTC = zone == nil || zone?.name == "UTC"
    self.forcedYear = forcedYear
    self.bound = bound
  }

  /// The instant of one event. `ordinal` is its number in the source, from 0; `swapDays` and `zoneOffset` count where `flags` say so.
  @inline(__always)
  mutating func resolve(
    kind: StampKind, time: Int64, resolution: Int64, ordinal: Int, flags: Reading.Flags = [], wall: Int64 = 0,
    swapDays: Int32 = 0, zoneOffset: Int32 = 0
  ) -> ResolvedTime {
    switch kind {
    case .absolute:
      if flags.rawValue & Reading.Flags.dateOrders.rawValue != 0 {
        return placeDate(time, resolution, ordinal, flags, swapDays, isAbsolute: true)
      }
      note(time)
      return ResolvedTime(time: time, error: max(1, resolution), quality: .exact)
    case .noZone:
      if flags.rawValue & Reading.Flags.dateOrders.rawValue != 0 {
        return placeDate(time, resolution, ordinal, flags, swapDays, isAbsolute: false)
      }
      let (instant, error) = utc(time, resolution, ordinal)
      note(instant)
      return ResolvedTime(time: instant, error: max(1, error), quality: .assumedZone)
    case .noYear:
      let instant =
        flags.contains(.hasZoneOffset)
        ? placeAnew(time, resolution, ordinal, offset: Int64(zoneOffset) &* 1_000_000_000)
        : place(time, resolution, ordinal)
      return ResolvedTime(time: instant, error: max(1, resolution, previousError), quality: .inferredYear)
    case .sinceBoot:
      if flags.contains(.bootMarker) { boots.mark() }
      boots.add(time, ordinal: ordinal, wall: flags.contains(.hasWall) ? wall : nil)
      return ResolvedTime(time: time, error: max(1, resolution), quality: .unanchored)
    case .timeOfDay:
      unplaced.clocksAlone += 1
      return ResolvedTime()
    case .none:
      if flags.contains(.badStamp) { unplaced.impossible += 1 } else { unplaced.missing += 1 }
      return ResolvedTime()
    }
  }

  /// A date in numbers that tells which of them is the day, or could be read in two ways.
  @inline(never)
  private mutating func placeDate(
    _ time: Int64, _ resolution: Int64, _ ordinal: Int, _ flags: Reading.Flags, _ swapDays: Int32,
    isAbsolute: Bool
  ) -> ResolvedTime {
    let order = flags.contains(.dayFirst) ? DayOrderTracker.Order.dayFirst : .monthFirst
    guard flags.contains(.openDate) else {
      dayOrder.addProof(order)
      return placeDate(time, resolution, ordinal, isAbsolute: isAbsolute)
    }
    let other = time.addingReportingOverflow(Int64(swapDays) &* Self.day).partialValue
    let otherwise = isAbsolute ? other : plainUTC(other)
    var placed = placeDate(time, resolution, ordinal, isAbsolute: isAbsolute, isOpen: true)
    if isAbsolute { placed.quality = .inferredYear }
    placed.time = dayOrder.add(order, asRead: placed.time, otherwise: otherwise, ordinal: ordinal)
    return placed
  }

  private mutating func placeDate(
    _ time: Int64, _ resolution: Int64, _ ordinal: Int, isAbsolute: Bool, isOpen: Bool = false
  ) -> ResolvedTime {
    if isAbsolute {
      if !isOpen { note(time) }
      return ResolvedTime(time: time, error: max(1, resolution), quality: .exact)
    }
    let (instant, error) = utc(time, resolution, ordinal)
    if !isOpen { note(instant) }
    return ResolvedTime(time: instant, error: max(1, error), quality: .assumedZone)
  }

  /// The event's stamp, or the name of its field, names a zone; `offset` is that of the latter.
  @inline(never)
  mutating func noteZoneName(_ stamp: UnsafeRawBufferPointer, _ flags: Reading.Flags, offset: Int32) {
    if flags.contains(.fieldZone) { return zoneNames.add(ofField: offset) }
    zoneNames.add(stamp, isUnderstood: flags.contains(.namedZone))
  }

  /// The event holds time since boot, too, and names its boot.
  mutating func noteTwoClocks(wall: Int64, uptime: Int64, boot: UInt64, ordinal: Int) {
    twoClocks.add(wall: wall, uptime: uptime, boot: boot, ordinal: ordinal)
  }

  /// A record that is no event said that the device has booted.
  mutating func markBoot() { boots.mark() }

  @inline(__always)
  private mutating func note(_ instant: Int64) {
    if instant < earliest { earliest = instant }
    if instant > latest { latest = instant }
  }

  /// UTC for local time in the source's zone, and the error of it.
  @inline(__always)
  private mutating func utc(
    _ local: Int64, _ resolution: Int64, _ ordinal: Int
  ) -> (instant: Int64, error: Int64) {
    usedZone = true
    if zoneIsFixedUTC { return (local, resolution) }
    // Offsets change at quarters of an hour at most.
    let slot = local.floorQuotient(900_000_000_000)
    if slot != offsetSlot, let zone {
      offsetSlot = slot
      offsetNanoseconds = Int64(zone.offset(localSeconds: local.floorQuotient(1_000_000_000))) * 1_000_000_000
      doubt = zone.doubt(localSeconds: local.floorQuotient(1_000_000_000))
    }
    if let doubt { return clockChanges.place(local, doubt, resolution: resolution, ordinal: ordinal) }
    return (local.subtractingReportingOverflow(offsetNanoseconds).partialValue, resolution)
  }

  /// UTC for local time that no event is placed at.
  private func plainUTC(_ local: Int64) -> Int64 {
    guard let zone, !zoneIsFixedUTC else { return local }
    let offset = Int64(zone.offset(localSeconds: local.floorQuotient(1_000_000_000))) * 1_000_000_000
    return local.subtractingReportingOverflow(offset).partialValue
  }

  // MARK: Stamps without a year

  @inline(__always)
  private mutating func place(_ stamp: Int64, _ resolution: Int64, _ ordinal: Int) -> Int64 {
    // Stamps of whole seconds often come again.
    if stamp == previousStamp, ordinal == openEnd {
      openEnd &+= 1
      return previousInstant
    }
    return placeAnew(stamp, resolution, ordinal, offset: nil)
  }

  /// Tells the last stretch of the events that were added to it without a look.
  private mutating func settle() {
    guard let last = stretches.indices.last else { return }
    stretches[last].settle(through: openEnd)
  }

  /// `offset` is that of a zone which the stamp names.
  @inline(never)
  private mutating func placeAnew(
    _ stamp: Int64, _ resolution: Int64, _ ordinal: Int, offset: Int64?
  ) -> Int64 {
    var jump: Int64 = 0
    let before = previousStamp
    if firstYear == nil {
      firstYear = forcedYear ?? YearPlace.year(of: stamp, notAfter: bound)
    } else {
      let step = stamp - before
      if abs(step) > Self.halfYear { jump = step } else { direction.add(step: step) }
      countTurns(stamp)
    }
    previousStamp = stamp
    let isLate = stamp >= YearPlace.firstOfMarch
    if placement.turn != turn || placement.isLate != isLate {
      placement = (turn, isLate, YearPlace.base(year: (firstYear ?? 1970) + turn, isLate: isLate))
    }
    var (instant, error) = (placement.base + stamp - (offset ?? 0), resolution)
    if offset == nil { (instant, error) = utc(instant, resolution, ordinal) }
    previousError = error > resolution ? error : 0
    let isLeapDay = !isLate && stamp >= YearPlace.firstOfMarch - Self.day
    let (placedTurn, settledEnd) = (turn, openEnd)
    // Looked up once: this is done at every second event or so.
    let goesOn = stretches.withUnsafeMutableBufferPointer { stretches in
      guard !stretches.isEmpty else { return false }
      let last = stretches.count &- 1
      stretches[last].settle(through: settledEnd)
      guard jump == 0, stretches[last].events.upperBound == ordinal,
        stretches[last].placedTurn == placedTurn, stretches[last].isLate == isLate
      else { return false }
      stretches[last].add(instant, stamp: stamp, isLeapDay: isLeapDay)
      return true
    }
    if !goesOn {
      stretches.append(
        Stretch(
          events: ordinal..<ordinal + 1, turn: turn, placedTurn: turn, isLate: isLate, earliest: instant,
          latest: instant,
          hasLeapDay: isLeapDay, largestStamp: stamp, jump: jump, before: before))
    }
    // A stamp in doubt, or of a zone of its own, is looked at each time.
    openEnd = doubt == nil && offset == nil ? ordinal + 1 : -1
    previousInstant = instant
    return instant
  }

  /// Notices new years, and clocks that fell back for a while: to 1 January, where a device without a battery-backed
  /// clock starts, or to the day its software was built.
  private mutating func countTurns(_ stamp: Int64) {
    let step = stamp - previousStamp
    if step < -Self.halfYear {
      beforeTurn = previousStamp
      startsAtNewYear = stamp < 2 * Self.day
      turn += 1
      turnStretch = stretches.count
    } else if step > Self.halfYear, turn > 0, stamp >= beforeTurn - Self.day,
      stamp < beforeTurn + (startsAtNewYear ? 45 : 3) * Self.day
    {
      // Back to where it was. Near the turn of the year lines are merely out of order; else the clock was wrong.
      if beforeTurn < 363 * Self.day {
        for index in turnStretch..<stretches.count { stretches[index].turn -= 1 }
      }
      turn -= 1
    }
  }

  // MARK: The end

  /// What the end of the source tells.
  struct Outcome {
    var adjustments: [TimeAdjustment] = []
    var decisions: [IntakeDecision] = []
    var boots: [BootSpan] = []
    var eventsWithoutTime = 0
    var first: Instant?
    var last: Instant?
  }

  /// Puts the years right and says what was decided. `bound` replaces the one known at the beginning.
  mutating func finish(bound: UpperBound?) -> Outcome {
    settle()
    if direction.isNewestFirst {
      var turns = TurnsBack()
      for index in stretches.indices {
        stretches[index].turn = turns.next(jump: stretches[index].jump, behind: stretches[index].before)
      }
    }
    var outcome = Outcome()
    if let firstYear, let lastTurn = stretches.map(\.turn).max() {
      let shiftYears = yearShift(firstYear: firstYear, lastTurn: lastTurn, bound: bound ?? self.bound)
      for stretch in stretches {
        let shift =
          YearPlace.base(year: firstYear + stretch.turn + shiftYears, isLate: stretch.isLate)
          - YearPlace.base(year: firstYear + stretch.placedTurn, isLate: stretch.isLate)
        if shift != 0 { outcome.adjustments.append(TimeAdjustment(events: stretch.events, shift: shift)) }
        note(stretch.earliest + shift)
        note(stretch.latest + shift)
      }
      let from = firstYear + shiftYears + (stretches.map(\.turn).min() ?? 0)
      let to = firstYear + shiftYears + lastTurn
      let reason =
        forcedYear != nil
        ? "given by --year" : Self.reason(bound ?? self.bound)
      outcome.decisions.append(
        IntakeDecision(
          subject: "year", value: from == to ? "\(from)" : "\(from)–\(to)", reason: reason,
          isGiven: forcedYear != nil))
    }
    let anchored = boots.finish()
    outcome.adjustments += anchored.adjustments
    outcome.boots = anchored.spans
    if let decision = anchored.decision { outcome.decisions.append(decision) }
    let both = twoClocks.finish()
    outcome.boots += both.spans
    if let decision = both.decision { outcome.decisions.append(decision) }
    for instant in anchored.instants { note(instant) }
    let dates = dayOrder.finish(bound: bound ?? self.bound)
    outcome.adjustments += dates.adjustments
    if let decision = dates.decision { outcome.decisions.append(decision) }
    for instant in dates.instants { note(instant) }
    let changes = clockChanges.finish()
    outcome.adjustments += clockChanges.adjustments
    if usedZone { outcome.decisions.append(zoneDecision(changes)) }
    outcome.decisions += zoneNames.decisions
    outcome.decisions += unplaced.decisions
    outcome.eventsWithoutTime = unplaced.total
    if earliest <= latest {
      outcome.first = Instant(nanoseconds: earliest)
      outcome.last = Instant(nanoseconds: latest)
    }
    return outcome
  }

  private func zoneDecision(_ changes: [String]) -> IntakeDecision {
    let utcIsTaken = IntakeDecision.utcIsTaken
    var parts = [
      zoneIsGiven ? "given by --timezone" : "stamps have no zone and none was given" + utcIsTaken
    ]
    if let complaint = zoneNames.complaint {
      parts[0] = complaint + (zoneIsGiven ? ": the one given by --timezone is taken" : utcIsTaken)
    }
    return IntakeDecision(
      subject: "zone", value: zone?.name ?? "UTC", reason: (parts + changes).joined(separator: "; "),
      isGiven: zoneIsGiven)
  }

  private static func reason(_ bound: UpperBound?) -> String {
    guard let bound else { return "stamps have no year, and nothing bounds them: 1970 is taken" }
    let day = Instant(nanoseconds: bound.instant).rfc3339(fractionDigits: 0)
    return "stamps have no year; the last is not after \(day), the \(bound.reason)"
  }

  /// Years by which everything has to move so that the last turn ends at or before the bound and every 29 February
  /// falls into a leap year.
  private func yearShift(firstYear: Int, lastTurn: Int, bound: UpperBound?) -> Int {
    if forcedYear != nil { return 0 }
    let largest = stretches.filter { $0.turn == lastTurn }.map(\.largestStamp).max() ?? 0
    let shift = YearPlace.year(of: largest, notAfter: bound) - (firstYear + lastTurn)
    let leapTurns = Set(stretches.filter(\.hasLeapDay).map(\.turn))
    for extra in 0...8 where leapTurns.allSatisfy({ YearPlace.isLeap(firstYear + $0 + shift - extra) }) {
      return shift - extra
    }
    return shift
  }
}

extension Int64 {
  /// Quotient rounded towards minus infinity.
  @inline(__always) func floorQuotient(_ divisor: Int64) -> Int64 {
    let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? quotient - 1 : quotient
  }
}
