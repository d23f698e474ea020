import IncidentModel

/// Counts the stamps of one source that give no instant.
struct UnplacedStamps {
  /// Those that have a time of day and no date.
  var clocksAlone = 0
  /// Those that can be no time.
  var impossible = 0
  /// Events without any stamp that is understood, or with none at all.
  var missing = 0

  /// Events that have no time, on whatever ground.
  var total: Int { clocksAlone + impossible + missing }

  /// What is to be said of them.
  var decisions: [IntakeDecision] {
    [
      Self.decision(
        "date", clocksAlone, one: "stamp has", many: "stamps have",
        "a time of day but no date: such events have no time"),
      Self.decision(
        "stamp", impossible, one: "stamp is", many: "stamps are",
        "no time (a counter, a clock that is not set, a date that no calendar has): such events have no time"),
      Self.decision(
        "time", missing, one: "event has", many: "events have", "no stamp that could be read, and so no time"),
    ].compactMap { $0 }
  }

  private static func decision(
    _ subject: String, _ count: Int, one: String, many: String, _ what: String
  ) -> IntakeDecision? {
    guard count > 0 else { return nil }
    return IntakeDecision(
      subject: subject, value: "none", reason: "\(count) \(count == 1 ? one : many) \(what)")
  }
}
