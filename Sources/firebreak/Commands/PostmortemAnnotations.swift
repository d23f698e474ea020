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
      guard let field = path.first, fieldNames.contains(field), path.count <= 3 else { continue }
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
      new = try JSONDecoder().decode(Annotations.self, from: Data(text)).withoutEmptyFields
    } catch let error as DecodingError {
      throw CommandError("cannot import '\(path)': \(explain(error)); nothing was changed")
    }
    try check(new, path)
    let old = try fields(of: read(try CaseReader(path: casePath)))
    let wanted = try fields(of: new)
    let file = try CaseFile(path: casePath)
    let store = NoteStore(file)
    var changed: [String] = []
    for name in fieldNames where old[name] != wanted[name] {
      _ = try store.add(
        TimelineStore.Note(
          createdAt: Person.now, author: author, kind: .annotation, subject: name,
          value: wanted[name] ?? "null"))
      changed.append(name)
    }
    if !changed.isEmpty {
      _ = try Custody.record(
        "note", subject: "people's part of the report", detail: changed.joined(separator: ", "), in: file)
    }
    return changed
  }

  /// Times must have a zone: an hour without one is nobody's hour.
  private static func check(_ notes: Annotations, _ path: String) throws {
    var times: [(String, String?)] = [
      ("trigger.at", notes.trigger?.at), ("detection.at", notes.detection?.at),
      ("firstAct.at", notes.firstAct?.at),
      ("halt.at", notes.halt?.at), ("end.at", notes.end?.at), ("buildTime", notes.buildTime),
    ]
    for (index, message) in (notes.communications ?? []).enumerated() {
      times.append(("communications[\(index)].at", message.at))
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

/// Any JSON value, kept as it is.
private indirect enum AnyMember: Codable {
  case null
  case bool(Bool)
  case number(Double)
  case string(String)
  case array([AnyMember])
  case object([String: AnyMember])

  /// The value put into an object at a path of keys; what is no object there gives way.
  static func putting(_ value: AnyMember, at path: ArraySlice<String>, in old: AnyMember?) -> AnyMember {
    guard let key = path.first else { return value }
    var members: [String: AnyMember] = [:]
    if case .object(let known)? = old { members = known }
    members[key] = putting(value, at: path.dropFirst(), in: members[key])
    return .object(members)
  }

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      self = .null
    } else if let value = try? container.decode(Bool.self) {
      self = .bool(value)
    } else if let value = try? container.decode(Double.self) {
      self = .number(value)
    } else if let value = try? container.decode(String.self) {
      self = .string(value)
    } else if let value = try? container.decode([AnyMember].self) {
      self = .array(value)
    } else {
      self = .object(try container.decode([String: AnyMember].self))
    }
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .null: try container.encodeNil()
    case .bool(let value): try container.encode(value)
    case .number(let value):
      if let whole = Int(exactly: value) { try container.encode(whole) } else { try container.encode(value) }
    case .string(let value): try container.encode(value)
    case .array(let value): try container.encode(value)
    case .object(let value): try container.encode(value)
    }
  }
}

/// The file to edit: every field is there, so that nobody has to guess names.
private struct ExportedAnnotations: Encodable {
  let notes: Annotations
  init(_ notes: Annotations) { self.notes = notes }

  private struct Key: CodingKey {
    var stringValue: String
    var intValue: Int? { nil }
    init(_ name: String) { stringValue = name }
    init?(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(AnnotationStore.schema, forKey: Key("schema"))
    func put(_ name: String, _ value: (any Encodable)?, empty: any Encodable = "") throws {
      if let value {
        try container.encode(value, forKey: Key(name))
      } else {
        try container.encode(empty, forKey: Key(name))
      }
    }
    let none: [String] = []
    let statement = ["at": "", "by": "", "text": ""]
    try put("title", notes.title)
    try put("state", notes.state, empty: ReportState.draft)
    try put("version", notes.version, empty: 1)
    try put("roles", notes.roles, empty: none)
    try put("customerImpact", notes.customerImpact)
    try put("functionsLost", notes.functionsLost)
    try put("safety", notes.safety)
    try put("dataImpact", notes.dataImpact)
    try put("customerAction", notes.customerAction)
    try put("trigger", notes.trigger, empty: statement)
    try put("detection", notes.detection, empty: statement)
    try put("firstAct", notes.firstAct, empty: statement)
    try put("halt", notes.halt, empty: statement)
    try put("end", notes.end, empty: statement)
    try put("factors", notes.factors, empty: none)
    try put("ruledOut", notes.ruledOut, empty: none)
    try put("openQuestions", notes.openQuestions, empty: none)
    try put("lessons", notes.lessons, empty: ["well": none, "badly": none, "lucky": none, "surprised": none])
    try put("actions", notes.actions, empty: none)
    try put("communications", notes.communications, empty: none)
    try put("clocks", notes.clocks, empty: none)
    try put("buildTime", notes.buildTime)
    if let size = notes.canarySize {
      try put("canarySize", size)
    } else {
      try container.encodeNil(forKey: Key("canarySize"))
    }
    try put("haltRule", notes.haltRule)
    try put("rollbackImage", notes.rollbackImage)
    try put("harmToOthers", notes.harmToOthers)
    try put("lintIgnored", notes.lintIgnored, empty: none)
  }
}
