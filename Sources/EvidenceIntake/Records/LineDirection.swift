/// Which way the lines of a source go whose stamps have no year: logs are written oldest first; what devices and consoles show on their pages, and
/// what is saved from there, often begins with the newest line.
struct LineDirection {
  private var forth = 0
  private var back = 0

  /// The way from one stamp to the next, where it is no more than half a year.
  mutating func add(step: Int64) {
    if step > 0 { forth &+= 1 } else if step < 0 { back &+= 1 }
  }

  /// Lines that were written out of order are few.
  var isNewestFirst: Bool { back > 4 &* forth }
}

/// Counts new years backwards, in a source whose newest line comes first.
struct TurnsBack {
  private static let day: Int64 = 86_400_000_000_000

  private var turn = 0
  /// The stamp before the last turn.
  private var left: Int64 = 0

  /// The years from the first line to a stretch of lines, 0 or less. `jump` is the step to its first stamp where that is more than half a year,
  /// else 0; `before` the stamp before.
  mutating func next(jump: Int64, behind before: Int64) -> Int {
    if jump > 0 {
      left = before
      turn -= 1
    } else if jump < 0, turn < 0, before + jump < left + 3 * Self.day {
      // Out of order at the turn of the year. A year with a hole in it is no turn.
      turn += 1
    }
    return turn
  }
}
