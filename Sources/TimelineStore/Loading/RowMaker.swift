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
  /// The source in which a device or template was used last.
  private var deviceMarks: [Int32] = []
  private var templateMarks: [Int32] = []
  private var mark: Int32 = 0
  private var scratch = ByteBuffer(capacity: 4096)
  private var stamps = StampRecognizer()
  private var signature = BlockSignature()
  /// By template: the block in which it was put into the signature last.
  private var signatureMarks: [Int] = []
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
            for record in records {
              try append(record, arena: arena, variables: variables, to: spool)
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
      templateMarks.append(0)
      signatureMarks.append(-1)
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
    _ record: EventRecord, arena: UnsafeRawBufferPointer, variables: UnsafeBufferPointer<ByteRange>,
    to spool: Spool
  ) throws(RowFault) {
    var row = EventRow()
    switch record.quality {
    case .none: break
    case .unanchored: row.sinceBoot = record.time
    default: row.time = record.time
    }
    if record.basis != .none {
      let device = devices.ordinal(of: record.device.rawValue)
      guard device >= 0 else { throw .undefined("device", record.device.rawValue) }
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
    if !record.fields.isEmpty {
      row.fields = text(try slice(arena, record.fields))
    } else {
      row.header = record.header.rawValue
    }
    let message = try slice(arena, record.message)
    let isKnown = record.templateNumber > 0 && Int(record.templateNumber) <= templates.count
    let template =
      isKnown
      ? Int32(truncatingIfNeeded: record.templateNumber) &- 1
      : templates.ordinal(of: record.template.rawValue)
    scratch.count = 0
    if template >= 0 {
      row.template = template
      if templateMarks[Int(template)] != mark {
        templateMarks[Int(template)] = mark
        usedTemplates.append(template)
      }
      if signatureMarks[Int(template)] != block {
        signatureMarks[Int(template)] = block
        signature.insert(template: record.template.rawValue)
      }
      if isKnown, !record.values.isEmpty {
        if compiled.takes(Int(record.variableCount), of: Int(template)) {
          row.variables = EventRow.Text(bytes: try slice(arena, record.values))
        } else {
          row.message = text(message)
        }
      } else {
        try putVariables(
          of: record, template: Int(template), isKnown: isKnown, arena: arena, variables: variables,
          into: &row)
      }
    } else if record.template.rawValue == 0 {
      row.message = text(message)
    } else {
      throw .undefined("template", record.template.rawValue)
    }
    if let text = row.variables ?? row.message { signature.insert(text.bytes) }
    signature.events &+= 1
    do throws(StoreError) {
      try spool.append { EventRowCodec.encode(row, into: &$0) }
    } catch {
      throw .spool(error)
    }
    events += 1
  }

  /// Puts variables, or else the message, into a row, where the event does not bring its values along.
  @inline(never)
  private mutating func putVariables(
    of record: EventRecord, template: Int, isKnown: Bool, arena: UnsafeRawBufferPointer,
    variables: UnsafeBufferPointer<ByteRange>, into row: inout EventRow
  ) throws(RowFault) {
    let first = Int(record.firstVariable)
    let count = Int(record.variableCount)
    guard first + count <= variables.count else { throw .outsideBatch }
    let own = UnsafeBufferPointer(rebasing: variables[first..<first + count])
    let outcome =
      isKnown
      ? compiled.append(ofTemplate: template, variables: own, arena: arena, to: &scratch)
      : compiled.append(
        template: template, variables: own, message: record.message, arena: arena, to: &scratch)
    switch outcome {
    case .plain: if count > 0 { row.variables = EventRow.Text(bytes: scratch.bytes) }
    case .escaped:
      if MessageEncoder.append(variables: own, arena: arena.baseAddress!, to: &scratch) {
        row.variables = EventRow.Text(bytes: scratch.bytes)
      } else {
        row.message = text(try slice(arena, record.message))
      }
    case .whole: row.message = text(try slice(arena, record.message))
    }
  }

  /// Hands the signature of the last events on.
  mutating func endBlock(_ blocks: Spool) throws(RowFault) {
    guard signature.events > 0 else { return }
    let bits = signature.bytes()
    do throws(StoreError) {
      try blocks.append { frame in
        frame.reserve(8 + BlockSignature.bytes)
        frame.putBigEndian(UInt64(signature.events), bytes: 8)
        frame.append(bits)
      }
    } catch {
      throw .spool(error)
    }
    signature.clear()
    block += 1
  }

  /// TEXT where every tool can show it, else a BLOB of the exact bytes.
  @inline(__always) private func text(_ bytes: UnsafeRawBufferPointer) -> EventRow.Text {
    EventRow.Text(bytes: bytes, isBlob: !MessageEncoder.isText(bytes))
  }

  /// More origins than this in one source, and time errors are kept in the rows.
  private static let maximumOrigins = 1000

  /// The ordinal of an origin in the current source; -1 where there are too many with an error of their own.
  @inline(__always) private mutating func origin(_ origin: Origin) -> Int32 {
    // Most events are like the one before.
    if lastOrigin >= 0, origins[Int(lastOrigin)] == origin { return lastOrigin }
    return lookUp(origin)
  }

  @inline(never) private mutating func lookUp(_ origin: Origin) -> Int32 {
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
