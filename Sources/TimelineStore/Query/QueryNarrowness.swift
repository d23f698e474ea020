internal import IncidentModel

extension QueryExpression {
  /// True where another condition leads to few events, which are then looked at one by one.
  /// - Parameter span: Times of the case's events, nanoseconds.
  func isNarrow(of span: ClosedRange<Int64>?) -> Bool {
    switch self {
    case .everything, .not: return false
    case .or(let parts): return parts.allSatisfy { $0.isNarrow(of: span) }
    case .and(let parts):
      if parts.contains(where: { $0.isNarrow(of: span) }) { return true }
      guard let span else { return false }
      // An eighth of the case is read as quickly along the time as all of it by pages.
      let bounds = timeBounds
      let low = max(span.lowerBound, bounds.since ?? .min)
      let high = min(span.upperBound, bounds.until ?? .max)
      return Double(high) - Double(low) < (Double(span.upperBound) - Double(span.lowerBound)) / 8
    case .term(let term):
      switch term.predicate {
      case .device, .identity, .attribute, .named, .trace, .id, .source, .tag: return true
      case .severity(let comparison, let severity):
        guard let severity else { return false }
        switch comparison {
        case .equal, .greaterOrEqual: return severity.rawValue <= 3
        case .greater: return severity.rawValue <= 4
        case .less, .lessOrEqual: return false
        }
      case .text, .program, .template, .basis, .quality, .time, .secret, .field: return false
      }
    }
  }
}
