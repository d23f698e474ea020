/// Firewall lines of the kernel: `IN=eth0 OUT= MAC=… SRC=… DST=… LEN=… PROTO=TCP SPT=…`, opened into fields.
enum NetfilterText {
  /// Adds the pairs to the fields where the message is such a line.
  static func addFields(_ record: UnsafeRawBufferPointer, from start: Int, into reading: inout Reading) {
    guard start &+ 20 < record.count, let first = Bytes.find("IN=", record, from: start),
      first == start || record[first &- 1] == 0x20 || record[first &- 1] == 0x5D,
      Bytes.find(" SRC=", record, from: first) != nil
    else { return }
    reading.reopenFields()
    var i = first
    let count = record.count
    while i < count {
      while i < count, record[i] == 0x20 { i &+= 1 }
      let key = i
      while i < count, record[i] != 0x20, record[i] != 0x3D { i &+= 1 }
      let keyEnd = i
      guard keyEnd > key else { break }
      if i < count, record[i] == 0x3D {
        let value = i &+ 1
        i = Bytes.findNear(0x20, record, from: value, to: count)
        guard i > value else { continue }
        reading.key(Bytes.part(record, key, keyEnd))
        reading.appendGuessing(Bytes.part(record, value, i))
      } else if keyEnd &- key <= 4, record[key] &- 0x41 < 26 {
        // Flags stand alone: DF, SYN, ACK.
        reading.key(Bytes.part(record, key, keyEnd))
        reading.append("true")
      }
    }
    reading.endFields()
  }
}
