import IncidentModel

/// The protocol between the process that unpacks archives and the one that reads their members: frames of a kind
/// byte, a length (32 bits, little endian) and that many bytes. The helper is not trusted: lengths are bounded and every
/// number is checked when it is read.
enum FrameKind: UInt8 {
  /// A member begins: `MemberInfo`.
  case member = 0x4D
  /// Bytes of the member.
  case data = 0x44
  /// Bytes of the member are missing behind the next `data`, which may be empty; one byte: `StretchEnd.gap`.
  case gap = 0x47
  /// The member has ended: `MemberEnd`.
  case end = 0x45
  /// Damage of a container: `ContainerDamage`.
  case damage = 0x58
  /// A nested container has ended: `ContainerInfo`.
  case container = 0x43
  /// Everything has been said.
  case finish = 0x46
}

extension StretchEnd {
  /// How a gap is written in its frame.
  var gap: UInt8 {
    switch self {
    case .none, .cut: 0
    case .corrupt: 1
    case .torn: 2
    }
  }

  /// The end that a frame tells of; what is not known is a gap all the same.
  init(gap: UInt8) { self = gap == 1 ? .corrupt : gap == 2 ? .torn : .cut }
}

/// A member as the helper announces it.
struct MemberInfo: Equatable {
  /// Names inside the path, outermost first.
  var names: [String]
  /// Modification time in seconds since the epoch, where the archive has one.
  var modified: Int64?
  /// Compression that the helper takes off, outermost first.
  var compression: [String]
}

/// What is known of a member at its end.
struct MemberEnd: Equatable {
  /// It was not read to its end.
  var isCut: Bool
  /// SHA-256 and size as stored, where the helper took compression off; else empty and 0.
  var storedSHA256: String
  var storedBytes: UInt64
  /// What is wrong with its compression, or with it in its archive.
  var damage: [ContainerDamage] = []
}

/// Damage of the container with these names (none: the path itself).
struct ContainerDamage: Equatable {
  var names: [String]
  var kind: String
  var offset: UInt64
  var length: UInt64?
  var note: String
}

/// A container inside the path, or the path itself where it has no names.
struct ContainerInfo: Equatable {
  var names: [String]
  var format: String
  var compression: [String]
  var sha256: String
  var storedBytes: UInt64
  var modified: Int64?
  /// Entries that are no files: links, devices. They are not followed.
  var links: UInt64
}

/// Writes the values of a frame.
struct FrameWriter {
  private(set) var bytes: [UInt8] = []

  mutating func put(_ value: UInt64) {
    withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
  }
  mutating func put(_ value: Int64?) {
    bytes.append(value == nil ? 0 : 1)
    put(UInt64(bitPattern: value ?? 0))
  }
  mutating func put(_ text: String) {
    put(UInt64(text.utf8.count))
    bytes.append(contentsOf: text.utf8)
  }
  mutating func put(_ texts: [String]) {
    put(UInt64(texts.count))
    for text in texts { put(text) }
  }
}

/// Reads the values of a frame. Nil wherever the bytes do not hold what they say.
struct FrameReader {
  private let bytes: [UInt8]
  private var offset = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  mutating func number() -> UInt64? {
    guard bytes.count - offset >= 8 else { return nil }
    defer { offset += 8 }
    return bytes.withUnsafeBytes {
      UInt64(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }
  }
  mutating func optional() -> Int64?? {
    guard offset < bytes.count else { return nil }
    let has = bytes[offset] != 0
    offset += 1
    guard let value = number() else { return nil }
    return .some(has ? Int64(bitPattern: value) : nil)
  }
  mutating func text() -> String? {
    guard let count = number(), count <= UInt64(bytes.count - offset) else { return nil }
    defer { offset += Int(count) }
    return String(decoding: bytes[offset..<offset + Int(count)], as: UTF8.self)
  }
  mutating func texts() -> [String]? {
    guard let count = number(), count <= 64 else { return nil }
    var all: [String] = []
    for _ in 0..<count {
      guard let one = text() else { return nil }
      all.append(one)
    }
    return all
  }
}

extension MemberInfo {
  var frame: [UInt8] {
    var writer = FrameWriter()
    writer.put(names)
    writer.put(modified)
    writer.put(compression)
    return writer.bytes
  }
  init?(frame: [UInt8]) {
    var reader = FrameReader(frame)
    guard let names = reader.texts(), let modified = reader.optional(), let compression = reader.texts()
    else {
      return nil
    }
    self.init(names: names, modified: modified, compression: compression)
  }
}

extension MemberEnd {
  var frame: [UInt8] {
    var writer = FrameWriter()
    writer.put(isCut ? 1 : 0 as UInt64)
    writer.put(storedSHA256)
    writer.put(storedBytes)
    writer.put(UInt64(damage.count))
    for one in damage { one.put(to: &writer) }
    return writer.bytes
  }
  init?(frame: [UInt8]) {
    var reader = FrameReader(frame)
    guard let cut = reader.number(), let sha256 = reader.text(), let stored = reader.number(),
      let count = reader.number(), count <= UInt64(frame.count)
    else { return nil }
    self.init(isCut: cut != 0, storedSHA256: sha256, storedBytes: stored)
    for _ in 0..<count {
      guard let one = ContainerDamage(&reader) else { return nil }
      damage.append(one)
    }
  }
}

extension ContainerDamage {
  var frame: [UInt8] {
    var writer = FrameWriter()
    put(to: &writer)
    return writer.bytes
  }
  func put(to writer: inout FrameWriter) {
    writer.put(names)
    writer.put(kind)
    writer.put(offset)
    writer.put(length.map { Int64(bitPattern: $0) })
    writer.put(note)
  }
  init?(frame: [UInt8]) {
    var reader = FrameReader(frame)
    self.init(&reader)
  }
  init?(_ reader: inout FrameReader) {
    guard let names = reader.texts(), let kind = reader.text(), let offset = reader.number(),
      let length = reader.optional(), let note = reader.text()
    else { return nil }
    self.init(
      names: names, kind: kind, offset: offset, length: length.map { UInt64(bitPattern: $0) }, note: note)
  }
  /// As the account of a source lists it.
  var damage: Damage {
    Damage(kind: kind, offset: offset, length: length, inContainer: true, note: note)
  }
}

extension ContainerInfo {
  var frame: [UInt8] {
    var writer = FrameWriter()
    writer.put(names)
    writer.put(format)
    writer.put(compression)
    writer.put(sha256)
    writer.put(storedBytes)
    writer.put(modified)
    writer.put(links)
    return writer.bytes
  }
  init?(frame: [UInt8]) {
    var reader = FrameReader(frame)
    guard let names = reader.texts(), let format = reader.text(), let compression = reader.texts(),
      let sha256 = reader.text(), let stored = reader.number(), let modified = reader.optional(),
      let links = reader.number()
    else { return nil }
    self.init(
      names: names, format: format, compression: compression, sha256: sha256, storedBytes: stored,
      modified: modified, links: links)
  }
}
