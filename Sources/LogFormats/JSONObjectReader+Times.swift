import IncidentModel

/// Times that stand elsewhere than usual.
extension JSONObjectReader {
  /// The zone that the name of the stamp's member tells.
  @inline(never)
  func takeZone(of candidate: Candidate, into reading: inout Reading) {
    guard candidate.entry >= 0, let zone = keys[candidate.entry].meaning.zone else { return }
    reading.take(zoneOfField: zone)
  }

  /// A clock without any date beside it may tell the day itself.
  @inline(never)
  func assignClock(_ record: UnsafeRawBufferPointer, into reading: inout Reading) {
    let clock = self[.timeOfDay].pointee
    guard clock.rank < 255, clock.isString, let stamp = stamp(record, clock) else { return }
    reading.set(stamp, from: clock.start)
    reading.stamp = .record(clock.start, clock.end &- clock.start)
    takeZone(of: clock, into: &reading)
  }

  /// The stamp under another name, where what stands under the best one is none: a clock that is not set yet, a counter, a date that there is
  /// not. The name keeps its meaning, since other records may have a time there.
  @inline(never)
  func otherStamp(_ record: UnsafeRawBufferPointer, from start: Int) -> Stamp? {
    let entry = self[.time].pointee.entry
    guard entry >= 0 else { return nil }
    unreadTime = entry
    let meaning = keys[entry].meaning
    keys[entry].meaning = .other
    defer { keys[entry].meaning = meaning }
    forgetCandidates()
    _ = object(record, at: start, parent: -1, depth: 0)
    return self[.time].pointee.rank < 255 ? stamp(record, self[.time].pointee) : nil
  }

  /// `"date":"2026-04-07","time":"09:08:09"`, or a stamp under a lesser name where the best one's value was none.
  func assignSplitTime(
    _ record: UnsafeRawBufferPointer, into reading: inout Reading
  ) {
    let date = self[.date].pointee
    guard date.rank < 255 else {
      if self[.time].pointee.rank == 255 { assignClock(record, into: &reading) }
      if reading.kind == .none, unreadTime >= 0 || self[.time].pointee.rank < 255 {
        reading.flags.insert(.badStamp)
      }
      return
    }
    if let stamp = stamp(record, date), date.end &- date.start > 10 {
      set(stamp, date, &reading)
      cuts.add(date.memberStart, date.memberEnd)
      return
    }
    let clock = self[.timeOfDay].pointee.rank < 255 ? self[.timeOfDay].pointee : self[.time].pointee
    guard clock.rank < 255 else { return }
    guard date.end &- date.start == 10, clock.end &- clock.start >= 8,
      let day = StampReader.isoDate(record, date.start)
    else {
      let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
      let isRead = splitStamp.read(
        date: Bytes.part(record, date.start, date.end), clock: Bytes.part(record, clock.start, clock.end),
        zone: nothing, &stamps, into: &reading)
      if isRead {
        takeZone(of: clock, into: &reading)
        takeZone(of: date, into: &reading)
      }
      return
    }
    var time = StampReader.clock(record, clock.start)
    guard time >= 0 else { return }
    var stamp = Stamp()
    var at = clock.start &+ 8
    let bounded = UnsafeRawBufferPointer(rebasing: record[..<clock.end])
    StampReader.fraction(bounded, &at, &time, &stamp.resolution)
    stamp.time = day &+ time
    stamp.end = at
    StampReader.zone(bounded, &stamp)
    guard stamp.end == clock.end else { return }
    set(stamp, clock, &reading)
    takeZone(of: date, into: &reading)
  }
}
