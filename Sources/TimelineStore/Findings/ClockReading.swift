public import IncidentModel

/// A boot as the case keeps it.
public struct BootEntry: Sendable, Hashable {
  /// The source's number in the case.
  public var source: Int64
  /// From 1 in the source; stretches of one boot have one number.
  public var number: Int64
  /// Ids of its first and last event.
  public var events: ClosedRange<Int64>
  /// The instant at which its clock read 0; nil where nothing tells.
  public var anchor: Instant?
  /// Bound of the anchor's error, nanoseconds.
  public var error: Int64?
  /// How the anchor is known, or why it is not.
  public var method: String

  /// How the method of anchors begins that were worked out after the evidence was read.
  public static let arrival = "arrival at a receiver"
}

/// A correction of one clock over a stretch of its events, as the case keeps it. True time is
/// `t - (ahead + drift × (t - base))`.
public struct ClockPiece: Sendable, Hashable {
  /// The device's name.
  public var device: String
  /// Ids of its first and last event.
  public var events: ClosedRange<Int64>
  /// By the clock itself: the instant at which `ahead` holds.
  public var base: Instant
  /// The clock minus true time at `base`, nanoseconds.
  public var ahead: Int64
  /// What it gains, parts per billion.
  public var drift: Int64
  /// Bound of the error within the stretch, nanoseconds.
  public var error: Int64
  /// How it was found, in words.
  public var method: String
  /// Pairs of events it rests on.
  public var pairs: Int64
  /// The device whose clock it was compared with; nil where it rests on the clock itself.
  public var receiver: String?
  /// A few of the events it rests on.
  public var evidence: [Int64]

  /// A piece from its parts.
  public init(
    device: String, events: ClosedRange<Int64>, base: Instant, ahead: Int64, drift: Int64, error: Int64,
    method: String, pairs: Int64, receiver: String?, evidence: [Int64]
  ) {
    self.device = device
    self.events = events
    self.base = base
    self.ahead = ahead
    self.drift = drift
    self.error = error
    self.method = method
    self.pairs = pairs
    self.receiver = receiver
    self.evidence = evidence
  }

  /// What the clock was ahead by at an instant of its own, nanoseconds; as the view `corrected_time` computes it.
  public func ahead(at time: Int64) -> Int64 {
    let elapsed = time.subtractingReportingOverflow(base.nanoseconds).partialValue / 1_000_000
    let gain = elapsed.multipliedReportingOverflow(by: drift)
    return ahead &+ (gain.overflow ? 0 : gain.partialValue / 1000)
  }
}

/// What a derivation of findings rests on.
public struct Derivation: Sendable, Hashable {
  /// `clocks`, `aliases`, `silence`.
  public var subject: String
  /// SHA-256 (hex) of what it was made from.
  public var inputDigest: String
  /// When it was made.
  public var computedAt: Instant
  /// Program and version.
  public var tool: String
  /// What was found, in words.
  public var detail: String
  /// A derivation from its parts.
  public init(subject: String, inputDigest: String, computedAt: Instant, tool: String, detail: String) {
    self.subject = subject
    self.inputDigest = inputDigest
    self.computedAt = computedAt
    self.tool = tool
    self.detail = detail
  }
}

extension CaseReader {
  /// The boots that stamps since boot were cut into, and stretches of boots whose records hold both clocks.
  public func boots() throws(StoreError) -> [BootEntry] {
    let row = try connection.prepare(
      "SELECT source, number, first_event, last_event, anchor, error, method FROM clock_boot "
        + "ORDER BY source, first_event")
    var boots: [BootEntry] = []
    while try row.next() {
      guard row.int64(2) <= row.int64(3) else { continue }
      boots.append(
        BootEntry(
          source: row.int64(0), number: row.int64(1), events: row.int64(2)...row.int64(3),
          anchor: row.int64OrNil(4).map { Instant(nanoseconds: $0) }, error: row.int64OrNil(5),
          method: row.text(6)))
    }
    return boots
  }

  /// The corrections of clocks, by device and event.
  public func clockPieces(device: String? = nil) throws(StoreError) -> [ClockPiece] {
    let row = try connection.prepare(
      """
      SELECT d.name, c.first_event, c.last_event, c.base, c.ahead, c.drift, c.error, c.method, c.pairs, r.name,
        c.evidence
      FROM clock_piece c JOIN device d ON d.ordinal = c.device LEFT JOIN device r ON r.ordinal = c.receiver
      WHERE ?1 IS NULL OR d.name = ?1 ORDER BY c.device, c.first_event
      """
    ).bound([SQLiteValue(device)])
    var pieces: [ClockPiece] = []
    while try row.next() {
      guard row.int64(1) <= row.int64(2) else { continue }
      pieces.append(
        ClockPiece(
          device: row.text(0), events: row.int64(1)...row.int64(2), base: Instant(nanoseconds: row.int64(3)),
          ahead: row.int64(4), drift: row.int64(5), error: row.int64(6), method: row.text(7),
          pairs: row.int64(8), receiver: row.textOrNil(9), evidence: JSONText.numbers(in: row.text(10))))
    }
    return pieces
  }

  /// Stamps that cannot be right or jump, as found last.
  public func clockFlags() throws(StoreError) -> [ClockFlag] {
    let row = try connection.prepare(
      "SELECT kind, source, device, first_event, last_event, events, from_time, to_time FROM clock_flag ORDER BY id"
    )
    var flags: [ClockFlag] = []
    while try row.next() {
      guard let kind = ClockFlag.Kind(rawValue: row.text(0)), row.int64(3) <= row.int64(4) else { continue }
      flags.append(
        ClockFlag(
          kind: kind, source: row.int64(1), device: row.int64OrNil(2), events: row.int64(3)...row.int64(4),
          count: row.int64(5), from: row.int64(6), to: row.int64(7)))
    }
    return flags
  }

  /// What the findings of a subject rest on; nil where there are none yet.
  public func derivation(_ subject: String) throws(StoreError) -> Derivation? {
    let row = try connection.prepare(
      "SELECT input_digest, computed_at, tool, detail FROM derivation WHERE subject = ?"
    ).bound([.text(subject)])
    guard try row.next() else { return nil }
    return Derivation(
      subject: subject, inputDigest: row.text(0), computedAt: Instant(nanoseconds: row.int64(1)),
      tool: row.text(2), detail: row.text(3))
  }

  /// The device that an event names; nil where it names none.
  public func device(ofEvent id: Int64) throws(StoreError) -> Int64? {
    try connection.prepare("SELECT device FROM event WHERE id = ?").integer([.integer(id)])
  }

  /// Names of devices by their ordinals.
  public func deviceNames() throws(StoreError) -> [Int64: String] {
    let row = try connection.prepare("SELECT ordinal, name FROM device")
    var names: [Int64: String] = [:]
    while try row.next() { names[row.int64(0)] = row.text(1) }
    return names
  }

  /// Reads all events once in evidence order: which clock ran from where to where, and which stamps are odd. Two numbers an
  /// event and a few per device and source are held.
  public func scanClocks() throws(StoreError) -> (stretches: [ClockStretch], flags: [ClockFlag]) {
    let loaded = try connection.prepare("SELECT max(loaded_at) FROM segment").integer() ?? .max
    let (limit, overflow) = loaded.addingReportingOverflow(86_400_000_000_000)
    var scan = ClockScan(
      newest: overflow ? .max : limit, stepLines: ClockStepLines(rebuilder), known: try twoClockSteps())
    for segment in catalog.segments {
      let row = try connection.prepare(
        "SELECT id, time, device, template, origin, variables, message FROM segment_\(segment) "
          + "WHERE time IS NOT NULL ORDER BY id")
      while try row.next() {
        let origin = catalog.origins[row.int64(4)]
        scan.add(
          id: row.int64(0), time: row.int64(1), device: row.int64OrNil(2), template: row.int64(3),
          source: origin?.source ?? 0, isByPath: origin?.basis == .path
        ) {
          if !row.isNull(6) { return row.text(6) }
          var message: [UInt8] = []
          let template = row.int64(3)
          row.withBytes(5) { rebuilder.append(template: template, variables: $0, to: &message) }
          return String(decoding: message, as: UTF8.self)
        }
      }
    }
    scan.finish()
    return (scan.stretches, scan.flags)
  }

  /// By event: how far the clock was moved forward just before it, from records that hold both clocks.
  private func twoClockSteps() throws(StoreError) -> [Int64: (shift: Int64, error: Int64)] {
    var last: [Int64: [Int64: BootEntry]] = [:]
    var steps: [Int64: (shift: Int64, error: Int64)] = [:]
    for boot in try boots() where boot.method == BootSpan.twoClocks {
      if let before = last[boot.source]?[boot.number]?.anchor, let anchor = boot.anchor {
        let shift = anchor.nanoseconds.subtractingReportingOverflow(before.nanoseconds).partialValue
        let slewed = last[boot.source]?[boot.number]?.error ?? 0
        steps[boot.events.lowerBound] = (shift, 10_000_000 + slewed)
      }
      last[boot.source, default: [:]][boot.number] = boot
    }
    return steps
  }
}
