import ConsoleOutput
import EvidenceIntake
import Glibc
import IncidentModel
import TimelineStore

/// Takes the events that are read from evidence once more and compares each with the row that the case has of it: whoever
/// changed a row in place, by `sqlite3` say, is seen by that. Evidence whose bytes are not those that were ingested has
/// other events anyway; its findings are for nobody.
///
/// Compared are place, message, fields, severity, the device where the event itself names it, the stamp as written, and the
/// time where the stamp alone says it. Years, zones, anchors and devices that were told to `ingest` are not: they cannot be
/// read from the evidence.
final class EvidenceRows: EventSink, @unchecked Sendable {
  /// What a source's rows are against its evidence.
  struct Finding {
    /// Rows that differ.
    var differing = 0
    /// The first of them, in words.
    var first = ""
    /// Elected format now, where it is another than at the ingest: then events cannot be compared.
    var otherFormat: String?
  }

  /// One lane is open at a time: the intake runs with one job, on one path.
  private let reader: CaseReader
  private let sources: [[String]: SourceEntry]
  private(set) var findings: [[String]: Finding] = [:]

  /// - Parameter sources: The case's sources of the one path that is going to be read, by their members.
  init(_ reader: CaseReader, sources: [[String]: SourceEntry]) {
    self.reader = reader
    self.sources = sources
  }

  func openLane(order: Int) throws -> any EventLane { Lane(self) }
  func contains(sha256: String) throws -> Bool { false }

  private final class Lane: EventLane {
    private let owner: EvidenceRows
    private var devices: [DeviceID: String] = [:]
    private var source: SourceEntry?
    private var rows: SourceEvents?
    private var finding = Finding()

    init(_ owner: EvidenceRows) { self.owner = owner }

    func beginSource(_ description: SourceDescription) throws {
      finding = Finding()
      source = owner.sources[description.members]
      rows = source.map { owner.reader.events(of: $0) }
    }

    func append(_ batch: borrowing EventBatch) throws {
      try batch.arena.withUnsafeBytes {
        try compare(batch.records, batch.devices, UnsafeRawBufferPointer($0))
      }
    }

    private func compare(
      _ records: [EventRecord], _ named: [DeviceDefinition], _ arena: UnsafeRawBufferPointer
    ) throws {
      for device in named {
        devices[device.id] = String(decoding: Self.text(device.name, arena), as: UTF8.self)
      }
      guard let rows else { return }
      for record in records {
        guard let event = try rows.next() else {
          note("an event at byte \(record.byteOffset) is missing")
          return self.rows = nil
        }
        if let difference = difference(record, event, arena) {
          note("event \(event.id.rawValue) (line \(event.line)): \(difference)")
        }
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

    private func note(_ words: String) {
      finding.differing += 1
      if finding.first.isEmpty { finding.first = words }
    }

    private func difference(
      _ record: EventRecord, _ event: TimelineEvent, _ arena: UnsafeRawBufferPointer
    ) -> String? {
      if record.byteOffset != event.byteOffset || UInt64(record.byteLength) != event.byteLength
        || record.line != event.line
      {
        return "it is said to lie elsewhere"
      }
      let message = Self.text(record.message, arena)
      if !event.messageBytes.withUnsafeBytes({ Self.areEqual($0, message) }) { return "another message" }
      var kept = event.fields ?? ""
      let fields = Self.text(record.fields, arena)
      if !kept.withUTF8({ Self.areEqual(UnsafeRawBufferPointer($0), fields) }) { return "other fields" }
      if (record.severity > 7 ? nil : record.severity) != event.severity?.rawValue {
        return "another severity"
      }
      if ![.none, .path].contains(record.basis), devices[record.device] != event.device {
        return "another device"
      }
      if record.quality == .exact, event.quality == .exact, record.time != event.time?.nanoseconds {
        return "another time"
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
      guard let source else { return }
      if try rows?.next() != nil { note("there are more events than in the evidence") }
      if account.format != source.format { finding.otherFormat = account.format }
      owner.findings[account.description.members] = finding
    }

    func discardSource() throws { source = nil }
    func close() throws {}
  }
}
