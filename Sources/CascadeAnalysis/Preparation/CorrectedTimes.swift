public import IncidentModel

extension IncidentEvidence {
  /// Moves the times of events to those that a trace went by, so that what is derived of them fits its onsets: each by its clock's stretch, or
  /// by the one offset that the trace has for its clock. Drift within an offset is left out: it is small against what is derived.
  ///
  /// - Parameter least: Seconds; clocks that were off by less stay as they are.
  public mutating func correctTimes(by skews: [ClockSkew], atLeast least: Double = 60) {
    var offsets = [Double](repeating: 0, count: devices.count)
    var place: [String: Int] = [:]
    for (position, device) in devices.enumerated() { place[device] = position }
    for skew in skews { if let device = place[skew.device] { offsets[device] = skew.seconds } }
    let pieces = ClockPieces(self) { offsets[$0] != 0 }
    guard offsets.contains(where: { abs($0) >= least }) || !pieces.devices.isEmpty else { return }
    var isMoved = false
    for event in times.indices where eventDevices[event] >= 0 {
      let device = Int(eventDevices[event])
      let ahead = pieces.ahead(device, event: eventIDs[event], stamp: times[event]) ?? offsets[device]
      guard abs(ahead) >= least else { continue }
      times[event] = Instant(nanoseconds: times[event]).adding(seconds: -ahead).nanoseconds
      isMoved = true
    }
    for index in series.indices {
      let ahead = offsets[Int(series[index].device)]
      guard abs(ahead) >= least else { continue }
      series[index].times = series[index].times.map {
        Instant(nanoseconds: $0).adding(seconds: -ahead).nanoseconds
      }
    }
    if isMoved { sortByTime() }
  }

  /// Puts events into the order of their times again.
  private mutating func sortByTime() {
    let order = times.indices.sorted { (times[$0], eventIDs[$0]) < (times[$1], eventIDs[$1]) }
    var place = [Int32](repeating: 0, count: order.count)
    for (new, old) in order.enumerated() { place[old] = Int32(new) }
    eventIDs = order.map { eventIDs[$0] }
    times = order.map { times[$0] }
    eventDevices = order.map { eventDevices[$0] }
    eventTemplates = order.map { eventTemplates[$0] }
    severities = order.map { severities[$0] }
    identityBases = order.map { identityBases[$0] }
    timeErrorLog2 = order.map { timeErrorLog2[$0] }
    Self.move(&mentionEvents, &mentionDevices, place)
    Self.move(&actorEvents, &actorDevices, place)
    Self.move(&tokenEvents, &tokenHashes, place)
  }

  /// Lists by event are kept in the order of the events.
  private static func move<Value>(_ events: inout [Int32], _ values: inout [Value], _ place: [Int32]) {
    let moved = events.map { place[Int($0)] }
    let order = moved.indices.sorted { (moved[$0], $0) < (moved[$1], $1) }
    events = order.map { moved[$0] }
    values = order.map { values[$0] }
  }
}
