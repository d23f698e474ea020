import ConsoleOutput
import IncidentModel
import TimelineStore

/// What the custody log says of the inventory and the topology as the case holds them: interlocks and targets rest on those rows, not
/// on the file that they came from.
enum FleetRecord {
  static let action = "fleet"

  /// The entry for the custody log.
  static func entry(_ reader: CaseReader) throws -> CustodyEntry {
    CustodyEntry(
      at: Person.now, actor: Person.current, action: action, subject: "inventory and topology",
      sha256: try Custody.fleetDigest(reader),
      detail: "firebreak \(Firebreak.version): rows as the case holds them")
  }
}

/// Compares what people and the inventory say with what the custody log says of them.
struct RecordComparison {
  /// What was changed, a sentence each.
  private(set) var faults: [String] = []
  /// What nothing in the custody log stands for, in a few words each.
  private(set) var uncovered: [String] = []

  init(_ reader: CaseReader, _ records: [CustodyRecord]) throws {
    try compareFleet(reader, records)
    try compareNotes(reader, records)
    if try reader.traceHead(nil) != nil { uncovered.append("stored traces") }
    let worked = ["clocks", "aliases", "silence"].filter { name in
      records.contains { $0.entry.action == name }
    }
    if !worked.isEmpty { uncovered.append("what was worked out of \(worked.joined(separator: ", "))") }
  }

  private mutating func compareFleet(_ reader: CaseReader, _ records: [CustodyRecord]) throws {
    let last = records.last { $0.entry.action == FleetRecord.action }?.entry
    guard let last, let sha256 = last.sha256 else {
      if try reader.inventory().count > 0 || !reader.topology().links.isEmpty {
        uncovered.append("inventory and topology")
      }
      return
    }
    if try Custody.fleetDigest(reader) != sha256 {
      faults.append(
        "the inventory or topology is not what it was at \(last.at.rfc3339(fractionDigits: 0)): rows were changed since"
      )
    }
  }

  private mutating func compareNotes(_ reader: CaseReader, _ records: [CustodyRecord]) throws {
    let notes = try reader.notes(includingRetracted: true)
    var digests: [String: String] = [:]
    var named: Set<String> = []
    for record in records where record.entry.action == TimelineStore.Note.custodyAction {
      named.insert(record.entry.subject)
      // The first word counts: an entry put behind it takes nothing back.
      if digests[record.entry.subject] == nil { digests[record.entry.subject] = record.entry.sha256 }
    }
    var open = digests
    var older = 0
    // From the first note with a digest on, every note has one.
    let firstCovered = notes.first { digests[$0.custodySubject] != nil }?.id ?? .max
    for note in notes {
      if let sha256 = open.removeValue(forKey: note.custodySubject) {
        if Custody.digest(note.custodyText) != sha256 {
          faults.append(
            "note \(note.id) is not what it was when it was kept: words, author or time were changed")
        }
      } else if note.id > firstCovered, !named.contains(note.custodySubject) {
        faults.append("note \(note.id) is in no entry of the custody log: it was put in past Firebreak")
      } else {
        older += 1
      }
    }
    for subject in open.keys.sorted(by: { ($0.utf8.count, $0) < ($1.utf8.count, $1) }) {
      faults.append("\(subject) is gone")
    }
    if older > 0 {
      uncovered.append("\(Figures.counted(older, "note")) of before there were digests of notes")
    }
  }
}
