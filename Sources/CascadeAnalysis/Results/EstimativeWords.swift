/// Words beside probabilities, on the fixed scale of the United States intelligence community
/// (Intelligence Community Directive 203, 2015, D.6.e.2.a).
public enum EstimativeWords {
  /// The words for a probability from 0 to 1.
  public static func of(_ probability: Double) -> String {
    switch probability {
    case ..<0.05: "almost no chance"
    case ..<0.2: "very unlikely"
    case ..<0.45: "unlikely"
    case ..<0.55: "roughly even chance"
    case ..<0.8: "likely"
    case ..<0.95: "very likely"
    default: "almost certain"
    }
  }
}
