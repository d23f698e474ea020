internal import IncidentModel

/// A lane of a load: encodes events into rows with ordinals of its own and spools them. One thread at a time.
final class LoadLane: EventLane {
  let order: Int
  let path: String
  let spool: Spool
  private(set) var refusedSpool: Spool?
  private(set) var devices = ContentDictionary()
  private(set) var templates = ContentDictionary()
  private(set) var compiled: [CompiledTemplate] = []
  private(set) var sources: [SpooledSource] = []
  private var current: SourceDescription?
  private var start: Int64 = 0
  private var refusedStart: Int64 = 0
  private var events = 0
  private var origins: [Origin] = []
  private var originOrdinals: [Origin: Int32] = [:]
  private var lastOrigin: Int32 = -1
  private var usedDevices: [Int32] = []
  private var usedTemplates: [Int32] = []
  private var deviceMarks: [Int32] = []
  private var templateMarks: [Int32] = []
  private var mark: Int32 = 0
  private var scratch = ByteBuffer(capacity: 4096)
  private var stamps = StampRecognizer()
  private let whenClosed: (LoadLane) -> Void

  init(order: Int, path: String, whenClosed: @escaping (LoadLane) -> Void) throws(StoreError) {
    self.order = order
    self.path = path
    self.whenClosed = whenClosed
    spool = try Spool(beside: path)
  }

  func beginSource(_ source: SourceDescription) throws {
    guard current == nil else { throw invalid("a source was begun before the one before it was ended") }
    current = source
    start = spool.end
    refusedStart = refusedSpool?.end ?? 0
    events = 0
    origins.removeAll()
    originOrdinals.removeAll()
    lastOrigin = -1
    usedDevices.removeAll()
    usedTemplates.removeAll()
    mark += 1
  }

  func append(_ batch: borrowing EventBatch) throws {
    guard current != nil else { throw invalid("events came outside a source") }
    try batch.arena.withUnsafeBytes { (arena: UnsafeRawBufferPointer) throws in
      for device in batch.devices {
        let name = try slice(arena, device.name)
        try define(device.id.rawValue, name, "device")
      }
      for template in batch.templates {
        try define(template: template, arena: arena)
      }
      try batch.variables.withUnsafeBufferPointer { (variables: UnsafeBufferPointer<ByteRange>) throws in
        for index in batch.records.indices {
          try append(batch.records[index], arena: arena, variables: variables)
        }
      }
      for refused in batch.refused { try append(refused, arena: arena) }
    }
  }

  func finishSource(_ account: SourceAccount, adjustments: [TimeAdjustment]) throws {
    guard let current else { throw invalid("a source was ended that was not begun") }
    for adjustment in adjustments
    where adjustment.events.lowerBound < 0 || adjustment.events.upperBound > events {
      throw invalid("an adjustment of events \(adjustment.events), but the source has \(events)")
    }
    sources.append(
      SpooledSource(
        description: current, account: account, frames: start..<spool.end,
        refusedFrames: refusedStart..<(refusedSpool?.end ?? 0), events: events, origins: origins,
        devices: usedDevices, templates: usedTemplates, adjustments: adjustments))
    self.current = nil
  }

  func discardSource() throws {
    guard current != nil else { throw invalid("a source was discarded that was not begun") }
    try spool.truncate(to: start)
    try refusedSpool?.truncate(to: refusedStart)
    current = nil
  }

  func close() throws {
    guard current == nil else { throw invalid("a lane was closed before its source was ended") }
    try spool.finishWriting()
    try refusedSpool?.finishWriting()
    whenClosed(self)
  }

  // MARK: - Definitions

  private func define(_ id: UInt64, _ name: UnsafeRawBufferPointer, _ kind: String) throws(StoreError) {
    switch devices.define(id, name) {
    case .new: deviceMarks.append(0)
    case .known: break
    case .collision: throw collision(kind, id)
    case .full: throw full(kind)
    }
  }

  private func define(template: TemplateDefinition, arena: UnsafeRawBufferPointer) throws(StoreError) {
    let program = try slice(arena, template.program)
    let text = try slice(arena, template.text)
    let content = Array(program) + [0] + Array(text)
    switch content.withUnsafeBytes({ templates.define(template.id.rawValue, $0) }) {
    case .new:
      templateMarks.append(0)
      compiled.append(
        CompiledTemplate(content: content, textStart: program.count + 1, programHasNUL: program.contains(0)))
    case .known: break
    case .collision: throw collision("template", template.id.rawValue)
    case .full: throw full("template")
    }
  }

  // MARK: - Rows

  @inline(__always)
  private func append(
    _ record: EventRecord, arena: UnsafeRawBufferPointer, variables: UnsafeBufferPointer<ByteRange>
  ) throws(StoreError) {
    var row = EventRow()
    switch record.quality {
    case .none: break
    case .unanchored: row.sinceBoot = record.time
    default: row.time = record.time
    }
    if record.basis != .none {
      let device = devices.ordinal(of: record.device.rawValue)
      guard device >= 0 else { throw invalid("an event's device \(record.device.rawValue) was not defined") }
      if deviceMarks[Int(device)] != mark {
        deviceMarks[Int(device)] = mark
        usedDevices.append(device)
      }
      row.device = device
    }
    if record.severity < 8 { row.severity = record.severity }
    var style = StampStyle()
    if !record.stamp.isEmpty {
      let stamp = try slice(arena, record.stamp)
      if let time = row.time, let found = stamps.style(of: stamp, time: time) {
        style = found
      } else {
        row.stamp = text(stamp)
      }
    }
    row.origin = origin(
      Origin(quality: record.quality, timeError: record.timeError, basis: record.basis, stamp: style))
    if row.origin < 0 {
      // Errors that differ from event to event go into the row.
      row.timeError = record.timeError
      row.origin = origin(Origin(quality: record.quality, timeError: -1, basis: record.basis, stamp: style))
    }
    row.line = Int64(bitPattern: record.line)
    row.byteOffset = Int64(bitPattern: record.byteOffset)
    row.byteLength = Int64(record.byteLength)
    if !record.fields.isEmpty { row.fields = text(try slice(arena, record.fields)) }
    let message = try slice(arena, record.message)
    let template = templates.ordinal(of: record.template.rawValue)
    scratch.count = 0
    if template >= 0 {
      row.template = template
      if templateMarks[Int(template)] != mark {
        templateMarks[Int(template)] = mark
        usedTemplates.append(template)
      }
      let first = Int(record.firstVariable)
      let count = Int(record.variableCount)
      guard first + count <= variables.count else {
        throw invalid("an event's variables are not in its batch")
      }
      let own = UnsafeBufferPointer(rebasing: variables[first..<first + count])
      if MessageEncoder.rebuilds(
        compiled[Int(template)], variables: own, message: record.message,
        arena: arena.baseAddress ?? Self.nowhere)
      {
        if count == 0 {
        } else if MessageEncoder.append(
          variables: own, arena: arena.baseAddress ?? Self.nowhere, to: &scratch)
        {
          row.variables = EventRow.Text(bytes: scratch.bytes)
        } else {
          row.message = text(message)
        }
      } else {
        row.message = text(message)
      }
    } else if record.template.rawValue == 0 {
      row.message = text(message)
    } else {
      throw invalid("an event's template \(record.template.rawValue) was not defined")
    }
    try spool.append { EventRowCodec.encode(row, into: &$0) }
    events += 1
  }

  private func append(_ refused: RefusedLine, arena: UnsafeRawBufferPointer) throws(StoreError) {
    let excerpt = try slice(arena, refused.excerpt)
    if refusedSpool == nil { refusedSpool = try Spool(beside: path) }
    try refusedSpool!.append { RefusedCodec.encode(refused, excerpt: excerpt, into: &$0) }
  }

  /// TEXT where every tool can show it, else a BLOB of the exact bytes.
  @inline(__always) private func text(_ bytes: UnsafeRawBufferPointer) -> EventRow.Text {
    EventRow.Text(bytes: bytes, isBlob: !MessageEncoder.isText(bytes))
  }

  /// More origins than this in one source, and time errors are kept in the rows.
  private static let maximumOrigins = 1000
  nonisolated(unsafe) private static let nowhere = UnsafeRawPointer(
    UnsafeMutableRawPointer.allocate(byteCount: 16, alignment: 16))

  /// The ordinal of an origin in the current source; -1 where there are too many with an error of their own.
  @inline(__always) private func origin(_ origin: Origin) -> Int32 {
    // Most events are like the one before.
    if lastOrigin >= 0, origins[Int(lastOrigin)] == origin { return lastOrigin }
    return lookUp(origin)
  }

  @inline(never) private func lookUp(_ origin: Origin) -> Int32 {
    if let known = originOrdinals[origin] {
      lastOrigin = known
      return known
    }
    let new = Int32(origins.count)
    guard new < Self.maximumOrigins || origin.timeError < 0 else { return -1 }
    origins.append(origin)
    originOrdinals[origin] = new
    lastOrigin = new
    return new
  }

  @inline(__always)
  private func slice(_ arena: UnsafeRawBufferPointer, _ range: ByteRange) throws(StoreError)
    -> UnsafeRawBufferPointer
  {
    if range.isEmpty { return UnsafeRawBufferPointer(start: nil, count: 0) }
    guard Int(range.start) &+ Int(range.count) <= arena.count else {
      throw invalid("a range of bytes is not in its batch")
    }
    return UnsafeRawBufferPointer(start: arena.baseAddress! + Int(range.start), count: Int(range.count))
  }

  // MARK: - Errors

  private func invalid(_ reason: String) -> StoreError {
    StoreError(code: .invalid, what: "cannot load into", path: path, reason: reason)
  }

  private func collision(_ kind: String, _ id: UInt64) -> StoreError {
    StoreError(
      code: .collision, what: "cannot load into", path: path,
      reason: "two \(kind)s have the same 64-bit id \(String(id, radix: 16))",
      advice: "load one of them into a case of its own, and report it")
  }

  private func full(_ kind: String) -> StoreError {
    StoreError(
      code: .limit, what: "cannot load into", path: path,
      reason: "more than \(ContentDictionary.maximumCount) \(kind)s",
      advice: "split the evidence into several cases")
  }
}
