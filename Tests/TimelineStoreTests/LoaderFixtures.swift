import Foundation
import IncidentModel
import Testing

@testable import TimelineStore

/// A folder that goes away with the test.
final class TemporaryFolder {
  let path: String
  init() {
    path = NSTemporaryDirectory() + "firebreak-test-" + UUID().uuidString
    try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }
  deinit { try? FileManager.default.removeItem(atPath: path) }
  func file(_ name: String) -> String { path + "/" + name }
  var files: [String] { (try? FileManager.default.contentsOfDirectory(atPath: path).sorted()) ?? [] }
}

/// Runs the stock sqlite3 binary; its output without the last line end.
func sqlite3(_ path: String, _ sql: String) throws -> String {
  let process = Process()
  process.executableURL = URL(filePath: "/usr/bin/sqlite3")
  process.arguments = ["-readonly", path, sql]
  let output = Pipe()
  process.standardOutput = output
  process.standardError = output
  try process.run()
  let data = output.fileHandleForReading.readDataToEndOfFile()
  process.waitUntilExit()
  return String(decoding: data, as: UTF8.self).trimmingCharacters(in: .newlines)
}

/// Builds batches from readable parts.
struct BatchBuilder {
  var batch = EventBatch()
  private var defined: Set<UInt64> = []

  mutating func bytes(_ bytes: some Collection<UInt8>) -> ByteRange {
    let start = batch.arena.count
    batch.arena.append(contentsOf: bytes)
    return ByteRange(start: UInt32(start), count: UInt32(bytes.count))
  }

  /// Defines a device whose id may be forced, for collisions.
  mutating func device(_ name: some Collection<UInt8>, id: UInt64? = nil) -> DeviceID {
    let id = id ?? Array(name).withUnsafeBytes { ContentHash.of($0) }
    if defined.insert(id).inserted {
      batch.devices.append(DeviceDefinition(id: DeviceID(rawValue: id), name: bytes(name)))
    }
    return DeviceID(rawValue: id)
  }

  /// Defines a template whose id may be forced, for collisions.
  mutating func template(_ program: String, _ text: some Collection<UInt8>, id: UInt64? = nil) -> TemplateID {
    let content = Array(program.utf8) + [0] + Array(text)
    let id = id ?? content.withUnsafeBytes { ContentHash.of($0) }
    if defined.insert(id).inserted {
      batch.templates.append(
        TemplateDefinition(id: TemplateID(rawValue: id), program: bytes(program.utf8), text: bytes(text)))
    }
    return TemplateID(rawValue: id)
  }

  /// Adds an event whose message is `parts` put together: odd places are variables.
  mutating func add(
    time: Int64?, device name: String? = "gw-1", severity: UInt8 = 6, program: String = "app",
    parts: [[UInt8]], line: UInt64 = 1, offset: UInt64 = 0, length: UInt32 = 100,
    quality: TimeQuality = .exact,
    error: Int64 = 500_000, stamp: [UInt8] = [], fields: [UInt8] = []
  ) {
    var record = EventRecord()
    record.time = time ?? 0
    record.quality = time == nil ? .none : quality
    record.timeError = error
    if let name {
      record.device = device(Array(name.utf8))
      record.basis = .selfAsserted
    }
    var text: [UInt8] = []
    for (index, part) in parts.enumerated() { text += index % 2 == 0 ? part : Array("<*>".utf8) }
    record.template = template(program, text)
    record.severity = severity
    record.line = line
    record.byteOffset = offset
    record.byteLength = length
    record.firstVariable = UInt32(batch.variables.count)
    record.variableCount = UInt16(parts.count / 2)
    record.message = bytes(parts.joined())
    var at = record.message.start
    for (index, part) in parts.enumerated() {
      if index % 2 == 1 { batch.variables.append(ByteRange(start: at, count: UInt32(part.count))) }
      at += UInt32(part.count)
    }
    if !stamp.isEmpty { record.stamp = bytes(stamp) }
    if !fields.isEmpty { record.fields = bytes(fields) }
    batch.records.append(record)
  }

  /// Has an event bring its variables along as a row stores them, and takes them from it otherwise; false where they cannot be stored so.
  mutating func bringValues(ofRecord place: Int) -> Bool {
    let record = batch.records[place]
    let first = Int(record.firstVariable)
    let values = batch.variables[first..<first + Int(record.variableCount)].map { range in
      range.count == 0 ? [] : Array(batch.arena[Int(range.start)..<Int(range.start + range.count)])
    }
    let joined = Array(values.joined(separator: [0x09]))
    guard !joined.isEmpty,
      values.joined().allSatisfy({ $0 >= 0x20 && $0 < 0x7F && $0 != 0x22 && $0 != 0x5C })
    else { return false }
    batch.records[place].values = bytes(joined)
    batch.records[place].firstVariable = .max
    return true
  }

  /// Adds an event from texts.
  mutating func add(
    time: Int64?, device: String? = "gw-1", severity: UInt8 = 6, program: String = "app", _ parts: String...,
    line: UInt64 = 1, offset: UInt64 = 0
  ) {
    add(
      time: time, device: device, severity: severity, program: program, parts: parts.map { Array($0.utf8) },
      line: line, offset: offset)
  }
}

/// The account of a source of a test; its SHA-256 is made up from a seed.
func account(_ source: SourceDescription, hash: UInt64, bytes: UInt64 = 0, events: UInt64 = 0)
  -> SourceAccount
{
  let digits = String(hash &* 0x9E37_79B9_7F4A_7C15, radix: 16)
  var by = Tally()
  by.events = bytes
  var lines = Tally()
  lines.events = events
  return SourceAccount(
    description: source,
    sha256: String(repeating: "0", count: 16 - digits.count) + digits
      + String(repeating: "a", count: 48), format: "test", storedBytes: bytes, bytes: bytes, bytesBy: by,
    linesBy: lines)
}

extension CaseLoader {
  /// Loads one source as a lane of its own.
  func load(
    order: Int, _ path: String, hash: UInt64, adjustments: [TimeAdjustment] = [], _ batches: [EventBatch]
  ) throws {
    let lane = try openLane(order: order)
    let source = SourceDescription(path: path)
    try lane.beginSource(source)
    for batch in batches { try lane.append(batch) }
    try lane.finishSource(account(source, hash: hash), adjustments: adjustments)
    try lane.close()
  }
}
