/// The timeline as analysis wants it: columns with dense indices, in time order, sized for 10^7 events and 10^6
/// devices in memory (about 30 bytes an event). The store fills it; `CascadeAnalysis` reads it.
public struct IncidentEvidence: Sendable {
  /// Names of all entities that speak, are listed, or are linked. Their position is the device index.
  public var devices: [String] = []
  /// Program of each template. Its position is the template index.
  public var templatePrograms: [String] = []
  /// Text of each template with `<*>` for variables.
  public var templateTexts: [String] = []

  /// Events with a usable time, ordered by (time, id). All these columns have the same length.
  public var eventIDs: [Int64] = []
  /// Nanoseconds since the epoch.
  public var times: [Int64] = []
  /// Device index, or -1 where the event names none.
  public var eventDevices: [Int32] = []
  /// Template index.
  public var eventTemplates: [Int32] = []
  /// 0 to 7, or 255 where the event has none.
  public var severities: [UInt8] = []
  /// `IdentityBasis.rawValue`.
  public var identityBases: [UInt8] = []
  /// Half-width of the uncertainty of the instant in nanoseconds, as a power of two: 2^n; 255 unknown.
  public var timeErrorLog2: [UInt8] = []

  /// Positions (in the event columns) of events whose variables name another entity, ascending; with `mentionDevices`.
  public var mentionEvents: [Int32] = []
  /// Index of the entity named.
  public var mentionDevices: [Int32] = []

  /// Positions (in the event columns) of events whose fields say who brought them about, ascending; with `actorDevices`.
  public var actorEvents: [Int32] = []
  /// Index of the entity that did.
  public var actorDevices: [Int32] = []

  /// Positions (in the event columns, ascending, repeated for several) of variables that may tie two events
  /// together, such as sequence numbers and request ids; with `tokenHashes`. Variables that name an entity and those
  /// shorter than two bytes are left out. May be empty: clocks are then compared by the rhythm of events alone.
  public var tokenEvents: [Int32] = []
  /// 32 bits of `ContentHash` of the variable's bytes, the same wherever it is written.
  public var tokenHashes: [UInt32] = []

  /// Numeric series, from telemetry fields.
  public var series: [MetricSeries] = []
  /// The fleet's attributes.
  public var inventory = Inventory()
  /// The fleet's links.
  public var topology = Topology()

  /// What the case knows of clocks that did not run evenly: by how much each was off in which of its events.
  public var clockPieces: [ClockPiece] = []

  /// Per device, the position in `sources` of the source that its last event is from, or -1. Empty where sources are not known:
  /// all evidence then reaches to the end.
  public var lastSources: [Int32] = []
  /// What is known of the sources that events come from.
  public var sources: [Source] = []

  /// How far a source tells of those that are heard in it.
  public struct Source: Sendable, Hashable {
    /// Devices that are heard in it.
    public var devices: Int
    /// Whether its end is missing: a compressed file cut off, for example.
    public var lacksEnd: Bool
    /// Entities whose names stand in the source's path: whoever wrote the file, perhaps for others.
    public var namedInPath: [Int32] = []

    /// A source from its parts.
    public init(devices: Int, lacksEnd: Bool) {
      self.devices = devices
      self.lacksEnd = lacksEnd
    }
  }

  /// The correction of one clock over a stretch of events.
  public struct ClockPiece: Sendable, Hashable {
    /// Device index.
    public var device: Int32
    /// Ids of the stretch's first and last event.
    public var events: ClosedRange<Int64>
    /// By the clock itself: the instant at which `ahead` holds, nanoseconds since the epoch.
    public var base: Int64
    /// The clock minus true time at `base`, seconds.
    public var ahead: Double
    /// Seconds that it gains in a second.
    public var drift: Double
    /// Bound of the error, seconds.
    public var error: Double
    /// Pairs of events it rests on.
    public var pairs: Int
    /// Whether a person gave it.
    public var isGiven: Bool

    /// A piece from its parts.
    public init(
      device: Int32, events: ClosedRange<Int64>, base: Int64, ahead: Double, drift: Double = 0,
      error: Double = 0, pairs: Int = 0, isGiven: Bool = false
    ) {
      self.device = device
      self.events = events
      self.base = base
      self.ahead = ahead
      self.drift = drift
      self.error = error
      self.pairs = pairs
      self.isGiven = isGiven
    }
  }

  /// No evidence.
  public init() {}
}

/// One numeric field of one device over time.
public struct MetricSeries: Sendable {
  /// Series of fewer values tell of no change.
  public static let fewestToTell = 12

  /// Device index.
  public var device: Int32
  /// The field's name.
  public var name: String
  /// Nanoseconds since the epoch, ascending.
  public var times: [Int64]
  /// One value per time.
  public var values: [Double]
  /// Event ids, one per time.
  public var eventIDs: [Int64]
  /// A series from its parts.
  public init(device: Int32, name: String, times: [Int64], values: [Double], eventIDs: [Int64]) {
    self.device = device
    self.name = name
    self.times = times
    self.values = values
    self.eventIDs = eventIDs
  }
}
