/// The keys that a source's JSON objects have, with what they mean, remembered from record to record. Objects of one
/// producer repeat their keys in the same order: each key predicts the next, so that most keys cost one comparison.
struct KeyTable: ~Copyable {
  struct Entry {
    var keyStart: Int32
    var keyCount: Int32
    /// The entry of the object this key stands in; -1 at the top.
    var parent: Int32
    /// The entry that followed last time, -1 where unknown.
    var next: Int32 = -1
    /// The first entry of the object under this key last time.
    var child: Int32 = -1
    var meaning: FieldMeaning
    /// The key with quote and colon behind it, where it is short.
    var short = ShortPrefix()
  }

  /// Keys beyond this many are looked at without memory.
  static let limit = 2048
  private static let keyBytesLimit = 1 << 16
  private static let slots = 8192

  private(set) var count = 0
  /// By number; they stay where they are.
  let entries: UnsafeMutablePointer<Entry>
  private let keyBytes: UnsafeMutablePointer<UInt8>
  private var keyBytesCount = 0
  private let index: UnsafeMutablePointer<Int16>
  /// The first key of the last top-level object.
  var first: Int32 = -1

  private let naming: FieldNaming
  private let traits: SourceTraits

  /// - Parameter traits: What the source's beginning tells of its keys.
  init(naming: FieldNaming = .usual, traits: SourceTraits = SourceTraits()) {
    self.naming = naming
    self.traits = traits
    entries = .allocate(capacity: Self.limit)
    keyBytes = .allocate(capacity: Self.keyBytesLimit)
    index = .allocate(capacity: Self.slots)
    index.initialize(repeating: -1, count: Self.slots)
  }

  deinit {
    entries.deallocate()
    keyBytes.deallocate()
    index.deallocate()
  }

  subscript(_ entry: Int32) -> Entry {
    @inline(__always) unsafeAddress { UnsafePointer(entries + Int(entry)) }
    @inline(__always) nonmutating unsafeMutableAddress { entries + Int(entry) }
  }

  /// Offset behind the colon where the entry's key stands at `start`, then a quote and, after white space, a colon; else -1.
  /// For keys that are not as `Entry.short` says.
  @inline(never)
  func longMemberValue(_ entry: Int32, _ bytes: UnsafeRawBufferPointer, at start: Int) -> Int {
    let candidate = entries + Int(entry)
    let length = Int(candidate.pointee.keyCount)
    let end = start &+ length
    guard end < bytes.count, bytes[end] == 0x22 else { return -1 }
    let key = UnsafeRawBufferPointer(start: keyBytes + Int(candidate.pointee.keyStart), count: length)
    guard Bytes.areSame(key, UnsafeRawBufferPointer(rebasing: bytes[start..<end])) else { return -1 }
    let colon = JSONText.skipSpace(bytes, from: end &+ 1)
    return colon < bytes.count && bytes[colon] == 0x3A ? colon &+ 1 : -1
  }

  /// The entry of a key under a parent; made where it is new; -1 where there is no room.
  mutating func entry(_ key: UnsafeRawBufferPointer, parent: Int32) -> Int32 {
    var hash = UInt64(truncatingIfNeeded: parent) &* 0x9E37_79B9_7F4A_7C15
    for byte in key { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
    var slot = Int(truncatingIfNeeded: (hash ^ hash >> 29) & UInt64(Self.slots - 1))
    while index[slot] >= 0 {
      let found = Int32(index[slot])
      let candidate = entries[Int(found)]
      if candidate.parent == parent, Int(candidate.keyCount) == key.count,
        UnsafeRawBufferPointer(start: keyBytes + Int(candidate.keyStart), count: key.count).elementsEqual(key)
      {
        return found
      }
      slot = (slot + 1) & (Self.slots - 1)
    }
    guard count < Self.limit, keyBytesCount + key.count <= Self.keyBytesLimit else { return -1 }
    for (offset, byte) in key.enumerated() { keyBytes[keyBytesCount + offset] = byte }
    var entry = Entry(
      keyStart: Int32(keyBytesCount), keyCount: Int32(key.count), parent: parent,
      meaning: naming.meaning(path(of: key, parent: parent)))
    entry.meaning = traits.adjusted(entry.meaning, of: key)
    entry.short = ShortPrefix(Array(key) + [0x22, 0x3A])
    (entries + count).initialize(to: entry)
    keyBytesCount += key.count
    index[slot] = Int16(count)
    count += 1
    return Int32(count - 1)
  }

  /// A key as it is meant: many write `ger\u00e4t` for all that is not ASCII.
  private static func text(_ key: UnsafeRawBufferPointer) -> String {
    guard key.contains(0x5C) else { return String(decoding: key, as: UTF8.self) }
    var scratch = Reading()
    let slice = scratch.unescape(key, 0, key.count)
    return String(decoding: scratch.bytes(slice, of: key), as: UTF8.self)
  }

  /// The dotted path of a key.
  private func path(of key: UnsafeRawBufferPointer, parent: Int32) -> String {
    var parts = [Self.text(key)]
    var at = parent
    while at >= 0 {
      let entry = entries[Int(at)]
      parts.append(
        Self.text(UnsafeRawBufferPointer(start: keyBytes + Int(entry.keyStart), count: Int(entry.keyCount))))
      at = entry.parent
    }
    return parts.reversed().joined(separator: ".")
  }

  /// The key's own bytes.
  func withKey(_ entry: Int32, _ body: (UnsafeRawBufferPointer) -> Void) {
    let found = entries[Int(entry)]
    body(UnsafeRawBufferPointer(start: keyBytes + Int(found.keyStart), count: Int(found.keyCount)))
  }

  /// The key's own text, without its parents.
  func key(_ entry: Int32) -> String {
    let found = entries[Int(entry)]
    return String(
      decoding: UnsafeRawBufferPointer(start: keyBytes + Int(found.keyStart), count: Int(found.keyCount)),
      as: UTF8.self)
  }
}
