import ConsoleOutput
import FoundationEssentials
import IncidentModel
import PostmortemReport
import TimelineStore

/// People's part of a report in the case: one annotation for each field, the newest one counts, older ones stay.
enum AnnotationStore {
  static let schema = "firebreak.annotations/1"

  /// What people have provided so far. `firebreak note --set KEY=VALUE` may name a field (`state=in_review`) or a part of
  /// one (`detection.at=2026-04-07T09:10Z`); keys that are no field of the report are for other tools.
  static func read(_ reader: CaseReader) throws -> Annotations {
    var tree: [String: AnyMember] = [:]
    for note in try reader.notes() where note.kind == .annotation {
      guard let key = note.subject else { continue }
      let path = key.split(separator: ".").map(String.init)
      guard let field = path.first, fieldNames.contains(field),
        path.count <= (field == "incidents" ? 5 : 3)
      else { continue }
      tree[field] = AnyMember.putting(value(note.value ?? note.text), at: path.dropFirst(), in: tree[field])
    }
    guard !tree.isEmpty else { return Annotations() }
    do {
      return try JSONDecoder().decode(Annotations.self, from: try JSONEncoder().encode(tree))
        .withoutEmptyFields
    } catch {
      throw CommandError(
        "cannot read the notes for reports in '\(reader.path)': \(explain(error)); "
          + "set it again with 'firebreak note --set' or 'firebreak postmortem notes --import'")
    }
  }

  /// JSON where it is an object, an array, a quoted string or a number; else the words themselves.
  private static func value(_ text: String) -> AnyMember {
    let isJSON =
      text.first.map { "{[\"".contains($0) } ?? false || Int(text) != nil || text == "null" || text == "true"
      || text == "false"
    guard isJSON, let value = try? JSONDecoder().decode(AnyMember.self, from: Data(text.utf8)) else {
      return .string(text)
    }
    return value
  }

  /// The fields as a file to edit; those not provided yet are there too, empty.
  static func exported(_ notes: Annotations) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    var text = String(decoding: try encoder.encode(ExportedAnnotations(notes)), as: UTF8.self)
    text.append("\n")
    return text
  }

  /// Reads an edited file and keeps what changed.
  /// - Returns: Names of the changed fields.
  static func importFile(_ path: String, into casePath: String, author: String) throws -> [String] {
    let text = try CommandFile.read(path)
    let new: Annotations
    do {
      let members = try JSONDecoder().decode([String: AnyMember].self, from: Data(text))
      let unknown = members.keys.filter { $0 != "schema" && !fieldNames.contains($0) }.sorted()
      if let first = unknown.first {
        throw CommandError(
          "cannot import '\(path)': there is no field '\(first)'; 'firebreak postmortem notes --export -' shows all fields"
        )
      }
      try checkIncidents(members["incidents"], path)
      new = try JSONDecoder().decode(Annotations.self, from: Data(text)).withoutEmptyFields
    } catch let error as DecodingError {
      throw CommandError("cannot import '\(path)': \(explain(error)); nothing was changed")
    }
    try check(new, path)
    let old = try fields(of: read(try CaseReader(path: casePath)))
    let wanted = try fields(of: new)
    // What the export puts where nothing was provided is provided by nobody.
    let filled = try fields(
      of: JSONDecoder().decode(Annotations.self, from: Data(try exported(Annotations()).utf8))
        .withoutEmptyFields)
    let file = try CaseFile(path: casePath)
    let store = NoteStore(file)
    var changed: [String] = []
    var notes: [TimelineStore.Note] = []
    for name in fieldNames
    where old[name] != wanted[name] && !(old[name] == nil && wanted[name] == filled[name]) {
      notes.append(
        try store.add(
          TimelineStore.Note(
            createdAt: Person.now, author: author, kind: .annotation, subject: name,
            value: wanted[name] ?? "null")))
      changed.append(name)
    }
    if !changed.isEmpty {
      try Custody.record(notes, in: file) { "people's part of the report: \($0.subject ?? "")" }
    }
    return changed
  }

  /// What belongs to one incident is named by a number or a time, and has the same fields; another word would be lost in silence.
  private static func checkIncidents(_ member: AnyMember?, _ path: String) throws {
    guard case .object(let incidents)? = member else { return }
    for (key, value) in incidents.sorted(by: { $0.key < $1.key }) {
      guard IncidentKey(key) != nil else {
        throw CommandError(
          "cannot import '\(path)': incidents.\(Sanitizer.escape(key)) names no incident: give its number (1 is the largest) or a time within it, such as 2026-04-07T09:08:00Z; nothing was changed"
        )
      }
      guard case .object(let fields) = value else { continue }
      if let unknown = fields.keys.filter({ !fieldNames.contains($0) || $0 == "incidents" }).min() {
        throw CommandError(
          "cannot import '\(path)': incidents.\(key) has no field '\(Sanitizer.escape(unknown))'; nothing was changed"
        )
      }
    }
  }

  /// Times must have a zone: an hour without one is nobody's hour.
  private static func check(_ notes: Annotations, _ path: String) throws {
    for (_, own) in (notes.incidents ?? [:]).sorted(by: { $0.key < $1.key }) { try check(own, path) }
    var times: [(String, String?)] = [
      ("trigger.at", notes.trigger?.at), ("detection.at", notes.detection?.at),
      ("firstAct.at", notes.firstAct?.at),
      ("halt.at", notes.halt?.at), ("end.at", notes.end?.at), ("buildTime", notes.buildTime),
    ]
    for (index, message) in (notes.communications ?? []).enumerated() {
      times.append(("communications[\(index)].at", message.at))
    }
    for (index, review) in (notes.breakGlassReviews ?? []).enumerated() {
      times.append(("breakGlassReviews[\(index)].at", review.at))
    }
    for (index, clock) in (notes.clocks ?? []).enumerated() {
      times += [("clocks[\(index)].awareAt", clock.awareAt), ("clocks[\(index)].measureAt", clock.measureAt)]
      for (stage, at) in clock.sent ?? [:] { times.append(("clocks[\(index)].sent.\(stage)", at)) }
    }
    for (field, time) in times {
      if let time, !time.isEmpty, Instant(rfc3339: time) == nil {
        throw CommandError(
          "cannot import '\(path)': \(field) is not RFC 3339 with a zone, such as 2026-04-07T09:08:00Z; nothing was changed"
        )
      }
    }
  }

  private static let fieldNames: [String] = {
    let data = (try? JSONEncoder().encode(ExportedAnnotations(Annotations()))) ?? Data()
    let members = (try? JSONDecoder().decode([String: AnyMember].self, from: data)) ?? [:]
    return members.keys.filter { $0 != "schema" }.sorted()
  }()

  /// Each provided field as JSON with sorted keys.
  private static func fields(of notes: Annotations) throws -> [String: String] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let members = try JSONDecoder().decode([String: AnyMember].self, from: try encoder.encode(notes))
    return try members.mapValues { String(decoding: try encoder.encode($0), as: UTF8.self) }
  }

  private static func explain(_ error: any Error) -> String {
    guard let error = error as? DecodingError else { return "\(error)" }
    func at(_ path: [any CodingKey]) -> String {
      path.isEmpty ? "the file" : path.map(\.stringValue).joined(separator: ".")
    }
    switch error {
    case .typeMismatch(_, let context): return "\(at(context.codingPath)) has the wrong type"
    case .valueNotFound(_, let context): return "\(at(context.codingPath)) is empty"
    case .keyNotFound(let key, let context): return "\(at(context.codingPath)) lacks '\(key.stringValue)'"
    case .dataCorrupted(let context):
      return context.codingPath.isEmpty
        ? "it is not JSON" : "\(at(context.codingPath)) has a value that is not allowed"
    @unknown default: return "it cannot be read"
    }
  }
}
