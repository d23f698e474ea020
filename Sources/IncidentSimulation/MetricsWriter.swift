/// Numeric telemetry of units that keep no logs.
extension EvidenceWriter {
  /// Writes one CSV of all units' metrics, sampled at a fixed step, each unit at its own moment within it.
  mutating func writeMetrics() throws(SimulationError) {
    let path = "evidence/metrics/units.csv.gz"
    let window = course.window
    let steps = max(1, expectedEvents / max(1, fleet.deviceCount))
    let step = (window.upperBound - window.lowerBound) / Int64(steps)
    let hops = Documents.hops(course)
    var member = try Member(compressed: true, modified: window.upperBound)
    try member.append { $0.put("timestamp,device,latency_ms,error_pct,cpu_pct,queue\n") }
    var order = Array(0..<fleet.deviceCount)
    order.sort { chance.bits($0, .beat) < chance.bits($1, .beat) }
    var lines = 1
    for index in 0..<steps {
      for device in order {
        // Ordered by the same dice as the moment, so that the file is in order of time.
        let moment = Int64(chance.unit(device, .beat) * Double(step))
        let time = window.lowerBound + Int64(index) * step + moment
        guard chance.unit(device, .missing, index) >= testimony.missing else { continue }
        lines += 1
        let hop = Int(hops[device])
        try member.append { put(device, at: time, index, hop: hop, &$0) }
      }
    }
    let bytes = try member.finish()
    note(EvidenceEntry(path: path, format: "csv", lines: lines, bytes: member.bytes))
    try output.save(path, modified: window.upperBound, bytes)
  }

  private func put(_ device: Int, at time: Int64, _ index: Int, hop: Int, _ out: inout ByteBuffer) {
    var latency = 20 + Double(device % 61)
    var errors = 0.3 * chance.unit(device, .detail, index)
    var cpu = 15 + Double(device % 30)
    var queue = 2.0
    let onset = course.onset[device]
    if onset != Course.never, time >= onset {
      // Full effect after a minute; each step away from the origin feels less of it.
      var strength = min(1, Double(time - onset) / 60e9 * 0.8 + 0.2)
      for _ in 0..<max(0, hop) { strength *= 0.72 }
      latency *= 1 + 6 * strength
      errors += 22 * strength
      queue += 40 * strength
      if hop == 0 { cpu += 50 * strength }
    }
    func noisy(_ value: Double, _ ordinal: Int) -> Int {
      Int((value * (0.92 + 0.16 * chance.unit(device, .slotValue, index * 4 + ordinal)) * 10).rounded())
    }
    let stamp = time + Int64(fleet.skewMilliseconds[device]) * 1_000_000
    CalendarText.putRFC3339(stamp, &out)
    out.put(",")
    fleet.putName(device, &out)
    out.put(",")
    out.putTenths(noisy(latency, 0))
    out.put(",")
    out.putTenths(noisy(errors, 1))
    out.put(",")
    out.putTenths(noisy(cpu, 2))
    out.put(",")
    out.putDecimal(noisy(queue, 3) / 10)
    out.put(byte: 10)
  }
}
