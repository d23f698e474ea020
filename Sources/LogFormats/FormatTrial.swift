/// How the first records of a source are read: for `firebreak formats test` and for tests.
public struct FormatTrial: Sendable {
  /// One record's reading, as text.
  public struct Row: Sendable {
    /// 1-based number of the line (or record).
    public var line: Int
    /// `event`, `continuation`, `structure`, `blank`, or `refused: ` and the code.
    public var verdict: String
    /// Name of the format that read it; empty where none did.
    public var format: String
    /// As `Reading.timeText`.
    public var time: String
    /// The device as written.
    public var device: String
    /// 0 to 7, or 255.
    public var severity: UInt8
    /// Program, logger or component.
    public var program: String
    /// The message.
    public var message: String
    /// The other fields as JSON.
    public var fields: String
    /// The stamp as written.
    public var stamp = ""
  }

  /// Name of the elected format.
  public var elected = ""
  /// What each format scored on average per line, best first, those with 0 left out.
  public var candidates: [(name: String, score: Int)] = []
  /// The records.
  public var rows: [Row] = []
  /// True where records follow that are not shown.
  public var isCut = false

  /// Reads the first records of some bytes. Where they are not `isWhole`, but the beginning of a source, a record that they cut
  /// is left out.
  public init(
    catalog: FormatCatalog, bytes: UnsafeRawBufferPointer, path: [String] = [],
    forced: (any LogFormat)? = nil, limit: Int = .max, isWhole: Bool = true
  ) {
    let head = UnsafeRawBufferPointer(rebasing: bytes.prefix(1 << 16))
    if forced == nil { candidates = catalog.election(head: head).scores }
    let reader = catalog.reader(head: head, context: SourceContext(path: path), forced: forced)
    elected = reader.electedName
    var reading = Reading()
    var framer = RecordFramer(reader.framing)
    var offset = 0
    var number = 0
    var gathered: [Int] = []
    var losses = 0
    func refuseGathered(_ gathering: GatheredDocument) {
      losses = gathering.losses
      for index in gathered {
        rows[index].verdict = "refused: \(gathering.reason.code)"
        rows[index].format = ""
      }
    }
    while offset < bytes.count {
      let rest = UnsafeRawBufferPointer(rebasing: bytes[offset...])
      guard let frame = framer.next(rest, isAtEnd: isWhole), frame.consumed > 0 else {
        isCut = true
        break
      }
      number += 1
      if rows.count >= limit {
        isCut = true
        break
      }
      let record = UnsafeRawBufferPointer(rebasing: rest[frame.start..<frame.end])
      if frame.isStructure {
        reading.reset()
        rows.append(Self.row(number, .structure, reading, record, reader.electedName))
        offset += frame.consumed
        continue
      }
      var verdict = reader.parse(record, into: &reading)
      if let gathering = reader.gathering {
        let isLost = gathering.losses != losses
        if isLost { refuseGathered(gathering) }
        if isLost || !gathering.isOpen { gathered = [] }
        if gathering.isOpen { gathered.append(rows.count) }
      }
      while true {
        rows.append(Self.row(number, verdict, reading, record, reader.currentName))
        guard reading.flags.contains(.more), rows.count < limit else { break }
        verdict = reader.next(record, into: &reading)
      }
      offset += frame.consumed
    }
    if isWhole, !isCut, let gathering = reader.gathering, gathering.isOpen {
      gathering.lose(.truncated)
      refuseGathered(gathering)
    }
  }

  private static func row(
    _ line: Int, _ verdict: Verdict, _ reading: borrowing Reading, _ record: UnsafeRawBufferPointer,
    _ format: String
  ) -> Row {
    var row = Row(
      line: line, verdict: "", format: format, time: "", device: "", severity: 255, program: "", message: "",
      fields: "")
    switch verdict {
    case .event, .continuation:
      row.verdict = verdict == .event ? "event" : "continuation"
      row.time = verdict == .event ? reading.timeText : ""
      row.stamp = reading.text(reading.stamp, of: record)
      row.device = reading.text(reading.device, of: record)
      row.severity = reading.severity
      row.program = reading.text(reading.program, of: record)
      row.message = reading.text(reading.message, of: record)
      row.fields = reading.fieldsText(of: record)
    case .structure:
      row.verdict = "structure"
      row.message = String(decoding: record.prefix(1024), as: UTF8.self)
    case .blank: row.verdict = "blank"
    case .refused(let refusal):
      row.verdict = "refused: \(refusal.code)"
      row.format = ""
      row.message = String(decoding: record.prefix(1024), as: UTF8.self)
    }
    return row
  }
}
