import CArchive
import Glibc

/// libarchive over a byte stream: one archive, with only the format that its first bytes ask for. Runs in the helper process
/// only.
final class ArchiveReader {
  /// What the next entry is.
  enum Entry {
    /// Bytes of the archive that are no entry, where one should begin, and why; entries may follow.
    case skipped(Range<UInt64>, String)
    case file(name: String, modified: Int64?, isEncrypted: Bool)
    /// A folder.
    case folder
    /// A link, a device, a socket: nothing to read.
    case special
    /// The archive has ended.
    case end
    /// The archive is broken here.
    case broken(String)
  }

  private let archive: OpaquePointer
  private let feed: Feed
  /// Bytes that are no entry, until the next one is found, and why.
  private var skipped: (start: UInt64, words: String)?
  /// What is wrong with the entry whose last bytes have been handed on.
  private var fault: Piece?
  /// What was found behind bytes that had to be said first.
  private var held: Entry?

  /// Opens an archive. A descriptor that can seek lets zip files be read by their directory.
  init?(_ kind: ContentKind, stream: any ByteStream, seekable descriptor: Int32?) {
    guard let archive = archive_read_new() else { return nil }
    self.archive = archive
    feed = Feed(stream, descriptor: descriptor)
    guard Self.enable(kind, archive, canSeek: descriptor != nil) else { return nil }
    let context = Unmanaged.passUnretained(feed).toOpaque()
    archive_read_set_callback_data(archive, context)
    archive_read_set_read_callback(archive) { _, context, buffer in
      guard let context, let buffer else { return -1 }
      return Unmanaged<Feed>.fromOpaque(context).takeUnretainedValue().next(buffer)
    }
    if descriptor != nil {
      archive_read_set_seek_callback(archive) { _, context, offset, whence in
        guard let context else { return Int64(ARCHIVE_FATAL) }
        return Unmanaged<Feed>.fromOpaque(context).takeUnretainedValue().seek(offset, whence)
      }
    }
    guard archive_read_open1(archive) == ARCHIVE_OK else { return nil }
  }

  deinit { archive_read_free(archive) }

  /// Named formats and filters only: "all" would let libarchive start external programs.
  private static func enable(_ kind: ContentKind, _ archive: OpaquePointer, canSeek: Bool) -> Bool {
    let code: Int32
    switch kind {
    case .zip:
      code =
        canSeek
        ? archive_read_support_format_zip(archive) : archive_read_support_format_zip_streamable(archive)
    case .tar:
      code = archive_read_support_format_tar(archive)
      // What lies behind an empty block is looked at: a header that was zeroed, or another archive.
      if code == ARCHIVE_OK {
        archive_read_set_format_option(archive, "tar", "read_concatenated_archives", "1")
      }
    case .sevenZip: code = archive_read_support_format_7zip(archive)
    case .cpio: code = archive_read_support_format_cpio(archive)
    default: return false
    }
    // A warning would mean that an external program does the work.
    return code == ARCHIVE_OK
  }

  /// Goes to the next entry.
  func next() -> Entry {
    if let held {
      self.held = nil
      return held
    }
    let entry = find()
    guard let lost = skipped else { return entry }
    skipped = nil
    held = entry
    return .skipped(lost.start..<max(lost.start, position), lost.words)
  }

  /// Where in the archive the header read last begins.
  private var position: UInt64 { UInt64(max(0, archive_read_header_position(archive))) }

  private func find() -> Entry {
    var entry: OpaquePointer?
    while true {
      let code = archive_read_next_header(archive, &entry)
      if code == ARCHIVE_EOF { return .end }
      if code == ARCHIVE_RETRY {
        // Of a tar archive one block; the next one is tried.
        if skipped == nil { skipped = (position, words) }
        continue
      }
      if code == ARCHIVE_WARN, skipped == nil, words.hasPrefix("Skipped ") { skipped = (position, words) }
      guard code == ARCHIVE_OK || code == ARCHIVE_WARN, let entry else { return .broken(words) }
      if archive_entry_hardlink(entry) != nil || archive_entry_symlink(entry) != nil { return .special }
      let type = archive_entry_filetype(entry)
      if type == S_IFDIR { return .folder }
      if type != 0, type != S_IFREG { return .special }
      let name = archive_entry_pathname_utf8(entry) ?? archive_entry_pathname(entry)
      let modified = archive_entry_mtime_is_set(entry) != 0 ? Int64(archive_entry_mtime(entry)) : nil
      return .file(
        name: name.map { String(cString: $0) } ?? "?", modified: modified,
        isEncrypted: archive_entry_is_data_encrypted(entry) > 0
          || archive_entry_is_metadata_encrypted(entry) > 0)
    }
  }

  /// What a piece of an entry is.
  enum Piece {
    /// Bytes that start at this offset of the entry; they hold until the next call.
    case bytes(UnsafeRawBufferPointer, at: UInt64)
    /// The entry has ended.
    case end
    /// The entry is broken here.
    case broken
    /// The entry has ended, and its checksum is wrong.
    case wrongChecksum
  }

  /// The next piece of the entry. Pieces, since libarchive forgets what it has copied when an error follows.
  func nextPiece() -> Piece {
    if let fault {
      self.fault = nil
      return fault
    }
    var start: UnsafeRawPointer?
    var count = 0
    var offset: Int64 = 0
    while true {
      let code = archive_read_data_block(archive, &start, &count, &offset)
      if code == ARCHIVE_RETRY { continue }
      if code == ARCHIVE_EOF { return .end }
      // A warning concerns the entry as a whole, its checksum or its size; it comes with the last bytes.
      let found = words.contains("bad CRC") ? Piece.wrongChecksum : .broken
      guard code == ARCHIVE_OK || code == ARCHIVE_WARN && start != nil && count > 0, offset >= 0 else {
        return found
      }
      if code != ARCHIVE_OK { fault = found }
      return .bytes(UnsafeRawBufferPointer(start: start, count: count), at: UInt64(offset))
    }
  }

  /// libarchive's words on what is wrong.
  var words: String { archive_error_string(archive).map { String(cString: $0) } ?? "unknown fault" }

  /// True when the stream below had a gap or failed.
  var inputFailed: Bool { feed.failed }

  /// Where libarchive gets its bytes from.
  private final class Feed {
    private let stream: any ByteStream
    private let descriptor: Int32?
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 64)
    private(set) var failed = false

    init(_ stream: any ByteStream, descriptor: Int32?) {
      self.stream = stream
      self.descriptor = descriptor
    }

    deinit { buffer.deallocate() }

    func next(_ target: UnsafeMutablePointer<UnsafeRawPointer?>) -> Int {
      target.pointee = UnsafeRawPointer(buffer.baseAddress)
      if failed { return 0 }
      do {
        if let descriptor {
          return try FileStream(descriptor: descriptor, place: "", closes: false).read(into: buffer).count
        }
        let stretch = try stream.read(into: buffer)
        if stretch.end != .none { failed = true }
        return stretch.count
      } catch {
        failed = true
        return 0
      }
    }

    func seek(_ offset: Int64, _ whence: Int32) -> Int64 {
      guard let descriptor else { return Int64(ARCHIVE_FATAL) }
      let place = lseek(descriptor, Int(offset), whence)
      return place < 0 ? Int64(ARCHIVE_FATAL) : Int64(place)
    }
  }
}

/// The bytes of the entry that an `ArchiveReader` stands at. Holes of sparse files are zeros.
final class EntryStream: ByteStream {
  private let reader: ArchiveReader
  /// What is wrong with the entry, once something is.
  private(set) var fault: String?
  /// What is wrong with its checksum where all of its bytes have come.
  private(set) var wrongChecksum: String?
  /// Bytes handed on.
  private(set) var count: UInt64 = 0
  private var piece = UnsafeRawBufferPointer(start: nil, count: 0)
  private var hole: UInt64 = 0
  private var isDone = false

  /// Longest hole that is believed.
  private static let holeLimit: UInt64 = 64 << 20

  init(_ reader: ArchiveReader) { self.reader = reader }

  func read(into target: UnsafeMutableRawBufferPointer) throws(IntakeError) -> Stretch {
    while !isDone {
      if hole > 0 {
        let zeros = Int(min(hole, UInt64(target.count)))
        target.baseAddress?.initializeMemory(as: UInt8.self, repeating: 0, count: zeros)
        hole -= UInt64(zeros)
        count += UInt64(zeros)
        return Stretch(count: zeros)
      }
      if !piece.isEmpty {
        let copied = min(piece.count, target.count)
        target.copyMemory(from: UnsafeRawBufferPointer(rebasing: piece[..<copied]))
        piece = UnsafeRawBufferPointer(rebasing: piece[copied...])
        count += UInt64(copied)
        return Stretch(count: copied)
      }
      switch reader.nextPiece() {
      case .bytes(let bytes, let offset):
        piece = bytes
        if offset > count { hole = offset - count }
        if hole > Self.holeLimit || offset < count { return fail("its pieces do not fit together") }
      case .end:
        isDone = true
        if reader.inputFailed { return fail("the container ends early") }
      case .broken: return fail(reader.words)
      case .wrongChecksum:
        isDone = true
        wrongChecksum = reader.words
      }
    }
    return Stretch(count: 0)
  }

  private func fail(_ words: String) -> Stretch {
    isDone = true
    fault = words
    return Stretch(count: 0, end: .cut)
  }
}
