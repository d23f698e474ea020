/// For whom a report is.
public enum Audience: String, Sendable, CaseIterable, Hashable {
  case engineer, executive, customer, regulator

  /// Sections of the outline that the audience gets.
  var sections: Set<Int> {
    switch self {
    case .engineer: Set(0...13)
    case .executive: [0, 1, 2, 3, 11]
    case .customer: [0, 1, 3, 12]
    case .regulator: [0, 1, 2, 3, 4, 5, 8, 11, 12, 13]
    }
  }

  /// True when the report gives no path into the evidence: readers outside.
  public var hidesEvidence: Bool { isRedacted }

  /// True for readers who want plain words: no formulas, no statistics, no references.
  var isPlain: Bool { self == .executive || self == .customer }

  /// The marking where nobody chooses one. AMBER keeps a report within the organisation and its clients. A customer's report
  /// holds pseudonyms and no evidence and is made to be handed on, so it is GREEN: shared within the community; publishing it
  /// (CLEAR) stays a person's decision.
  public var defaultMarking: TrafficLight { self == .customer ? .green : .amber }

  /// True when names become pseudonyms and text from evidence is left out.
  var isRedacted: Bool { self == .customer || self == .regulator }
}

/// Markings of the Traffic Light Protocol, version 2.0 (FIRST, 2022).
public enum TrafficLight: String, Sendable, CaseIterable, Hashable {
  case clear, green, amber, amberStrict = "amber+strict", red

  /// The marking as the protocol writes it.
  public var marking: String { "TLP:" + rawValue.uppercased() }
  /// Who may read it, in the protocol's sense.
  var meaning: String {
    switch self {
    case .clear: "may be shared without limit"
    case .green: "may be shared within the community, not in public"
    case .amber: "may be shared on a need-to-know basis within the organisation and its clients"
    case .amberStrict: "may be shared on a need-to-know basis within the organisation only"
    case .red: "for the named recipients only"
    }
  }
}

/// What is asked of a report.
public struct ReportOptions: Sendable {
  /// For whom.
  public var audience = Audience.engineer
  /// The marking; that of the audience unless told otherwise.
  public var marking: TrafficLight
  /// Which incident of the trace, from 0, the largest first.
  public var incident = 0
  /// Numbers of the sections wanted; nil: all that the audience gets.
  public var sections: Set<Int>?
  /// The title instead of that of the notes; nil: none.
  public var title: String?
  /// Number of this version of the report, from 1.
  public var version = 1
  /// Key of the pseudonyms: random bytes that stay with the case and are never printed.
  public var pseudonymKey: [UInt8] = []
  /// SHA-256, given from outside since this module has no cryptography of its own.
  public var sha256: @Sendable ([UInt8]) -> [UInt8]

  /// Options for a reader, all else at its default.
  public init(audience: Audience = .engineer, sha256: @escaping @Sendable ([UInt8]) -> [UInt8]) {
    self.audience = audience
    marking = audience.defaultMarking
    self.sha256 = sha256
  }
}
