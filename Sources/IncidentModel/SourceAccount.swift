/// What became of every byte of a source. Used once for bytes and once for lines.
public struct Tally: Sendable, Hashable {
  /// First lines of events.
  public var events: UInt64 = 0
  /// Further lines of multi-line events.
  public var continuations: UInt64 = 0
  /// Empty lines.
  public var blanks: UInt64 = 0
  /// CSV headers, `#` lines, brackets, padding.
  public var structure: UInt64 = 0
  /// Lines that no format could read.
  public var refused: UInt64 = 0
  /// Bytes that could not be recovered.
  public var damaged: UInt64 = 0
  /// Nothing counted.
  public init() {}
  /// The sum of all.
  public var total: UInt64 { events + continuations + blanks + structure + refused + damaged }
  /// Adds another tally.
  public static func += (a: inout Tally, b: Tally) {
    a.events += b.events
    a.continuations += b.continuations
    a.blanks += b.blanks
    a.structure += b.structure
    a.refused += b.refused
    a.damaged += b.damaged
  }
}

/// A place where evidence was lost or cannot be trusted.
public struct Damage: Sendable, Hashable {
  /// A short stable code: `gzip-truncated`, `gzip-crc`, `gzip-trailing`, `zip-unsafe-name`, `limit-ratio`…
  public var kind: String
  /// Where: first byte in the source as `offset` (uncompressed) unless `inContainer` says compressed bytes.
  public var offset: UInt64
  /// How many bytes, or nil where that cannot be known.
  public var length: UInt64?
  /// True when `offset` counts bytes of the compressed or containing file.
  public var inContainer: Bool
  /// One sentence for people.
  public var note: String
  /// Damage from its parts.
  public init(kind: String, offset: UInt64, length: UInt64?, inContainer: Bool = false, note: String) {
    self.kind = kind
    self.offset = offset
    self.length = length
    self.inContainer = inContainer
    self.note = note
  }
}

/// A decision that was taken for a source and could have been another: zone, year, anchor, format, device.
public struct IntakeDecision: Sendable, Hashable {
  /// `zone`, `year`, `anchor`, `format`, `device`…
  public var subject: String
  /// What was decided, e.g. `2026`.
  public var value: String
  /// On what ground, e.g. `modification time of the archive member`.
  public var reason: String
  /// True where a person said it and nothing was inferred. Not kept in a case, whose `reason` says so in words.
  public var isGiven: Bool
  /// Ends the reason of a decision on the zone where nobody gave one and no stamp names one that is known.
  public static let utcIsTaken = ": UTC is taken"
  /// Whether the stamps of a source are read in a zone that nothing vouches for.
  public var assumesZone: Bool { subject == "zone" && reason.contains(Self.utcIsTaken) }
  /// A decision from its parts.
  public init(subject: String, value: String, reason: String, isGiven: Bool = false) {
    self.subject = subject
    self.value = value
    self.reason = reason
    self.isGiven = isGiven
  }
}

/// One boot of a source whose stamps count from the boot.
public struct BootSpan: Sendable, Hashable {
  /// From 1 in the source.
  public var number: Int
  /// Ordinals of its events within the source, from 0, half open. Events of other clocks may lie between.
  public var events: Range<Int>
  /// The instant at which its clock read 0, in nanoseconds since the epoch; nil where nothing tells.
  public var anchor: Int64?
  /// Bound of the anchor's error, nanoseconds.
  public var error: Int64?
  /// How the anchor is known, or why it is not.
  public var method: String
  /// The event that anchors it, by its ordinal in the source; nil where none does.
  public var evidence: Int?
  /// The method of stretches of a boot whose records hold wall time and time since boot: several stretches of one boot are
  /// divided by steps of the wall clock.
  public static let twoClocks = "records hold both clocks"
  /// A boot from its parts.
  public init(
    number: Int, events: Range<Int>, anchor: Int64?, error: Int64?, method: String, evidence: Int? = nil
  ) {
    self.number = number
    self.events = events
    self.anchor = anchor
    self.error = error
    self.method = method
    self.evidence = evidence
  }
}

/// The whole account of one source.
public struct SourceAccount: Sendable {
  /// Which source.
  public var description: SourceDescription
  /// SHA-256 of the source as it lay there (a `.gz` file: of the compressed file), 64 lower-case hex digits.
  public var sha256: String
  /// Name of the elected format, e.g. `syslog-rfc3164`; `mixed` where lines differ; `text` or `binary` for none.
  public var format: String
  /// Compression layers, outermost first, e.g. `["gzip"]`.
  public var compression: [String] = []
  /// Bytes as stored (compressed).
  public var storedBytes: UInt64
  /// Bytes uncompressed; equals `bytesBy.total`.
  public var bytes: UInt64
  /// Where the bytes went.
  public var bytesBy: Tally
  /// Where the lines went.
  public var linesBy: Tally
  /// Events read: more than `linesBy.events` where one line holds several.
  public var events: UInt64 = 0
  /// Of these, how many have no time: no stamp, one without a date, one that no clock shows. Not kept in a case.
  public var eventsWithoutTime: UInt64 = 0
  /// Refused lines by reason code.
  public var refusedBy: [String: UInt64] = [:]
  /// Earliest and latest instant of events with one.
  public var firstTime: Instant?
  /// Latest instant of events with one.
  public var lastTime: Instant?
  /// Modification time of file or member, where known.
  public var modified: Instant?
  /// What was lost.
  public var damage: [Damage] = []
  /// What was decided.
  public var decisions: [IntakeDecision] = []
  /// The boots that stamps since boot were cut into; empty where there are none.
  public var boots: [BootSpan] = []
  /// Templates that hold secrets, first seen here.
  public var secrets: [SecretMark] = []

  /// True for an archive: its bytes are its members'.
  public var isContainer: Bool { bytes == 0 && ["zip", "tar", "7z", "cpio", "archive"].contains(format) }

  /// An account from the parts that always exist.
  public init(
    description: SourceDescription, sha256: String, format: String, storedBytes: UInt64, bytes: UInt64,
    bytesBy: Tally, linesBy: Tally
  ) {
    self.description = description
    self.sha256 = sha256
    self.format = format
    self.storedBytes = storedBytes
    self.bytes = bytes
    self.bytesBy = bytesBy
    self.linesBy = linesBy
  }
}

/// Where an event lies in the evidence: its name for ever.
public struct EvidenceReference: Sendable, Hashable {
  /// The source.
  public var source: SourceDescription
  /// The source's SHA-256.
  public var sha256: String
  /// 1-based line.
  public var line: UInt64
  /// First byte in the decoded source.
  public var byteOffset: UInt64
  /// Bytes, decoded.
  public var byteLength: UInt64
  /// What the source's bytes, whose SHA-256 this is, were in and were decoded from before bytes were counted, outermost first: `gzip`, `utf-16le`.
  public var encodings: [String]
  /// A reference from its parts.
  public init(
    source: SourceDescription, sha256: String, line: UInt64, byteOffset: UInt64, byteLength: UInt64,
    encodings: [String] = []
  ) {
    self.encodings = encodings
    self.source = source
    self.sha256 = sha256
    self.line = line
    self.byteOffset = byteOffset
    self.byteLength = byteLength
  }

  /// Whose bytes an offset counts where the source's own bytes are encoded, to be put behind it: ` (counted after decoding utf-16le)`; empty
  /// where they are as they lie. The hash is that of the bytes before.
  public static func countingNote(_ encodings: [String]) -> String {
    encodings.isEmpty ? "" : " (counted after decoding \(encodings.joined(separator: ", ")))"
  }
}
