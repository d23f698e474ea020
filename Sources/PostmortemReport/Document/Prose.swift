public import IncidentModel

/// A run of text in a report. There is no case for markup, and the only way for a number into a sentence is a metric.
public enum Inline: Sendable, Hashable {
  /// Words of Firebreak itself.
  case words(String)
  /// The title of a figure, a law, a form: a name, not a statement.
  case label(String)
  /// A metric by name; the renderer prints its value from the one set.
  case metric(MetricID)
  /// A value in a cell of a table or chart.
  case value(MetricValue, unit: String)
  /// Text that others wrote.
  case foreign(EvidenceText, Voice)
  /// Events that carry the statement; `more` says how many are not listed.
  case cite([EventID], more: Int)
  /// How sure a statement is.
  case certainty(Certainty)
  /// Important words.
  case strong(String)
  /// Only people know, and nobody has said.
  case notProvided
  /// A link to a section of this report.
  case section(Int)

  /// Who speaks in foreign text; decides how it looks, never whether it is escaped.
  public enum Voice: String, Sendable, Hashable {
    /// The name of a device, a site, a file.
    case name
    /// Bytes from evidence.
    case evidence
    /// A person's note.
    case person
    /// A sentence made by analysis.
    case finding
  }
}

/// A sentence or a cell: `"First effect at \(metric: .firstEffect) on \(name: device)\(cite: events)."`
public struct Prose: Sendable, Hashable, ExpressibleByStringInterpolation {
  /// Its parts, in order.
  public var parts: [Inline]

  /// Prose from parts.
  public init(_ parts: [Inline]) { self.parts = parts }
  /// Prose of words only.
  public init(stringLiteral value: String) { parts = value.isEmpty ? [] : [.words(value)] }
  /// Prose from an interpolated literal.
  public init(stringInterpolation: StringInterpolation) { parts = stringInterpolation.parts }

  /// Collects the parts of a literal. A plain string cannot be put in: it has to say what it is.
  public struct StringInterpolation: StringInterpolationProtocol {
    var parts: [Inline] = []
    /// Room for the parts.
    public init(literalCapacity: Int, interpolationCount: Int) {
      parts.reserveCapacity(interpolationCount * 2 + 1)
    }
    /// Words.
    public mutating func appendLiteral(_ literal: String) {
      if !literal.isEmpty { parts.append(.words(literal)) }
    }
    /// A metric's value.
    public mutating func appendInterpolation(metric id: MetricID) { parts.append(.metric(id)) }
    /// A name that others gave.
    public mutating func appendInterpolation(name: EvidenceText) { parts.append(.foreign(name, .name)) }
    /// Bytes from evidence.
    public mutating func appendInterpolation(evidence text: EvidenceText) {
      parts.append(.foreign(text, .evidence))
    }
    /// A person's words.
    public mutating func appendInterpolation(person text: EvidenceText) {
      parts.append(.foreign(text, .person))
    }
    /// A sentence of the analysis.
    public mutating func appendInterpolation(finding text: EvidenceText) {
      parts.append(.foreign(text, .finding))
    }
    /// Events that carry the statement; four at most are listed.
    public mutating func appendInterpolation(cite events: [EventID], of total: Int? = nil) {
      let listed = Prose.cited(events)
      if !listed.isEmpty { parts.append(.cite(listed, more: max(0, (total ?? events.count) - listed.count))) }
    }
    /// How sure.
    public mutating func appendInterpolation(_ certainty: Certainty) { parts.append(.certainty(certainty)) }
    /// Another piece of prose.
    public mutating func appendInterpolation(_ prose: Prose) { parts += prose.parts }
    /// A link to a section.
    public mutating func appendInterpolation(section number: Int) { parts.append(.section(number)) }
  }

  /// The events of a citation that are listed: the first four.
  static func cited(_ events: [EventID]) -> [EventID] { Array(events.prefix(4)) }

  /// A typed value for a cell.
  public static func value(_ value: MetricValue, _ unit: String = "") -> Prose {
    Prose([.value(value, unit: unit)])
  }
  /// A count for a cell.
  public static func count(_ value: Int) -> Prose { .value(.count(value)) }
  /// An instant for a cell; "no usable time" where there is none.
  public static func instant(_ value: Instant?) -> Prose {
    guard let value, Format.isPlausible(value) else { return "no usable time" }
    return .value(.instant(value))
  }
  /// A person's words, or "not provided".
  public static func provided(_ text: String?) -> Prose {
    guard let text, !text.isEmpty else { return Prose([.notProvided]) }
    return Prose([.foreign(EvidenceText(text, limit: 2000), .person)])
  }
}
