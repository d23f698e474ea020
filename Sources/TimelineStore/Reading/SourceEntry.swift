public import IncidentModel

/// A source of the case: what `firebreak sources` lists.
public struct SourceEntry: Sendable, Hashable {
  /// Number within the case, from 1 in the order of the load.
  public var ordinal: Int64
  /// Path as given and members inside it.
  public var description: SourceDescription
  /// 64 lower-case hex digits.
  public var sha256: String
  /// Elected format.
  public var format: String
  /// Compression layers, outermost first.
  public var compression: [String]
  /// Bytes as stored.
  public var storedBytes: UInt64
  /// Bytes uncompressed.
  public var bytes: UInt64
  /// Where the bytes went.
  public var bytesBy: Tally
  /// Where the lines went.
  public var linesBy: Tally
  /// Row ids of its events; empty when it has none.
  public var events: Range<Int64>
  /// Earliest instant of an event.
  public var firstTime: Instant?
  /// Latest instant of an event.
  public var lastTime: Instant?
  /// Modification time of file or member.
  public var modified: Instant?
  /// Places where evidence was lost.
  public var damage: Int

  /// Path and members as one name: `lock-outage.zip/gw-3/syslog.2.gz`.
  public var name: String { description.name }
}

extension SourceDescription {
  /// Members as the case file keeps them: one on each line.
  init(path: String, storedMembers: String) {
    self.init(path: path, members: MemberList.decode(storedMembers))
  }
}
