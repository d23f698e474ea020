/// Where names stand in a list, by open addressing over `ContentHash`: a fraction of the time and memory of a dictionary, for
/// lists of a million names. The names stay where they are: the index is told how to compare.
public struct NameIndex: Sendable {
  /// Upper half: the upper half of the name's hash; lower half: its position plus one. 0: free.
  @usableFromInline var slots: [UInt64]
  @usableFromInline var count = 0

  /// An index with room for some names.
  public init(minimumCapacity: Int = 0) {
    var size = 16
    while size < minimumCapacity * 2 { size *= 2 }
    slots = [UInt64](repeating: 0, count: size)
  }

  /// The index of a list; of equal names the first counts.
  @inlinable public init<Element>(_ list: [Element], name: (Element) -> String) {
    self.init(minimumCapacity: list.count)
    for (position, element) in list.enumerated() {
      let own = name(element)
      let hash = ContentHash.of(own)
      if find(hash, where: { name(list[$0]) == own }) == nil { add(hash, position) }
    }
  }

  /// The index of a list of names; of equal names the first counts.
  @inlinable public init(_ names: [String]) { self.init(names, name: { $0 }) }

  /// The position of a name in the list that was indexed; nil where it is not in it.
  @inlinable public func position(of name: String, in names: [String]) -> Int? {
    find(ContentHash.of(name)) { names[$0] == name }
  }

  /// The position of the name with this hash for which `isName` holds; nil where there is none.
  @inlinable public func find(_ hash: UInt64, where isName: (Int) -> Bool) -> Int? {
    let part = hash >> 32
    let mask = slots.count - 1
    var slot = Int(part) & mask
    while slots[slot] != 0 {
      if slots[slot] >> 32 == part {
        let position = Int(slots[slot] & 0xffff_ffff) - 1
        if isName(position) { return position }
      }
      slot = (slot + 1) & mask
    }
    return nil
  }

  /// Adds the name at a position, by its hash; it must not be there.
  @inlinable public mutating func add(_ hash: UInt64, _ position: Int) {
    if count * 2 >= slots.count { grow() }
    put(((hash >> 32) << 32) | UInt64(position + 1))
    count += 1
  }

  @usableFromInline mutating func put(_ entry: UInt64) {
    let mask = slots.count - 1
    var slot = Int(entry >> 32) & mask
    while slots[slot] != 0 { slot = (slot + 1) & mask }
    slots[slot] = entry
  }

  @usableFromInline mutating func grow() {
    let old = slots
    slots = [UInt64](repeating: 0, count: old.count * 2)
    for entry in old where entry != 0 { put(entry) }
  }
}
