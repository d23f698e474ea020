import IncidentModel

extension Reading {
  /// Begins the object of other fields with the name of a facility; without, where there is no such code.
  @inline(never) mutating func beginFields(facility: Int) {
    beginFields()
    if facility >= 0, facility < SyslogHeader.facilityCount { field(facility: facility) }
  }

  /// A member with the name of a facility.
  mutating func field(facility: Int) {
    let name = SyslogHeader.facilities[facility]
    field("facility", UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
  }
}

/// What the syslog formats share: priority, header after the stamp, names of facilities and severities.
enum SyslogText {
  /// `<0>` to `<191>` at the start of a record: the number and the offset behind it; nil where there is none.
  @inline(__always)
  static func priority(_ record: UnsafeRawBufferPointer, at start: Int = 0) -> (value: Int, end: Int)? {
    guard start &+ 3 <= record.count, record[start] == 0x3C else { return nil }
    var value = 0
    var i = start &+ 1
    while i < record.count, i < start &+ 4, Bytes.isDigit(record[i]) {
      value = value &* 10 &+ Int(record[i] &- 0x30)
      i &+= 1
    }
    guard i > start &+ 1, i < record.count, record[i] == 0x3E, value <= 191 else { return nil }
    return (value, i &+ 1)
  }

  /// Severity 0 to 7 of a word such as `err`, `WARNING`, `panic`; 255 for others. Only the words of syslog.
  static func severity(_ bytes: UnsafeRawBufferPointer) -> UInt8 {
    guard bytes.count >= 3, bytes.count <= 9, let word = Bytes.packedLetters(bytes) else { return 255 }
    switch word {
    case 0x65_6D65_7267, 0x70_616E_6963, 0x656D_6572_6765_6E63: return 0
    case 0x61_6C65_7274: return 1
    case 0x6372_6974, 0x6372_6974_6963_616C: return 2
    case 0x65_7272, 0x65_7272_6F72: return 3
    case 0x7761_726E, 0x77_6172_6E69_6E67: return 4
    case 0x6E6F_7469_6365: return 5
    case 0x696E_666F: return 6
    case 0x64_6562_7567: return 7
    default: return 255
    }
  }

  /// `daemon.err`: facility code and severity; nil for other tokens.
  static func facilityAndSeverity(_ token: UnsafeRawBufferPointer) -> (facility: Int, severity: UInt8)? {
    guard token.count >= 7, token.count <= 18 else { return nil }
    let point = Bytes.findNear(0x2E, token, from: 0, to: token.count)
    guard point < token.count else { return nil }
    let severity = severity(Bytes.part(token, point &+ 1, token.count))
    guard severity < 8 else { return nil }
    for (code, name) in SyslogHeader.facilities.enumerated()
    where name.utf8CodeUnitCount == point && Bytes.matches(name, token, at: 0) {
      return (code, severity)
    }
    return nil
  }

  /// Longest tag or host that is taken for one.
  private static let tagLimit = 128

  /// Reads `HOST TAG[pid]: MESSAGE` from `start` on; host, tag and pid may be absent. `priority` is -1 where unknown; the facility
  /// may be known otherwise.
  @inline(__always)
  static func readBody(
    _ record: UnsafeRawBufferPointer, from start: Int, priority: Int, hasHost: Bool = true,
    facility given: Int = -1, into reading: inout Reading
  ) {
    if hasHost, given < 0, readUsualBody(record, from: start, priority: priority, into: &reading) { return }
    readAnyBody(
      record, from: start, priority: priority, hasHost: hasHost, facility: given, into: &reading)
  }

  /// The same for any line.
  @inline(never)
  static func readAnyBody(
    _ record: UnsafeRawBufferPointer, from start: Int, priority: Int, hasHost: Bool, facility given: Int,
    into reading: inout Reading
  ) {
    let count = record.count
    var i = start
    var hasHost = hasHost
    var facility = priority >= 0 ? priority &>> 3 : given
    if priority >= 0 { reading.severity = UInt8(truncatingIfNeeded: priority & 7) }
    if i < count, record[i] == 0x3A, i &+ 1 == count || record[i &+ 1] != 0x3A {
      // `Feb 29 01:15:43: text`: neither host nor tag. `::1` is a host.
      i &+= 1
      if i < count, record[i] == 0x20 { i &+= 1 }
      guard i < count, record[i] == 0x25 else {
        finish(record, from: i, facility: facility, pid: .empty, into: &reading)
        return
      }
      hasHost = false
    }
    if hasHost {
      if i < count, record[i] == 0x20 { i = hostBehindBlanks(record, i) }
      let limit = min(count, i &+ 256)
      var end = i
      var isTag = false
      var hasStop = false
      // By words, while there are whole ones.
      while end &+ 8 <= limit {
        let word = Bytes.word(record, end)
        let blanks = ByteWord.marks(of: 0x20, in: word)
        // What stands before the first blank.
        let before = blanks == 0 ? UInt64.max : (blanks & (0 &- blanks)) &- 1
        // A bracket that a host begins with tells nothing.
        if ByteWord.marks(of: 0x5B, in: end == i ? word & ~0xFF : word) & before != 0 { isTag = true }
        if ByteWord.marks(of: 0x2E, in: word) & before != 0 { hasStop = true }
        if blanks != 0 {
          end &+= blanks.trailingZeroBitCount >> 3
          break
        }
        end &+= 8
      }
      while end < limit, record[end] != 0x20 {
        if record[end] == 0x5B { isTag = end > i }
        if record[end] == 0x2E { hasStop = true }
        end &+= 1
      }
      if end > i, end < count, record[end] == 0x20 {
        if record[end &- 1] == 0x3A {
          isTag = true
          if end &+ 1 < count, record[end &+ 1] == 0x25 { i = behindZone(record, i, end) }
        }
        if !isTag {
          if hasStop, let both = facilityAndSeverity(Bytes.part(record, i, end)) {
            facility = both.facility
            reading.severity = both.severity
          } else if isHostless(record, at: i) {
            finish(record, from: i, facility: facility, pid: .empty, into: &reading)
            return
          } else if record[i] == 0x4D, let origin = forwardedOrigin(record, i) {
            reading.device = origin
            reading.basis = .selfAsserted
            end = origin.end &+ 1
          } else if !(end &- i == 1 && record[i] == 0x2D) {
            reading.device = .record(i, end &- i)
            reading.basis = .selfAsserted
            if record[i] == 0x28 || record[i] == 0x5B || hasStop && Bytes.isDigit(record[end &- 1]) {
              takeBareName(record, i, end, into: &reading)
            }
          }
          i = end &+ 1
        }
      }
      // Busybox writes `HOST daemon.err TAG: `.
      if !isTag, priority < 0, facility < 0 {
        let next = Bytes.findNear(0x20, record, from: i, to: min(count, i &+ 19))
        if next < count, next &- i >= 7, next &- i <= 18,
          let both = facilityAndSeverity(Bytes.part(record, i, next))
        {
          facility = both.facility
          reading.severity = both.severity
          i = next &+ 1
        }
      }
    }
    while i < count, record[i] == 0x20 { i &+= 1 }
    // The tag ends at a colon or a bracket; a blank before either means that there is none.
    var j = i
    let limit = min(count, i &+ tagLimit)
    while j &+ 8 <= limit {
      let word = Bytes.word(record, j)
      let hits =
        ByteWord.marks(of: 0x3A, in: word) | ByteWord.marks(of: 0x5B, in: word)
        | ByteWord.marks(below: 0x21, in: word)
      if hits != 0 {
        j &+= hits.trailingZeroBitCount >> 3
        break
      }
      j &+= 8
    }
    while j < limit, record[j] != 0x3A, record[j] != 0x5B, record[j] > 0x20 { j &+= 1 }
    guard j > i, j < limit, record[j] > 0x20 else {
      if j < limit, record[j] == 0x3A, readBehindColon(record, j, facility: facility, into: &reading) {
        return
      }
      finish(record, from: i, facility: facility, pid: .empty, into: &reading)
      return
    }
    let tagEnd = j
    var pid = Slice.empty
    if record[j] == 0x5B {
      let close = Bytes.findNear(0x5D, record, from: j &+ 1, to: min(count, j &+ 64))
      guard close < count, record[close] == 0x5D else {
        finish(record, from: i, facility: facility, pid: .empty, into: &reading)
        return
      }
      pid = .record(j &+ 1, close &- j &- 1)
      j = close &+ 1
      // `launchd[1] (com.apple.x[7]): text` and the like keep the parenthesis in the message.
      guard j == count || record[j] == 0x3A || record[j] == 0x20 else {
        finish(record, from: i, facility: facility, pid: .empty, into: &reading)
        return
      }
      if j < count, record[j] == 0x3A { j &+= 1 }
    } else {
      // `eth0:3 up` and `10:20` are no tags: what follows the colon must be a blank or the end.
      guard j &+ 1 == count || record[j &+ 1] == 0x20 || record[j &+ 1] == 0x09 else {
        finish(record, from: i, facility: facility, pid: .empty, into: &reading)
        return
      }
      j &+= 1
    }
    reading.program = .record(i, tagEnd &- i)
    if record[i] < 0x3A, readOddTag(record, i, pid, facility: facility, into: &reading) { return }
    if j < count, record[j] == 0x20 { j &+= 1 }
    finish(record, from: j, facility: facility, pid: pid, into: &reading)
  }

  /// Texts that syslog daemons write themselves, without host and tag.
  @inline(__always) static func isHostless(_ record: UnsafeRawBufferPointer, at start: Int) -> Bool {
    guard record[start] == 0x6C || record[start] == 0x73 else { return false }
    return Bytes.matches("last message repeated", record, at: start)
      || Bytes.matches("syslogd started:", record, at: start)
      || Bytes.matches("syslogd exiting", record, at: start)
  }

  /// Message and fields, once header and tag are known.
  @inline(__always)
  static func finish(
    _ record: UnsafeRawBufferPointer, from start: Int, facility: Int, pid: Slice, into reading: inout Reading
  ) {
    reading.message = .record(start, record.count &- start)
    if start < record.count, record[start] == 0x5B { kernelUptime(record, at: start, into: &reading) }
    tell(record, facility: facility, pid: pid, into: &reading)
  }

  /// Facility, -1 where there is none, and process id become the reading's header, or its fields where the id is no plain number.
  @inline(__always)
  static func tell(
    _ record: UnsafeRawBufferPointer, facility: Int, pid: Slice, into reading: inout Reading
  ) {
    if facility < 0, pid.isEmpty { return }
    let process = pid.isEmpty ? -1 : plainNumber(record, pid)
    if let process, facility < SyslogHeader.facilityCount {
      reading.header = SyslogHeader(facility: facility, process: process)
    } else {
      reading.beginFields(facility: facility)
      appendPID(record, pid, into: &reading)
      reading.endFields()
    }
  }

  /// `"pid":123`, or a string where it is no number.
  @inline(never)
  static func appendPID(_ record: UnsafeRawBufferPointer, _ pid: Slice, into reading: inout Reading) {
    reading.key("pid")
    reading.appendGuessing(Bytes.part(record, pid.start, pid.end))
  }

  /// The value of one to seven digits that do not begin with 0; nil for anything else, and near the record's end.
  @inline(__always)
  private static func plainNumber(_ record: UnsafeRawBufferPointer, _ slice: Slice) -> Int? {
    let count = Int(slice.count)
    guard count >= 1, count <= 7, slice.start &+ 8 <= record.count, record[slice.start] != 0x30 else {
      return nil
    }
    // The last digit highest, so that there are zeros before the first.
    let digits = Bytes.word(record, slice.start) &<< UInt64(truncatingIfNeeded: 64 &- 8 &* count)
    let counted = UInt64.max &<< UInt64(truncatingIfNeeded: 64 &- 8 &* count)
    let zeros: UInt64 = 0x3030_3030_3030_3030
    let above = (digits &+ (0x0606_0606_0606_0606 & counted)) & 0xF0F0_F0F0_F0F0_F0F0
    guard digits & 0xF0F0_F0F0_F0F0_F0F0 == zeros & counted, above == zeros & counted else { return nil }
    // Neighbours are put together three times: digits, pairs, fours.
    let pairs = ((digits & 0x0F0F_0F0F_0F0F_0F0F) &* (10 << 8 | 1)) &>> 8
    let fours = ((pairs & 0x00FF_00FF_00FF_00FF) &* (100 << 16 | 1)) &>> 16
    return Int(truncatingIfNeeded: ((fours & 0x0000_FFFF_0000_FFFF) &* (10_000 << 32 | 1)) &>> 32)
  }

  /// `[  316.559919] ` at the start of a kernel message: the time since boot, beside the stamp's.
  static func kernelUptime(_ record: UnsafeRawBufferPointer, at start: Int, into reading: inout Reading) {
    guard let (time, _, _) = bootTime(record, at: start) else { return }
    reading.uptime = time
    reading.flags.insert(.hasUptime)
  }

  /// `[    1.234567] ` as printk writes it: nanoseconds, resolution and the offset behind the bracket. More than 10^9 seconds are no
  /// time since boot, but the time of day that other programs write so.
  static func bootTime(_ record: UnsafeRawBufferPointer, at start: Int) -> (
    time: Int64, resolution: Int64, end: Int
  )? {
    let count = record.count
    guard start < count, record[start] == 0x5B else { return nil }
    var i = start &+ 1
    while i < count, record[i] == 0x20 { i &+= 1 }
    var seconds: Int64 = 0
    let digits = i
    while i < count, i &- digits < 10, Bytes.isDigit(record[i]) {
      seconds = seconds &* 10 &+ Int64(record[i] &- 0x30)
      i &+= 1
    }
    guard i > digits, i < count, record[i] == 0x2E else { return nil }
    guard seconds < 1_000_000_000 else { return nil }
    var time = seconds &* StampReader.second
    var resolution = StampReader.second
    let point = i
    StampReader.fraction(record, &i, &time, &resolution)
    guard i &- point >= 4, i < count, record[i] == 0x5D || record[i] == 0x40 else {
      // `[   12.345678][ T1234]` and `[   12.345@0]` (boot processor) end otherwise only.
      return nil
    }
    if record[i] == 0x40 {
      i = Bytes.findNear(0x5D, record, from: i, to: min(count, i &+ 8))
      guard i < count else { return nil }
    }
    return (time, resolution, i &+ 1)
  }
}
