import IncidentModel

/// A run that went on without the approvals its plan needed, on one person's word: who, when, why, as the journal says it.
///
/// The journal's sentence is `BREAK GLASS by PERSON with N of M approvals on the plan made TIME, for K min, to be reviewed
/// afterwards: REASON`. What does not read like it is kept whole as the reason.
struct BrokenGlass: Hashable {
  /// The run.
  var run: String
  /// When; nil where the responder's clock was not set.
  var time: Int64?
  /// Who, as the machine knows them; nil where the journal does not say.
  var person: String?
  /// `1 of 2`; nil where the journal does not say.
  var approvals: String?
  /// How long it held, in words; nil where the journal does not say.
  var limit: String?
  /// The reason given.
  var reason: String

  init(run: String, time: Int64?, sentence: String) {
    self.run = run
    self.time = time
    reason = sentence
    var rest = sentence[...]
    guard rest.hasPrefix("BREAK GLASS ") else { return }
    rest = rest.dropFirst("BREAK GLASS ".count)
    guard let with = rest.firstRange(of: "with ") else { return }
    if rest.hasPrefix("by ") {
      let name = rest[..<with.lowerBound].dropFirst(3).split(separator: " ").joined(separator: " ")
      person = name.isEmpty ? nil : name
    }
    rest = rest[with.upperBound...]
    guard let end = rest.firstRange(of: " approvals"), let colon = rest.firstRange(of: ": ") else { return }
    approvals = String(rest[..<end.lowerBound])
    if let from = rest.firstRange(of: ", for "), from.upperBound < colon.lowerBound {
      limit = String(rest[from.upperBound...].prefix { $0 != "," && $0 != ":" })
    }
    reason = String(rest[colon.upperBound...])
  }
}

extension Annotations {
  /// The review of a run; nil where nobody has written one down.
  func review(of run: String) -> GlassReview? { (breakGlassReviews ?? []).last { $0.run == run } }
}
