import IncidentModel

/// One record of utmp, wtmp or btmp, in the layouts of glibc: 384 bytes (most machines), 400 bytes (64-bit time, aarch64 and s390),
/// little-endian or big-endian.
struct UtmpLayout: Sendable {
  /// Bytes of a record.
  var size: Int
  var isWide: Bool

  private static let names: [StaticString] = [
    "empty", "run level", "boot", "new time", "old time", "init", "login", "user", "dead", "accounting",
  ]

  /// True where the bytes that no field uses are not zero: no writer puts anything there.
  private func hasStrayBytes(_ record: UnsafeRawBufferPointer) -> Bool {
    let start = isWide ? 376 : 364
    return record[start..<start + 20].contains { $0 != 0 }
  }

  /// True for records without type and time: padding, whatever old texts they hold.
  func isEmpty(_ record: UnsafeRawBufferPointer) -> Bool {
    record[0] == 0 && record[1] == 0 && record[340..<348].allSatisfy { $0 == 0 }
      && (!isWide || record[348..<360].allSatisfy { $0 == 0 })
  }

  /// True when type, time, texts and padding of the record make sense in this byte order.
  func isPlausible(_ record: UnsafeRawBufferPointer, bigEndian: Bool) -> Bool {
    guard record.count >= size else { return false }
    let type = integer(record, 0, 2, bigEndian)
    guard (1...9).contains(type), integer(record, 4, 4, bigEndian) <= 1 << 22, !hasStrayBytes(record)
    else { return false }
    // Text fields hold text up to their NUL.
    for (start, length) in [(8, 32), (44, 32), (76, 256)] {
      for index in start..<start + length {
        let byte = record[index]
        if byte == 0 { break }
        if byte < 0x20 || byte == 0x7F { return false }
      }
    }
    let seconds = self.seconds(record, bigEndian)
    let micros = integer(record, isWide ? 352 : 344, isWide ? 8 : 4, bigEndian)
    guard micros >= 0, micros < 1_000_000 else { return false }
    return seconds >= 315_532_800 && seconds < 4_102_444_800
  }

  private func seconds(_ record: UnsafeRawBufferPointer, _ bigEndian: Bool) -> Int64 {
    let value = integer(record, isWide ? 344 : 340, isWide ? 8 : 4, bigEndian)
    // Some big-endian systems keep 32 bits in the first half of the field.
    return isWide && value > 1 << 40 ? value >> 32 : value
  }

  private func integer(_ record: UnsafeRawBufferPointer, _ start: Int, _ count: Int, _ bigEndian: Bool)
    -> Int64
  {
    var value: UInt64 = 0
    for index in 0..<count {
      value = value << 8 | UInt64(record[bigEndian ? start + index : start + count - 1 - index])
    }
    // 32-bit times are taken as unsigned: wtmp goes on after 2038.
    return Int64(truncatingIfNeeded: value)
  }

  /// Reads a record; false where it makes no sense.
  func read(_ record: UnsafeRawBufferPointer, bigEndian: Bool, into reading: inout Reading) -> Bool {
    let type = Int(integer(record, 0, 2, bigEndian))
    let seconds = seconds(record, bigEndian)
    let micros = integer(record, isWide ? 352 : 344, isWide ? 8 : 4, bigEndian)
    // Process ids end at 2^22 (Linux): the wrong byte order shows there.
    guard type <= 9, integer(record, 4, 4, bigEndian) <= 1 << 22, seconds > 0, seconds < 1 << 33, micros >= 0,
      micros < 1_000_000, !hasStrayBytes(record)
    else { return false }
    reading.kind = .absolute
    reading.time = seconds &* StampReader.second &+ micros &* 1000
    reading.resolution = 1000
    reading.stamp = .record(isWide ? 344 : 340, isWide ? 16 : 8)
    reading.program = reading.appendText("utmp")
    func text(_ start: Int, _ length: Int) -> UnsafeRawBufferPointer {
      var end = start
      while end < start + length, record[end] != 0 { end += 1 }
      return Bytes.part(record, start, end)
    }
    let line = text(8, 32)
    let user = text(44, 32)
    let host = text(76, 256)
    // Logins are seen by the machine the file lies on; the remote host is a field.
    let start = reading.scratchCount
    reading.append(Self.names[type])
    if !user.isEmpty {
      reading.append(": ")
      reading.append(user)
    }
    if !line.isEmpty {
      reading.append(" on ")
      reading.append(line)
    }
    if !host.isEmpty {
      reading.append(" from ")
      reading.append(host)
    }
    reading.message = .scratch(start, reading.scratchCount - start)
    if type == 2 { reading.flags.insert(.bootMarker) }
    reading.beginFields()
    reading.field("type", Int64(type))
    reading.field("pid", integer(record, 4, 4, bigEndian))
    reading.field("terminal", line)
    reading.field("user", user)
    reading.field("host", host)
    let address = isWide ? 360 : 348
    if record[address..<address + 16].contains(where: { $0 != 0 }) {
      if record[(address + 4)..<(address + 16)].allSatisfy({ $0 == 0 }) {
        let text = record[address..<address + 4].map { String($0) }.joined(separator: ".")
        reading.key("address")
        reading.append(0x22)
        var copy = text
        copy.withUTF8 { reading.append(UnsafeRawBufferPointer($0)) }
        reading.append(0x22)
      }
    }
    reading.endFields()
    return true
  }
}

/// Reads records of one layout; the byte order is that of the first record that makes sense.
final class UtmpParser: RecordParser {
  private let layout: UtmpLayout
  private var isBigEndian: Bool?

  init(_ layout: UtmpLayout) { self.layout = layout }

  func parse(_ record: UnsafeRawBufferPointer, into reading: inout Reading) -> Verdict {
    reading.reset()
    guard record.count == layout.size else { return .refused(.truncated) }
    if record.allSatisfy({ $0 == 0 }) { return .structure }
    for order in isBigEndian.map({ [$0] }) ?? [false, true]
    where layout.read(record, bigEndian: order, into: &reading) {
      isBigEndian = order
      return .event
    }
    reading.reset()
    return .refused(.badField)
  }
}
