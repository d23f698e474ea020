/// One file of evidence, as the manifest lists it.
struct EvidenceEntry: Sendable {
  /// Path below the output folder; members of archives follow after `!`.
  let path: String
  let format: String
  let lines: Int
  let bytes: Int
}

/// Turns records into log files: rotated, compressed, archived as different people would have collected them.
struct EvidenceWriter {
  let fleet: Fleet
  let course: Course
  let chance: Chance
  let testimony: Testimony
  let chatter: Chatter
  let output: OutputFolder
  /// Events expected in the whole; decides how finely the window is cut.
  let expectedEvents: Int
  let damage: Bool
  /// There are no logs.
  let onlyMetrics: Bool
  private(set) var entries: [EvidenceEntry] = []
  private(set) var damaged: [(path: String, kind: String)] = []

  init(
    fleet: Fleet, course: Course, chance: Chance, testimony: Testimony, chatter: Chatter,
    output: OutputFolder,
    expectedEvents: Int, damage: Bool, onlyMetrics: Bool
  ) {
    self.fleet = fleet
    self.course = course
    self.chance = chance
    self.testimony = testimony
    self.chatter = chatter
    self.output = output
    self.expectedEvents = expectedEvents
    self.damage = damage
    self.onlyMetrics = onlyMetrics
  }

  /// Writes everything below `evidence/`.
  mutating func writeAll(progress report: (Double) -> Bool) throws(SimulationError) {
    func progress(_ share: Double) throws(SimulationError) {
      if !report(share) { throw SimulationError(.stopped, "stopped before the evidence was complete") }
    }
    if onlyMetrics { return try writeMetrics() }
    try writeCentral()
    for broker in fleet.brokers { try writeBroker(broker) }
    try progress(0.1)
    for region in 0..<fleet.regionCount {
      try writeTelemetry(region)
      try progress(0.1 + 0.2 * Double(region + 1) / Double(fleet.regionCount))
    }
    for site in 0..<fleet.siteCount {
      try writeSite(site)
      try progress(0.3 + 0.7 * Double(site + 1) / Double(fleet.siteCount))
    }
  }

  // MARK: Time

  /// The rotations of a log: the oldest first, the one being written last.
  private var rotations: [Range<Int64>] {
    let length = course.window.upperBound - course.window.lowerBound
    let first = course.window.lowerBound + length / 5 * 2
    let second = course.window.lowerBound + length / 4 * 3
    return [course.window.lowerBound..<first, first..<second, second..<course.window.upperBound]
  }

  /// Cuts a range so that each part holds about 400,000 events at most.
  private func blocks(_ range: Range<Int64>, expected: Double) -> [Range<Int64>] {
    let share =
      Double(range.upperBound - range.lowerBound)
      / Double(course.window.upperBound - course.window.lowerBound)
    let parts = max(1, Int((expected * share / 400_000).rounded(.up)))
    let step = (range.upperBound - range.lowerBound) / Int64(parts)
    return (0..<parts).map { part in
      let start = range.lowerBound + Int64(part) * step
      return start..<(part == parts - 1 ? range.upperBound : start + step)
    }
  }

  // MARK: Logs

  /// Where a host's log is kept and how it is written.
  private struct Log {
    var dialect: Dialect
    var zoneHours = 0
    var baseName: String
    /// The file being written is compressed, too.
    var allCompressed: Bool
    var expected: Double
  }

  private struct LogFile {
    let name: String
    let modified: Int64
    let bytes: [UInt8]
    let lines: Int
    let plainBytes: Int
  }

  /// Makes the rotated files of one log. `collect` appends the records of a range of time, in any order.
  private func files(
    of log: Log, _ collect: (Range<Int64>, inout [Record]) -> Void, spoil: Bool = false
  ) throws(SimulationError) -> [LogFile] {
    var files: [LogFile] = []
    var records: [Record] = []
    for (index, rotation) in rotations.enumerated() {
      let age = 2 - index
      let compressed = age > 0 || log.allCompressed || log.expected > 400_000
      var writer = LineWriter(dialect: log.dialect, zoneHours: log.zoneHours)
      // Rotation happens at the end of the range, so that is the file's time.
      var member = try Member(compressed: compressed, modified: rotation.upperBound)
      for block in blocks(rotation, expected: log.expected) {
        records.removeAll(keepingCapacity: true)
        collect(block, &records)
        records.sort(by: Record.precedes)
        try member.write(records, &writer, fleet)
      }
      if spoil && age == 0 {
        try member.append { out in
          out.put("\u{0}\u{0}\u{0}")
          for byte: UInt8 in [0xFF, 0xFE, 0x80, 0xC3, 0x28] { out.put(byte: byte) }
          out.put(" agentd: torn write\n")
        }
      }
      // As logrotate's `notifempty`: nothing said, no file.
      if writer.lines == 0 && !spoil { continue }
      let name = log.baseName + (age > 0 ? ".\(age)" : "") + (compressed ? ".gz" : "")
      let bytes = try member.finish()
      files.append(
        LogFile(
          name: name, modified: rotation.upperBound, bytes: bytes,
          lines: writer.lines + (spoil && age == 0 ? 1 : 0),
          plainBytes: member.bytes))
    }
    return files
  }

  /// Lists a file in the manifest.
  mutating func note(_ entry: EvidenceEntry) { entries.append(entry) }

  private mutating func note(_ path: String, _ format: String, _ file: LogFile) {
    entries.append(EvidenceEntry(path: path, format: format, lines: file.lines, bytes: file.plainBytes))
  }

  private mutating func writeCentral() throws(SimulationError) {
    let services: [(Int, Place, Dialect)] = [
      (fleet.cloud, .cloud, .json), (fleet.monitor, .monitor, .iso),
      (fleet.updateService, .updateService, .rfc5424),
    ]
    for (service, place, dialect) in services {
      let name = fleet.name(service)
      let log = Log(
        dialect: dialect, baseName: "\(name).\(dialect == .json ? "jsonl" : "log")", allCompressed: true,
        expected: place == .cloud ? Double(expectedEvents) * 0.02 : 1000)
      let made = try files(
        of: log,
        { range, records in
          if place == .cloud { chatter.cloud(in: range, into: &records) }
          if place == .monitor { chatter.monitor(in: range, into: &records) }
          var all: [Record] = []
          testimony.collect(service, place, into: &all)
          records += all.lazy.filter { range.contains($0.arrival) }
        })
      for file in made {
        let path = "evidence/central/\(name)/\(file.name)"
        try output.save(path, modified: file.modified, file.bytes)
        note(path, dialect.rawValue, file)
      }
    }
  }

  private mutating func writeBroker(_ broker: Int) throws(SimulationError) {
    let index = broker - fleet.brokers.lowerBound
    let dialect: Dialect = [.iso, .json, .rfc3164][index % 3]
    let log = Log(
      dialect: dialect, baseName: dialect == .json ? "mosquitto.jsonl" : "mosquitto.log", allCompressed: true,
      expected: Double(expectedEvents) / Double(fleet.regionCount) * 0.15)
    let made = try files(
      of: log,
      { range, records in
        chatter.broker(broker, in: range, into: &records)
        var all: [Record] = []
        testimony.collect(broker, .broker, into: &all)
        chatter.eachGateway(ofRegion: index) { gateway in
          for device in fleet.devices(of: gateway) { testimony.collect(device, .broker, into: &all) }
        }
        records += all.lazy.filter { range.contains($0.arrival) }
      })
    for file in made {
      let path = "evidence/brokers/\(fleet.name(broker))/\(file.name)"
      var bytes = file.bytes
      if damage && index == 0 && file.name.hasSuffix(".1.gz") {
        bytes[bytes.count - 8] ^= 0xFF
        damaged.append((path, "gzip-crc"))
      }
      try output.save(path, modified: file.modified, bytes)
      note(path, dialect.rawValue, file)
    }
  }

  private mutating func writeSite(_ site: Int) throws(SimulationError) {
    let collection = Collection(rawValue: site % 4) ?? .folder
    let siteName = fleet.siteName(site)
    let modified = course.window.upperBound
    var bundle: (any Container)?
    switch collection {
    case .folder: bundle = nil
    case .tarGzip: bundle = try TarGzip(modified: modified)
    case .zip, .nested: bundle = Zip()
    }
    let archive = "evidence/sites/\(siteName).\(collection == .tarGzip ? "tar.gz" : "zip")"
    for gateway in fleet.gateways(ofSite: site) {
      let name = fleet.name(gateway)
      let dialect = Dialect.allCases[chance.below(4, gateway, .dialect)]
      let log = Log(
        dialect: dialect, zoneHours: fleet.zoneHours(ofSite: site),
        baseName: dialect == .json ? "events.jsonl" : "messages",
        // A bare file's date does not survive copying, and a stamp without year hangs on it.
        allCompressed: collection == .folder && dialect == .rfc3164,
        expected: Double(expectedEvents) / Double(fleet.gatewayCount))
      let spoil = damage && gateway == fleet.deviceCount
      let made = try files(
        of: log,
        { range, records in
          chatter.gateway(gateway, in: range, into: &records)
          var all: [Record] = []
          testimony.collect(gateway, .gateway, into: &all)
          for device in fleet.devices(of: gateway) { testimony.collect(device, .gateway, into: &all) }
          records += all.lazy.filter { range.contains($0.arrival) }
        }, spoil: spoil)
      var inner: TarGzip? = collection == .nested ? try TarGzip(modified: modified) : nil
      for file in made {
        switch collection {
        case .folder:
          let path = "evidence/sites/\(siteName)/\(name)/\(file.name)"
          try output.save(path, modified: file.modified, file.bytes)
          note(path, dialect.rawValue, file)
          if spoil && file.name.hasPrefix(log.baseName + ".gz") || spoil && file.name == log.baseName {
            damaged.append((path, "torn-line"))
          }
        case .tarGzip, .zip:
          let member = "\(siteName)/\(name)/\(file.name)"
          try bundle?.add(member, modified: file.modified, file.bytes)
          note("\(archive)!\(member)", dialect.rawValue, file)
        case .nested:
          let member = "var/log/\(name)/\(file.name)"
          try inner?.add(member, modified: file.modified, file.bytes)
          note("\(archive)!\(name).tar.gz!\(member)", dialect.rawValue, file)
        }
      }
      if var finished = inner {
        try bundle?.add("\(name).tar.gz", modified: modified, finished.finish())
        inner = nil
      }
    }
    if var finished = bundle { try output.save(archive, modified: modified, finished.finish()) }
  }

  // MARK: Telemetry

  private mutating func writeTelemetry(_ region: Int) throws(SimulationError) {
    let path = "evidence/telemetry/\(Fleet.regionNames[region]).csv.gz"
    let epoch = region % 2 == 1
    var member = try Member(compressed: true, modified: course.window.upperBound)
    try member.append { out in
      out.put(epoch ? "ts_ms" : "time")
      out.put(",device,temp_c,rssi_dbm,battery_mv,cpu_pct\n")
    }
    var lines = 1
    var samples: [Sample] = []
    let expected = Double(expectedEvents) * 0.15 / Double(fleet.regionCount)
    for block in blocks(course.window, expected: expected) {
      samples.removeAll(keepingCapacity: true)
      chatter.eachGateway(ofRegion: region) { gateway in
        for device in fleet.devices(of: gateway) {
          let cutOff = course.cutOffFrom(device)
          chatter.beats(of: device, in: block) { ordinal, time in
            guard time < cutOff, time >= block.lowerBound, chatter.beat(device, ordinal) == .telemetry else {
              return
            }
            samples.append(
              Sample(time: time, device: Int32(device), ordinal: Int32(truncatingIfNeeded: ordinal)))
          }
        }
      }
      samples.sort { ($0.time, $0.device) < ($1.time, $1.device) }
      lines += samples.count
      for sample in samples { try member.append { put(sample, epoch: epoch, &$0) } }
    }
    var bytes = try member.finish()
    entries.append(EvidenceEntry(path: path, format: "csv", lines: lines, bytes: member.bytes))
    if damage && region == 0 {
      bytes.removeLast(bytes.count * 3 / 10)
      damaged.append((path, "gzip-truncated"))
    }
    try output.save(path, modified: course.window.upperBound, bytes)
  }

  private struct Sample {
    let time: Int64
    let device: Int32
    let ordinal: Int32
  }

  private func put(_ sample: Sample, epoch: Bool, _ out: inout ByteBuffer) {
    let device = Int(sample.device)
    let stamp = sample.time + Int64(fleet.skewMilliseconds[device]) * 1_000_000
    if epoch { out.putDecimal(Int(stamp / 1_000_000)) } else { CalendarText.putRFC3339(stamp, &out) }
    out.put(",")
    fleet.putName(device, &out)
    out.put(",")
    let bits = chance.bits(device, .detail, Int(sample.ordinal) + 1 << 20)
    let hour = Int((sample.time / 3_600_000_000_000) % 24)
    out.putTenths(185 + device % 40 + (hour < 12 ? hour : 24 - hour) + Int(bits & 7))
    out.put(",-")
    out.putDecimal(55 + device % 25 + Int(bits >> 8 & 7))
    out.put(",")
    out.putDecimal(3000 + device % 500 - Int(bits >> 16 & 7))
    out.put(",")
    let busy = course.mode[device] == .compromised && sample.time >= course.onset[device]
    out.putDecimal((busy ? 82 : 9) + Int(bits >> 24 & 7) + Int(bits >> 32 & 3))
    out.put(byte: 10)
  }
}
