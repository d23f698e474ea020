/// The 64-bit ids that were announced already: open addressing, no allocation but to grow.
struct IDSet: ~Copyable {
  private var slots: UnsafeMutablePointer<UInt64>
  private var mask: Int
  private var count = 0
  private var hasZero = false

  init() {
    mask = 1023
    slots = .allocate(capacity: mask + 1)
    slots.initialize(repeating: 0, count: mask + 1)
  }

  deinit { slots.deallocate() }

  /// True when the id was not there yet.
  @inline(__always)
  mutating func insert(_ id: UInt64) -> Bool {
    if id == 0 {
      defer { hasZero = true }
      return !hasZero
    }
    var index = Int(truncatingIfNeeded: id) & mask
    while slots[index] != 0 {
      if slots[index] == id { return false }
      index = (index &+ 1) & mask
    }
    slots[index] = id
    count &+= 1
    if count &* 2 > mask { grow() }
    return true
  }

  private mutating func grow() {
    let old = slots
    let oldCount = mask + 1
    mask = oldCount * 2 - 1
    slots = .allocate(capacity: mask + 1)
    slots.initialize(repeating: 0, count: mask + 1)
    for index in 0..<oldCount where old[index] != 0 {
      var target = Int(truncatingIfNeeded: old[index]) & mask
      while slots[target] != 0 { target = (target + 1) & mask }
      slots[target] = old[index]
    }
    old.deallocate()
  }

  /// Forgets all ids.
  mutating func removeAll() {
    if count > 0 { slots.update(repeating: 0, count: mask + 1) }
    count = 0
    hasZero = false
  }
}
