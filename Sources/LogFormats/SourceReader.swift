/// Reads the records of one source: with the elected format, and where that refuses a record, with the format
/// that claims it. One per source, used by one thread at a time.
public final class SourceReader {
  /// How the source is to be cut into records.
  public let framing: Framing
  /// Name of the elected format, or `text` where none was.
  public let electedName: String
  /// Names of all formats that have read an event so far, the elected one first.
  @exclusivity(unchecked) public private(set) var usedNames: [String] = []

  /// Name of the format that read the last record.
  @exclusivity(unchecked) public private(set) var currentName: String

  private let elected: any RecordParser
  private lazy var others = makeOthers()
  private let makeOthers: () -> [any LogFormat]
  /// Where stamped text was elected: who may know more of a line.
  private let syslogs: [any LogFormat]
  private var parsers: [String: any RecordParser] = [:]
  @exclusivity(unchecked) private var current: any RecordParser
  /// True while `current` is the elected parser, so that it need not be set for every line.
  @exclusivity(unchecked) private var isOwn = true
  private let electedIsText: Bool
  private let takesText: Bool
  private var stripped: [UInt8] = []
  private let chosen: any LogFormat
  /// True where the elected format reads what stands behind the priorities.
  private let isBehindPriority: Bool
  /// What the current parser was not given of the record's beginning.
  @exclusivity(unchecked) private var skipped = 0
  private lazy var bare = BarePriorityParser()

  /// - Parameter others: Who may claim what the elected format refuses, best first; asked for when that happens.
  init(
    elected format: (any LogFormat)?, others: @escaping () -> [any LogFormat], context: SourceContext,
    framing lineFraming: Framing = .lines, isBehindPriority: Bool = false
  ) {
    let chosen = format ?? TextFormat()
    self.chosen = chosen
    self.isBehindPriority = isBehindPriority && format != nil
    framing = chosen.framing == .lines ? lineFraming : chosen.framing
    electedName = chosen.name
    currentName = chosen.name
    elected = chosen.makeParser(context)
    electedIsText = format == nil
    takesText = chosen is StampedTextFormat
    makeOthers = others
    syslogs =
      chosen is StampedTextFormat && chosen.framing == .lines
      ? others().filter { ["syslog-rfc3164", "syslog-rfc5424", "syslog-iso"].contains($0.name) } : []
    self.context = context
    current = elected
  }

  private let context: SourceContext

  /// A field that may name devices where none is taken to.
  public var likelyDevices: LikelyDeviceField? { context.traits.likelyDevices }

  /// Where the elected format gathers documents from lines: what has become of them.
  public var gathering: GatheredDocument? { elected.gathering }

  /// What to write into the source's account: the elected format, or `mixed`.
  public var formatName: String {
    usedNames.count > 1 ? "mixed" : usedNames.first ?? electedName
  }

  /// A line of syslog in a source of stamped text, by the format that knows host and program; nil for any other line. The stamp alone is the least
  /// that can be known of a line, and it says that of all lines.
  private func parseAsSyslog(_ record: UnsafeRawBufferPointer, into reading: inout Reading) -> Verdict? {
    guard record.count > 16 else { return nil }
    let first = record[0]
    // A month's name, a priority, or an ISO stamp with `T`: other lines cost no more than these comparisons.
    guard
      first == 0x3C && Bytes.isDigit(record[1]) || first &- 0x41 < 26 && record[3] == 0x20
        || record[10] == 0x54
    else { return nil }
    var best = Self.syslogThreshold - 1
    var claimant: (any LogFormat)?
    for format in syslogs {
      let score = format.score(record)
      if score > best {
        best = score
        claimant = format
      }
    }
    return claimant.flatMap { parse(record, by: $0, into: &reading) }
  }

  /// Reads one record. After a verdict of `.event` with `.more` set, call `next` until it is off.
  public func parse(_ record: UnsafeRawBufferPointer, into reading: inout Reading) -> Verdict {
    if !isOwn { takeOwn() }
    if !syslogs.isEmpty, let verdict = parseAsSyslog(record, into: &reading) { return verdict }
    if isBehindPriority, let verdict = parseBehindPriority(record, into: &reading) { return verdict }
    if electedIsText { return parseUnclaimed(record, into: &reading, verdict: nil) }
    let verdict = elected.parse(record, into: &reading)
    if case .refused = verdict { return parseUnclaimed(record, into: &reading, verdict: verdict) }
    if verdict == .event, usedNames.isEmpty { usedNames.append(electedName) }
    return verdict
  }

  private func takeOwn() {
    isOwn = true
    skipped = 0
    current = elected
    currentName = electedName
  }

  /// The next event of the record that was parsed last.
  public func next(_ record: UnsafeRawBufferPointer, into reading: inout Reading) -> Verdict {
    if skipped > 0 { return nextBehindPriority(record, into: &reading) }
    return current.next(record, into: &reading)
  }

  /// A record that the elected format does not want: whoever claims it by score may try, then the same without colours;
  /// free text takes what is left.
  private func parseUnclaimed(
    _ record: UnsafeRawBufferPointer, into reading: inout Reading, verdict: Verdict?
  ) -> Verdict {
    if let other = parseByClaim(record, into: &reading) { return other }
    if AnsiSequences.occur(in: record) {
      AnsiSequences.strip(record, into: &stripped)
      let other = stripped.withUnsafeBytes { plain -> Verdict? in
        let own = electedIsText ? Verdict.refused(.noMatch) : elected.parse(plain, into: &reading)
        if case .refused = own {
          guard let other = parseByClaim(plain, into: &reading) else { return nil }
          reading.keepSlices(of: plain)
          return other
        }
        currentName = electedName
        reading.keepSlices(of: plain)
        return own
      }
      if let other {
        // Several events in a coloured line are not known to exist; the copy would not last until the next one.
        reading.flags.remove(.more)
        if other == .event { use(currentName) }
        return other
      }
    }
    if let verdict = parseUnclaimedBehindPriority(record, into: &reading) { return verdict }
    takeOwn()
    var own = elected.parse(record, into: &reading)
    if takesText, case .refused(.noTime) = own {
      // Free text between stamped lines belongs to the line before; at the start it stands alone.
      reading.reset()
      reading.message = .record(0, record.count)
      own = usedNames.isEmpty ? .event : .continuation
      return own
    }
    if own == .event { use(electedName) }
    return own
  }

  private func parseByClaim(_ record: UnsafeRawBufferPointer, into reading: inout Reading) -> Verdict? {
    var best = Self.claimThreshold - 1
    var claimant: Int?
    // Formats are asked where they lie.
    others.withUnsafeBufferPointer { others in
      for index in others.indices where others[index].framing == .lines {
        let score = others[index].score(record)
        if score > best {
          best = score
          claimant = index
        }
      }
    }
    return claimant.flatMap { parse(record, by: others[$0], into: &reading) }
  }

  private func parse(
    _ record: UnsafeRawBufferPointer, by claimant: any LogFormat, into reading: inout Reading
  ) -> Verdict? {
    let parser = parsers[claimant.name] ?? claimant.makeParser(context)
    parsers[claimant.name] = parser
    let verdict = parser.parse(record, into: &reading)
    if case .refused = verdict { return nil }
    isOwn = false
    current = parser
    currentName = claimant.name
    if verdict == .event { use(claimant.name) }
    return verdict
  }

  // MARK: Behind a priority

  /// The elected format's reading of what stands behind a priority; nil where it wants none of it.
  @inline(never)
  private func parseBehindPriority(
    _ record: UnsafeRawBufferPointer, into reading: inout Reading
  ) -> Verdict? {
    guard let inner = PriorityPrefix.inner(record) else { return nil }
    let verdict = elected.parse(inner, into: &reading)
    if case .refused = verdict { return nil }
    if verdict == .event, usedNames.isEmpty { usedNames.append(electedName) }
    return finishBehindPriority(verdict, record, inner, into: &reading)
  }

  /// Slices lead into the record again, and what the priority says is added.
  private func finishBehindPriority(
    _ verdict: Verdict, _ record: UnsafeRawBufferPointer, _ inner: UnsafeRawBufferPointer,
    into reading: inout Reading
  ) -> Verdict {
    isOwn = false
    skipped = record.count &- inner.count
    reading.moveSlices(by: skipped)
    if verdict == .event, let priority = SyslogText.priority(record) {
      reading.complete(priority: priority.value)
    }
    return verdict
  }

  @inline(never)
  private func nextBehindPriority(_ record: UnsafeRawBufferPointer, into reading: inout Reading) -> Verdict {
    let inner = Bytes.part(record, skipped, record.count)
    return finishBehindPriority(current.next(inner, into: &reading), record, inner, into: &reading)
  }

  /// A record that nobody claims as it is: with its priority taken off, or for that alone. Among other text than syslog only where a
  /// program's name follows, since `<1>` may be anything there.
  @inline(never)
  private func parseUnclaimedBehindPriority(
    _ record: UnsafeRawBufferPointer, into reading: inout Reading
  ) -> Verdict? {
    guard let inner = PriorityPrefix.inner(record) else { return nil }
    if chosen.framing == .lines, chosen.score(inner) >= Self.claimThreshold {
      let verdict = elected.parse(inner, into: &reading)
      if verdict == .event {
        takeOwn()
        use(electedName)
        return finishBehindPriority(verdict, record, inner, into: &reading)
      }
    }
    if let verdict = parseByClaim(inner, into: &reading) {
      return finishBehindPriority(verdict, record, inner, into: &reading)
    }
    let isSyslog = electedIsText || electedName.utf8.starts(with: "syslog-".utf8)
    // Where the others have a priority, whatever has one is a record.
    guard
      isSyslog
        ? !PriorityPrefix.isVersioned(inner)
        : isBehindPriority || !others.isEmpty && PriorityPrefix.hasTag(inner, at: 0),
      bare.parse(record, into: &reading)
    else { return nil }
    isOwn = false
    currentName = "syslog-rfc3164"
    use(currentName)
    return .event
  }

  private func use(_ name: String) {
    if !usedNames.contains(name) { usedNames.append(name) }
  }

  /// Least score with which syslog takes a line from stamped text: its host and program were seen, or its stamp is used by syslog alone.
  private static let syslogThreshold = 70

  /// Least score with which a format may take a line from a source that was given to another.
  static let claimThreshold = 50
}
