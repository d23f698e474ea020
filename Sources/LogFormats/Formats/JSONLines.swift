import IncidentModel

/// JSON lines of any shape: one object a line; time, device, severity and message are found by their usual names.
struct JSONLinesFormat: LogFormat {
  let name = "jsonl"
  let summary = "JSON lines of any shape; time, device, severity, message by their usual names, nested too"
  let yields = ["time", "device", "severity", "program", "every other member as it stands"]
  let samples = [
    FormatSample(
      #"{"ts":"2026-04-07T08:31:56.445Z","device":"dev-00172","level":"info","msg":"ntp sync offset=0 ms"}"#,
      time: "2026-04-07T08:31:56.445Z", device: "dev-00172", severity: 6, message: "ntp sync offset=0 ms",
      fields: ""),
    FormatSample(
      #"{"@timestamp":"2026-04-07T10:31:56+02:00","host":{"name":"gw-1","os":"x"},"log":{"level":"WARN"},"#
        + #""message":"a \"b\"\n\u00e9\ud83d\ude00","n":1.50,"ok":true,"z":null,"l":[1,{"a":[]}]}"#,
      time: "2026-04-07T08:31:56Z", device: "gw-1", severity: 4, message: "a \"b\"\né😀",
      fields: #"{"host":{"name":"gw-1","os":"x"},"log":{"level":"WARN"},"n":1.50,"ok":true,"z":null,"#
        + #""l":[1,{"a":[]}]}"#),
    FormatSample(
      #"{"time":1775550716445,"level":50,"deviceId":"d1","msg":"no route"}"#,
      time: "2026-04-07T08:31:56.445Z", device: "d1", severity: 3, message: "no route", fields: ""),
    FormatSample(
      #"{"time":1775550716445,"level":50,"deviceId":"d1","temp_c":21.5}"#, time: "2026-04-07T08:31:56.445Z",
      device: "d1", severity: 255, message: "", fields: #"{"level":50,"temp_c":21.5}"#),
    FormatSample(
      #"[{"ts":"2026-04-07T08:31:56Z","device":"a","msg":"x"}, {"device":"b"}]"#,
      time: "2026-04-07T08:31:56Z", device: "a", message: "x"),
    FormatSample(
      #"{"t":1775550716.25,"host":"h","sev":3,"text":"x"},"#, time: "2026-04-07T08:31:56.25Z", severity: 3),
    FormatSample(
      #"{"ts_ms":12345,"node":"n","msg":"boot"}"#, time: "boot+12.345", device: "n", message: "boot"),
    FormatSample(
      #"{"time":"2026-04-07T08:31:56Z","log":"{\"level\":\"error\",\"msg\":\"no route\",\"try\":2}\n","stream":"stderr"}"#,
      severity: 3, message: "no route", fields: #"{"stream":"stderr","nested":{"try":2}}"#),
    FormatSample(
      #"{"log":"level=error ts=2026-04-07T08:31:55.9Z device=p-1 msg=\"no route\" try=2\n","stream":"stderr","#
        + #""time":"2026-04-07T08:31:56Z"}"#,
      time: "2026-04-07T08:31:55.9Z", device: "p-1", severity: 3, message: "no route",
      fields: #"{"stream":"stderr","nested":{"try":2},"time":"2026-04-07T08:31:56Z"}"#),
    FormatSample("[", verdict: .structure), FormatSample("]", verdict: .structure),
    FormatSample("", verdict: .blank),
  ]
  let refusals = [
    "{", #"{"a":1"#, #"{"a":1}x"#, #"{"a":01}"#, #"{"a":"\x"}"#, "{\"a\":\"\u{1}\"}", #"{a:1}"#, "17",
    "plain text",
    #"{"a":tru}"#, #"{"a":1,}"#, #""text""#,
  ]

  func score(_ line: UnsafeRawBufferPointer) -> Int {
    let start = JSONText.skipSpace(line, from: 0)
    guard start < line.count, line[start] == 0x7B else { return JSONWrapper.isList(line) ? 55 : 0 }
    return JSONText.valueEnd(line, from: start) > 0 ? 60 : 5
  }

  func makeParser(_ context: SourceContext) -> any RecordParser {
    JSONRecordParser(traits: context.traits)
  }
}

/// Reads records that hold one or several JSON objects: a line, an array of objects, values one after the other.
final class JSONRecordParser: RecordParser {
  private let objects: JSONObjectReader
  @exclusivity(unchecked) private var resume = 0
  @exclusivity(unchecked) private var isWrapped = false
  /// How the last object began that wraps nothing, up to the first byte of its first value, which was no bracket: what begins alike wraps
  /// nothing either.
  @exclusivity(unchecked) private var plainBeginning = ShortPrefix()
  /// How many objects may still be gone through for a list behind other members.
  @exclusivity(unchecked) private var searches = 32

  private let nested: NestedJSON
  /// Opens lists in records, where names have their usual meanings.
  private lazy var lists = JSONInnerList(traits: traits)
  private let opensLists: Bool
  private let traits: SourceTraits
  /// The record that is being read stands for those in its list.
  @exclusivity(unchecked) private var isListed = false

  init(
    naming: FieldNaming = .usual, basis: IdentityBasis = .selfAsserted, isTransport: Bool = false,
    traits: SourceTraits = SourceTraits()
  ) {
    objects = JSONObjectReader(naming: naming, basis: basis, traits: traits)
    nested = NestedJSON(isTransport: isTransport)
    opensLists = naming.overrides.isEmpty && naming.stamp == nil
    self.traits = traits
  }

  func parse(_ record: UnsafeRawBufferPointer, into reading: inout Reading) -> Verdict {
    reading.reset()
    var i = JSONText.skipSpace(record, from: 0)
    if i == record.count { return .blank }
    if record[i] != 0x7B {
      // Arrays written with one object a line.
      while i < record.count, record[i] == 0x5B || record[i] == 0x5D || record[i] == 0x2C || record[i] <= 0x20
      {
        i &+= 1
      }
      if i == record.count { return .structure }
      guard record[i] == 0x7B else {
        if Bytes.isBlank(record) { return .blank }
        return .refused(JSONText.valueEnd(record, from: 0) == record.count ? .notAnObject : .notJSON)
      }
    }
    isWrapped = false
    isListed = false
    if !plainBeginning.matches(record, at: i) {
      if let first = JSONWrapper.firstElement(record, at: i, searching: searches > 0) {
        isWrapped = true
        i = first
      } else {
        searches = max(0, searches &- 1)
        if let end = JSONWrapper.plainBeginning(record, at: i) {
          plainBeginning = ShortPrefix(record[i..<end])
        }
      }
    }
    return element(record, at: i, into: &reading)
  }

  func next(_ record: UnsafeRawBufferPointer, into reading: inout Reading) -> Verdict {
    reading.reset()
    return element(record, at: resume, into: &reading)
  }

  /// True for a line of a program's output as Docker keeps it: `{"log":"…\n","stream":"stderr","time":"…"}`.
  private func isCaught(_ record: UnsafeRawBufferPointer, _ start: Int, _ end: Int) -> Bool {
    objects.messageIsLog && Bytes.find(#""stream""#, Bytes.part(record, start, end)) != nil
  }

  /// Reads the first object of a list that the record stands for; nil where it is an event.
  @inline(never)
  private func openList(
    _ record: UnsafeRawBufferPointer, _ start: Int, _ end: Int, into reading: inout Reading
  ) -> Verdict? {
    // Several records in one line are told apart by their braces.
    for byte in record[end...] where byte > 0x20 && byte != 0x2C && byte != 0x5D { return nil }
    guard let first = lists.firstElement(record, from: start, to: end, read: objects, reading) else {
      return nil
    }
    isListed = true
    reading.reset()
    return element(record, at: first, into: &reading)
  }

  @inline(__always)
  private func element(_ record: UnsafeRawBufferPointer, at start: Int, into reading: inout Reading)
    -> Verdict
  {
    switch objects.read(record, at: start, into: &reading) {
    case .failure(let refusal):
      reading.reset()
      if start > 0 { reading.element = .record(start, record.count &- start) }
      return .refused(refusal)
    case .success(let end):
      var i = end
      if objects.list.count == 1, opensLists, !isWrapped, !isListed,
        let verdict = openList(record, start, end, into: &reading)
      {
        return verdict
      }
      if isWrapped || isListed {
        i = JSONText.skipSpace(record, from: i)
        if i < record.count, record[i] == 0x2C {
          i = JSONText.skipSpace(record, from: i &+ 1)
          if i < record.count, record[i] == 0x7B {
            resume = i
            reading.flags.insert(.more)
          }
        }
        // What stands around the list belongs to nobody; an element is marked even where it is the only one.
        i = record.count
      } else if i < record.count {
        while i < record.count, record[i] <= 0x20 || record[i] == 0x2C || record[i] == 0x5D { i &+= 1 }
        if i < record.count {
          guard record[i] == 0x7B else {
            reading.reset()
            return .refused(.notJSON)
          }
          resume = i
          reading.flags.insert(.more)
        }
      }
      if start > 0 || i < record.count { reading.element = .record(start, end &- start) }
      nested.open(record, into: &reading, isCaught: isCaught(record, start, end))
      nested.openText(record, into: &reading, isCaught: isCaught(record, start, end))
      if isListed { lists.inherit(Bytes.part(record, start, end), into: &reading) }
      if nested.tookTime {
        nested.tookTime = false
        objects.giveBack(.time, record, into: &reading)
      }
      return .event
    }
  }
}
