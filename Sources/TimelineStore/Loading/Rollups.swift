/// Counts of one load, to be added to the case's roll-ups at its end.
struct Rollups {
  struct Device {
    var events: Int64 = 0
    var firstTime = Int64.max
    var lastTime = Int64.min
    var firstErrorTime = Int64.max
    var firstError: Int64 = 0
    /// By severity; the ninth counts events without one.
    var bySeverity: InlineArray<9, Int64> = .init(repeating: 0)
  }
  struct Template {
    var events: Int64 = 0
    var firstEvent: Int64 = 0
    var firstTime = Int64.max
    var lastTime = Int64.min
  }

  /// By ordinal in the case; ordinals that this load did not touch have no events.
  private(set) var devices: [Device] = []
  private(set) var templates: [Template] = []
  /// By minute × 16 + severity.
  private(set) var minutes: [Int64: Int64] = [:]
  private(set) var firstTime = Int64.max
  private(set) var lastTime = Int64.min

  private var minute = Int64.min
  private var inMinute: InlineArray<9, Int64> = .init(repeating: 0)

  /// Counts one event. Events come in the order of their ids.
  @inline(__always)
  mutating func add(id: Int64, time: Int64?, device: Int32, template: Int32, severity: Int) {
    if device >= 0 {
      let index = Int(device)
      if index >= devices.count {
        devices.append(contentsOf: repeatElement(Device(), count: index + 1 - devices.count))
      }
      devices.withUnsafeMutableBufferPointer { devices in
        devices[index].events &+= 1
        devices[index].bySeverity[severity] &+= 1
        if let time {
          if time < devices[index].firstTime { devices[index].firstTime = time }
          if time > devices[index].lastTime { devices[index].lastTime = time }
          if severity <= 3, time < devices[index].firstErrorTime {
            devices[index].firstErrorTime = time
            devices[index].firstError = id
          }
        }
      }
    }
    if template >= 0 {
      let index = Int(template)
      if index >= templates.count {
        templates.append(contentsOf: repeatElement(Template(), count: index + 1 - templates.count))
      }
      templates.withUnsafeMutableBufferPointer { templates in
        if templates[index].events == 0 { templates[index].firstEvent = id }
        templates[index].events &+= 1
        if let time {
          if time < templates[index].firstTime { templates[index].firstTime = time }
          if time > templates[index].lastTime { templates[index].lastTime = time }
        }
      }
    }
    if let time {
      if time < firstTime { firstTime = time }
      if time > lastTime { lastTime = time }
      let start = minute &* 60_000_000_000
      // The current minute's start never overflows: it came from a time. Before the first event nothing matches.
      if minute == Int64.min || time < start || time &- start >= 60_000_000_000 { move(to: time) }
      inMinute[severity] &+= 1
    }
  }

  @inline(never) private mutating func move(to time: Int64) {
    closeMinute()
    minute = time.floorDivided(by: 60_000_000_000)
  }

  /// Adds what is counted of the current minute to `minutes`.
  mutating func closeMinute() {
    guard minute != Int64.min else { return }
    for severity in 0..<9 where inMinute[severity] > 0 {
      minutes[minute * 16 + Int64(severity), default: 0] += inMinute[severity]
      inMinute[severity] = 0
    }
  }

  /// Takes the minutes counted so far out, to keep memory bounded.
  mutating func takeMinutes() -> [(key: Int64, value: Int64)] {
    closeMinute()
    defer { minutes.removeAll(keepingCapacity: true) }
    return minutes.sorted { $0.key < $1.key }
  }
}

extension Int64 {
  /// Quotient rounded towards minus infinity.
  func floorDivided(by divisor: Int64) -> Int64 {
    let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? quotient - 1 : quotient
  }
}
