import FoundationEssentials
import PostmortemReport

/// The file to edit: every field is there, so that nobody has to guess names.
struct ExportedAnnotations: Encodable {
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
    try put("breakGlassReviews", notes.breakGlassReviews, empty: none)
    try put("incidents", notes.incidents, empty: [String: String]())
    try put("lintIgnored", notes.lintIgnored, empty: none)
  }
}

/// Any JSON value, kept as it is.
indirect enum AnyMember: Codable {
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
