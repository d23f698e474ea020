internal import IncidentModel

extension Tones {
  /// Fewer that say the same are no receivers of anything.
  private static let fewestSurvivors = 5

  /// New messages that nobody graded and whose words tell of no loss, which each of their speakers says once, and after which most go on as
  /// ever: they tell what was done to these ("image 8 verified, rebooting"), or of nothing. Those that do not go on must tell of it in
  /// other words, which those that go on do not say: so the message is no sign of their failure either.
  ///
  /// Who goes on is seen in what is said every day, which must be known from before.
  static func survived(
    _ timeline: Timeline, _ profiles: TemplateProfiles, _ reporting: ReportTemplates,
    _ unknown: [Int], _ speakers: [[Int32]], _ isLoud: [Bool]
  ) -> [Int] {
    unknown.filter { template in
      let profile = profiles.fleet[template]
      guard profile.role == .novel || profile.role == .surging, isLoud[template],
        !reporting.isReport[template], !reporting.namesPeers[template],
        speakers[template].count >= fewestSurvivors,
        profile.events * 10 <= speakers[template].count * 11
      else { return false }
      var well: [Int] = []
      var gone: [Int] = []
      for device in speakers[template].map({ Int($0) }) {
        switch goesOn(device, after: template, timeline, profiles, isLoud) {
        case true?: well.append(device)
        case false?: gone.append(device)
        case nil: break
        }
      }
      let judged = well.count + gone.count
      guard judged * 2 >= speakers[template].count, well.count >= fewestSurvivors, well.count * 2 >= judged
      else { return false }
      guard gone.count * 10 > judged else { return true }
      return haveOwnWords(gone, besides: well, template, timeline, profiles, isLoud)
    }
  }

  /// Whether an entity says what it says every day after some message as before it, without an unusual pause; nil where that is not known.
  private static func goesOn(
    _ device: Int, after template: Int, _ timeline: Timeline, _ profiles: TemplateProfiles, _ isLoud: [Bool]
  ) -> Bool? {
    var since: Double?
    var times: [Double] = []
    for event in timeline.events(of: device) {
      let kind = Int(timeline.evidence.eventTemplates[Int(event)])
      if kind == template, since == nil { since = timeline.seconds[Int(event)] }
      let role = profiles.fleet[kind].role
      if !isLoud[kind], role == .chatter || role == .sporadic { times.append(timeline.seconds[Int(event)]) }
    }
    guard let since, let first = times.first else { return nil }
    let before = times.count { $0 < since }
    let past = since - first
    let rest = timeline.end - since
    guard before >= fewestSurvivors, past > 0 else { return nil }
    let expected = Double(before) / past * rest
    guard expected >= Double(fewestSurvivors) else { return nil }
    guard Double(times.count - before) >= 0.45 * expected else { return false }
    var (longest, pause) = (0.0, 0.0)
    for (last, next) in zip(times, times.dropFirst()) {
      if next < since { longest = max(longest, next - last) } else { pause = max(pause, next - last) }
    }
    pause = max(pause, timeline.end - times[times.count - 1])
    return pause <= max(2 * longest, 5 * past / Double(before), 150)
  }

  /// Whether nearly all of some entities say something new after a message that hardly any of the others says.
  private static func haveOwnWords(
    _ gone: [Int], besides well: [Int], _ template: Int, _ timeline: Timeline, _ profiles: TemplateProfiles,
    _ isLoud: [Bool]
  ) -> Bool {
    func news(_ device: Int) -> Set<Int> {
      var kinds: Set<Int> = []
      var isAfter = false
      for event in timeline.events(of: device) {
        let kind = Int(timeline.evidence.eventTemplates[Int(event)])
        if kind == template { isAfter = true }
        if isAfter, kind != template, isLoud[kind], profiles.fleet[kind].role != .chatter {
          kinds.insert(kind)
        }
      }
      return kinds
    }
    var others: [Int: Int] = [:]
    for device in well { for kind in news(device) { others[kind, default: 0] += 1 } }
    let own = gone.count { news($0).contains { (others[$0] ?? 0) * 10 <= well.count } }
    return own * 5 >= gone.count * 4
  }
}
