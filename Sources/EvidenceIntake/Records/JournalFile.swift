import Glibc

/// A systemd journal file (systemd, "Journal File Format"), read object by object from its beginning, so that one that
/// was cut by a power failure gives every entry that is whole; its hash tables and arrays are not needed.
struct JournalFile {
  /// An entry's place.
  struct Entry {
    var offset: Int
    var size: Int
  }

  /// How the walk through the objects ended.
  enum End: Equatable {
    /// At the last object; only room that was set aside follows.
    case whole
    /// Inside an object, or at one that cannot be: bytes from here on are lost.
    case broken(at: Int)
  }

  private let bytes: UnsafeRawBufferPointer
  private let isCompact: Bool
  private var offset: Int
  private let limit: Int
  /// How the walk ended, once `next` has given nil.
  private(set) var end = End.whole
  /// Bytes of all entries' objects.
  private(set) var entryBytes = 0
  /// Fields whose data object is missing or cannot be unpacked.
  private(set) var lostFields = 0
  private let codecs = JournalCodecs()

  /// Longest value that is unpacked.
  private static let valueLimit = 1 << 20

  /// Nil where the header is not a journal's, or is cut.
  init?(_ bytes: UnsafeRawBufferPointer) {
    guard bytes.count >= 208, bytes.starts(with: Array("LPKSHHRH".utf8)) else { return nil }
    self.bytes = bytes
    let flags = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 12, as: UInt32.self))
    isCompact = flags & 16 != 0
    let headerSize = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: 88, as: UInt64.self))
    let arenaSize = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: 96, as: UInt64.self))
    guard headerSize >= 208, headerSize <= 4096, arenaSize < 1 << 40 else { return nil }
    offset = Int(headerSize)
    limit = Int(headerSize + arenaSize)
  }

  private func word(_ offset: Int) -> UInt64 {
    UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
  }

  /// The next entry; nil at the end.
  mutating func next() -> Entry? {
    while offset + 16 <= bytes.count {
      let type = bytes[offset]
      let size = word(offset + 8)
      if type == 0, size == 0 {
        // Room set aside: zeros to the end, or a hole that a power cut left before later objects.
        end = bytes[offset...].contains { $0 != 0 } ? .broken(at: offset) : .whole
        return nil
      }
      guard (1...7).contains(type), size >= 16, size < UInt64(1 << 32) else {
        end = .broken(at: offset)
        return nil
      }
      guard Int(size) <= bytes.count - offset else {
        end = .broken(at: offset)
        return nil
      }
      let place = offset
      offset += (Int(size) + 7) & ~7
      if type == 3, size >= 64 {
        entryBytes += Int(size)
        return Entry(offset: place, size: Int(size))
      }
    }
    if bytes.count < limit, bytes.count < offset + 16 { end = .broken(at: min(offset, bytes.count)) }
    return nil
  }

  // MARK: Entries as JSON

  /// Writes an entry as `journalctl -o json` does.
  mutating func write(_ entry: Entry, into json: inout [UInt8]) {
    json.removeAll(keepingCapacity: true)
    json += Array("{\"__REALTIME_TIMESTAMP\":\"\(word(entry.offset + 24))\"".utf8)
    json += Array(",\"__MONOTONIC_TIMESTAMP\":\"\(word(entry.offset + 32))\"".utf8)
    let boot = Hex.text(of: bytes[(entry.offset + 40)..<(entry.offset + 56)])
    json += Array(",\"_BOOT_ID\":\"\(boot)\"".utf8)
    var seen: [[UInt8]] = []
    var item = entry.offset + 64
    let step = isCompact ? 4 : 16
    while item + step <= entry.offset + entry.size {
      let place =
        isCompact
        ? UInt64(UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: item, as: UInt32.self)))
        : word(item)
      item += step
      if place == 0 { continue }
      guard let payload = payload(at: place), let equals = payload.firstIndex(of: 0x3D) else {
        lostFields += 1
        continue
      }
      let name = Array(payload[..<equals])
      if name == Array("_BOOT_ID".utf8) || seen.contains(name) { continue }
      seen.append(name)
      json += [0x2C, 0x22]
      json += name.filter { $0 >= 0x20 && $0 != 0x22 && $0 != 0x5C && $0 < 0x7F }
      json += [0x22, 0x3A]
      Self.write(payload[(equals + 1)...], into: &json)
    }
    json.append(0x7D)
  }

  /// Text as a string, other bytes as an array of numbers.
  private static func write(_ value: ArraySlice<UInt8>, into json: inout [UInt8]) {
    guard String(validating: value, as: UTF8.self) != nil else {
      json.append(0x5B)
      for (index, byte) in value.enumerated() {
        if index > 0 { json.append(0x2C) }
        json += Array(String(byte).utf8)
      }
      json.append(0x5D)
      return
    }
    json.append(0x22)
    for byte in value {
      switch byte {
      case 0x22, 0x5C: json += [0x5C, byte]
      case 0x0A: json += Array("\\n".utf8)
      case 0x09: json += Array("\\t".utf8)
      case 0..<0x20:
        json += Array("\\u00".utf8)
        json += Array(Hex.text(of: [byte]).utf8)
      default: json.append(byte)
      }
    }
    json.append(0x22)
  }

  /// `NAME=value` of a data object; nil where it is not whole.
  private func payload(at place: UInt64) -> [UInt8]? {
    let head = isCompact ? 72 : 64
    guard place < UInt64(bytes.count), place % 8 == 0 else { return nil }
    let start = Int(place)
    guard start + head <= bytes.count, bytes[start] == 1 else { return nil }
    let size = word(start + 8)
    guard size >= UInt64(head), size <= UInt64(bytes.count - start) else { return nil }
    let stored = UnsafeRawBufferPointer(rebasing: bytes[(start + head)..<(start + Int(size))])
    switch bytes[start + 1] & 7 {
    case 0: return Array(stored.prefix(Self.valueLimit))
    case 1: return codecs.xz(stored, limit: Self.valueLimit)
    case 2: return codecs.lz4(stored, limit: Self.valueLimit)
    case 4: return codecs.zstd(stored, limit: Self.valueLimit)
    default: return nil
    }
  }
}

/// The compressions of journal objects, from the libraries that libarchive brings along; looked up when first needed,
/// so that no further packages have to be there to build.
struct JournalCodecs {
  private typealias LZ4 = @convention(c) (UnsafeRawPointer?, UnsafeMutableRawPointer?, Int32, Int32) -> Int32
  private typealias ZSTD = @convention(c) (UnsafeMutableRawPointer?, Int, UnsafeRawPointer?, Int) -> Int
  private typealias XZ =
    @convention(c) (
      UnsafeMutablePointer<UInt64>?, UInt32, UnsafeRawPointer?, UnsafeRawPointer?, UnsafeMutablePointer<Int>?,
      Int,
      UnsafeMutableRawPointer?, UnsafeMutablePointer<Int>?, Int
    ) -> Int32

  private static let lz4Address = Codec.symbol("liblz4.so.1", "LZ4_decompress_safe")
  private static let zstdAddress = Codec.symbol("libzstd.so.1", "ZSTD_decompress")
  private static let xzAddress = Codec.symbol("liblzma.so.5", "lzma_stream_buffer_decode")

  /// A raw LZ4 block behind its size.
  func lz4(_ stored: UnsafeRawBufferPointer, limit: Int) -> [UInt8]? {
    guard let address = Self.lz4Address, stored.count > 8 else { return nil }
    let size = UInt64(littleEndian: stored.loadUnaligned(as: UInt64.self))
    guard size > 0, size <= UInt64(limit) else { return nil }
    let decode = unsafeBitCast(address, to: LZ4.self)
    var bytes = [UInt8](repeating: 0, count: Int(size))
    let count = bytes.withUnsafeMutableBytes {
      decode(stored.baseAddress.map { $0 + 8 }, $0.baseAddress, Int32(stored.count - 8), Int32($0.count))
    }
    return count == Int32(size) ? bytes : nil
  }

  /// A zstd frame.
  func zstd(_ stored: UnsafeRawBufferPointer, limit: Int) -> [UInt8]? {
    guard let address = Self.zstdAddress else { return nil }
    let decode = unsafeBitCast(address, to: ZSTD.self)
    return growing(limit) { decode($0.baseAddress, $0.count, stored.baseAddress, stored.count) }
  }

  /// A whole .xz stream.
  func xz(_ stored: UnsafeRawBufferPointer, limit: Int) -> [UInt8]? {
    guard let address = Self.xzAddress else { return nil }
    let decode = unsafeBitCast(address, to: XZ.self)
    return growing(limit) { target in
      var memory: UInt64 = 128 << 20
      var read = 0
      var written = 0
      let code = decode(
        &memory, 0, nil, stored.baseAddress, &read, stored.count, target.baseAddress, &written, target.count)
      return code == 0 ? written : -1
    }
  }

  /// Tries with more and more room; a negative count or one beyond the room is a failure.
  private func growing(_ limit: Int, _ work: (UnsafeMutableRawBufferPointer) -> Int) -> [UInt8]? {
    var room = 16 << 10
    while room <= limit {
      var bytes = [UInt8](repeating: 0, count: room)
      let count = bytes.withUnsafeMutableBytes(work)
      if count >= 0, count <= room {
        bytes.removeLast(room - count)
        return bytes
      }
      room *= 8
    }
    return nil
  }
}
