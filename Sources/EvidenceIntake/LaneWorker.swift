import Glibc
import IncidentModel
import LogFormats
import Synchronization

/// Reads lanes, one after the other, on one thread.
struct LaneWorker: ~Copyable {
  private let work: Work
  private var reader: LineReader

  init(work: Work) {
    self.work = work
    reader = LineReader(limits: work.options.limits, catalog: work.options.catalog)
  }

  /// Bytes of a file that is hashed before it is read: known evidence is skipped without reading it twice.
  private static let hashFirstLimit: UInt64 = 256 << 20

  /// Reads one path.
  mutating func read(_ item: PathPlan.Item, order: Int) throws -> LaneOutcome {
    let given = try work.sink.openLane(order: order)
    let pipeline = work.isPipelined ? PipelinedLane(given) : nil
    // Nobody else may use the sink's lane when this has failed.
    defer { pipeline?.end() }
    let lane = pipeline ?? given
    reader.beginLane()
    var outcome = LaneOutcome()
    do {
      try readItem(item, order: order, lane, &outcome)
    } catch let error as IntakeError where error.code == .unreadable && !item.isStandardInput {
      // A file that fails before anything was read of it is left out; one that fails later ends the ingest.
      guard error.place == item.path, outcome.accounts.isEmpty else { throw error }
      outcome.unreadable.append(error)
    }
    try lane.close()
    return outcome
  }

  private mutating func readItem(
    _ item: PathPlan.Item, order: Int, _ lane: any EventLane, _ outcome: inout LaneOutcome
  ) throws {
    let description = SourceDescription(path: item.path)
    let file: FileStream
    if item.isStandardInput {
      file = FileStream(descriptor: STDIN_FILENO, place: "standard input", closes: false)
    } else {
      file = try FileStream(path: item.path)
    }
    let headBytes = try Self.head(of: file)
    let isContainer = Unpacker.layers(of: headBytes, limit: work.options.limits.nesting)
      .contains { $0.isArchive || $0.isForeignCompression }
    var known: String?
    let mayBeKnown = work.options.mayBeKnown && item.size <= Self.hashFirstLimit
    if !item.isStandardInput, isContainer || mayBeKnown {
      let digest = try hash(item.path)
      if try work.sink.contains(sha256: digest) {
        outcome.skipped.append(SkippedSource(description: description, sha256: digest))
        work.bytes.wrappingAdd(item.size, ordering: .relaxed)
        return
      }
      known = digest
    }
    if isContainer {
      try readContainer(item, file, headBytes, known, lane, &outcome)
      return
    }
    let whole = PrefixedStream(prefix: headBytes, rest: file)
    let bound = item.modified.map { UpperBound(instant: $0, reason: "modification time of the file") }
    try readLeaf(
      whole, description, Provenance(fallback: bound, modified: item.modified), knownDigest: known != nil,
      lane,
      &outcome)
    if !item.isStandardInput, let account = outcome.accounts.last { noteGrowth(of: file, account, &outcome) }
  }

  /// A log whose writer went on while it was read: what came after the end that was met is not in the case.
  private func noteGrowth(of file: FileStream, _ account: SourceAccount, _ outcome: inout LaneOutcome) {
    var info = stat()
    guard fstat(file.descriptor, &info) == 0, UInt64(clamping: info.st_size) > account.storedBytes,
      account.damage.isEmpty
    else { return }
    outcome.notes.append(
      "'\(account.description.name)' has grown since its end was read: it is in the case up to byte \(account.storedBytes)"
    )
  }

  /// The first bytes of a file or pipe.
  private static func head(of file: FileStream) throws(IntakeError) -> [UInt8] {
    let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)
    defer { scratch.deallocate() }
    var filled = 0
    while filled < scratch.count {
      let stretch = try file.read(into: UnsafeMutableRawBufferPointer(rebasing: scratch[filled...]))
      if stretch.count == 0 { break }
      filled += stretch.count
    }
    return Array(scratch[..<filled])
  }

  /// SHA-256 of a file.
  private func hash(_ path: String) throws(IntakeError) -> String {
    let digest = DigestStream(try FileStream(path: path)) { [work] _ in !work.mustStop }
    try digest.drain(reader.scratch)
    return digest.hexDigest()
  }

  // MARK: Plain and gzip

  /// Where a source comes from, for its times.
  struct Provenance {
    /// Upper bound of an archive member, which counts before all others.
    var member: UpperBound?
    /// Upper bound by the file, which counts after the gzip header's.
    var fallback: UpperBound?
    var modified: Int64?
    /// Taken off before it came here, outermost first.
    var compression: [String] = []
  }

  private mutating func readLeaf(
    _ stored: any ByteStream, _ description: SourceDescription, _ provenance: Provenance, knownDigest: Bool,
    _ lane: any EventLane, _ outcome: inout LaneOutcome, storedAs: (() -> MemberEnd?)? = nil
  ) throws {
    let work = work
    let countsHere = description.members.isEmpty
    let digest = DigestStream(stored) { count in
      if countsHere { work.bytes.wrappingAdd(UInt64(count), ordering: .relaxed) }
      return !work.mustStop
    }
    var compression = provenance.compression
    var layers: [any Decompressor] = []
    var stream: any ByteStream = digest
    var head = try reader.readHead(stream)
    while layers.count < work.options.limits.nesting {
      let kind = ContentKind(head)
      guard
        let layer = kind.layer(
          over: PrefixedStream(prefix: Array(head), rest: PrefixedGap.wrap(reader.endOfHead, stream)),
          limits: work.options.limits)
      else { break }
      layers.append(layer)
      compression.append(kind.name)
      stream = layer
      head = try reader.readHead(stream)
    }
    let kind = ContentKind(head)
    var tooDeep: [Damage] = []
    if layers.count == work.options.limits.nesting, kind == .gzip || kind.isForeignCompression {
      tooDeep.append(
        Damage(
          kind: "limit-nesting", offset: 0, length: nil,
          note: "compressions are nested more than \(layers.count) deep: not unpacked"))
    }
    // Control characters abound: whether lines are a format's all the same is asked only then.
    let isBinary =
      kind != .other
      || FormatElection(formats: [], head: head).isBinary
        && work.options.catalog.election(head: head).isBinary
    let bound = Self.bound(provenance, layers)
    let setup = work.settings.setup(description, bound: bound)
    // What would have been elected, should the user's choice read nothing. The head is gone afterwards.
    let election = setup.format == nil ? nil : work.options.catalog.election(head: head)
    try lane.beginSource(description)
    // Members of an archive come from a process of their own already.
    let ends = keepsEnds(of: description, outcome) ? EndsStream(stream, head: head) : nil
    stream = ends ?? stream
    let ahead = work.isPipelined && storedAs == nil ? ReadAheadStream(stream) : nil
    let content = ahead ?? stream
    var source =
      kind == .journal
      ? try reader.runJournal(content, setup: setup, lane: lane)
      : try reader.run(
        content, setup: setup, isBinary: isBinary && (setup.format == nil || kind.isDatabase), lane: lane)
    ahead?.stop()
    try digest.drain(reader.scratch)
    var account = SourceAccount(
      description: description, sha256: digest.hexDigest(), format: "", storedBytes: digest.count,
      bytes: source.base, bytesBy: source.bytesBy, linesBy: source.linesBy)
    account.secrets = reader.takeSecrets()
    if let end = storedAs?() {
      if !end.storedSHA256.isEmpty {
        account.sha256 = end.storedSHA256
        account.storedBytes = end.storedBytes
      }
      account.damage += end.damage.map(\.damage)
      if end.isCut {
        account.damage.append(
          Damage(
            kind: provenance.compression.last.map { "\($0)-truncated" } ?? "member-truncated",
            offset: source.base, length: nil,
            note: "the data breaks off after \(source.base) bytes; whole lines before are kept"))
      }
    }
    if !knownDigest || !description.members.isEmpty, try work.sink.contains(sha256: account.sha256) {
      try lane.discardSource()
      outcome.skipped.append(SkippedSource(description: description, sha256: account.sha256))
      return
    }
    account.events = UInt64(source.events)
    account.compression = compression
    account.modified = provenance.modified.map { Instant(nanoseconds: $0) }
    finish(&account, &source, kind: kind, setup)
    let times = source.times.finish(bound: Self.bound(provenance, layers))
    account.firstTime = times.first
    account.lastTime = times.last
    account.decisions += times.decisions
    account.eventsWithoutTime = UInt64(times.eventsWithoutTime)
    account.boots = times.boots
    account.damage += tooDeep + layers.flatMap(\.damage) + source.damage
    try Self.check(account)
    try lane.finishSource(account, adjustments: times.adjustments)
    if let given = setup.format, let election, !source.isBinary, source.events == 0,
      source.linesBy.refused > 0
    {
      let count = source.linesBy.refused
      let looks =
        election.winner.map { "it looks like \($0.name)" }
        ?? (election.isBinary ? "it looks like binary data" : "no format of ours claims it")
      outcome.notes.append(
        "'\(description.name)': --input-format \(given.name) could not read any line (\(count) refused); \(looks)"
      )
    }
    if let unnamed = UnnamedDevices(source) { outcome.unnamed.append(unnamed) }
    if let ends { outcome.ends.append(ends.ends(of: description)) }
    if let hint = kind.hint { outcome.notes.append("'\(description.name)' \(hint)") }
    outcome.accounts.append(account)
  }

  /// Members of an archive whose ends are remembered.
  private static let endsLimit = 1000

  /// True for what may be a part of a log in several files.
  private func keepsEnds(of source: SourceDescription, _ outcome: LaneOutcome) -> Bool {
    source.members.isEmpty
      ? work.families.contains(SourceEnds.family(source)) : outcome.ends.count < Self.endsLimit
  }

  private static func bound(_ provenance: Provenance, _ layers: [any Decompressor]) -> UpperBound? {
    if let member = provenance.member { return member }
    if let header = layers.last(where: { $0.modified != 0 }) {
      return UpperBound(
        instant: Int64(header.modified) * 1_000_000_000, reason: "modification time in the gzip header")
    }
    if let fallback = provenance.fallback { return fallback }
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    return UpperBound(instant: Int64(now.tv_sec) * 1_000_000_000, reason: "time of the ingest")
  }

  private func finish(
    _ account: inout SourceAccount, _ source: inout SourceState, kind: ContentKind, _ setup: SourceSetup
  ) {
    account.format =
      source.isBinary
      ? (kind == .packetCapture ? "pcap" : "binary") : source.formatName ?? source.reader.formatName
    for reason in Refusal.allCases where source.refusedBy[Int(reason.rawValue)] > 0 {
      account.refusedBy[reason.code] = source.refusedBy[Int(reason.rawValue)]
    }
    if setup.format != nil {
      account.decisions.append(
        IntakeDecision(subject: "format", value: account.format, reason: "given by --input-format"))
    }
    if source.usesDefaultDevice {
      account.decisions.append(
        IntakeDecision(subject: "device", value: setup.deviceName, reason: setup.deviceReason))
    }
  }

  /// Bytes in are bytes accounted for, or Firebreak is at fault and says so.
  static func check(_ account: SourceAccount) throws(IntakeError) {
    guard account.bytes == account.bytesBy.total else {
      throw IntakeError(
        .accounting,
        "\(account.bytes) bytes were read but \(account.bytesBy.total) accounted for: a fault of Firebreak, "
          + "please report it with the file", place: account.description.name)
    }
  }

  // MARK: Archives

  private mutating func readContainer(
    _ item: PathPlan.Item, _ file: FileStream, _ head: [UInt8], _ known: String?, _ lane: any EventLane,
    _ outcome: inout LaneOutcome
  ) throws {
    let archive: ArchiveStream
    var feed: DigestStream?
    if item.isStandardInput {
      let digest = DigestStream(PrefixedStream(prefix: head, rest: file))
      feed = digest
      archive = try ArchiveStream(
        stream: digest, isolation: work.options.isolation, limits: work.options.limits)
    } else {
      lseek(file.descriptor, 0, SEEK_SET)
      archive = try ArchiveStream(
        file: file.descriptor, isolation: work.options.isolation, limits: work.options.limits)
    }
    var damage: [[String]: [Damage]] = [:]
    var last: [String] = []
    var top: ContainerInfo?
    var transparent: Int?
    events: while true {
      if work.mustStop { throw IntakeError.interrupted }
      switch try archive.next() {
      case .member(let info):
        last = info.names
        try readMember(info, item, archive, lane, &outcome)
        if info.names.isEmpty { transparent = outcome.accounts.count - 1 }
      case .damage(let words):
        damage[words.names, default: []].append(words.damage)
      case .container(let info):
        let lost = damage.removeValue(forKey: info.names) ?? []
        if info.names.isEmpty {
          top = info
          damage[[]] = lost
        } else {
          try finishContainer(info, item.path, info.sha256, lost, lane, &outcome)
        }
      case .finished: break events
      case .crashed(let words):
        let place = last.isEmpty ? "" : " while or after it read '\(last.joined(separator: "/"))'"
        damage[[], default: []].append(
          Damage(
            kind: "archive-crash", offset: 0, length: nil, inContainer: true,
            note: "the process that unpacks archives ended\(place) (\(words)): further members are lost"))
        break events
      }
    }
    work.bytes.wrappingAdd(item.size, ordering: .relaxed)
    let lost = damage.keys.sorted { $0.lexicographicallyPrecedes($1) }.flatMap { damage[$0] ?? [] }
    if transparent != nil, top == nil {
      // One compressed stream: its account is the file's. Its damage was told after the account had been closed.
      outcome.notes += lost.map(\.note)
      return
    }
    var info =
      top
      ?? ContainerInfo(
        names: [], format: "archive", compression: [], sha256: "", storedBytes: item.size, modified: nil,
        links: 0)
    if !item.isStandardInput { info.storedBytes = item.size }
    info.modified = item.modified.map { $0 / 1_000_000_000 }
    _ = feed
    try finishContainer(info, item.path, known ?? info.sha256, lost, lane, &outcome)
  }

  private mutating func readMember(
    _ info: MemberInfo, _ item: PathPlan.Item, _ archive: ArchiveStream, _ lane: any EventLane,
    _ outcome: inout LaneOutcome
  ) throws {
    var provenance = Provenance()
    provenance.compression = info.compression
    // Archives that know no time write 0, or the first of 1980.
    if let modified = info.modified, modified > 315_619_200, modified < 9_000_000_000 {
      provenance.modified = modified * 1_000_000_000
      provenance.member = UpperBound(
        instant: modified * 1_000_000_000, reason: "modification time of the archive member")
    }
    if let modified = item.modified {
      provenance.fallback = UpperBound(instant: modified, reason: "modification time of the file")
      if info.names.isEmpty { provenance.modified = modified }
    }
    try readLeaf(
      MemberStream(archive), SourceDescription(path: item.path, members: info.names), provenance,
      knownDigest: false, lane, &outcome, storedAs: { archive.lastEnd })
  }

  /// A container's own account: no bytes, which are its members', but its digest and its damage.
  private func finishContainer(
    _ info: ContainerInfo, _ path: String, _ digest: String, _ damage: [Damage], _ lane: any EventLane,
    _ outcome: inout LaneOutcome
  ) throws {
    let description = SourceDescription(path: path, members: info.names)
    if !info.names.isEmpty, try work.sink.contains(sha256: digest) { return }
    var account = SourceAccount(
      description: description, sha256: digest, format: info.format, storedBytes: info.storedBytes, bytes: 0,
      bytesBy: Tally(), linesBy: Tally())
    account.compression = info.compression
    account.modified = info.modified.map { Instant(nanoseconds: $0 &* 1_000_000_000) }
    account.damage = damage
    if info.links > 0 {
      account.decisions.append(
        IntakeDecision(
          subject: "links", value: "not followed", reason: "\(info.links) entries are links or devices"))
    }
    try lane.beginSource(description)
    try lane.finishSource(account, adjustments: [])
    outcome.accounts.append(account)
  }
}
