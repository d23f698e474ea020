/// How long affected entities are quiet between two of their own complaints: one that tries again every ten minutes is not well
/// in between.
struct TroublePauses {
  private var gaps: [[Int64]]
  private var last: [Int64]
  private var spans: [Int64?] = []
  /// What an entity with too few complaints has to be free of them: the middle of what the others have to.
  private var common = IncidentSignals.healthySpan

  /// Complaints that follow each other faster are one.
  private static let turn: Int64 = 60_000_000_000
  /// Fewer pauses show no pace.
  private static let fewest = 3
  /// More pauses of one entity are not kept.
  private static let most = 40
  /// What is quiet for an hour is well, and fails again.
  private static let longest: Int64 = 3_600_000_000_000

  init(count: Int) {
    gaps = [[Int64]](repeating: [], count: count)
    last = [Int64](repeating: .max, count: count)
  }

  /// A complaint of an entity, in order of time.
  mutating func add(_ time: Int64, of device: Int) {
    if last[device] < time, time - last[device] > Self.turn, gaps[device].count < Self.most {
      gaps[device].append(time - last[device])
    }
    last[device] = time
  }

  /// No more complaints come.
  mutating func close() {
    spans = gaps.map { gaps in
      guard gaps.count >= Self.fewest else { return nil }
      let sorted = gaps.sorted()
      // One long pause among many (it was well, and failed again) is none of its pace.
      let pace = min(2 * sorted[(sorted.count * 9 - 1) / 10], 5 * sorted[(sorted.count - 1) / 2])
      return max(IncidentSignals.healthySpan, min(Self.longest, pace))
    }
    gaps = []
    let known = spans.compactMap { $0 }.sorted()
    if !known.isEmpty { common = known[known.count / 2] }
  }

  /// How long an entity must be free of complaints to count as healthy.
  func healthySpan(of device: Int) -> Int64 { spans[device] ?? common }
}
