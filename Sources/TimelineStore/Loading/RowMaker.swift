internal import IncidentModel

/// Why an event cannot become a row.
enum RowFault: Error {
  case outsideBatch
  case undefined(String, UInt64)
  case collision(String, UInt64)
  case full(String)
  case spool(StoreError)
}

/// Turns the events of one lane into rows. A value of its own, so that the hot path is checked for exclusive access once
/// a batch and not at every field.
struct RowMaker: ~Copyable {
  private(set) var devices = ContentDictionary()
  private(set) var templates = ContentDictionary()
  private var compiled = TemplateTable()
  /// Of the current source.
  private(set) var events = 0
  private var origins: [Origin] = []
  private var usedDevices: [Int32] = []
  private var usedTemplates: [Int32] = []
  private var originOrdinals: [Origin: Int32] = [:]
  private var lastOrigin: Int32 = -1
  private var lastOriginValue = Origin(quality: .none, timeError: -1, basis: .none)
  /// By device: the source in which it was used last.
  private var deviceMarks = PlainArray<Int32>()
  private var mark: Int32 = 0
  private var scratch = ByteBuffer(capacity: 4096)
  private var stamps = StampRecognizer()
  private var signature = BlockSignature()
  private var block = 0

  init() {}

  /// What rows refer to.
  struct Known {
    /// Ordinals in order of first use in the current source.
    var usedDevices: [Int32] = []
    var usedTemplates: [Int32] = []
    /// Of the current source.
    var origins: [Origin] = []
  }

  /// What the rows of the current source refer to by now.
  var known: Known {
    Known(usedDevices: usedDevices, usedTemplates: usedTemplates, origins: origins)
  }

  mutating func beginSource() {
    events = 0
    origins.removeAll()
    originOrdinals.removeAll()
    lastOrigin = -1
    usedDevices.removeAll()
    usedTemplates.removeAll()
    mark += 1
    signature.clear()
    block += 1
  }

  /// Adds a batch: its definitions, then its events.
  mutating func append(_ batch: borrowing EventBatch, to spool: Spool, _ blocks: Spool) throws(RowFault) {
    let fault: RowFault? = batch.arena.withUnsafeBytes { arena in
      batch.variables.withUnsafeBufferPointer { variables in
        batch.records.withUnsafeBufferPointer { records in
          do throws(RowFault) {
            for device in batch.devices { try define(device, arena) }
            for template in batch.templates { try define(template, arena) }
            for index in records.indices {
              // By its address: a record is copied otherwise.
              try append(records.baseAddress! + index, arena: arena, variables: variables, to: spool)
              if signature.events == BlockSignature.maximumEvents { try endBlock(blocks) }
            }
            return nil
          } catch {
            return error
          }
        }
      }
    }
    if let fault { throw fault }
  }

  // MARK: - Definitions

  private mutating func define(_ device: DeviceDefinition, _ arena: UnsafeRawBufferPointer) throws(RowFault) {
    let id = device.id.rawValue
    switch devices.define(id, try slice(arena, device.name)) {
    case .new: deviceMarks.append(0)
    case .known: break
    case .collision: throw .collision("device", id)
    case .full: throw .full("device")
    }
  }

  private mutating func define(_ template: TemplateDefinition, _ arena: UnsafeRawBufferPointer)
    throws(RowFault)
  {
    let program = try slice(arena, template.program)
    let text = try slice(arena, template.text)
    let content = Array(program) + [0] + Array(text)
    switch content.withUnsafeBytes({ templates.define(template.id.rawValue, $0) }) {
    case .new:
      compiled.append(
        CompiledTemplate(content: content, textStart: program.count + 1, programHasNUL: program.contains(0)))
    case .known: break
    case .collision: throw .collision("template", template.id.rawValue)
    case .full: throw .full("template")
    }
  }

  // MARK: - Rows

  @inline(__always)
  private mutating func append(
    _ record: UnsafePointer<EventRecord>, arena: UnsafeRawBufferPointer,
    variables: UnsafeBufferPointer<ByteRange>, to spool: Spool
  ) throws(RowFault) {
    var device: Int32 = -1
    if record.pointee.basis != .none {
      let number = record.pointee.deviceNumber
      device =
        number > 0 && Int(number) <= deviceMarks.count
        ? Int32(truncatingIfNeeded: number) &- 1 : devices.ordinal(of: record.pointee.device.rawValue)
      guard device >= 0 else { throw .undefined("device", record.pointee.device.rawValue) }
      if deviceMarks[Int(device)] != mark {
        deviceMarks[Int(device)] = mark
        usedDevices.append(device)
      }
    }
    let hasTime = record.pointee.quality != .none && record.pointee.quality != .unanchored
    let stamp = try slice(arena, record.pointee.stamp)
    var style = StampStyle()
    var isStampKept = !record.pointee.stamp.isEmpty
    if isStampKept, hasTime, let found = stamps.style(of: stamp, time: record.pointee.time) {
      style = found
      isStampKept = false
    }
    var origin = origin(
      Origin(
        quality: record.pointee.quality, timeError: record.pointee.timeError, basis: record.pointee.basis,
        stamp: style))
    // Errors that differ from event to event go into the row.
    let hasOwnError = origin < 0
    if hasOwnError {
      origin = self.origin(
        Origin(quality: record.pointee.quality, timeError: -1, basis: record.pointee.basis, stamp: style))
    }
    let fields = try slice(arena, record.pointee.fields)
    let message = try slice(arena, record.pointee.message)
    let isKnown = record.pointee.templateNumber > 0 && Int(record.pointee.templateNumber) <= compiled.count
    let template =
      isKnown
      ? Int32(truncatingIfNeeded: record.pointee.templateNumber) &- 1
      : templates.ordinal(of: record.pointee.template.rawValue)
    var own = UnsafeBufferPointer<ByteRange>(start: nil, count: 0)
    var values = UnsafeRawBufferPointer(start: nil, count: 0)
    var isRebuilt = false
    if template >= 0 {
      if compiled.isFirst(Int(template), inSource: mark) { usedTemplates.append(template) }
      if compiled.isFirst(Int(template), inBlock: block) {
        signature.insert(template: record.pointee.template.rawValue)
      }
      if isKnown, !record.pointee.values.isEmpty {
        isRebuilt = compiled.takes(Int(record.pointee.variableCount), of: Int(template))
        values = try slice(arena, record.pointee.values)
      } else {
        let first = Int(record.pointee.firstVariable)
        let count = Int(record.pointee.variableCount)
        guard first &+ count <= variables.count else { throw .outsideBatch }
        own = UnsafeBufferPointer(rebasing: variables[first..<first &+ count])
        isRebuilt =
          isKnown
          || compiled.isMessage(
            template: Int(template), variables: own, message: record.pointee.message, arena: arena)
      }
    } else if record.pointee.template.rawValue != 0 {
      throw .undefined("template", record.pointee.template.rawValue)
    }
    signature.events &+= 1
    events &+= 1
    let header = record.pointee.fields.isEmpty ? record.pointee.header.rawValue : 0
    if isRebuilt, hasTime, device >= 0, 2...7 ~= record.pointee.severity, !isStampKept, !hasOwnError,
      record.pointee.line | record.pointee.byteOffset | UInt64(record.pointee.byteLength) | UInt64(header)
        < 0x8000_0000,
      let room = values.isEmpty
        ? compiled.room(ofTemplate: Int(template), variables: own.count, message: message.count)
        : values.count
    {
      let row = UsualRow(
        time: record.pointee.time, device: device, severity: record.pointee.severity, template: template,
        origin: origin,
        line: UInt32(truncatingIfNeeded: record.pointee.line),
        byteOffset: UInt32(truncatingIfNeeded: record.pointee.byteOffset),
        byteLength: record.pointee.byteLength,
        header: header, fields: fields.count > 0 ? longText(fields) : EventRow.Text(bytes: fields),
        variables: room)
      if try append(row, variables: own, values: values, arena: arena, to: spool) { return }
    }
    let parts = Parts(
      device: device, origin: origin, hasOwnError: hasOwnError, stamp: isStampKept ? stamp : nil,
      fields: fields, message: message, template: template, variables: own, values: values,
      isRebuilt: isRebuilt)
    try append(record.pointee, parts, arena: arena, to: spool)
  }

  /// Adds a usual row; false where its variables cannot be stored as they are.
  @inline(__always)
  private mutating func append(
    _ row: UsualRow, variables: UnsafeBufferPointer<ByteRange>, values: UnsafeRawBufferPointer,
    arena: UnsafeRawBufferPointer, to spool: Spool
  ) throws(RowFault) -> Bool {
    do throws(StoreError) {
      let start = try spool.room(EventRowCodec.room(row))
      let place = EventRowCodec.begin(row, at: start)
      if let base = values.baseAddress {
        let hasSlack = TemplateTable.copy(base, to: place, values.count, of: arena)
        // Not from the row: a processor waits for words that lie over two stores.
        signature.insert(values, hasSlack: hasSlack)
      } else if TemplateTable.put(variables, of: arena, to: place, room: row.variables) {
        signature.insert(UnsafeRawBufferPointer(start: place, count: row.variables), hasSlack: true)
      } else {
        return false
      }
      try spool.add(EventRowCodec.end(row, at: start, variables: place))
      return true
    } catch {
      throw .spool(error)
    }
  }

  /// What has been found out about an event whose row is not a usual one.
  private struct Parts {
    var device: Int32
    var origin: Int32
    var hasOwnError: Bool
    /// Where it has to be stored.
    var stamp: UnsafeRawBufferPointer?
    var fields: UnsafeRawBufferPointer
    var message: UnsafeRawBufferPointer
    var template: Int32
    var variables: UnsafeBufferPointer<ByteRange>
    /// Variables as they are stored; empty where `variables` say them.
    var values: UnsafeRawBufferPointer
    /// True where template and variables are the message.
    var isRebuilt: Bool
  }

  @inline(never)
  private mutating func append(
    _ record: EventRecord, _ parts: Parts, arena: UnsafeRawBufferPointer, to spool: Spool
  ) throws(RowFault) {
    var row = EventRow()
    switch record.quality {
    case .none: break
    case .unanchored: row.sinceBoot = record.time
    default: row.time = record.time
    }
    if parts.device >= 0 { row.device = parts.device }
    if record.severity < 8 { row.severity = record.severity }
    if let stamp = parts.stamp { row.stamp = text(stamp) }
    row.origin = parts.origin
    if parts.hasOwnError { row.timeError = record.timeError }
    row.line = Int64(bitPattern: record.line)
    row.byteOffset = Int64(bitPattern: record.byteOffset)
    row.byteLength = Int64(record.byteLength)
    if record.fields.isEmpty {
      row.header = record.header.rawValue
    } else {
      row.fields = text(parts.fields)
    }
    scratch.count = 0
    if parts.template >= 0 { row.template = parts.template }
    var outcome = TemplateTable.Outcome.whole
    if parts.isRebuilt, parts.values.isEmpty {
      outcome = compiled.append(
        template: Int(parts.template), variables: parts.variables, arena: arena, to: &scratch)
    } else if parts.isRebuilt {
      outcome = .plain
    }
    switch outcome {
    case .plain:
      if !parts.values.isEmpty {
        row.variables = EventRow.Text(bytes: parts.values)
      } else if !parts.variables.isEmpty {
        row.variables = EventRow.Text(bytes: scratch.bytes)
      }
    case .escaped:
      if MessageEncoder.append(variables: parts.variables, arena: arena.baseAddress!, to: &scratch) {
        row.variables = EventRow.Text(bytes: scratch.bytes)
      } else {
        row.message = text(parts.message)
      }
    case .whole: row.message = text(parts.message)
    }
    if let text = row.variables ?? row.message { signature.insert(text.bytes) }
    do throws(StoreError) {
      try spool.append { EventRowCodec.encode(row, into: &$0) }
    } catch {
      throw .spool(error)
    }
  }

  /// Hands the signature of the last events on.
  mutating func endBlock(_ blocks: Spool) throws(RowFault) {
    guard signature.events > 0 else { return }
    let events = signature.events
    let bits = signature.take()
    do throws(StoreError) {
      try blocks.append { frame in
        frame.reserve(8 + BlockSignature.bytes)
        frame.putBigEndian(UInt64(events), bytes: 8)
        frame.append(bits)
      }
    } catch {
      throw .spool(error)
    }
    block += 1
  }

  /// TEXT where every tool can show it, else a BLOB of the exact bytes.
  @inline(__always) private func text(_ bytes: UnsafeRawBufferPointer) -> EventRow.Text {
    EventRow.Text(bytes: bytes, isBlob: !MessageEncoder.isText(bytes))
  }

  /// The same, for texts that not every row has.
  @inline(never) private func longText(_ bytes: UnsafeRawBufferPointer) -> EventRow.Text { text(bytes) }

  /// More origins than this in one source, and time errors are kept in the rows.
  private static let maximumOrigins = 1000

  /// The ordinal of an origin in the current source; -1 where there are too many with an error of their own.
  @inline(__always) private mutating func origin(_ origin: Origin) -> Int32 {
    // Most events are like the one before.
    if lastOrigin >= 0, lastOriginValue == origin { return lastOrigin }
    return lookUp(origin)
  }

  @inline(never) private mutating func lookUp(_ origin: Origin) -> Int32 {
    if let known = originOrdinals[origin] {
      lastOrigin = known
      lastOriginValue = origin
      return known
    }
    let new = Int32(origins.count)
    guard new < Self.maximumOrigins || origin.timeError < 0 else { return -1 }
    origins.append(origin)
    originOrdinals[origin] = new
    lastOrigin = new
    lastOriginValue = origin
    return new
  }

  @inline(__always)
  private func slice(_ arena: UnsafeRawBufferPointer, _ range: ByteRange) throws(RowFault)
    -> UnsafeRawBufferPointer
  {
    guard let bytes = range.bytes(in: arena) else { throw .outsideBatch }
    return bytes
  }
}

extension ByteRange {
  /// The bytes of the range; nil where it is not in the arena.
  @inline(__always) func bytes(in arena: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
    if isEmpty { return UnsafeRawBufferPointer(start: nil, count: 0) }
    guard Int(start) &+ Int(count) <= arena.count else { return nil }
    return UnsafeRawBufferPointer(start: arena.baseAddress! + Int(start), count: Int(count))
  }
}
