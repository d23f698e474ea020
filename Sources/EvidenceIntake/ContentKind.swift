import Glibc

/// What bytes are, by their first ones; names of files say nothing.
enum ContentKind: Sendable, Equatable {
  case gzip
  case zlib
  case zip
  case tar
  case sevenZip
  case cpio
  case bzip2
  case xz
  case zstd
  case lz4
  /// A packet capture; Zeek turns it into logs.
  case packetCapture
  /// A systemd journal.
  case journal
  /// A case of ours, which is queried and not read.
  case firebreakCase
  /// A database of SQLite.
  case sqlite
  /// Text in UTF-16, least significant byte first.
  case utf16LittleEndian
  /// Text in UTF-16, most significant byte first.
  case utf16BigEndian
  /// Anything else: text, or binary data without a reader.
  case other

  /// The kind of something that begins like this. 512 bytes are enough.
  init(_ head: UnsafeRawBufferPointer) {
    func begins(_ magic: [UInt8], at offset: Int = 0) -> Bool {
      head.count >= offset + magic.count && head[offset...].starts(with: magic)
    }
    if GzipHeader.isPlausible(head) || (begins([0x1F, 0x8B, 8]) && head.count < 18) {
      self = .gzip
    } else if ZlibStream.isPlausible(head) {
      self = .zlib
    } else if begins([0x50, 0x4B, 3, 4]) || begins([0x50, 0x4B, 5, 6]) {
      self = .zip
    } else if begins([0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C]) {
      self = .sevenZip
    } else if begins(Array("070701".utf8)) || begins(Array("070702".utf8)) || begins(Array("070707".utf8))
      || begins([0xC7, 0x71]) || begins([0x71, 0xC7])
    {
      self = Self.looksLikeCpio(head) ? .cpio : .other
    } else if begins(Array("BZh".utf8)), head.count >= 10, head[3] >= 0x31, head[3] <= 0x39,
      begins([0x31, 0x41, 0x59, 0x26, 0x53, 0x59], at: 4)
        || begins([0x17, 0x72, 0x45, 0x38, 0x50, 0x90], at: 4)
    {
      self = .bzip2
    } else if begins([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0]) {
      self = .xz
    } else if let frame = Self.behindSkippable(head), begins([0x28, 0xB5, 0x2F, 0xFD], at: frame) {
      self = .zstd
    } else if let frame = Self.behindSkippable(head), begins([0x04, 0x22, 0x4D, 0x18], at: frame) {
      self = .lz4
    } else if begins(Array("LPKSHHRH".utf8)) {
      self = .journal
    } else if begins(Array("SQLite format 3\0".utf8)) {
      // The application id at 68 (SQLite's file format, 1.3) is "FBRK" in cases.
      self = begins(Array("FBRK".utf8), at: 68) ? .firebreakCase : .sqlite
    } else if Self.isUTF16(head) {
      self = head[0] == 0xFF ? .utf16LittleEndian : .utf16BigEndian
    } else if Self.isTar(head) {
      self = .tar
    } else if Self.isPacketCapture(head) {
      self = .packetCapture
    } else {
      self = UnmarkedUTF16.kind(head) ?? .other
    }
  }

  /// True for kinds that hold members.
  var isArchive: Bool {
    switch self {
    case .zip, .tar, .sevenZip, .cpio: true
    default: false
    }
  }

  /// True for kinds that hold one compressed stream and are no gzip.
  var isForeignCompression: Bool {
    switch self {
    case .bzip2, .xz, .zstd, .lz4: true
    default: false
    }
  }

  /// True for databases: no format can read one, whatever the user says.
  var isDatabase: Bool { self == .firebreakCase || self == .sqlite }

  /// What people are told of a file that no format may read; nil for other kinds.
  var hint: String? {
    switch self {
    case .packetCapture: PacketCapture.hint
    case .firebreakCase: "is a Firebreak case, not a log: query it with --case"
    case .sqlite: "is an SQLite database, not a log: export its tables as CSV and ingest those"
    default: nil
    }
  }

  /// The name in accounts and notes.
  var name: String {
    switch self {
    case .gzip: "gzip"
    case .zlib: "zlib"
    case .zip: "zip"
    case .tar: "tar"
    case .sevenZip: "7z"
    case .cpio: "cpio"
    case .bzip2: "bzip2"
    case .xz: "xz"
    case .zstd: "zstd"
    case .lz4: "lz4"
    case .packetCapture: "pcap"
    case .journal: "journald"
    case .firebreakCase: "firebreak-case"
    case .sqlite: "sqlite"
    case .utf16LittleEndian: "utf-16le"
    case .utf16BigEndian: "utf-16be"
    case .other: "other"
    }
  }

  /// Whether a frame that decoders of zstd and lz4 pass over begins at an offset (RFC 8878, 3.1.2).
  static func beginsSkippable(_ bytes: UnsafeRawBufferPointer, at offset: Int = 0) -> Bool {
    bytes.count >= offset + 8 && bytes[offset] & 0xF0 == 0x50
      && bytes[(offset + 1)...].starts(with: [0x2A, 0x4D, 0x18])
  }

  /// Offset behind the frames that decoders of zstd and lz4 pass over; nil where they fill the head.
  private static func behindSkippable(_ head: UnsafeRawBufferPointer) -> Int? {
    var at = 0
    while beginsSkippable(head, at: at) {
      at += 8 + Int(UInt32(littleEndian: head.loadUnaligned(fromByteOffset: at + 4, as: UInt32.self)))
      if at >= head.count { return nil }
    }
    return at
  }

  /// A tar header by its checksum (POSIX.1-1988): old archives have no magic.
  private static func isTar(_ head: UnsafeRawBufferPointer) -> Bool {
    guard head.count >= 512, head[0] != 0 else { return false }
    var sum: UInt64 = 0
    for index in 0..<512 { sum += (148..<156).contains(index) ? 0x20 : UInt64(head[index]) }
    var stored: UInt64 = 0
    var digits = 0
    for byte in head[148..<156] {
      if byte == 0x20 && digits == 0 { continue }
      guard byte >= 0x30, byte <= 0x37 else { break }
      stored = stored << 3 | UInt64(byte - 0x30)
      digits += 1
    }
    return digits > 0 && stored == sum
  }

  /// A byte-order mark, whole characters, and text behind it: no character is NUL.
  private static func isUTF16(_ head: UnsafeRawBufferPointer) -> Bool {
    guard head.count >= 4, (head[0] == 0xFF && head[1] == 0xFE) || (head[0] == 0xFE && head[1] == 0xFF) else {
      return false
    }
    return stride(from: 2, to: min(head.count, 512) - 1, by: 2).allSatisfy {
      head[$0] != 0 || head[$0 + 1] != 0
    }
  }

  private static func looksLikeCpio(_ head: UnsafeRawBufferPointer) -> Bool {
    if head.count < 26 { return false }
    if head[0] != 0x30 { return true }
    return head.prefix(60).allSatisfy {
      ($0 >= 0x30 && $0 <= 0x39) || ($0 >= 0x41 && $0 <= 0x46) || ($0 >= 0x61 && $0 <= 0x66)
    }
  }

  private static func isPacketCapture(_ head: UnsafeRawBufferPointer) -> Bool {
    guard head.count >= 24 else { return false }
    let magic = head.loadUnaligned(as: UInt32.self)
    return [0xA1B2_C3D4, 0xD4C3_B2A1, 0xA1B2_3C4D, 0x4D3C_B2A1, 0x0A0D_0D0A].contains(magic)
  }
}
