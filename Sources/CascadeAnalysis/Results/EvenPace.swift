internal import Glibc

/// Failures that follow each other like clockwork: a rolling restart or rollout, one entity after the other.
///
/// What spreads, or breaks by itself, comes in pauses that scatter as much as they are long (a Poisson stream: the standard
/// deviation is the mean), and a cascade swells and ebbs. Pauses that scatter by less than a third of their mean over two dozen
/// failures come from a schedule. Fails where stamps of whole minutes make pauses even: then the mean pause is about the step.
enum EvenPace {
  private static let fewest = 24
  private static let scatter = 0.33

  /// The usual pause in seconds; nil where the failures keep no pace.
  static func pause(_ times: [Double]) -> Double? {
    guard times.count >= fewest else { return nil }
    let ordered = times.sorted()
    // A tenth may be strays, or late by a lost message.
    let pauses = zip(ordered, ordered.dropFirst()).map { $1 - $0 }.sorted()
    let kept = pauses[(pauses.count / 20)..<(pauses.count - pauses.count / 20)]
    let mean = kept.reduce(0, +) / Double(kept.count)
    guard mean > 2 else { return nil }
    let variance = kept.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(kept.count)
    return variance.squareRoot() < scatter * mean ? mean : nil
  }

  static func reason(_ pause: Double) -> String {
    "the failures follow each other evenly, one every \(Int(pause.rounded())) s, as on a schedule: nothing spread"
  }
}
