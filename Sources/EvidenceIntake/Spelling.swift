/// Help with misspelt names.
enum Spelling {
  /// The name that differs least; nil where none is similar (a third of its letters, at least one).
  static func nearest(to word: String, in names: [String]) -> String? {
    let ranked = names.map { (name: $0, distance: distance(word.lowercased(), $0.lowercased())) }
    guard let best = ranked.min(by: { ($0.distance, $0.name) < ($1.distance, $1.name) }) else { return nil }
    return best.distance <= max(1, (word.count + 1) / 3) ? best.name : nil
  }

  /// Letters to change, add, drop or swap with their neighbour; names of several words are
  /// also compared by their first, so that `sylog` finds `syslog-iso`.
  private static func distance(_ word: String, _ name: String) -> Int {
    let whole = edits(Array(word), Array(name))
    guard !word.contains("-"), let hyphen = name.firstIndex(of: "-") else { return whole }
    return min(whole, edits(Array(word), Array(name[..<hyphen])))
  }

  private static func edits(_ a: [Character], _ b: [Character]) -> Int {
    var before: [Int] = []
    var last = Array(0...b.count)
    for i in a.indices {
      var row = [i + 1]
      for j in b.indices {
        var least = min(last[j + 1] + 1, row[j] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { least = min(least, before[j - 1] + 1) }
        row.append(least)
      }
      before = last
      last = row
    }
    return last[b.count]
  }
}
