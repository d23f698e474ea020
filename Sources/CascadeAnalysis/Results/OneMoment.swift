/// Failures so close to each other that who was first is told by clocks and chance: something took them all along.
enum OneMoment {
  private static let fewest = 12
  /// Four of five lie within these seconds; clocks are hardly better.
  private static let longest = 30.0

  /// Seconds that four of five of the failures fall into; nil where they take longer.
  static func span(_ times: [Double]) -> Double? {
    guard times.count >= fewest else { return nil }
    let ordered = times.sorted()
    let few = times.count / 10
    let span = ordered[ordered.count - 1 - few] - ordered[few]
    return span <= longest ? span : nil
  }

  static func reason(_ span: Double) -> String {
    "most failed within \(Int(span.rounded(.up))) s of each other: who was first says little"
  }
}
