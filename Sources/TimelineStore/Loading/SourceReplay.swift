internal import IncidentModel

/// One source on its way into the case: a lane's ordinals become the case's, times are put right, events get their ids.
struct SourceReplay {
  let first: Int64
  private(set) var id: Int64
  private(set) var origins: OriginWriter
  private(set) var devices: [Int32] = []
  private(set) var templates: [Int32] = []
  private(set) var firstTime = Int64.max
  private(set) var lastTime = Int64.min
  private var adoptedDevices = 0
  private var adoptedTemplates = 0
  private var plan: AdjustmentPlan
  private let path: String

  init(ordinal: Int64, path: String, contents: CaseContents, adjustments: [TimeAdjustment]) {
    self.path = path
    first = contents.nextEvent
    id = first
    origins = OriginWriter(source: ordinal, next: contents.nextOrigin)
    plan = AdjustmentPlan(adjustments)
  }

  /// Learns what a lane knows by now: devices and templates get the case's ordinals in the order of their first use.
  mutating func learn(
    _ known: RowMaker.Known, of lane: LoadLane, contents: inout CaseContents
  ) throws(StoreError) {
    try contents.devices.adopt(
      known.usedDevices[adoptedDevices...], of: lane.devices, into: &devices, kind: "device", path: path)
    try contents.templates.adopt(
      known.usedTemplates[adoptedTemplates...], of: lane.templates, into: &templates, kind: "template",
      path: path)
    adoptedDevices = known.usedDevices.count
    adoptedTemplates = known.usedTemplates.count
    origins.learn(known.origins)
  }

  /// Takes the next record, which is changed in place.
  @inline(__always)
  mutating func take(
    _ frame: UnsafeMutableRawBufferPointer, into writer: some EventWriter, _ rollups: inout Rollups,
    _ rewritten: inout ByteBuffer
  ) throws(StoreError) {
    var record = UnsafeRawBufferPointer(frame)
    var facts: EventFacts
    if let stretch = plan.stretch(of: Int(id &- first)) {
      var row = EventRowCodec.decode(record)
      origins.adjust(&row, by: stretch)
      rewritten.count = 0
      EventRowCodec.encode(row, into: &rewritten)
      record = rewritten.bytes
      facts = EventRowCodec.renumber(rewritten.base, devices, templates) { $0 }
    } else {
      facts = EventRowCodec.renumber(frame.baseAddress!, devices, templates) { origins.ordinal(of: $0) }
    }
    let time = facts.hasTime ? facts.time : nil
    try writer.append(
      id: id, record: record,
      key: IndexEntry(id: id, time: time, device: facts.device, severity: facts.severity))
    rollups.add(id: id, time: time, device: facts.device, template: facts.template, severity: facts.severity)
    if facts.hasTime {
      if facts.time < firstTime { firstTime = facts.time }
      if facts.time > lastTime { lastTime = facts.time }
    }
    id &+= 1
  }

  /// Turns the case's ordinals in a record that was taken without an adjustment back into the lane's.
  func reversed() -> (UnsafeMutableRawBufferPointer) -> Void {
    func inverse(_ map: [Int32]) -> [Int32] {
      var result = [Int32](repeating: -1, count: Int((map.max() ?? -1) + 1))
      for (local, ordinal) in map.enumerated() where ordinal >= 0 { result[Int(ordinal)] = Int32(local) }
      return result
    }
    let devices = inverse(devices)
    let templates = inverse(templates)
    let origins = origins.inverse
    return { record in
      _ = EventRowCodec.renumber(record.baseAddress!, devices, templates) { origins[$0] ?? 0 }
    }
  }
}
