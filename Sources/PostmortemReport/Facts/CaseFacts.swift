public import IncidentModel
public import PlaybookModel

/// What a report is made of, apart from the trace: facts of the case as the store holds them. A value; nothing in it is
/// looked up later, so that the same facts give the same bytes.
public struct CaseFacts: Sendable {
  /// The tool and its version, e.g. `firebreak 0.1.0`.
  public var toolVersion = ""
  /// Name of the case: its file name without the ending.
  public var caseName = ""
  /// SHA-256 (hex) over all that went in: evidence, inventory, trace, journal, notes.
  public var inputDigest = ""
  /// Number of the stored trace that the report rests on; nil where it was made on the fly.
  public var traceNumber: Int?

  /// The evidence register, in the order of the case.
  public var sources: [SourceAccount] = []
  /// Events in the case, those without a usable time included.
  public var eventCount = 0
  /// Entities that speak in the evidence.
  public var speakingDevices = 0
  /// Entities that speak or that the topology links.
  public var linkedDevices = 0
  /// Events per time quality.
  public var eventsByTimeQuality: [TimeQuality: Int] = [:]
  /// Earliest instant of events with one.
  public var oldestEvidence: Instant?
  /// Latest instant of events with one.
  public var newestEvidence: Instant?

  /// Fleet attributes.
  public var inventory = Inventory()
  /// What was derived from the timeline for this incident.
  public var signals = IncidentSignals()
  /// Events that the report cites, by id. Missing ones are printed as their id only.
  public var events: [EventID: CitedEvent] = [:]
  /// Playbook journals, all runs, in any order.
  public var runs: [RunRecord] = []
  /// By run id: where it stands, as `firebreak playbook status` counts it. A run that is missing has a state that nobody told.
  public var runStates: [String: RunState] = [:]
  /// Runs whose journal was altered: what is said of them is not vouched for.
  public var alteredRuns: [String] = []
  /// Runs whose plan lies beside the case and of which the journal has no records.
  public var runsWithoutRecords: [String] = []
  /// What people added.
  public var annotations = Annotations()
  /// When the newest of it was written: what is said to have happened later had not happened yet. Nil where nobody knows.
  public var newestNote: Instant?
  /// Files that lie beside the report.
  public var attachments: [Attachment] = []

  /// Facts of an empty case.
  public init() {}
}

/// An event as a report cites it.
public struct CitedEvent: Sendable, Hashable {
  /// Its id in the case.
  public var id: EventID
  /// When; nil where the event has no usable time.
  public var time: Instant?
  /// How the time came about.
  public var quality: TimeQuality
  /// The device's name; nil where the event names none.
  public var device: String?
  /// Who vouches for the device's name.
  public var basis: IdentityBasis
  /// Severity; nil where the event has none.
  public var severity: Severity?
  /// The message's bytes, as in the evidence.
  public var message: [UInt8]
  /// Where it lies: file, member chain, line, byte offset and length, SHA-256 of the source.
  public var place: EvidenceReference
  /// A cited event from its parts.
  public init(
    id: EventID, time: Instant?, quality: TimeQuality, device: String?, basis: IdentityBasis,
    severity: Severity?,
    message: [UInt8], place: EvidenceReference
  ) {
    self.id = id
    self.time = time
    self.quality = quality
    self.device = device
    self.basis = basis
    self.severity = severity
    self.message = message
    self.place = place
  }
}

/// A file beside the report, e.g. the full list of devices.
public struct Attachment: Sendable, Hashable {
  /// File name, relative to the report.
  public var name: String
  /// What it holds, in a few words.
  public var title: String
  /// SHA-256, hex.
  public var sha256: String
  /// Size.
  public var bytes: UInt64
  /// Rows without the header.
  public var rows: Int
  /// An attachment from its parts.
  public init(name: String, title: String, sha256: String, bytes: UInt64, rows: Int) {
    self.name = name
    self.title = title
    self.sha256 = sha256
    self.bytes = bytes
    self.rows = rows
  }
}
