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
    var decisions: [IntakeDecision] = []
    if clocksAlone > 0 {
      decisions.append(
        IntakeDecision(
          subject: "date", value: "none",
          reason:
            "\(clocksAlone) \(clocksAlone == 1 ? "stamp has" : "stamps have") a time of day but no date: such events have no time"
        ))
    }
    if impossible > 0 {
      decisions.append(
        IntakeDecision(
          subject: "stamp", value: "none",
          reason:
            "\(impossible) \(impossible == 1 ? "stamp is" : "stamps are") no time (a counter, a clock that is not "
            + "set, a date that no calendar has): such events have no time"))
    }
    if missing > 0 {
      decisions.append(
        IntakeDecision(
          subject: "time", value: "none",
          reason:
            "\(missing) \(missing == 1 ? "event has" : "events have") no stamp that could be read, and so no time"
        ))
    }
    return decisions
  }
}
