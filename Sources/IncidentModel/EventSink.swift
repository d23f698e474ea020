/// Where the intake's events go. `TimelineStore` is one; tests have others.
///
/// Lanes may be fed at the same time, each by one thread. Their `order` (the rank of the path on the command line
/// after folders are expanded and sorted) and not the clock decides the events' ids, so that one thread and N threads give
/// the same case.
public protocol EventSink: Sendable {
  /// Opens the lane of one path. Orders are distinct and dense from 0, opened in any sequence.
  func openLane(order: Int) throws -> any EventLane
  /// True when a source with this SHA-256 (64 lower-case hex digits) is in the case already.
  func contains(sha256: String) throws -> Bool
}

/// One path's stream of sources (a plain file is one source; an archive has one for each member), front to back.
public protocol EventLane: AnyObject {
  /// Starts the next source of this lane.
  func beginSource(_ source: SourceDescription) throws
  /// Adds events to the source that was begun. The batch belongs to the caller again afterwards.
  func append(_ batch: borrowing EventBatch) throws
  /// Ends the source: its account, and times that only its end could tell.
  func finishSource(_ account: SourceAccount, adjustments: [TimeAdjustment]) throws
  /// Ends the source without keeping anything of it: its SHA-256 turned out to be known.
  func discardSource() throws
  /// Ends the lane.
  func close() throws
}

/// What is known of a source before it is read.
public struct SourceDescription: Sendable, Hashable {
  /// The path as given by the user, or `-` for standard input.
  public var path: String
  /// Names of the members inside `path`, outermost first; empty for the file itself.
  public var members: [String]
  /// A source from path and member chain.
  public init(path: String, members: [String] = []) {
    self.path = path
    self.members = members
  }
  /// Path and members as one name, divided by `/`: `lock-outage.zip/gw-3/syslog.2.gz`. The one way a member is written for
  /// people, and what patterns such as `--device GLOB=NAME` are compared with.
  public var name: String { ([path] + members).joined(separator: "/") }
  /// The members alone, divided likewise; empty for the file itself.
  public var memberName: String { members.joined(separator: "/") }
}

/// A change to the times of a stretch of one source's events, known only after they were handed on: the year of
/// stamps without one, the anchor of a boot.
public struct TimeAdjustment: Sendable, Hashable {
  /// Ordinals of the events within their source, from 0, half open.
  public var events: Range<Int>
  /// Nanoseconds to add to the events' times.
  public var shift: Int64
  /// The events' quality from now on; nil leaves it.
  public var quality: TimeQuality?
  /// The events' error bound in nanoseconds from now on; nil leaves it.
  public var timeError: Int64?
  /// An adjustment from its parts.
  public init(events: Range<Int>, shift: Int64, quality: TimeQuality? = nil, timeError: Int64? = nil) {
    self.events = events
    self.shift = shift
    self.quality = quality
    self.timeError = timeError
  }
}
