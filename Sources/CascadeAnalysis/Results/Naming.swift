/// That an entity named another one as it failed.
///
/// It tells of a cause as far as those that are named failed before those that name them. Where peers name peers that failed before them
/// about as often as peers that failed later (all certificates of a mesh end, two clients take a session from each other), the words say
/// what each saw of the others, and nothing of who took down whom.
struct Naming {
  let speaker: Int
  let named: Int
  let template: Int

  /// Fewer pairs may lie this way or that by chance.
  private static let fewest = 8

  /// Kinds of message by which peers name peers without an order in time.
  static func aimless(_ namings: [Naming], _ fleet: Fleet, _ onsets: Onsets) -> Set<Int> {
    var pairs: [Int: Set<UInt64>] = [:]
    for naming in namings where !fleet.isShared[naming.named] && onsets.findings[naming.named] != nil {
      pairs[naming.template, default: []].insert(
        UInt64(UInt32(naming.speaker)) << 32 | UInt64(UInt32(naming.named)))
    }
    return Set(
      pairs.filter { _, pairs in
        guard pairs.count >= fewest else { return false }
        let before = pairs.count { pair in
          onsets.findings[Int(pair & 0xFFFF_FFFF)]!.time <= onsets.findings[Int(pair >> 32)]!.time
        }
        return before * 20 >= pairs.count * 7 && before * 20 <= pairs.count * 13
      }.keys)
  }
}
