/// Content ids to ordinals: open addressing, keys that are hashes already.
struct OrdinalTable {
  /// An id and its ordinal side by side, so that one line of the cache tells both.
  private struct Slot {
    var key: UInt64 = 0
    /// -1 where the slot is free.
    var ordinal: Int32 = -1
  }
  private var slots: [Slot]
  private var mask: Int
  private(set) var count = 0

  init() {
    slots = Array(repeating: Slot(), count: 64)
    mask = 63
  }

  /// The ordinal of an id, or -1.
  @inline(__always) subscript(_ id: UInt64) -> Int32 {
    var place = Int(truncatingIfNeeded: id ^ id >> 32) & mask
    while true {
      let slot = slots[place]
      if slot.key == id || slot.ordinal < 0 { return slot.ordinal }
      place = (place &+ 1) & mask
    }
  }

  /// Adds an id that is not in the table.
  mutating func insert(_ id: UInt64, ordinal: Int32) {
    if count * 2 > mask { grow() }
    put(Slot(key: id, ordinal: ordinal))
    count += 1
  }

  private mutating func put(_ slot: Slot) {
    var place = Int(truncatingIfNeeded: slot.key ^ slot.key >> 32) & mask
    while slots[place].ordinal >= 0 { place = (place + 1) & mask }
    slots[place] = slot
  }

  private mutating func grow() {
    let old = slots
    mask = mask * 2 + 1
    slots = Array(repeating: Slot(), count: mask + 1)
    for slot in old where slot.ordinal >= 0 { put(slot) }
  }
}

/// Contents by content id, in order of definition: device names, or templates as program, NUL, text.
struct ContentDictionary {
  private(set) var ids: [UInt64] = []
  private var table = OrdinalTable()
  private var bytes: [UInt8] = []
  private var ends: [Int] = []

  var count: Int { ids.count }

  /// The ordinal of an id, or -1.
  @inline(__always) func ordinal(of id: UInt64) -> Int32 { table[id] }

  /// Calls `body` with the content of an ordinal.
  func withContent<R>(_ ordinal: Int, _ body: (UnsafeRawBufferPointer) -> R) -> R {
    let start = ordinal == 0 ? 0 : ends[ordinal - 1]
    return bytes.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[start..<ends[ordinal]])) }
  }

  /// What became of a definition.
  enum Definition { case new(Int32), known(Int32), collision(with: Int32), full }

  /// Ordinals fit three bytes of a row.
  static let maximumCount = 1 << 23

  /// Adds a content unless its id is known.
  mutating func define(_ id: UInt64, _ content: UnsafeRawBufferPointer) -> Definition {
    let ordinal = table[id]
    if ordinal >= 0 {
      return withContent(Int(ordinal)) { $0.elementsEqual(content) }
        ? .known(ordinal) : .collision(with: ordinal)
    }
    guard ids.count < Self.maximumCount else { return .full }
    let new = Int32(ids.count)
    ids.append(id)
    bytes.append(contentsOf: content)
    ends.append(bytes.count)
    table.insert(id, ordinal: new)
    return .new(new)
  }
}
