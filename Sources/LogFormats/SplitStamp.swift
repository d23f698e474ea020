/// A stamp whose date and clock stand in two fields, and its offset perhaps in a third.
struct SplitStamp {
  private var text: [UInt8] = []

  /// Fills the reading's time; false where the two make no stamp. The zone counts where it is an offset or `Z`, `half` where it is AM or PM.
  @inline(never)
  mutating func read(
    date: UnsafeRawBufferPointer, clock: UnsafeRawBufferPointer, zone: UnsafeRawBufferPointer,
    half: UnsafeRawBufferPointer = UnsafeRawBufferPointer(start: nil, count: 0), _ stamps: inout StampReader,
    into reading: inout Reading
  ) -> Bool {
    guard date.count >= 6, clock.count >= 5, date.count + clock.count + zone.count < 64,
      clock.contains(0x3A)
    else { return false }
    text.removeAll(keepingCapacity: true)
    text.append(contentsOf: date)
    text.append(0x20)
    text.append(contentsOf: clock)
    if half.count == 2, half[1] | 0x20 == 0x6D {
      text.append(0x20)
      text.append(contentsOf: half)
    }
    let plain = text.count
    if let sign = zone.first, sign == 0x2B || sign == 0x2D || zone.count == 1 && sign == 0x5A {
      text.append(contentsOf: zone)
    }
    return text.withUnsafeBytes { all in
      guard let stamp = stamps.any(all) ?? stamps.any(Bytes.part(all, 0, plain)),
        stamp.kind == .absolute || stamp.kind == .noZone
      else { return false }
      reading.kind = stamp.kind
      reading.time = stamp.time
      reading.resolution = stamp.resolution
      reading.stamp = reading.appendSlice(all)
      reading.mark(stamp)
      return true
    }
  }
}
