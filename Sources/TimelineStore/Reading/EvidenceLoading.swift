internal import CSQLite
public import IncidentModel

extension CaseReader {
  /// The matching events as columns, with inventory and topology, for analysis.
  ///
  /// Rows are read once in the order of the file and then put in order of time. An entity is mentioned where a variable,
  /// a part of one (host of an address with a port, level of a topic), a value of a field or a constant word of the
  /// template is its name, or an address or id that the inventory gives it alone.
  /// - Parameter sinceBootBase: Events that have only a time since boot are taken along as if their boot had been at this
  ///   instant, so that clocks can be compared; nil leaves them out.
  public func loadEvidence(
    matching expression: String = "", limits: EvidenceLimits = EvidenceLimits(), sinceBootBase: Int64? = nil
  ) throws -> (evidence: IncidentEvidence, report: EvidenceLoadReport) {
    let query = try query(expression)
    var loader = EvidenceLoader(limits: limits)
    if expression.isEmpty { loader.reserve(catalog.sources.reduce(0) { $0 + $1.events.count }) }
    try loader.addEntities(self)
    try loader.sources.know(catalog.sources, connection)
    loader.nameSources(catalog.sources)
    loader.addTemplates(rebuilder)
    var report = EvidenceLoadReport()
    for segment in catalog.segments {
      let rows = try connection.prepare(
        "SELECT e.id, e.time, e.device, e.severity, e.template, e.origin, e.time_error, e.variables, e.message, e.fields, e.since_boot, e.header "
          + "FROM segment_\(segment) e WHERE \(query.condition.sql)")
      rows.bound(query.condition.parameters)
      while try rows.next() {
        report.matched += 1
        var time = rows.int64OrNil(1)
        if time == nil, let sinceBootBase {
          time = rows.int64OrNil(10).map { sinceBootBase.addingReportingOverflow($0).partialValue }
        }
        // A boot may have been anchored since it was read.
        if time == nil, clocks.hasBoots, !rows.isNull(10) {
          time = clocks.anchored(id: rows.int64(0), sinceBoot: rows.int64(10))?.time
        }
        guard let time else {
          report.withoutTime += 1
          continue
        }
        guard loader.evidence.times.count < min(limits.events, Int(Int32.max)) else {
          throw StoreError(
            code: .limit, what: "cannot analyse case", path: path,
            reason: "more than \(limits.events) events match",
            advice: "narrow it with since: and until:")
        }
        loader.add(rows, time, catalog.origins)
      }
    }
    report.stepsBack = loader.stepsBack
    report.valuesLeftOut = loader.series.leftOut
    report.tokensLeftOut = loader.tokensLeftOut
    return (loader.finished(), report)
  }
}

/// Fills the columns row by row, then sorts them.
private struct EvidenceLoader {
  let limits: EvidenceLimits
  var evidence = IncidentEvidence()
  var tokensLeftOut = 0

  /// Entities by `ContentHash` of the name: index into `devices`.
  private var entityIndex = OrdinalTable()
  /// By ordinal of the device, and of the template: the index, or -1.
  private var indexOfDevice: [Int32] = []
  private var indexOfTemplate: [Int32] = []
  /// The origin that was looked up last: rows of one origin follow each other.
  private var lastOrigin: (number: Int64, entry: OriginEntry?) = (.min, nil)
  /// By template index: entities named in its constant text.
  private var namedByTemplate: [[Int32]] = []
  private var errorCache: (value: Int64, log: UInt8) = (-1, 255)

  /// By row of the file until `finished`: events with mentions, tokens, values.
  private var mentions: [(event: Int32, value: Int32)] = []
  private var tokens: [(event: Int32, value: UInt32)] = []
  var series: SeriesCollection
  var sources = SourceEnds()
  private var last: [(time: Int64, source: Int64)] = []
  private(set) var stepsBack = 0
  private static let year2001: Int64 = 978_307_200_000_000_000
  private var scratch: [UInt8] = []
  private var spelledFields: [UInt8] = []
  private var pathScratch: [UInt8] = []
  /// Of one record: its short words, the entity among them, its numbers.
  private var tidyScratch: [UInt8] = []
  private var ownerScratch: [UInt8] = []
  private var numberScratch: [(path: [UInt8], value: Double)] = []
  private var mentioned: [Int32] = []
  private var telling = TellingFields()
  private var actors: [(event: Int32, value: Int32)] = []
  private var newActors = 0
  /// Names of actors that are no entities otherwise: more than these are users, not those who run a fleet.
  private static let mostNewActors = 1000

  init(limits: EvidenceLimits) {
    self.limits = limits
    series = SeriesCollection(limit: limits.values)
  }

  /// Room for as many events, so that no column is copied as it grows.
  mutating func reserve(_ events: Int) {
    let count = min(max(0, events), limits.events)
    evidence.eventIDs.reserveCapacity(count)
    evidence.times.reserveCapacity(count)
    evidence.eventDevices.reserveCapacity(count)
    evidence.eventTemplates.reserveCapacity(count)
    evidence.severities.reserveCapacity(count)
    evidence.identityBases.reserveCapacity(count)
    evidence.timeErrorLog2.reserveCapacity(count)
  }

  mutating func addEntities(_ reader: CaseReader) throws {
    let rows = try reader.connection.prepare("SELECT ordinal, name FROM device ORDER BY ordinal")
    while try rows.next() {
      let index = entity(rows.text(1))
      // A case that was tampered with may hold any number.
      guard let ordinal = Int(exactly: rows.int64(0)), ordinal >= 0, ordinal < ContentDictionary.maximumCount
      else { continue }
      if ordinal >= indexOfDevice.count {
        indexOfDevice += repeatElement(-1, count: ordinal + 1 - indexOfDevice.count)
      }
      indexOfDevice[ordinal] = index
    }
    evidence.inventory = try FleetTables.inventory(reader.connection)
    for name in evidence.inventory.devices { _ = entity(name) }
    evidence.topology = try FleetTables.topology(reader.connection)
    for link in evidence.topology.links {
      _ = entity(link.from)
      _ = entity(link.to)
    }
    let inventory = evidence.inventory
    InventoryNames.forEach(in: inventory) { name, row in
      let hash = ContentHash.of(name)
      guard entityIndex[hash] < 0 else { return }
      entityIndex.insert(hash, ordinal: entityIndex[ContentHash.of(inventory.devices[row])])
    }
  }

  private mutating func entity(_ name: String) -> Int32 {
    let hash = ContentHash.of(name)
    let known = entityIndex[hash]
    if known >= 0 { return known }
    let index = Int32(evidence.devices.count)
    evidence.devices.append(name)
    entityIndex.insert(hash, ordinal: index)
    return index
  }

  mutating func nameSources(_ list: [CaseCatalog.Source]) {
    let known = entityIndex
    sources.name(list) { known[ContentHash.of($0)] }
  }

  mutating func addTemplates(_ rebuilder: MessageRebuilder) {
    indexOfTemplate = Array(repeating: -1, count: rebuilder.parts.count)
    for (ordinal, parts) in rebuilder.parts.enumerated() {
      guard let parts else { continue }
      indexOfTemplate[ordinal] = Int32(evidence.templateTexts.count)
      evidence.templatePrograms.append(parts.program)
      evidence.templateTexts.append(parts.text)
      mentioned.removeAll()
      for constant in parts.constants { constant.withUnsafeBufferPointer { findNames(in: $0) } }
      namedByTemplate.append(mentioned)
    }
  }

  mutating func add(_ row: SQLiteStatement, _ time: Int64, _ origins: [Int64: OriginEntry]) {
    let position = Int32(evidence.times.count)
    let number = row.int64(5)
    if number != lastOrigin.number { lastOrigin = (number, origins[number]) }
    let origin = lastOrigin.entry
    let device = row.isNull(2) ? -1 : Self.index(row.int64(2), indexOfDevice)
    let template = max(0, Self.index(row.int64(4), indexOfTemplate))
    if device >= 0, row.isNull(10) { watch(Int(device), time, origin?.source ?? -1) }
    if device >= 0 { sources.hear(Int(device), time, in: origin?.source) }
    evidence.eventIDs.append(row.int64(0))
    evidence.times.append(time)
    evidence.eventDevices.append(device)
    evidence.eventTemplates.append(template)
    evidence.severities.append(row.isNull(3) ? 255 : UInt8(truncatingIfNeeded: row.int64(3)) & 7)
    evidence.identityBases.append((origin?.basis ?? .none).rawValue)
    evidence.timeErrorLog2.append(errorLog(row.int64OrNil(6) ?? origin?.timeError))

    mentioned.removeAll(keepingCapacity: true)
    if row.isNull(8) {
      if !row.isNull(7) {
        row.withBytes(7) { variables in
          var scratch: [UInt8] = []
          swap(&scratch, &self.scratch)
          MessageRebuilder.forEachVariable(variables, scratch: &scratch) { look(at: $0, position) }
          swap(&scratch, &self.scratch)
        }
      }
    } else {
      row.withBytes(8) { findNames(in: $0) }
    }
    var spelled: [UInt8] = []
    swap(&spelled, &spelledFields)
    row.withFields(9, header: 11, scratch: &spelled) { readFields($0, device, position) }
    swap(&spelled, &spelledFields)
    if !namedByTemplate.isEmpty { mentioned += namedByTemplate[Int(template)] }
    addMentions(position, device)
  }

  /// The index of an ordinal, or -1.
  @inline(__always) private static func index(_ ordinal: Int64, _ list: [Int32]) -> Int32 {
    ordinal >= 0 && ordinal < list.count ? list[Int(ordinal)] : -1
  }

  /// Whether a device's stamps go on where they were.
  private mutating func watch(_ device: Int, _ time: Int64, _ source: Int64) {
    if last.count <= device {
      last += Array(repeating: (0, -2), count: max(evidence.devices.count, device + 1) - last.count)
    }
    let isSame = last[device].source == source
    let fall = last[device].time.subtractingReportingOverflow(time).partialValue
    if isSame && fall >= 60_000_000_000 || time < Self.year2001 { stepsBack += 1 }
    last[device] = (time, source)
  }

  /// More names in one message are put in order, so that each is found once without comparing all with all.
  private static let fewNames = 16

  /// The name that comes first is mostly that of whom the message is about. Names that all messages of the kind hold come last.
  private mutating func addMentions(_ position: Int32, _ device: Int32) {
    guard let first = mentioned.first else { return }
    if mentioned.count > Self.fewNames { mentioned[1...].sort() }
    let isFew = mentioned.count <= Self.fewNames
    for (place, entity) in mentioned.enumerated() where entity != device {
      let isKnown =
        isFew
        ? mentioned[..<place].contains(entity)
        : place > 0 && (entity == first || entity == mentioned[place - 1])
      if !isKnown { mentions.append((position, entity)) }
    }
  }

  /// A variable: an entity's name, a text around one, or something that may stand in another event too.
  private mutating func look(at variable: UnsafeBufferPointer<UInt8>, _ position: Int32) {
    guard variable.count >= 2 else { return }
    let hash = ContentHash.of(UnsafeRawBufferPointer(variable))
    let entity = entityIndex[hash]
    if entity >= 0 {
      mentioned.append(entity)
      return
    }
    let before = mentioned.count
    if NamesInText.mayHold(variable) { findNames(in: variable) }
    guard mentioned.count == before else { return }
    if tokens.count < limits.tokens {
      tokens.append((position, UInt32(truncatingIfNeeded: hash)))
    } else {
      tokensLeftOut += 1
    }
  }

  /// Adds the entities whose names are words of a text, or parts of words.
  private mutating func findNames(in text: NamesInText.Text) {
    NamesInText.forEachWord(in: text) { lookUp($0) }
  }

  private mutating func lookUp(_ word: UnsafeBufferPointer<UInt8>) -> Bool {
    let entity = entityIndex[ContentHash.of(UnsafeRawBufferPointer(word))]
    guard entity >= 0 else { return false }
    mentioned.append(entity)
    return true
  }

  /// What formats call the numbers of processes and threads, which name and do not measure: PROCID of RFC 5424, as
  /// Firebreak's formats write it, and the Elastic Common Schema's.
  private static let numbersOfProcesses = ["pid", "tid", "process.pid", "process.thread.id"]
    .map { Array($0.utf8) }

  /// Numbers become series. In a table of many entities the row says whose they are: one number beside a few words is a
  /// row of a tidy table (service, measure, value), and of several numbers the word counts that names an entity, as long as
  /// the device names several such.
  private mutating func readFields(_ json: UnsafeBufferPointer<UInt8>, _ device: Int32, _ position: Int32) {
    tidyScratch.removeAll(keepingCapacity: true)
    ownerScratch.removeAll(keepingCapacity: true)
    numberScratch.removeAll(keepingCapacity: true)
    var texts = 0
    telling.reset()
    FieldReader.forEachLeaf(in: json) { leaf in
      telling.see(leaf)
      if leaf.isText {
        var isEntity = false
        if leaf.value.count >= 2, leaf.value.count <= 256 {
          let known = mentioned.count
          isEntity = lookUp(leaf.value) && mentioned[known] != device
        }
        // Stamps, addresses and ids are no words of a table.
        let digits = leaf.value.count { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
        texts += leaf.value.count <= 48 && digits * 2 <= leaf.value.count ? 1 : 8
        guard texts <= 3 else { return }
        tidyScratch += leaf.value
        tidyScratch.append(UInt8(ascii: "/"))
        if isEntity, ownerScratch.isEmpty {
          ownerScratch += leaf.value
          ownerScratch.append(UInt8(ascii: "/"))
        }
      } else if device >= 0, limits.values > 0, let number = FieldReader.number(leaf.value) {
        pathScratch.removeAll(keepingCapacity: true)
        leaf.appendPath(to: &pathScratch)
        if !leaf.isPort, !Self.numbersOfProcesses.contains(where: { $0.elementsEqual(pathScratch) }) {
          numberScratch.append((pathScratch, number))
        }
      }
    }
    takeTold(device, position)
    let isTidy = numberScratch.count == 1 && (1...3).contains(texts)
    for (path, number) in numberScratch {
      if isTidy {
        series.add(number, path: path, words: tidyScratch, device: device, event: position)
      } else {
        series.add(number, path: path, owner: ownerScratch, device: device, event: position)
      }
    }
  }

  /// What the fields told of the event itself: its reason, which makes a template of its own, and who brought it about.
  private mutating func takeTold(_ device: Int32, _ position: Int32) {
    if !telling.reason.isEmpty {
      let message = evidence.eventTemplates[Int(position)]
      let known = evidence.templateTexts.count
      if let template = telling.template(of: message, &evidence) {
        evidence.eventTemplates[Int(position)] = template
        if evidence.templateTexts.count > known {
          let named = namedByTemplate[Int(message)]
          namedByTemplate.append(named)
        }
      }
    }
    guard device >= 0, !telling.actor.isEmpty else { return }
    let hash = telling.actor.withUnsafeBytes { ContentHash.of($0) }
    var actor = entityIndex[hash]
    if actor < 0, newActors < Self.mostNewActors {
      newActors += 1
      actor = entity(String(decoding: telling.actor, as: UTF8.self))
    }
    if actor >= 0, actor != device { actors.append((position, actor)) }
  }

  private mutating func errorLog(_ error: Int64?) -> UInt8 {
    guard let error, error >= 0 else { return 255 }
    if error == errorCache.value { return errorCache.log }
    let log = error <= 1 ? 0 : UInt8(64 - (error - 1).leadingZeroBitCount)
    errorCache = (error, log)
    return log
  }

  /// The columns in order of (time, id), and everything that refers to them.
  consuming func finished() -> IncidentEvidence {
    let count = evidence.times.count
    let order = TimeOrder.permutation(times: evidence.times, ids: evidence.eventIDs)
    if let order {
      evidence.eventIDs = TimeOrder.permuted(evidence.eventIDs, order)
      evidence.times = TimeOrder.permuted(evidence.times, order)
      evidence.eventDevices = TimeOrder.permuted(evidence.eventDevices, order)
      evidence.eventTemplates = TimeOrder.permuted(evidence.eventTemplates, order)
      evidence.severities = TimeOrder.permuted(evidence.severities, order)
      evidence.identityBases = TimeOrder.permuted(evidence.identityBases, order)
      evidence.timeErrorLog2 = TimeOrder.permuted(evidence.timeErrorLog2, order)
      var place = [Int32](repeating: 0, count: count)
      for (new, old) in order.enumerated() { place[Int(old)] = Int32(new) }
      series.reorder(place)
      for index in mentions.indices { mentions[index].event = place[Int(mentions[index].event)] }
      (evidence.mentionEvents, evidence.mentionDevices) = TimeOrder.ordered(
        mentions, events: count, asItCame: true)
      mentions = []
      for index in actors.indices { actors[index].event = place[Int(actors[index].event)] }
      (evidence.actorEvents, evidence.actorDevices) = TimeOrder.ordered(actors, events: count)
      for index in tokens.indices { tokens[index].event = place[Int(tokens[index].event)] }
      place = []
      (evidence.tokenEvents, evidence.tokenHashes) = TimeOrder.ordered(tokens, events: count)
    } else {
      evidence.mentionEvents = mentions.map(\.event)
      evidence.mentionDevices = mentions.map(\.value)
      mentions = []
      evidence.actorEvents = actors.map(\.event)
      evidence.actorDevices = actors.map(\.value)
      evidence.tokenEvents = tokens.map(\.event)
      evidence.tokenHashes = tokens.map(\.value)
    }
    tokens = []
    evidence.series = series.finished(
      times: evidence.times, ids: evidence.eventIDs, fewest: limits.fewestValues)
    (evidence.lastSources, evidence.sources) = sources.finished(devices: evidence.devices.count)
    return evidence
  }
}
