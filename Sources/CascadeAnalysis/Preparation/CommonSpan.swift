/// The stretch of time that the evidence covers, where a few wrong clocks stamp what they say years away.
///
/// Sorted stamps are cut at a gap that is longer than everything on one side of it, as long as nearly all entities speak on that
/// side and fewer than half on the other. Fails where most clocks are wrong, and for clocks that are wrong by less than the
/// evidence is long.
struct CommonSpan {
  /// Everything where nothing lies so far away.
  private(set) var range = -Double.infinity...Double.infinity
  /// The part of the sample that lies in it.
  private(set) var kept: ArraySlice<(time: Double, device: Int32)>

  /// Of the entities that speak, one of so many may be missing on the side that is kept.
  private static let nearlyAll = 10
  /// Seconds: in evidence of minutes a shorter gap is no wrong clock.
  private static let leastGap = 3600.0

  /// - Parameter sample: Corrected seconds, ascending, and who spoke then (-1: nobody that is known).
  init(_ sample: [(time: Double, device: Int32)]) {
    kept = sample[...]
    guard sample.count > 1 else { return }
    var speakers = 0
    // Each turn takes one group of wrong clocks away.
    for _ in 0..<16 {
      guard let gap = Self.widest(kept) else { return }
      let (before, after) = (kept[..<gap], kept[gap...])
      let width = after.first!.time - before.last!.time
      let lengths = [before, after].map { $0.last!.time - $0.first!.time }
      guard width > max(Self.leastGap, lengths.min()!) else { return }
      if speakers == 0 { speakers = Self.speakers(sample[...]) }
      let sides = [(before, after, lengths[0]), (after, before, lengths[1])].filter { side, other, length in
        let missing = speakers - Self.speakers(side)
        return width > length && missing * Self.nearlyAll <= speakers && Self.speakers(other) * 2 < speakers
      }
      guard let main = sides.first?.0 else { return }
      kept = main
      range = main.first!.time...main.last!.time
    }
  }

  /// The place after the widest gap.
  private static func widest(_ sample: ArraySlice<(time: Double, device: Int32)>) -> Int? {
    var best: (place: Int, width: Double)?
    for place in sample.indices.dropFirst() {
      let width = sample[place].time - sample[place - 1].time
      if width > best?.width ?? 0 { best = (place, width) }
    }
    return best?.place
  }

  private static func speakers(_ sample: ArraySlice<(time: Double, device: Int32)>) -> Int {
    Set(sample.lazy.map(\.device).filter { $0 >= 0 }).count
  }
}
