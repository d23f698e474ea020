internal import IncidentModel

/// Final ordinals of one source's origins, in order of first use, adjustments included.
struct OriginWriter {
  private let source: Int64
  private var given: [Origin] = []
  private(set) var next: Int64
  private var ordinals: [Origin: Int32] = [:]
  private var order: [Origin] = []
  private var plain: [Int32] = []

  init(source: Int64, next: Int64) {
    self.source = source
    self.next = next
  }

  /// Learns the lane's origins: those it knew before, and more.
  mutating func learn(_ origins: [Origin]) {
    given = origins
    plain += repeatElement(-1, count: max(0, origins.count - plain.count))
  }

  /// The lane's origins by the case's.
  var inverse: [Int32: Int32] {
    var result: [Int32: Int32] = [:]
    for (local, ordinal) in plain.enumerated() where ordinal >= 0 { result[ordinal] = Int32(local) }
    return result
  }

  /// The final ordinal of one of the lane's origins.
  @inline(__always) mutating func ordinal(of local: Int32) -> Int32 {
    if plain[Int(local)] < 0 { plain[Int(local)] = ordinal(of: given[Int(local)]) }
    return plain[Int(local)]
  }

  private mutating func ordinal(of origin: Origin) -> Int32 {
    if let known = ordinals[origin] { return known }
    let new = Int32(next)
    next += 1
    ordinals[origin] = new
    order.append(origin)
    return new
  }

  /// Applies an adjustment to a row with a local origin; leaves the final origin in it.
  mutating func adjust(_ row: inout EventRow, by stretch: AdjustmentPlan.Stretch) {
    var origin = given[Int(row.origin)]
    origin.quality = stretch.quality ?? origin.quality
    if let error = stretch.timeError {
      origin.timeError = error
      row.timeError = nil
    }
    let written = row.time ?? row.sinceBoot
    row.time = nil
    row.sinceBoot = nil
    if let written {
      let shifted = written.addingClamped(stretch.shift)
      switch origin.quality {
      case .none: break
      case .unanchored: row.sinceBoot = shifted
      default: row.time = shifted
      }
    }
    // The stamp is rebuilt from the time before the shift.
    if origin.stamp.form != .stored { origin.stamp.shift = origin.stamp.shift.addingClamped(-stretch.shift) }
    row.origin = ordinal(of: origin)
  }

  /// Writes the origins that were used.
  func write(to connection: SQLiteConnection) throws(StoreError) {
    let statement = try connection.prepare("INSERT INTO origin VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
    for (offset, origin) in order.enumerated() {
      try statement.run(
        .integer(next - Int64(order.count) + Int64(offset)), .integer(source),
        .integer(Int64(origin.quality.rawValue)), origin.timeError < 0 ? .null : .integer(origin.timeError),
        .integer(Int64(origin.basis.rawValue)), .integer(Int64(origin.stamp.form.rawValue)),
        .integer(origin.stamp.shift), .integer(Int64(origin.stamp.digits)),
        .text(String(UnicodeScalar(origin.stamp.separator))), .text(origin.stamp.suffixText))
    }
  }
}
