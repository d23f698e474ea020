import ConsoleOutput
import EvidenceIntake
import Glibc
import IncidentModel
import TimelineStore

/// Takes the events that are read from evidence once more and compares each with the row that the case has of it: whoever
/// changed a row in place, by `sqlite3` say, is seen by that.
///
/// Compared are place, message, fields, severity, the device where the event itself names it, the stamp as written, and the
/// time where the stamp alone says it. Years, zones, anchors and devices that were told to `ingest` are not: they cannot be
/// read from the evidence.
///
/// A file that was read twice, and had grown meanwhile, is two sources of the same path. What is read now is compared with
/// all of them, and which of them it is shows at its end, by its SHA-256. The others may be beginnings of it.
final class EvidenceRows: EventSink, @unchecked Sendable {
  /// What a source's rows are against its evidence.
  struct Finding {
    /// Rows that differ.
    var differing = 0
    /// The first of them, in words.
    var first = ""
    /// Elected format now, where it is another than at the ingest: then events cannot be compared.
    var otherFormat: String?

    fileprivate mutating func note(_ words: String) {
      differing += 1
      if first.isEmpty { first = words }
    }
  }

  /// One lane is open at a time: the intake runs with one job, on one path.
  private let reader: CaseReader
  private let sources: [[String]: [SourceEntry]]
  /// By a source's number: of those that were read with the SHA-256 that they had.
  private(set) var wholes: [Int64: Finding] = [:]
  /// By a source's number: of those whose path now holds something else, as though it began with what they were. For
  /// nobody where it does not.
  private(set) var beginnings: [Int64: Finding] = [:]

  /// - Parameter sources: The case's sources of the one path that is going to be read, by their members.
  init(_ reader: CaseReader, sources: [[String]: [SourceEntry]]) {
    self.reader = reader
    self.sources = sources
  }

  func openLane(order: Int) throws -> any EventLane { Lane(self) }
  func contains(sha256: String) throws -> Bool { false }

  /// A source of the case beside what is read.
  private struct Comparison {
    let source: SourceEntry
    var rows: SourceEvents?
    var whole = Finding()
    var beginning = Finding()
    /// The last difference within the beginning. It counts once more follows there: at its very end, a line may have been cut
    /// off that is whole now.
    var held: String?
  }

  private final class Lane: EventLane {
    private let owner: EvidenceRows
    private var devices: [DeviceID: String] = [:]
    private var comparisons: [Comparison] = []

    init(_ owner: EvidenceRows) { self.owner = owner }

    func beginSource(_ description: SourceDescription) throws {
      comparisons = (owner.sources[description.members] ?? []).map {
        Comparison(source: $0, rows: owner.reader.events(of: $0))
      }
    }

    func append(_ batch: borrowing EventBatch) throws {
      try batch.arena.withUnsafeBytes { raw in
        let arena = UnsafeRawBufferPointer(raw)
        for device in batch.devices {
          devices[device.id] = String(decoding: Self.text(device.name, arena), as: UTF8.self)
        }
        for index in comparisons.indices {
          for record in batch.records { try compare(record, &comparisons[index], arena) }
        }
      }
    }

    private func compare(
      _ record: EventRecord, _ comparison: inout Comparison, _ arena: UnsafeRawBufferPointer
    ) throws {
      let isWithin = record.byteOffset < comparison.source.bytes
      if isWithin, let held = comparison.held {
        comparison.beginning.note(held)
        comparison.held = nil
      }
      guard let rows = comparison.rows else { return }
      guard isWithin, let event = try rows.next() else {
        let words = "an event at byte \(record.byteOffset) is missing"
        comparison.whole.note(words)
        if isWithin { comparison.held = words }
        comparison.rows = nil
        return
      }
      if let difference = difference(record, event, arena) {
        let words = "event \(event.id.rawValue) (line \(event.line)): \(difference.words)"
        comparison.whole.note(words)
        if !difference.dependsOnRest { comparison.held = words }
      }
    }

    private static func text(_ range: ByteRange, _ arena: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
      UnsafeRawBufferPointer(rebasing: arena[Int(range.start)..<Int(range.start) + Int(range.count)])
    }

    /// Compared eight bytes and more at a time; sequences are compared element by element.
    private static func areEqual(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Bool {
      guard a.count == b.count else { return false }
      guard let first = a.baseAddress, let second = b.baseAddress else { return true }
      return memcmp(first, second, a.count) == 0
    }

    /// What differs. How a stamp is understood may depend on all lines of its source, the rest does not.
    private struct Difference: ExpressibleByStringLiteral {
      var words: String
      var dependsOnRest = false

      init(stringLiteral words: String) { self.words = words }

      static let time: Difference = {
        var difference: Difference = "another time"
        difference.dependsOnRest = true
        return difference
      }()
    }

    private func difference(
      _ record: EventRecord, _ event: TimelineEvent, _ arena: UnsafeRawBufferPointer
    ) -> Difference? {
      if record.byteOffset != event.byteOffset || UInt64(record.byteLength) != event.byteLength
        || record.line != event.line
      {
        return "it is said to lie elsewhere"
      }
      let message = Self.text(record.message, arena)
      if !event.messageBytes.withUnsafeBytes({ Self.areEqual($0, message) }) { return "another message" }
      var kept = event.fields ?? ""
      if record.fields.isEmpty {
        if kept != record.header.fields { return "other fields" }
      } else {
        let fields = Self.text(record.fields, arena)
        if !kept.withUTF8({ Self.areEqual(UnsafeRawBufferPointer($0), fields) }) { return "other fields" }
      }
      if (record.severity > 7 ? nil : record.severity) != event.severity?.rawValue {
        return "another severity"
      }
      if ![.none, .path].contains(record.basis), devices[record.device] != event.device {
        return "another device"
      }
      if record.quality == .exact, event.quality == .exact, record.time != event.time?.nanoseconds {
        return .time
      }
      let stamp = Self.text(record.stamp, arena)
      if var written = event.stamp, !stamp.isEmpty,
        !written.withUTF8({ Self.areEqual(UnsafeRawBufferPointer($0), stamp) }),
        written != String(decoding: stamp, as: UTF8.self)
      {
        return "another stamp"
      }
      return nil
    }

    func finishSource(_ account: SourceAccount, adjustments: [TimeAdjustment]) throws {
      for var one in comparisons {
        if try one.rows?.next() != nil { one.whole.note("there are more events than in the evidence") }
        if account.format != one.source.format {
          one.whole.otherFormat = account.format
          one.beginning.otherFormat = account.format
        }
        if account.sha256 == one.source.sha256 {
          owner.wholes[one.source.ordinal] = one.whole
        } else {
          owner.beginnings[one.source.ordinal] = one.beginning
        }
      }
      comparisons = []
    }

    func discardSource() throws { comparisons = [] }
    func close() throws {}
  }
}
