internal import IncidentModel

/// The index along which a stretch of the timeline is read, where SQLite would otherwise take any that fits another
/// condition, read all of it, and sort. The stretch bounds what is read.
enum StretchIndex: Equatable {
  /// Of times: every event of the stretch is looked at.
  case time
  /// Of errors by severity and time: only those of these severities are.
  case severity([Int])

  /// Behind `segment_N_`.
  var name: String {
    switch self {
    case .time: "time"
    case .severity: "severity"
    }
  }

  /// What a statement must say so that SQLite can take it: the index holds errors only, and is entered once for each
  /// severity.
  var condition: String {
    switch self {
    case .time: "1"
    case .severity(let wanted):
      "e.severity <= 3 AND e.severity IN (\(wanted.map { String($0) }.joined(separator: ", ")))"
    }
  }

  /// True where events of other severities are not read.
  var isSelective: Bool { self != .time }
}

extension EventQuery {
  /// The condition on the events of a stretch of time, which lies between the query's own bounds.
  func condition(within stretch: Range<Int64>, by index: StretchIndex?) -> SQLCondition {
    let condition = untimed.and(
      "e.time >= ? AND e.time < ?", [.integer(stretch.lowerBound), .integer(stretch.upperBound)])
    return index.map { condition.and($0.condition, []) } ?? condition
  }

  /// nil where SQLite finds the best way itself: nothing but severity has an index that does not go by time and could be
  /// mistaken for a good one.
  var stretchIndex: StretchIndex? {
    var hasSeverity = false
    for part in expression.conjuncts {
      switch part {
      case .everything: continue
      case .term(let term):
        switch term.predicate {
        case .severity: hasSeverity = true
        case .time, .program, .template, .basis, .quality, .field: continue
        default: return nil
        }
      default: return nil
      }
    }
    guard hasSeverity, let severities = expression.severitiesWanted else { return nil }
    let wanted = severities.indices.filter { severities[$0] }
    guard let mildest = wanted.last, mildest < IndexEntry.errorSeverities else { return .time }
    return .severity(wanted)
  }
}
