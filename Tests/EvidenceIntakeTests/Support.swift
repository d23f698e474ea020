import CArchive
import CZlib
import Glibc
import IncidentModel
import LogFormats
import Synchronization
import Testing

@testable import EvidenceIntake

/// A folder for one test, removed at its end.
final class Folder {
  let path: String

  init() {
    var template = Array("/tmp/firebreak-intake-XXXXXX".utf8CString)
    path = template.withUnsafeMutableBufferPointer { String(cString: mkdtemp($0.baseAddress!)) }
  }

  deinit { Folder.remove(path) }

  static func remove(_ path: String) {
    if let handle = opendir(path) {
      while let entry = readdir(handle) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) {
          $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        if name == "." || name == ".." { continue }
        if entry.pointee.d_type == UInt8(DT_DIR) {
          remove(path + "/" + name)
        } else {
          unlink(path + "/" + name)
        }
      }
      closedir(handle)
    }
    rmdir(path)
  }

  /// Writes a file and returns its path. `modified` is in seconds since the epoch.
  @discardableResult
  func write(_ name: String, _ bytes: [UInt8], modified: Int? = nil) -> String {
    let full = path + "/" + name
    for (index, character) in name.enumerated() where character == "/" {
      mkdir(path + "/" + String(name.prefix(index)), 0o700)
    }
    let file = open(full, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    _ = bytes.withUnsafeBytes { Unpacker.writeAll(file, $0) }
    if let modified {
      let times = [timespec(tv_sec: modified, tv_nsec: 0), timespec(tv_sec: modified, tv_nsec: 0)]
      futimens(file, times)
    }
    close(file)
    return full
  }

  @discardableResult
  func write(_ name: String, _ text: String, modified: Int? = nil) -> String {
    write(name, Array(text.utf8), modified: modified)
  }
}

/// Makes evidence.
enum Make {
  /// A syslog line with zone, so that no time depends on the machine.
  static func line(_ number: Int) -> String {
    let second = String(number % 60 + 100).dropFirst()
    let minute = String(number / 60 % 60 + 100).dropFirst()
    let mixed = UInt64(number) &* 0x9E37_79B9_7F4A_7C15
    return
      "2026-04-07T09:\(minute):\(second).\(String(mixed % 900_000 + 100_000))+02:00 gw-\(mixed >> 40 % 20) "
      + "agent[\(mixed % 30_000)]: upload \(number) took \(mixed >> 33 % 5000) ms, battery \(mixed >> 20 % 100) %"
  }

  /// Lines with line feeds.
  static func lines(_ count: Int) -> String { (0..<count).map { line($0) + "\n" }.joined() }

  /// A gzip member as zlib writes it.
  static func gzip(_ bytes: [UInt8], level: Int32 = 6, modified: UInt32 = 0) -> [UInt8] {
    var stream = z_stream()
    deflateInit2_(
      &stream, level, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    var header = gz_header()
    header.time = UInt(modified)
    header.os = 3
    var input = bytes
    var output = [UInt8](repeating: 0, count: Int(deflateBound(&stream, UInt(bytes.count))) + 64)
    let count = withUnsafeMutablePointer(to: &header) { header in
      input.withUnsafeMutableBufferPointer { source in
        output.withUnsafeMutableBufferPointer { target in
          deflateSetHeader(&stream, header)
          stream.next_in = source.baseAddress
          stream.avail_in = UInt32(source.count)
          stream.next_out = target.baseAddress
          stream.avail_out = UInt32(target.count)
          deflate(&stream, Z_FINISH)
          return Int(stream.total_out)
        }
      }
    }
    deflateEnd(&stream)
    return Array(output[..<count])
  }

  static func gzip(_ text: String, level: Int32 = 6, modified: UInt32 = 0) -> [UInt8] {
    gzip(Array(text.utf8), level: level, modified: modified)
  }

  /// An entry of an archive to be made.
  struct Entry {
    var name: String
    var bytes: [UInt8] = []
    var modified = 1_775_000_000
    var link: String?
  }

  /// An archive as libarchive writes it.
  static func archive(_ kind: ContentKind, _ entries: [Entry], compression: ContentKind? = nil) -> [UInt8] {
    let archive = archive_write_new()!
    switch kind {
    case .zip: archive_write_set_format_zip(archive)
    case .sevenZip: archive_write_set_format_7zip(archive)
    case .cpio: archive_write_set_format_cpio_newc(archive)
    default: archive_write_set_format_pax_restricted(archive)
    }
    switch compression {
    case .gzip: archive_write_add_filter_gzip(archive)
    case .bzip2: archive_write_add_filter_bzip2(archive)
    case .xz: archive_write_add_filter_xz(archive)
    case .zstd: archive_write_add_filter_zstd(archive)
    case .lz4: archive_write_add_filter_lz4(archive)
    default: break
    }
    archive_write_set_bytes_in_last_block(archive, 1)
    let folder = Folder()
    let path = folder.path + "/made"
    archive_write_open_filename(archive, path)
    for entry in entries {
      let header = archive_entry_new()!
      archive_entry_set_pathname(header, entry.name)
      archive_entry_set_size(header, Int64(entry.bytes.count))
      archive_entry_set_filetype(header, entry.link == nil ? UInt32(Glibc.S_IFREG) : UInt32(Glibc.S_IFLNK))
      if let link = entry.link { archive_entry_set_symlink(header, link) }
      archive_entry_set_perm(header, 0o644)
      archive_entry_set_mtime(header, entry.modified, 0)
      archive_write_header(archive, header)
      _ = entry.bytes.withUnsafeBytes { archive_write_data(archive, $0.baseAddress, $0.count) }
      archive_entry_free(header)
    }
    archive_write_close(archive)
    archive_write_free(archive)
    return contents(path)
  }

  /// Bytes compressed as a whole.
  static func compressed(_ kind: ContentKind, _ bytes: [UInt8], level: Int = 6) -> [UInt8] {
    let archive = archive_write_new()!
    archive_write_set_format_raw(archive)
    switch kind {
    case .bzip2: archive_write_add_filter_bzip2(archive)
    case .xz: archive_write_add_filter_xz(archive)
    case .zstd: archive_write_add_filter_zstd(archive)
    default: archive_write_add_filter_lz4(archive)
    }
    archive_write_set_filter_option(archive, nil, "compression-level", "\(level)")
    let folder = Folder()
    let path = folder.path + "/made"
    archive_write_open_filename(archive, path)
    let header = archive_entry_new()!
    archive_entry_set_filetype(header, UInt32(Glibc.S_IFREG))
    archive_entry_set_pathname(header, "data")
    archive_write_header(archive, header)
    _ = bytes.withUnsafeBytes { archive_write_data(archive, $0.baseAddress, $0.count) }
    archive_entry_free(header)
    archive_write_close(archive)
    archive_write_free(archive)
    return contents(path)
  }

  /// A systemd journal (not compact, nothing compressed) whose entries are messages of a host.
  static func journal(_ count: Int) -> [UInt8] {
    func word(_ value: Int) -> [UInt8] { withUnsafeBytes(of: UInt64(value).littleEndian) { Array($0) } }
    var objects: [UInt8] = []
    let headerSize = 208
    func add(_ type: UInt8, _ body: [UInt8]) -> Int {
      let offset = headerSize + objects.count
      objects += [type] + [UInt8](repeating: 0, count: 7) + word(16 + body.count) + body
      while objects.count % 8 != 0 { objects.append(0) }
      return offset
    }
    func data(_ text: String) -> Int { add(1, [UInt8](repeating: 0, count: 48) + Array(text.utf8)) }
    let host = data("_HOSTNAME=gw-1")
    for number in 0..<count {
      let fields = [host, data("MESSAGE=upload \(number) is done"), data("PRIORITY=\(number % 8)")]
      var entry =
        word(number + 1) + word(1_775_552_889_000_000 + number * 1_000_000) + word(number * 1_000_000)
      entry += [UInt8](repeating: 7, count: 16) + word(0)
      for field in fields { entry += word(field) + word(0) }
      _ = add(3, entry)
    }
    var header = Array("LPKSHHRH".utf8) + [UInt8](repeating: 0, count: 16) + [UInt8](repeating: 5, count: 64)
    header += word(headerSize) + word(objects.count)
    return header + [UInt8](repeating: 0, count: headerSize - header.count) + objects
  }

  /// A file's bytes.
  static func contents(_ path: String) -> [UInt8] {
    guard let file = try? FileStream(path: path) else { return [] }
    var all: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while let got = try? buffer.withUnsafeMutableBytes({ try file.read(into: $0).count }), got > 0 {
      all += buffer[..<got]
    }
    return all
  }
}

/// Reads files into a memory sink; archives on a thread.
@discardableResult
func ingest(
  _ paths: [String], sink: MemorySink = MemorySink(), _ change: (inout IntakeOptions) -> Void = { _ in }
) throws -> (sink: MemorySink, summary: IntakeSummary) {
  var options = IntakeOptions()
  options.isolation = .thread
  change(&options)
  let summary = try Intake.run(paths, options: options, into: sink)
  let faults = sink.faults.withLock { $0 }
  #expect(faults.isEmpty, "\(faults.prefix(3))")
  return (sink, summary)
}

/// The kinds of all damage, in order.
func damage(_ summary: IntakeSummary) -> [String] { summary.sources.flatMap(\.damage).map(\.kind) }
