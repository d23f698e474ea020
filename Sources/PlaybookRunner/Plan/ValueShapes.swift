import PlaybookModel

/// Spares a million devices the rendering of commands that differ in names alone.
///
/// Whether a value fits where it goes is a matter of its characters. Of two values that begin with a letter, hold only
/// letters, digits, `-` and `_`, with a digit or a `-` among them, and have a letter where the other has a letter and a
/// digit where it has a digit, either both fit or none does: such values are no numbers, no words of JSON, no addresses.
/// All others are rendered one by one, and the executor that sends a command checks it again in any case.
struct ValueShapes {
  private let columns: [Int]
  private var known: Set<[UInt8]> = []
  private var current: [UInt8] = []

  init(_ plan: ExecutionPlan) {
    var sources: Set<String> = []
    for (_, action) in plan.actionSteps {
      for binding in action.rollout?.bindings ?? [] { sources.insert(binding.source) }
    }
    columns = plan.columns.indices.filter {
      sources.contains("inventory.\(plan.columns[$0])")
        || sources.contains(ExecutionPlan.familySource + plan.columns[$0])
    }
  }

  /// True when a device like this one was rendered.
  mutating func isKnown(_ target: ExecutionPlan.Target) -> Bool {
    current.removeAll(keepingCapacity: true)
    guard append(target.device) else { return false }
    for column in columns { guard append(target.values[column]) else { return false } }
    return known.contains(current)
  }

  /// The device that was asked for last was rendered, and fits.
  mutating func learn(_ target: ExecutionPlan.Target) {
    // A value that must be rendered ends the shape early.
    if known.count < 10_000, !isKnown(target), current.count(where: { $0 == 0 }) == columns.count + 1 {
      known.insert(current)
    }
  }

  /// Adds a value's shape and a 0; false when the value must be rendered.
  private mutating func append(_ value: String) -> Bool {
    var isFirst = true
    var isName = false
    for byte in value.utf8 {
      switch byte {
      case 0x41...0x5A, 0x61...0x7A: current.append(0x61)
      case 0x30...0x39:
        if isFirst { return false }
        isName = true
        current.append(0x30)
      case 0x2D:
        if isFirst { return false }
        isName = true
        current.append(byte)
      case 0x5F:
        if isFirst { return false }
        current.append(byte)
      default: return false
      }
      isFirst = false
    }
    guard isName, value.utf8.count <= 64 else { return false }
    current.append(0)
    return true
  }
}
