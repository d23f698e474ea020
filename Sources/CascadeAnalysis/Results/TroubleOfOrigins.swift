internal import IncidentModel

/// Trouble of its own that the origin of an incident had, apart from it in time, is told with the origin: who began something is not
/// listed among those that had nothing to do with it. What others said of it later is no word of its own, the
/// change that it announced no trouble, whatever its grade, and what it said when the last had failed (it was repaired, the change was taken back) no sign that
/// it began.
extension Trace {
  /// As sure as a claim that is made without doubt.
  private static let fewestChances = 0.5
  /// Nanoseconds for which what failed last may be told of by the one that it failed with.
  private static let afterwards: Int64 = 600_000_000_000
  /// Said against a provider that was heard in no trouble.
  static let unseen = "its own failure was not seen"

  mutating func tellTroubleOfOrigins() {
    for index in incidents.indices {
      guard let origin = incidents[index].origins.first, origin.probability >= Self.fewestChances,
        let start = incidents[index].onsets.first?.time.nanoseconds,
        let end = incidents[index].onsets.last?.time.nanoseconds,
        let own = unrelated.firstIndex(where: { $0.device == origin.device })
      else { continue }
      let trouble = unrelated.remove(at: own)
      let announcements = incidents[index].changes.filter { $0.actor == origin.device }.flatMap(\.evidence)
      guard trouble.kind != .reported, trouble.time.nanoseconds <= end + Self.afterwards,
        !Set(trouble.evidence).isSubset(of: announcements)
      else { continue }
      let apart = Double(trouble.time.nanoseconds - start) / 1e9
      incidents[index].origins[0].reasonsAgainst.removeAll { $0 == Self.unseen }
      incidents[index].origins[0].reasonsFor.append(Self.words(apart))
      incidents[index].origins[0].evidence += trouble.evidence.prefix(5)
    }
  }

  private static func words(_ seconds: Double) -> String {
    "had trouble of its own \(Int(abs(seconds).rounded())) s \(seconds < 0 ? "before" : "after") the first failure"
  }
}
