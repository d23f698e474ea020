/// How far apart two names are.
public enum EditDistance {
  /// Elements to insert, delete or replace to make one sequence of the other (V. Levenshtein, 1965). Costs the product of
  /// both lengths: cut long texts before.
  public static func between<Element: Equatable>(_ a: [Element], _ b: [Element]) -> Int {
    var row = Array(0...b.count)
    for (i, x) in a.enumerated() {
      var diagonal = row[0]
      row[0] = i + 1
      for (j, y) in b.enumerated() {
        let next = min(row[j] + 1, row[j + 1] + 1, diagonal + (x == y ? 0 : 1))
        diagonal = row[j + 1]
        row[j + 1] = next
      }
    }
    return row[b.count]
  }
}
