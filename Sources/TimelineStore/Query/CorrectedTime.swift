internal import CSQLite
internal import IncidentModel

/// Whose clock a query goes by.
public enum QueryClock: String, Sendable, CaseIterable {
  /// Times as the evidence says them.
  case original
  /// Times after the correction of clocks; those of events without one are the original ones.
  case corrected
}

/// The corrections of a case by device, for looking up one event after the other.
final class ClockTable: Sendable {
  private struct Piece {
    var first: Int64
    var last: Int64
    var base: Int64
    var ahead: Int64
    var drift: Int64
    var error: Int64
  }
  private let pieces: [Int64: [Piece]]
  /// No correction moves an event by more, nanoseconds.
  let reach: Int64

  /// Boots that were anchored after they were read, in order of their events.
  private let boots: [(first: Int64, last: Int64, anchor: Int64, error: Int64)]

  /// True where nothing is corrected.
  var isEmpty: Bool { pieces.isEmpty && boots.isEmpty }
  /// True where events without a time have a corrected one.
  var hasBoots: Bool { !boots.isEmpty }

  init(_ connection: SQLiteConnection) throws(StoreError) {
    var pieces: [Int64: [Piece]] = [:]
    var reach: Int64 = 0
    let row = try connection.prepare(
      "SELECT device, first_event, last_event, base, ahead, drift, error FROM clock_piece "
        + "WHERE ahead <> 0 OR drift <> 0 ORDER BY device, first_event")
    while try row.next() {
      let piece = Piece(
        first: row.int64(1), last: row.int64(2), base: row.int64(3), ahead: row.int64(4), drift: row.int64(5),
        error: row.int64(6))
      pieces[row.int64(0), default: []].append(piece)
      // A year of drift, so that no event of a piece lies outside.
      let gain = piece.drift.magnitude.multipliedReportingOverflow(by: 31_622_400)
      let most = piece.ahead.magnitude.addingReportingOverflow(gain.overflow ? .max : gain.partialValue)
      reach = max(reach, most.overflow ? .max : Int64(clamping: most.partialValue))
    }
    self.pieces = pieces
    self.reach = reach
    var boots: [(first: Int64, last: Int64, anchor: Int64, error: Int64)] = []
    let boot = try connection.prepare(
      "SELECT first_event, last_event, anchor, error FROM clock_boot WHERE anchor IS NOT NULL AND method LIKE ? "
        + "ORDER BY first_event"
    ).bound([.text(BootEntry.arrival + "%")])
    while try boot.next() {
      boots.append((boot.int64(0), boot.int64(1), boot.int64(2), boot.int64OrNil(3) ?? 0))
    }
    self.boots = boots
  }

  /// The instant of an event that has only a time since boot; nil where its boot has no anchor.
  func anchored(id: Int64, sinceBoot: Int64) -> (time: Int64, error: Int64)? {
    var low = 0
    var high = boots.count
    while low < high {
      let middle = (low + high) / 2
      if boots[middle].first <= id { low = middle + 1 } else { high = middle }
    }
    guard low > 0, boots[low - 1].last >= id else { return nil }
    let (time, overflow) = boots[low - 1].anchor.addingReportingOverflow(sinceBoot)
    return overflow ? nil : (time, boots[low - 1].error)
  }

  /// The instant of an event by true time; nil where its clock is not corrected.
  func corrected(id: Int64, device: Int64, time: Int64) -> (time: Int64, error: Int64)? {
    guard let list = pieces[device] else { return nil }
    var low = 0
    var high = list.count
    while low < high {
      let middle = (low + high) / 2
      if list[middle].first <= id { low = middle + 1 } else { high = middle }
    }
    guard low > 0, list[low - 1].last >= id else { return nil }
    let piece = list[low - 1]
    let elapsed = time.subtractingReportingOverflow(piece.base).partialValue / 1_000_000
    let gain = elapsed.multipliedReportingOverflow(by: piece.drift)
    let ahead = piece.ahead.addingReportingOverflow(gain.overflow ? 0 : gain.partialValue / 1000)
    let result = time.subtractingReportingOverflow(ahead.partialValue)
    return result.overflow || ahead.overflow ? nil : (result.partialValue, piece.error)
  }

  /// `firebreak_corrected(id, device, time, since_boot)`: the corrected instant, or the time as it is.
  func register(on connection: SQLiteConnection) throws(StoreError) {
    try connection.register("firebreak_corrected", arguments: 4, flags: SQLITE_DIRECTONLY, owner: self) {
      context, _, arguments in
      guard let arguments else { return sqlite3_result_null(context) }
      let table = Unmanaged<ClockTable>.fromOpaque(sqlite3_user_data(context)).takeUnretainedValue()
      if sqlite3_value_type(arguments[2]) == SQLITE_NULL {
        guard sqlite3_value_type(arguments[3]) != SQLITE_NULL,
          let found = table.anchored(
            id: sqlite3_value_int64(arguments[0]), sinceBoot: sqlite3_value_int64(arguments[3]))
        else { return sqlite3_result_null(context) }
        return sqlite3_result_int64(context, found.time)
      }
      let time = sqlite3_value_int64(arguments[2])
      let found =
        sqlite3_value_type(arguments[1]) == SQLITE_NULL
        ? nil
        : table.corrected(
          id: sqlite3_value_int64(arguments[0]), device: sqlite3_value_int64(arguments[1]), time: time)
      sqlite3_result_int64(context, found?.time ?? time)
    }
  }
}

extension QueryClock {
  /// SQL for the time of the event `e` by this clock.
  var time: String {
    self == .original ? "e.time" : "firebreak_corrected(e.id, e.device, e.time, e.since_boot)"
  }
}

extension CaseReader {
  /// Calls with each matching event in the order of corrected times, those without a time last, until it returns false.
  ///
  /// No index knows corrected times: ids and times of all matches are put in order (16 bytes each), then the events are read
  /// one by one.
  func forEachCorrected(
    _ query: EventQuery, order: EventOrder, limit: Int?, _ body: (TimelineEvent) throws -> Bool
  ) throws -> Int {
    var ids: [Int64] = []
    var times: [Int64] = []
    var timeless: [Int64] = []
    for segment in catalog.segments {
      let row = try connection.prepare(
        "SELECT e.id, \(query.clock.time) FROM segment_\(segment) e WHERE \(query.condition.sql)")
      row.bound(query.condition.parameters)
      while try row.next() {
        if row.isNull(1) {
          timeless.append(row.int64(0))
        } else {
          ids.append(row.int64(0))
          times.append(row.int64(1))
        }
      }
    }
    var sequence = TimeOrder.permutation(times: times, ids: ids).map { $0.map { ids[Int($0)] } } ?? ids
    if order == .newestFirst { sequence.reverse() }
    if !query.needsTime {
      timeless.sort()
      sequence = order == .oldestFirst ? sequence + timeless : timeless.reversed() + sequence
    }
    var given = 0
    for id in sequence {
      if let limit, given >= limit { break }
      guard let event = try event(EventID(rawValue: id)) else { continue }
      given += 1
      if try !body(event) { break }
    }
    return given
  }
}
