internal import IncidentModel

/// What a case holds before a load: its dictionaries and the numbers to go on from.
struct CaseContents {
  var devices = CaseDictionary()
  var templates = CaseDictionary()
  var originalOfHash: [String: (ordinal: Int64, source: SourceDescription)] = [:]
  var hashOfSourceID: [Int64: String] = [:]
  var nextSource: Int64 = 0
  var nextOrigin: Int64 = 0
  var nextEvent: Int64 = 1

  /// An empty case.
  init() {}

  init(_ connection: SQLiteConnection) throws(StoreError) {
    devices = try CaseDictionary(
      connection.prepare("SELECT ordinal, id, name, '' FROM device ORDER BY ordinal"))
    templates = try CaseDictionary(
      connection.prepare("SELECT ordinal, id, program, text FROM template ORDER BY ordinal"), joinsTwo: true)
    for row in try connection.rows("SELECT ordinal, sha256, path, members, id FROM source") {
      let hash = row[1].text ?? ""
      originalOfHash[hash] = (
        row[0].integer ?? 0,
        SourceDescription(path: row[2].text ?? "", members: MemberList.decode(row[3].text ?? "[]"))
      )
      hashOfSourceID[row[4].integer ?? 0] = hash
    }
    nextSource = try connection.rows("SELECT coalesce(max(ordinal) + 1, 0) FROM source")[0][0].integer ?? 0
    nextOrigin = try connection.rows("SELECT coalesce(max(ordinal) + 1, 0) FROM origin")[0][0].integer ?? 0
    nextEvent =
      try connection.rows("SELECT coalesce(max(first_event + events), 1) FROM segment")[0][0].integer ?? 1
  }
}

/// The end of a load: drops duplicates, gives final ids and ordinals, and hands all rows on in their order. Runs on one
/// thread; its outcome depends on the content and the lanes' order alone.
final class CaseAssembly {
  /// A source that is kept, and what became of it.
  struct Item {
    var lane: LoadLane
    var source: SpooledSource
    var ordinal: Int64
    var account: SourceAccount
    var firstEvent: Int64 = 0
    var origins: OriginWriter?
  }
  let path: String
  private(set) var items: [Item] = []
  private(set) var duplicates: [(of: Int64, duplicate: LoadSummary.Duplicate)] = []
  private(set) var rollups = Rollups()
  private(set) var contents: CaseContents
  /// Minutes that did not fit into memory.
  private(set) var minuteSpool: Spool?
  let firstEvent: Int64
  /// Number of events to come.
  private(set) var events: Int64 = 0

  /// Decides which sources are kept: of equal ones the first in evidence order.
  init(path: String, lanes: [LoadLane], contents: CaseContents) throws(StoreError) {
    self.path = path
    self.contents = contents
    firstEvent = contents.nextEvent
    for lane in lanes.sorted(by: { $0.order < $1.order }) {
      for source in lane.sources { try keep(source, of: lane) }
    }
    let origins = items.reduce(Int64(0)) {
      $0 + Int64($1.source.origins.count + 3 * $1.source.adjustments.count)
    }
    guard self.contents.nextOrigin + origins < Self.maximumOrigins, firstEvent + events < IndexEntry.maximumID
    else {
      throw StoreError(
        code: .limit, what: "cannot load into", path: path,
        reason: "it would hold too many events or kinds of origin",
        advice: "split the evidence into several cases")
    }
  }

  private static let maximumOrigins: Int64 = 1 << 23

  private func keep(_ source: SpooledSource, of lane: LoadLane) throws(StoreError) {
    let hash = source.account.sha256
    if let original = contents.originalOfHash[hash] {
      duplicates.append((original.ordinal, .init(source: source.description, original: original.source)))
      return
    }
    guard hash.utf8.count == 64, let id = UInt64(hash.prefix(16), radix: 16) else {
      throw StoreError(
        code: .invalid, what: "cannot load", path: source.description.path,
        reason: "'\(hash)' is not a SHA-256 in 64 hexadecimal digits")
    }
    let key = Int64(bitPattern: id)
    if let other = contents.hashOfSourceID[key], other != hash {
      throw StoreError(
        code: .collision, what: "cannot load", path: source.description.path,
        reason: "its SHA-256 begins with the same 64 bits as that of another source",
        advice: "load it into a case of its own")
    }
    contents.hashOfSourceID[key] = hash
    contents.originalOfHash[hash] = (contents.nextSource, source.description)
    items.append(Item(lane: lane, source: source, ordinal: contents.nextSource, account: source.account))
    contents.nextSource += 1
    events += Int64(source.events)
  }

  // MARK: - Rows

  /// Hands all rows on and ends the writer.
  func replay(into writer: any EventWriter) throws(StoreError) {
    for index in items.indices { try replay(index, into: writer) }
    var eventsByDevice = [Int64](repeating: 0, count: rollups.devices.count + 1)
    for (ordinal, device) in rollups.devices.enumerated() { eventsByDevice[ordinal + 1] = device.events }
    eventsByDevice[0] = events - eventsByDevice.reduce(0, +)
    try writer.finish(eventsByDevice: eventsByDevice)
  }

  private func replay(_ index: Int, into writer: any EventWriter) throws(StoreError) {
    let source = items[index].source
    let lane = items[index].lane
    let path = source.description.path
    let deviceMap = try contents.devices.adopt(source.devices, of: lane.devices, kind: "device", path: path)
    let templateMap = try contents.templates.adopt(
      source.templates, of: lane.templates, kind: "template", path: path)
    var origins = OriginWriter(
      source: items[index].ordinal, origins: source.origins, next: contents.nextOrigin)
    var plan = AdjustmentPlan(source.adjustments)
    let first = contents.nextEvent
    var id = first
    var firstTime = Int64.max
    var lastTime = Int64.min
    var rewritten = ByteBuffer(capacity: 256)
    // Counted in a variable of its own: the class's would be checked for exclusive access at every event.
    var rollups = self.rollups
    self.rollups = Rollups()
    try lane.spool.forEach(from: source.frames.lowerBound, to: source.frames.upperBound) {
      (frame) throws(StoreError) in
      var record = UnsafeRawBufferPointer(frame)
      var facts: EventFacts
      if let stretch = plan.stretch(of: Int(id - first)) {
        var row = EventRowCodec.decode(record)
        origins.adjust(&row, by: stretch)
        rewritten.count = 0
        EventRowCodec.encode(row, into: &rewritten)
        record = rewritten.bytes
        facts = EventRowCodec.renumber(rewritten.base, deviceMap, templateMap) { $0 }
      } else {
        facts = EventRowCodec.renumber(frame.baseAddress!, deviceMap, templateMap) { origins.ordinal(of: $0) }
      }
      let time = facts.hasTime ? facts.time : nil
      try writer.append(
        id: id, record: record,
        key: IndexEntry(id: id, time: time, device: facts.device, isError: facts.severity <= 3))
      rollups.add(
        id: id, time: time, device: facts.device, template: facts.template, severity: facts.severity)
      if facts.hasTime {
        if facts.time < firstTime { firstTime = facts.time }
        if facts.time > lastTime { lastTime = facts.time }
      }
      id &+= 1
      if rollups.minutes.count > Self.maximumMinutes { try spillMinutes(of: &rollups) }
    }
    self.rollups = rollups
    contents.nextEvent = id
    contents.nextOrigin = origins.next
    items[index].origins = origins
    items[index].firstEvent = first
    items[index].account.firstTime = firstTime == .max ? nil : Instant(nanoseconds: firstTime)
    items[index].account.lastTime = lastTime == .min ? nil : Instant(nanoseconds: lastTime)
  }

  private static let maximumMinutes = 500_000

  private func spillMinutes(of rollups: inout Rollups) throws(StoreError) {
    if minuteSpool == nil { minuteSpool = try Spool(beside: path) }
    for (key, events) in rollups.takeMinutes() {
      try minuteSpool!.append {
        $0.reserve(24)
        $0.putBigEndian(UInt64(bitPattern: key), bytes: 8)
        $0.putBigEndian(UInt64(bitPattern: events), bytes: 8)
      }
    }
  }

  /// Calls `body` with all minutes counted (minute × 16 + severity, 8 for none); one may come more than once.
  func forEachMinute(_ body: (Int64, Int64) throws(StoreError) -> Void) throws(StoreError) {
    if let minuteSpool {
      var last = rollups
      try spillMinutes(of: &last)
      try minuteSpool.flush()
      try minuteSpool.forEach(from: 0, to: minuteSpool.end) { (frame) throws(StoreError) in
        try body(
          Int64(bigEndian: frame.loadUnaligned(as: Int64.self)),
          Int64(bigEndian: frame.loadUnaligned(fromByteOffset: 8, as: Int64.self)))
      }
    } else {
      for (key, events) in rollups.takeMinutes() { try body(key, events) }
    }
  }
}
