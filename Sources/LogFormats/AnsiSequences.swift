/// Colours and other escape sequences of terminals in logs.
enum AnsiSequences {
  /// True when there is an escape sequence.
  @inline(__always) static func occur(in record: UnsafeRawBufferPointer) -> Bool {
    Bytes.find(0x1B, record, from: 0, to: record.count) < record.count
  }

  /// The bytes without `ESC [ … letter` sequences.
  static func strip(_ record: UnsafeRawBufferPointer, into bytes: inout [UInt8]) {
    bytes.removeAll(keepingCapacity: true)
    var i = 0
    while i < record.count {
      if record[i] == 0x1B, i &+ 1 < record.count, record[i &+ 1] == 0x5B {
        var end = i &+ 2
        while end < record.count, record[end] >= 0x20, record[end] < 0x40 { end &+= 1 }
        if end < record.count, record[end] >= 0x40, record[end] < 0x7F {
          i = end &+ 1
          continue
        }
      }
      bytes.append(record[i])
      i &+= 1
    }
  }
}

extension Reading {
  /// Makes slices of a record that is about to go away into slices of a copy in scratch.
  mutating func keepSlices(of record: UnsafeRawBufferPointer) {
    let base = scratchCount
    append(record)
    func moved(_ slice: Slice) -> Slice {
      slice.isEmpty || slice.isInScratch ? slice : .scratch(base &+ slice.start, Int(slice.count))
    }
    stamp = moved(stamp)
    device = moved(device)
    program = moved(program)
    message = moved(message)
    boot = moved(boot)
    element = .empty
  }
}
