public import IncidentModel

/// What a load did.
public struct LoadSummary: Sendable {
  /// A source that was given again, and the one it equals.
  public struct Duplicate: Sendable, Hashable {
    /// The source that was skipped.
    public var source: SourceDescription
    /// The source in the case with the same SHA-256.
    public var original: SourceDescription
  }
  /// The sources that were kept, in evidence order.
  public var sources: [SourceAccount] = []
  /// The sources that were skipped, in evidence order.
  public var duplicates: [Duplicate] = []
  /// Ids of the events added; empty when there was none.
  public var eventIDs: Range<Int64> = 1..<1
  /// Lines kept as refused.
  public var refusedLines: Int = 0
  /// Events in the case after the load.
  public var eventsInCase: Int64 = 0
  /// Latest time of any event in the case.
  public var newestEvidence: Instant?
  /// True when the load made the case.
  public var isNewCase = false
}
