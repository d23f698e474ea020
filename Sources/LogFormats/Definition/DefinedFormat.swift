import IncidentModel

/// A format that a JSON file defines: see `Docs/AddALogFormat.md`.
public struct DefinedFormat: LogFormat {
  /// Its name.
  public let name: String
  /// One line on it.
  public let summary: String
  /// What it yields besides the message.
  public let yields: [String]
  /// Records it reads, as the file has them.
  public let samples: [FormatSample]
  /// Records it refuses, as the file has them.
  public let refusals: [String]

  let kind: Kind
  let naming: FieldNaming
  let detect: BytePattern?
  let begins: BytePattern?
  let continues: BytePattern?
  let skip: BytePattern?
  let bootMarker: BytePattern?
  let devices: [DeviceRule]
  let basis: IdentityBasis
  let program: String
  let defaultSeverity: UInt8
  let nested: Set<String>
  /// Texts of which a line must hold one: looked for before any pattern is tried.
  let contains: [[UInt8]]
  /// False for definitions that open bodies only: their patterns claim no lines.
  let claimsLines: Bool
  /// Programs whose messages in syslog and journal are opened with the patterns.
  let programs: [String]

  /// How records are taken apart.
  enum Kind: Sendable {
    case regex(PatternList)
    case jsonLines
    case keyValue(KeyValueText)
    case csv(header: [String], delimiter: UInt8?)
  }

  /// Where a device's name may come from.
  enum DeviceRule: Sendable {
    /// The first group (or the whole match) of a pattern on the record.
    case record(BytePattern)
    /// The same on the path and member names, joined by `/`.
    case path(BytePattern)
    case fixed(String)
  }

  /// What `score` says of a line that the definition can read.
  static let claim = 70

  /// By its `detect` pattern, else by whether it can read the line.
  public func score(_ line: UnsafeRawBufferPointer) -> Int {
    guard claimsLines, contains.isEmpty || contains.contains(where: { Bytes.contains($0, line) }) else {
      return 0
    }
    if let detect { return detect.matches(line) ? 99 : 0 }
    // Not as a list, which would be allocated for each line.
    if let bootMarker, bootMarker.matches(line) { return Self.claim }
    if let skip, skip.matches(line) { return Self.claim }
    switch kind {
    case .regex(let list):
      return list.patterns.contains { $0.matches(line) } ? Self.claim : 0
    case .jsonLines:
      // Without `detect` a JSON definition claims lines that hold one of the members it names.
      let start = JSONText.skipSpace(line, from: 0)
      guard start < line.count, line[start] == 0x7B, JSONText.valueEnd(line, from: start) > 0 else {
        return 0
      }
      var reading = Reading()
      let reader = JSONObjectReader(naming: naming)
      guard case .success = reader.read(line, at: start, into: &reading) else { return 0 }
      let found = reading.kind != .none ? 1 : 0
      return found + (reading.device.isEmpty ? 0 : 1) == 2 ? 61 : 0
    case .keyValue(let text):
      let fields = FlatFields(naming: naming)
      let strays = text.split(line, from: 0, to: line.count, into: fields)
      return fields.count >= 2 && strays == 0 ? 62 : 0
    case .csv: return 0
    }
  }

  /// Tables: by the columns the definition names.
  public func headScore(_ head: UnsafeRawBufferPointer) -> Int {
    guard case .csv(let header, let delimiter) = kind, detect == nil else { return 0 }
    var cursor = LineCursor(head)
    guard let line = cursor.next() else { return 0 }
    var row = CSVRow()
    guard let delimiter = delimiter ?? CSVRow.delimiter(of: line), row.split(line, delimiter: delimiter)
    else { return 0 }
    if !header.isEmpty { return row.count == header.count ? 40 : 0 }
    // The header must name every column that the definition names.
    var names: Set<String> = []
    for index in 0..<row.count {
      names.insert(String(decoding: Bytes.part(line, row[index].start, row[index].end), as: UTF8.self))
    }
    return naming.overrides.keys.allSatisfy(names.contains) && !naming.overrides.isEmpty ? 95 : 0
  }

  /// A parser for one source.
  public func makeParser(_ context: SourceContext) -> any RecordParser { DefinedParser(self, context) }
}

/// Reads one source by a definition.
final class DefinedParser: RecordParser {
  private let format: DefinedFormat
  private let inner: any RecordParser
  private let begins: BytePatternMatch?
  private let continues: BytePatternMatch?
  private let skip: BytePatternMatch?
  private let bootMarker: BytePatternMatch?
  private let deviceMatches: [BytePatternMatch]
  /// True where `nested` names the message: one that is a JSON object is opened.
  private var opensMessage = false
  private let readsJSON: Bool
  private lazy var json = NestedJSON()
  /// A name that does not depend on the record: from the path, or fixed.
  private let standing: (name: [UInt8], basis: IdentityBasis)

  init(_ format: DefinedFormat, _ context: SourceContext) {
    self.format = format
    if case .jsonLines = format.kind { readsJSON = true } else { readsJSON = false }
    begins = format.begins.map(BytePatternMatch.init)
    continues = format.continues.map(BytePatternMatch.init)
    skip = format.skip.map(BytePatternMatch.init)
    bootMarker = format.bootMarker.map(BytePatternMatch.init)
    switch format.kind {
    case .regex(let list):
      inner = PatternParser(list, naming: format.naming, nested: format.nested)
      opensMessage = format.nested.contains("message")
    case .jsonLines: inner = JSONRecordParser(naming: format.naming, basis: format.basis)
    case .keyValue(let text): inner = KeyValueParser(naming: format.naming, text: text)
    case .csv(let header, let delimiter):
      inner = CSVRecordParser(naming: format.naming, header: header, delimiter: delimiter)
    }
    var matches: [BytePatternMatch] = []
    var standing: (name: [UInt8], basis: IdentityBasis) = ([], .none)
    for rule in format.devices {
      switch rule {
      case .record(let pattern): matches.append(BytePatternMatch(pattern))
      case .path(let pattern):
        guard standing.name.isEmpty else { continue }
        let path = Array(context.path.joined(separator: "/").utf8)
        let match = BytePatternMatch(pattern)
        path.withUnsafeBytes { bytes in
          guard match.match(bytes) == .match, let group = match.group(1) ?? match.group(0) else { return }
          standing = (Array(bytes[group.start..<group.end]), .path)
        }
      case .fixed(let name): if standing.name.isEmpty { standing = (Array(name.utf8), format.basis) }
      }
    }
    deviceMatches = matches
    self.standing = standing
  }

  func parse(_ record: UnsafeRawBufferPointer, into reading: inout Reading) -> Verdict {
    reading.reset()
    if Bytes.isBlank(record) { return .blank }
    let isMarker = bootMarker?.match(record) == .match
    if skip?.match(record) == .match {
      if isMarker { reading.flags.insert(.bootMarker) }
      return .structure
    }
    let goesOn =
      continues.map { $0.match(record) == .match } ?? begins.map { $0.match(record) != .match } ?? false
    if goesOn {
      reading.message = .record(0, record.count)
      return .continuation
    }
    var verdict = inner.parse(record, into: &reading)
    if verdict == .event { finish(record, &reading) }
    if isMarker {
      if case .refused = verdict {
        // The line that tells of a boot often has no stamp of its own.
        reading.reset()
        reading.message = .record(0, record.count)
        verdict = .event
        finish(record, &reading)
      }
      reading.flags.insert(.bootMarker)
    }
    return verdict
  }

  func next(_ record: UnsafeRawBufferPointer, into reading: inout Reading) -> Verdict {
    let verdict = inner.next(record, into: &reading)
    if verdict == .event { finish(record, &reading) }
    return verdict
  }

  private func finish(_ record: UnsafeRawBufferPointer, _ reading: inout Reading) {
    // What a message names itself, nobody else vouches for; of JSON records the reader knows which it was.
    if !readsJSON, !reading.device.isEmpty { reading.basis = format.basis }
    if opensMessage {
      json.open(record, into: &reading)
      json.openText(record, into: &reading)
    }
    for match in deviceMatches where reading.device.isEmpty {
      guard match.match(record) == .match, let group = match.group(1) ?? match.group(0),
        group.start < group.end
      else {
        continue
      }
      reading.device = .record(group.start, group.end - group.start)
      reading.basis = format.basis
    }
    if reading.device.isEmpty, !standing.name.isEmpty {
      reading.device = standing.name.withUnsafeBytes { reading.appendSlice($0) }
      reading.basis = standing.basis
    }
    if reading.program.isEmpty, !format.program.isEmpty {
      var program = format.program
      reading.program = program.withUTF8 { reading.appendSlice(UnsafeRawBufferPointer($0)) }
    }
    if reading.severity == 255 { reading.severity = format.defaultSeverity }
  }
}

extension Reading {
  /// Copies bytes into scratch and gives their slice.
  mutating func appendSlice(_ bytes: UnsafeRawBufferPointer) -> Slice {
    let start = scratchCount
    append(bytes)
    return .scratch(start, bytes.count)
  }
}

/// Reads records by patterns with named groups; the first that matches counts.
final class PatternParser: RecordParser {
  /// A pattern with the fields that its groups name.
  private final class Attempt {
    let match: BytePatternMatch
    let entries: [(group: Int, entry: Int32, isNested: Bool)]

    init(_ pattern: BytePattern, _ fields: FlatFields, nested: Set<String>) {
      match = BytePatternMatch(pattern)
      entries = pattern.groups.map {
        ($0.number, fields.entry(named: $0.name), nested.contains($0.name))
      }
    }
  }
  private let attempts: [Attempt]
  private let references: UnsafeMutablePointer<Unmanaged<Attempt>>
  private let list: PatternList
  private let fields: FlatFields

  init(_ list: PatternList, naming: FieldNaming, nested: Set<String> = []) {
    let fields = FlatFields(naming: naming)
    self.fields = fields
    attempts = list.patterns.map { Attempt($0, fields, nested: nested) }
    references = .allocate(capacity: max(1, attempts.count))
    for (place, attempt) in attempts.enumerated() {
      (references + place).initialize(to: Unmanaged.passUnretained(attempt))
    }
    self.list = list
  }

  deinit { references.deallocate() }

  func parse(_ record: UnsafeRawBufferPointer, into reading: inout Reading) -> Verdict {
    reading.reset()
    if Bytes.isBlank(record) { return .blank }
    var verdict: Verdict?
    for place in list.candidates(record[0]) {
      // Counting references would cost as much as what is done with them.
      verdict = references[Int(place)]._withUnsafeGuaranteedRef { read($0, record, into: &reading) }
      if verdict != nil { break }
    }
    return verdict ?? Continuation.verdict(record, into: &reading, otherwise: .noMatch)
  }

  /// Reads a record by one pattern; nil where that does not match.
  @inline(__always)
  private func read(
    _ attempt: Attempt, _ record: UnsafeRawBufferPointer, into reading: inout Reading
  ) -> Verdict? {
    switch attempt.match.match(record) {
    case .noMatch: return nil
    case .limit: return .refused(.matchLimit)
    case .match: break
    }
    fields.removeAll()
    attempt.entries.withUnsafeBufferPointer { entries in
      for (number, entry, isNested) in entries {
        guard let group = attempt.match.group(number), group.start < group.end else { continue }
        let isJSON = isNested && JSONText.valueEnd(Bytes.part(record, group.start, group.end), from: 0) > 0
        fields.add(entry: entry, value: group.start, group.end, isJSON ? .json : .bare)
      }
    }
    fields.assign(record, into: &reading)
    return .event
  }
}
