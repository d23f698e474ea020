public import IncidentModel

/// Moments that people state and that cannot have been.
public enum StatedTimes {
  /// Clocks of those who write are off by less.
  private static let tolerance = 60.0

  /// Why a moment cannot have been; nil where it can.
  /// - Parameters:
  ///   - written: When it was written down, at the latest.
  ///   - earliest: What it cannot lie before.
  ///   - name: What that is, in words.
  public static func doubt(
    _ time: Instant, written: Instant?, notBefore earliest: Instant? = nil, called name: String = ""
  ) -> String? {
    let shown = Format.isPlausible(time) ? Format.instant(time) : time.rfc3339(fractionDigits: 0)
    let given = "the time given, \(shown),"
    func span(_ from: Instant, _ to: Instant) -> String {
      let (length, overflow) = to.nanoseconds.subtractingReportingOverflow(from.nanoseconds)
      return Format.duration(nanoseconds: overflow ? .max : length)
    }
    if let written, time.seconds(since: written) > tolerance {
      return "\(given) lies \(span(written, time)) later than when it was written down"
    }
    if let earliest, earliest.seconds(since: time) > tolerance {
      return "\(given) lies \(span(time, earliest)) before \(name)"
    }
    return nil
  }

  /// The moments of people's part, by the names of their fields, those of single incidents too.
  public static func all(in notes: Annotations) -> [(field: String, at: String)] {
    var found: [(field: String, at: String)] = []
    for (field, statement) in [
      ("trigger", notes.trigger), ("detection", notes.detection), ("firstAct", notes.firstAct),
      ("halt", notes.halt), ("end", notes.end),
    ] {
      if let at = statement?.at { found.append(("\(field).at", at)) }
    }
    for (key, own) in (notes.incidents ?? [:]).sorted(by: { $0.key < $1.key }) {
      found += all(in: own).map { ("incidents.\(key).\($0.field)", $0.at) }
    }
    return found
  }
}

extension MetricValue {
  /// The earliest instant that a moment may have been at; nil where it is not known.
  var earliest: Instant? {
    guard case .instant(let time, let interval) = self else { return nil }
    return interval?.lowerBound ?? time
  }
}

extension ReportMaterial {
  /// Moments that people state for this incident and that cannot have been: the field, the time and the reason.
  public var impossibleTimes: [(field: String, at: String, reason: String)] {
    let moments: [(MetricID, String, Statement?)] = [
      (.trigger, "trigger.at", notes.trigger), (.detected, "detection.at", notes.detection),
      (.acknowledged, "firstAct.at", notes.firstAct), (.halted, "halt.at", notes.halt),
      (.ended, "end.at", notes.end),
    ]
    return moments.compactMap { id, field, statement in
      guard let at = statement?.at, case .notComputable(let reason) = metrics[id].value else { return nil }
      return (field, at, reason)
    }
  }
}
