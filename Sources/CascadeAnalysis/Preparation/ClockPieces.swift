internal import IncidentModel

/// Clocks that were off by different amounts in different stretches: set while they ran, or anew at each boot.
///
/// The case may hold a correction for each stretch (`IncidentEvidence.clockPieces`, from `ClockSurvey` or an analyst). They
/// take the place of the one offset of `ClockCorrection` where a person gave them, where they differ by more than their
/// errors, and where nothing else measured the clock. Events outside of all stretches go by the one nearest in time.
struct ClockPieces {
  private var pieces: [Int: [IncidentEvidence.ClockPiece]] = [:]

  /// Entities whose clocks are corrected piece by piece.
  var devices: [Int] { pieces.keys.sorted() }
  /// Nobody.
  init() {}

  /// - Parameter isMeasured: Whether one offset was measured for an entity.
  init(_ evidence: IncidentEvidence, isMeasured: (Int) -> Bool) {
    for (device, list) in Dictionary(grouping: evidence.clockPieces, by: \.device) {
      guard device >= 0, Int(device) < evidence.devices.count else { continue }
      let own = list.sorted { $0.events.lowerBound < $1.events.lowerBound }
      let aheads = own.map(\.ahead)
      let difference = (aheads.max() ?? 0) - (aheads.min() ?? 0)
      let isStepped = difference > max(1, own.reduce(0) { max($0, $1.error) })
      let isOnlyWord = !isMeasured(Int(device)) && own.contains { $0.ahead != 0 }
      if isStepped || isOnlyWord || own.contains(where: \.isGiven) { pieces[Int(device)] = own }
    }
  }

  /// Whether an entity's clock is corrected piece by piece.
  func holds(_ device: Int) -> Bool { pieces[device] != nil }

  /// The piece with most events, which stands for the entity where one number is asked for.
  func main(_ device: Int) -> IncidentEvidence.ClockPiece? {
    func size(_ piece: IncidentEvidence.ClockPiece) -> Int64 {
      piece.events.upperBound - piece.events.lowerBound
    }
    return pieces[device]?.max { size($0) < size($1) }
  }

  /// Seconds by which the clock was ahead when it stamped an event; nil where the entity has no pieces.
  func ahead(_ device: Int, event id: Int64, stamp: Int64) -> Double? {
    guard let own = pieces[device] else { return nil }
    func distance(_ piece: IncidentEvidence.ClockPiece) -> UInt64 {
      let apart = piece.base.subtractingReportingOverflow(stamp).partialValue.magnitude
      return piece.events.contains(id) ? 0 : max(1, apart)
    }
    guard let piece = own.min(by: { distance($0) < distance($1) }) else { return nil }
    let elapsed = Double(stamp.subtractingReportingOverflow(piece.base).partialValue) / 1e9
    return piece.ahead + piece.drift * elapsed
  }
}
