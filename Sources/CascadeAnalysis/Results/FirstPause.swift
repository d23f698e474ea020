internal import Glibc

/// Whether the first of some failures is no farther from the next than the shape of the others lets expect.
///
/// Where something outside makes many fail (heat, a shift's end), their onsets lie like a bell, and the first ones are the farther
/// apart the earlier they are: of the least values of such a sample the k-th pause is about 1/k of the first (Rényi's spacings of
/// exponential order statistics, which hold for all light tails). The first of them always has a lead. Where they fail at one rate
/// from the beginning, all pauses are alike. Which of the two it is, or what between, shows in how much longer the pauses after the
/// second failure are than those up to the middle one. What spreads from one to the next swells just so: there, too, a lead alone
/// tells nothing. By chance a first pause is as long as that in one of a hundred.
enum FirstPause {
  /// Fewer failures have no shape.
  private static let fewest = 8
  private static let mostNear = 8
  private static let chance = 0.01

  /// - Parameter times: Seconds of the failures, ascending.
  static func isExpected(_ times: [Double]) -> Bool {
    guard times.count >= fewest else { return false }
    let pauses = zip(times.dropFirst(), times).map { $0 - $1 }
    let rest = pauses[1..<max(6, times.count / 2)]
    let near = min(mostNear, rest.count / 2)
    let nearPause = mean(rest.prefix(near))
    let farPause = mean(rest.dropFirst(near))
    // What 1/k makes of as many.
    let nearOfBell = mean((2..<2 + near).map { 1 / Double($0) })
    let farOfBell = mean((2 + near..<2 + rest.count).map { 1 / Double($0) })
    let ratioOfBell = nearOfBell / farOfBell
    let ratio = farPause > 0 ? nearPause / farPause : ratioOfBell
    // Pauses scatter: half of the way, by ratio, is taken for all of it.
    let bend = min(1, max(0, (ratio - 1) / (ratioOfBell.squareRoot() - 1)))
    let first = nearPause * (1 - bend + bend / nearOfBell)
    // The mean of few pauses is itself uncertain (a ratio of exponential times).
    let count = Double(near)
    return pauses[0] <= first * count * (pow(1 / chance, 1 / count) - 1)
  }

  private static func mean(_ values: some Collection<Double>) -> Double {
    values.isEmpty ? 0 : values.reduce(0, +) / Double(values.count)
  }
}
