import Crypto
import Glibc
import IncidentModel
import PostmortemReport
import TimelineStore

/// A file that takes its SHA-256 as it is written, and appears under its name only once it is whole.
final class HashingFile {
  /// As the user gave it.
  let path: String
  private var place: OutputPlace
  private let descriptor: Int32
  private var hash = SHA256()
  private var buffer: [UInt8] = []
  private(set) var bytes: UInt64 = 0
  private var isClosed = false
  private var isPublished = false

  init(_ path: String, mode: mode_t = 0o644) throws {
    self.path = path
    place = try OutputPlace(path)
    descriptor = try place.open(mode: mode)
    if let leftover = place.leftover { Interrupt.remove([leftover]) }
    buffer.reserveCapacity(1 << 20)
  }

  deinit {
    if !isClosed { close(descriptor) }
    if !isPublished { place.discard() }
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

  /// Writes the rest; the file is whole, and not in its place yet.
  /// - Returns: Its SHA-256, hex.
  func seal() throws -> String {
    try flush()
    isClosed = true
    guard close(descriptor) == 0 else {
      throw CommandError("cannot write '\(path)': \(String(cString: strerror(errno)))")
    }
    return PostmortemCase.hex(hash.finalize())
  }

  /// Puts a sealed file in its place.
  /// - Parameter keepsEarlier: The file that was there stays beside it until `settle()`, for `takeBack()`.
  func publish(keepsEarlier: Bool = false) throws {
    guard keepsEarlier ? place.publishKeepingEarlier() : place.publish() else {
      throw CommandError("cannot write '\(path)': \(String(cString: strerror(errno)))")
    }
    isPublished = true
  }

  /// Puts back what was there before.
  /// - Returns: What stands where, if that cannot be done.
  func takeBack() -> String? {
    guard !place.takeBack() else { return nil }
    let reason = String(cString: strerror(errno))
    return "'\(path)' is the new one (\(reason))" + (place.kept.map { ", the former is '\($0)'" } ?? "")
  }

  /// Gives up the file that was replaced.
  func settle() { place.settle() }

  /// Writes the rest and puts the file in its place.
  /// - Returns: Its SHA-256, hex.
  func finish() throws -> String {
    let digest = try seal()
    try publish()
    return digest
  }
}

/// Files that appear together: each is written beside its place first, and what it replaces is kept until the last one has its
/// name, so that a disk that is full, an error or Ctrl-C leaves everything as it was.
final class FileSet {
  private var sealed: [HashingFile] = []

  /// Paths of the files, in the order they were added.
  var paths: [String] { sealed.map(\.path) }

  /// Adds a file that is written.
  /// - Returns: Its SHA-256, hex.
  func add(_ file: HashingFile) throws -> String {
    let digest = try file.seal()
    sealed.append(file)
    return digest
  }

  /// Adds a file with this text.
  func add(_ text: String, _ path: String, mode: mode_t = 0o644) throws {
    let file = try HashingFile(path, mode: mode)
    try file.write(text)
    _ = try add(file)
  }

  /// Puts the files of all sets in their places, or none: what is left to fail is a rename, and then those before it are put
  /// back.
  static func publish(_ sets: [FileSet]) throws {
    var placed: [HashingFile] = []
    for file in sets.flatMap(\.sealed) {
      do {
        try file.publish(keepsEarlier: true)
        placed.append(file)
      } catch let error as CommandError {
        let left = placed.reversed().compactMap { $0.takeBack() }
        // What was written for nothing goes with them.
        for set in sets { set.sealed = [] }
        let rest =
          left.isEmpty
          ? "every file is as it was"
          : "everything was put back but this: \(left.joined(separator: "; "))"
        throw CommandError("\(error.description); \(rest)", error.status)
      }
    }
    for file in placed { file.settle() }
  }
}

/// The full lists beside a report.
enum PostmortemLists {
  /// All events in order of time as CSV.
  static func timeline(_ reader: CaseReader, to path: String, in set: FileSet) throws -> Attachment {
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
    return try attachment(file, set, "every event in order of time", rows)
  }

  /// All affected devices as CSV.
  static func devices(
    _ material: ReportMaterial, _ options: ReportOptions, to path: String, in set: FileSet
  ) throws -> Attachment {
    let (text, rows) = DeviceList.csv(material, options: options)
    let file = try HashingFile(path)
    try file.write(text)
    return try attachment(file, set, "every affected device", rows)
  }

  private static func attachment(_ file: HashingFile, _ set: FileSet, _ title: String, _ rows: Int) throws
    -> Attachment
  {
    let digest = try set.add(file)
    let name = file.path.split(separator: "/").last.map(String.init) ?? file.path
    return Attachment(name: name, title: title, sha256: digest, bytes: file.bytes, rows: rows)
  }
}
