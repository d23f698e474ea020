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
  private let others: [any LogFormat]
  private var parsers: [String: any RecordParser] = [:]
  @exclusivity(unchecked) private var current: any RecordParser
  /// True while `current` is the elected parser, so that it need not be set for every line.
  @exclusivity(unchecked) private var isOwn = true
  private let electedIsText: Bool
  private let takesText: Bool
  private var stripped: [UInt8] = []

  init(elected format: (any LogFormat)?, others: [any LogFormat], context: SourceContext) {
    let chosen = format ?? TextFormat()
    framing = chosen.framing
    electedName = chosen.name
    currentName = chosen.name
    elected = chosen.makeParser(context)
    electedIsText = format == nil
    takesText = chosen is StampedTextFormat
    self.others = others
    self.context = context
    current = elected
  }

  private let context: SourceContext

  /// Where the elected format gathers documents from lines: what has become of them.
  public var gathering: GatheredDocument? { elected.gathering }

  /// What to write into the source's account: the elected format, or `mixed`.
  public var formatName: String {
    usedNames.count > 1 ? "mixed" : usedNames.first ?? electedName
  }

  /// Reads one record. After a verdict of `.event` with `.more` set, call `next` until it is off.
  public func parse(_ record: UnsafeRawBufferPointer, into reading: inout Reading) -> Verdict {
    if !isOwn { takeOwn() }
    if electedIsText { return parseUnclaimed(record, into: &reading, verdict: nil) }
    let verdict = elected.parse(record, into: &reading)
    if case .refused = verdict { return parseUnclaimed(record, into: &reading, verdict: verdict) }
    if verdict == .event, usedNames.isEmpty { usedNames.append(electedName) }
    return verdict
  }

  private func takeOwn() {
    isOwn = true
    current = elected
    currentName = electedName
  }

  /// The next event of the record that was parsed last.
  public func next(_ record: UnsafeRawBufferPointer, into reading: inout Reading) -> Verdict {
    current.next(record, into: &reading)
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
    var claimant: (any LogFormat)?
    for format in others where format.framing == .lines {
      let score = format.score(record)
      if score > best {
        best = score
        claimant = format
      }
    }
    guard let claimant else { return nil }
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

  private func use(_ name: String) {
    if !usedNames.contains(name) { usedNames.append(name) }
  }

  /// Least score with which a format may take a line from a source that was given to another.
  static let claimThreshold = 50
}
