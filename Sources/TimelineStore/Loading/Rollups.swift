/// Counts of one load, to be added to the case's roll-ups at its end.
struct Rollups {
  struct Device {
    var events: Int64 = 0
    var firstTime = Int64.max
    var lastTime = Int64.min
    var firstErrorTime = Int64.max
    var firstError: Int64 = 0
    var bySeverity = Severities(repeating: 0)
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
  /// By severity; the ninth counts events without one.
  typealias Severities = InlineArray<9, Int64>

  /// Events by minute, but for those of the recent minutes.
  private var minutes: [Int64: Severities] = [:]
  private(set) var firstTime = Int64.max
  private(set) var lastTime = Int64.min

  /// Minutes met last, each in the place that its lowest bits say: events that come some seconds late go back and forth between two,
  /// and sources that start apart between more.
  private var recent: InlineArray<4, Recent> = .init(repeating: Recent())
  /// The place of the minute of the event before.
  private var current = 0
  /// Its first nanosecond and how many it has: none before the first event, fewer than others at the ends of time.
  private var currentStart: Int64 = 0
  private var currentLength: UInt64 = 0

  private struct Recent {
    var minute: Int64 = 0
    var isUsed = false
    var events = Severities(repeating: 0)
  }

  private static let minuteLength: Int64 = 60_000_000_000

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
      if UInt64(bitPattern: time &- currentStart) >= currentLength { move(to: time) }
      recent[current].events[severity] &+= 1
    }
  }

  @inline(never) private mutating func move(to time: Int64) {
    let minute = time.floorDivided(by: Self.minuteLength)
    let place = Int(truncatingIfNeeded: minute & 3)
    if !recent[place].isUsed || recent[place].minute != minute {
      close(place)
      recent[place].minute = minute
      recent[place].isUsed = true
    }
    current = place
    let inMinute = time &- minute &* Self.minuteLength
    currentStart = time.addingClamped(-inMinute)
    let last = time.addingClamped(Self.minuteLength - 1 - inMinute)
    currentLength = UInt64(last &- currentStart) + 1
  }

  /// Adds what is counted of a recent minute to the others.
  private mutating func close(_ place: Int) {
    guard recent[place].isUsed else { return }
    let counted = recent[place].events
    func add(to events: inout Severities) {
      for severity in counted.indices { events[severity] += counted[severity] }
    }
    add(to: &minutes[recent[place].minute, default: Severities(repeating: 0)])
    recent[place] = Recent()
  }

  /// Minutes that take memory.
  var minuteCount: Int { minutes.count }

  /// Takes the minutes counted so far out, to keep memory bounded: calls `body` with minute × 16 + severity and events, in order.
  mutating func takeMinutes<E>(_ body: (Int64, Int64) throws(E) -> Void) throws(E) {
    for place in recent.indices { close(place) }
    currentLength = 0
    defer { minutes.removeAll(keepingCapacity: true) }
    for minute in minutes.keys.sorted() {
      guard let events = minutes[minute] else { continue }
      for severity in events.indices where events[severity] > 0 {
        try body(minute * 16 + Int64(severity), events[severity])
      }
    }
  }
}

extension Int64 {
  /// Quotient rounded towards minus infinity.
  func floorDivided(by divisor: Int64) -> Int64 {
    let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? quotient - 1 : quotient
  }
}
