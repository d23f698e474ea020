internal import IncidentModel
internal import PostmortemReport
internal import TimelineStore

/// What the timeline is asked for, as the address says it.
struct TimelineQuestion {
  /// The expression of the query language.
  var words: String
  /// Bounds of time, set apart so that a brush can change them.
  var since: Instant?
  var until: Instant?
  var order: EventOrder
  var cursor: EventCursor?
  /// Rows on a page: 100 for people, 1000 for programs, or as many as the address asks for.
  func limit(_ context: PageContext) -> Int {
    let most = context.isForPrograms ? 1000 : 500
    return max(
      1,
      min(
        most,
        context.request.number("limit").map { Int(clamping: $0) } ?? (context.isForPrograms ? most : 100)))
  }

  init(_ request: WebRequest) throws {
    words = request.field("q") ?? ""
    since = try Self.instant(request, "since")
    until = try Self.instant(request, "until")
    order = request.field("order") == "newest" ? .newestFirst : .oldestFirst
    if let text = request.field("after") {
      let parts = text.split(separator: ":", omittingEmptySubsequences: false)
      guard parts.count == 2, let id = Int64(parts[1]), parts[0].isEmpty || Int64(parts[0]) != nil else {
        throw PageError(status: 400, title: "There is no such page", words: "The address was cut or changed.")
      }
      cursor = EventCursor(time: Int64(parts[0]).map { Instant(nanoseconds: $0) }, id: id)
    }
  }

  private static func instant(_ request: WebRequest, _ name: String) throws -> Instant? {
    guard let text = request.field(name) else { return nil }
    // A form's field of date and time has no zone: it is read as UTC, as the page says.
    let zoned = text.utf8.last.map { $0 == UInt8(ascii: "Z") || $0 == UInt8(ascii: "z") } ?? false
    guard let instant = Instant(query: zoned ? text : text + "Z") ?? Instant(query: text) else {
      throw PageError(
        status: 400, title: "That is no time",
        words: "'\(text)' is no time: write it as 2026-04-07T09:08:00Z, in UTC.")
    }
    return instant
  }

  /// The address of a place.
  static func text(_ cursor: EventCursor) -> String {
    "\(cursor.time.map { String($0.nanoseconds) } ?? ""):\(cursor.id)"
  }

  /// The whole expression, bounds and all.
  var expression: String {
    var parts: [String] = words.isEmpty ? [] : ["(\(words))"]
    if let since { parts.append("since:\(since.rfc3339(fractionDigits: 9))") }
    if let until { parts.append("until:\(until.rfc3339(fractionDigits: 9))") }
    return parts.joined(separator: " ")
  }

  /// Made ready. A mistake is shown with the words as they were typed.
  func query(_ reader: CaseReader) throws -> EventQuery {
    if !words.isEmpty { _ = try reader.query(words) }
    return try reader.query(expression)
  }

  /// Text in quotes, as the language takes it.
  static func quoted(_ text: String) -> String {
    var out = "\""
    for character in text {
      switch character {
      case "\"": out += "\\\""
      case "\\": out += "\\\\"
      case "\n": out += "\\n"
      case "\r": out += "\\r"
      case "\t": out += "\\t"
      default: out.append(character)
      }
    }
    return out + "\""
  }
}
