import Crypto
import Glibc
import IncidentModel
import PostmortemReport
import TimelineStore

/// A file that takes its SHA-256 as it is written, and appears under its name only once it is whole.
final class HashingFile {
  private let path: String
  private let place: OutputPlace
  private let descriptor: Int32
  private var hash = SHA256()
  private var buffer: [UInt8] = []
  private(set) var bytes: UInt64 = 0
  private var isFinished = false

  init(_ path: String, mode: mode_t = 0o644) throws {
    self.path = path
    place = try OutputPlace(path)
    descriptor = try place.open(mode: mode)
    buffer.reserveCapacity(1 << 20)
  }

  deinit {
    if !isFinished {
      close(descriptor)
      place.discard()
    }
  }

  func write(_ text: String) throws { try write(text.utf8) }

  func write(_ bytes: some Sequence<UInt8>) throws {
    buffer += bytes
    if buffer.count >= 1 << 20 { try flush() }
  }

  private func flush() throws {
    hash.update(data: buffer)
    bytes += UInt64(buffer.count)
    var offset = 0
    while offset < buffer.count {
      let count = buffer[offset...].withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0 {
        if errno == EINTR { continue }
        throw CommandError("cannot write '\(path)': \(String(cString: strerror(errno)))")
      }
      offset += count
    }
    buffer.removeAll(keepingCapacity: true)
  }

  /// Puts the file in its place.
  /// - Returns: Its SHA-256, hex.
  func finish() throws -> String {
    try flush()
    isFinished = true
    guard close(descriptor) == 0, place.publish() else {
      let reason = String(cString: strerror(errno))
      place.discard()
      throw CommandError("cannot write '\(path)': \(reason)")
    }
    return PostmortemCase.hex(hash.finalize())
  }
}

/// The full lists beside a report.
enum PostmortemLists {
  /// All events in order of time as CSV.
  static func timeline(_ reader: CaseReader, to path: String) throws -> Attachment {
    let file = try HashingFile(path)
    try file.write(
      CSVText.row([
        "event", "time", "time_quality", "device", "severity", "message", "file", "line", "byte_offset",
        "byte_length",
      ]))
    var rows = 0
    var buffer = CSVBuffer()
    var place: (source: Int64, name: [UInt8]) = (-1, [])
    try reader.forEachEvent(matching: try reader.query("")) { event in
      if rows & 0xFFF == 0 { try Interrupt.check() }
      rows += 1
      if place.source != event.source { place = (event.source, Array(event.place.name.utf8)) }
      buffer.add(event.id.rawValue)
      buffer.add(event.time)
      buffer.add(plain: event.quality.name)
      buffer.add(event.device.map { Array($0.utf8) } ?? [], limit: EvidenceText.defaultLimit)
      buffer.add(plain: event.severity?.name ?? "")
      buffer.add(event.messageBytes, limit: 4096)
      buffer.add(place.name, limit: 1024)
      buffer.add(event.line)
      buffer.add(event.byteOffset)
      buffer.add(event.byteLength)
      buffer.endRow()
      if buffer.bytes.count >= 1 << 20 { try file.write(buffer.take()) }
      return true
    }
    try file.write(buffer.take())
    return try attachment(file, path, "every event in order of time", rows)
  }

  /// All affected devices as CSV.
  static func devices(_ material: ReportMaterial, _ options: ReportOptions, to path: String) throws
    -> Attachment
  {
    let (text, rows) = DeviceList.csv(material, options: options)
    let file = try HashingFile(path)
    try file.write(text)
    return try attachment(file, path, "every affected device", rows)
  }

  private static func attachment(_ file: HashingFile, _ path: String, _ title: String, _ rows: Int) throws
    -> Attachment
  {
    let digest = try file.finish()
    let name = path.split(separator: "/").last.map(String.init) ?? path
    return Attachment(name: name, title: title, sha256: digest, bytes: file.bytes, rows: rows)
  }
}
