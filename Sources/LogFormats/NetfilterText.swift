/// Firewall lines of the kernel: `[UFW BLOCK] IN=eth0 OUT= MAC=… SRC=… DST=… LEN=… PROTO=TCP SPT=…`, opened into fields.
enum NetfilterText {
  /// Adds the pairs, and what the rule's log prefix says, to the fields where the text is such a line. The text must not lie in the
  /// reading's scratch buffer.
  static func addFields(_ text: UnsafeRawBufferPointer, into reading: inout Reading) {
    guard text.count > 20, let first = Bytes.find("IN=", text),
      first == 0 || text[first &- 1] == 0x20 || text[first &- 1] == 0x5D || text[first &- 1] == 0x3A,
      Bytes.find(" SRC=", text, from: first) != nil
    else { return }
    reading.reopenFields()
    prefix(text, first, into: &reading)
    var i = first
    let count = text.count
    while i < count {
      while i < count, text[i] == 0x20 { i &+= 1 }
      let key = i
      while i < count, text[i] != 0x20, text[i] != 0x3D { i &+= 1 }
      let keyEnd = i
      guard keyEnd > key else { break }
      if i < count, text[i] == 0x3D {
        let value = i &+ 1
        i = Bytes.findNear(0x20, text, from: value, to: count)
        guard i > value else { continue }
        reading.key(Bytes.part(text, key, keyEnd))
        reading.appendGuessing(Bytes.part(text, value, i))
      } else if keyEnd &- key <= 4, text[key] &- 0x41 < 26 {
        // Flags stand alone: DF, SYN, ACK.
        reading.key(Bytes.part(text, key, keyEnd))
        reading.append("true")
      }
    }
    reading.endFields()
  }

  /// What stands before `IN=`: a rule's log prefix, in UniFi's form with zones and rule number.
  private static func prefix(_ text: UnsafeRawBufferPointer, _ end: Int, into reading: inout Reading) {
    var start = 0
    if let stamp = SyslogText.bootTime(text, at: 0) { start = stamp.end }
    var stop = end
    if let description = Bytes.find("DESCR=\"", text), description < end {
      let quote = Bytes.findNear(0x22, text, from: description &+ 7, to: end)
      reading.field("description", Bytes.part(text, description &+ 7, quote))
      stop = description
    }
    if let open = Bytes.find("[", text, from: start), open < stop {
      let close = Bytes.findNear(0x5D, text, from: open, to: stop)
      if close < stop, rule(Bytes.part(text, open &+ 1, close), into: &reading) { return }
    }
    while start < stop, text[start] <= 0x20 || text[start] == 0x5B { start &+= 1 }
    while stop > start, text[stop &- 1] <= 0x20 || text[stop &- 1] == 0x5D || text[stop &- 1] == 0x3A {
      stop &-= 1
    }
    guard stop > start else { return }
    let words = Bytes.part(text, start, stop)
    reading.field("prefix", words)
    for (word, action) in Self.actions where holds(word, words) {
      reading.field(
        "action", UnsafeRawBufferPointer(start: action.utf8Start, count: action.utf8CodeUnitCount))
      return
    }
  }

  private static let actions: [(word: StaticString, action: StaticString)] = [
    ("drop", "drop"), ("block", "drop"), ("deny", "drop"), ("reject", "reject"), ("accept", "accept"),
    ("allow", "accept"), ("audit", "audit"),
  ]

  private static func holds(_ word: StaticString, _ bytes: UnsafeRawBufferPointer) -> Bool {
    var i = 0
    while i &+ word.utf8CodeUnitCount <= bytes.count {
      if Bytes.isWord(word, bytes, at: i) { return true }
      i &+= 1
    }
    return false
  }

  /// `WAN_LOCAL-D-2147483647`: from and to which zone, accept, drop or reject, rule number.
  private static func rule(_ name: UnsafeRawBufferPointer, into reading: inout Reading) -> Bool {
    var last = name.count
    while last > 0, name[last &- 1] != 0x2D { last &-= 1 }
    guard last >= 3, last < name.count, name[last &- 3] == 0x2D,
      let number = Bytes.decimal(Bytes.part(name, last, name.count))
    else { return false }
    let action: StaticString
    switch name[last &- 2] {
    case 0x41: action = "accept"
    case 0x44: action = "drop"
    case 0x52: action = "reject"
    default: return false
    }
    let zones = Bytes.part(name, 0, last &- 3)
    reading.field("rule", zones)
    reading.field("rule_id", number)
    reading.field("action", UnsafeRawBufferPointer(start: action.utf8Start, count: action.utf8CodeUnitCount))
    var score = zones.count
    while score > 0, zones[score &- 1] != 0x5F { score &-= 1 }
    if score > 1 {
      reading.field("src_zone", Bytes.part(zones, 0, score &- 1))
      reading.field("dst_zone", Bytes.part(zones, score, zones.count))
    }
    return true
  }
}
