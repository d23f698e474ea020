import IncidentModel
import LogFormats

/// What is known of a source when its content begins.
struct SourceSetup {
  var description: SourceDescription
  /// The device of events that name none, and how it was chosen.
  var deviceName: String
  var deviceBasis: IdentityBasis
  var deviceReason: String
  /// Names of the inventory's devices.
  var known: Set<String> = []
  /// The format the user gave.
  var format: (any LogFormat)?
  var zone: TimeZoneRules?
  var year: Int?
  var bound: UpperBound?
  /// Instants at which the clock of a boot (from 1) read 0, as the user says.
  var anchors: [Int: Int64] = [:]
  /// Which number is the day in dates such as `04/07/2026`, as the user says.
  var dateOrder: DayOrderTracker.Order?
}

/// The lines of a document so far.
struct GatheredLines {
  var line: UInt64 = 0
  var offset: UInt64 = 0
  var lines: UInt64 = 0
  var bytes: UInt64 = 0
}

/// What is counted and remembered while one source is read.
struct SourceState {
  let setup: SourceSetup
  var reader: SourceReader
  var times: TimeResolver
  var framer: RecordFramer
  /// Offset in the source of the first byte of the arena.
  var base: UInt64 = 0
  /// Number of the next line, from 1.
  var line: UInt64 = 1
  /// Bytes of a line, on the whole.
  var usualLine = 0
  var bytesBy = Tally()
  var linesBy = Tally()
  /// By `Refusal`'s raw value.
  var refusedBy = [UInt64](repeating: 0, count: 32)
  var damage: [Damage] = []
  var events = 0
  var usesDefaultDevice = false
  var isBinary = false
  /// Name of the format where it is not the reader's.
  var formatName: String?
  /// Where the format gathers documents from lines: what has become of them.
  let gathering: GatheredDocument?
  /// Lines of the document that is being gathered; they count as structure.
  var gathered = GatheredLines()
  /// Lost documents that have been counted.
  var losses = 0
  /// The event read last may still get continuation lines.
  var isOpen = false

  init(_ setup: SourceSetup, reader: SourceReader) {
    self.setup = setup
    self.reader = reader
    gathering = reader.gathering
    framer = RecordFramer(reader.framing)
    times = TimeResolver(
      zone: setup.zone, forcedYear: setup.year, bound: setup.bound, anchors: setup.anchors,
      dateOrder: setup.dateOrder)
  }

  /// Most damage entries of one kind that are listed one by one.
  static let damageListLimit = 1000

  mutating func note(_ kind: String, offset: UInt64, length: UInt64?, _ words: String) {
    guard damage.count < Self.damageListLimit else { return }
    damage.append(Damage(kind: kind, offset: offset, length: length, note: words))
  }
}
