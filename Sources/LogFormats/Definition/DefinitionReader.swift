import IncidentModel

extension DefinedFormat {
  /// A format from its JSON file. Everything it says is checked, and its samples are read: a definition that does not
  /// read its own samples is refused.
  public init(json: [UInt8]) throws(DefinitionError) { try self.init(json: json, checksSamples: true) }

  /// `checksSamples` is false for the built-in definitions, whose samples the tests read.
  init(json: [UInt8], checksSamples: Bool) throws(DefinitionError) {
    let tree = json.withUnsafeBytes { JSONTree($0) }
    guard let tree, case .object(let members) = tree else {
      throw DefinitionError(
        what: "a format definition must be one JSON object", hint: "check it with 'jq . FILE'")
    }
    let known: Set<String> = [
      "name", "summary", "kind", "pattern", "patterns", "detect", "time", "device", "basis", "severity",
      "message",
      "program", "map", "nested", "multiline", "skip", "delimiter", "header", "separators", "sample",
      "refuse", "comment", "contains", "programs", "lines", "$schema",
    ]
    if let stray = members.first(where: { !known.contains($0.key) }) {
      throw DefinitionError(
        what: "unknown member '\(stray.key)'", hint: "known are \(known.sorted().joined(separator: ", "))")
    }
    guard let name = tree["name"]?.text, !name.isEmpty,
      name.utf8.allSatisfy({
        Bytes.isDigit($0) || $0 == 0x2D || $0 == 0x2E || Bytes.isLetter($0) || $0 == 0x5F
      })
    else {
      throw DefinitionError(
        what: "'name' is missing or holds other than letters, digits, '-', '_', '.'", hint: "")
    }
    self.name = name
    summary = tree["summary"]?.text ?? "defined by a file"
    kind = try Self.kind(tree)
    var overrides: [String: FieldMeaning] = [:]
    var fixed: Set<FieldRole> = []
    func take(_ role: FieldRole, _ source: String, rank: UInt8) {
      overrides[source] = FieldMeaning(role: role, rank: rank)
      fixed.insert(role)
    }
    // The short form: canonical name to the source's name.
    for (canonical, source) in tree["map"]?.members ?? [] {
      guard let role = Self.role(canonical) else {
        throw DefinitionError(
          what: "'map' has no target '\(canonical)'",
          hint: "targets are time, device, severity, message, program, uptime")
      }
      for (index, name) in source.list.enumerated() {
        guard let name = name.text else { throw Self.wrong("map.\(canonical)", "a name or a list of names") }
        take(role, name, rank: UInt8(min(index, 100)))
      }
    }
    let time = tree["time"]
    if let field = time?["field"]?.text ?? time?.text { take(.time, field, rank: 0) }
    if let message = tree["message"]?.text { take(.message, message, rank: 0) }
    var words: [(word: [UInt8], severity: UInt8)] = []
    var severityDefault: UInt8 = 255
    if let severity = tree["severity"] {
      if let field = severity["field"]?.text ?? severity.text { take(.severity, field, rank: 0) }
      for (word, value) in severity["map"]?.members ?? [] {
        words.append((Array(word.utf8), try Self.severity(value, "severity.map.\(word)")))
      }
      if let value = severity["default"] { severityDefault = try Self.severity(value, "severity.default") }
    }
    defaultSeverity = severityDefault
    var fixedProgram = ""
    if let program = tree["program"] {
      if let field = program["field"]?.text { take(.program, field, rank: 0) }
      fixedProgram = program["value"]?.text ?? ""
      if let field = program.text { take(.program, field, rank: 0) }
    }
    program = fixedProgram
    var rules: [DeviceRule] = []
    // Whoever names where the device comes from does not want it from elsewhere.
    if tree["device"] != nil { fixed.insert(.device) }
    if tree["program"] != nil { fixed.insert(.program) }
    for (index, rule) in (tree["device"]?.list ?? []).enumerated() {
      if let field = rule["field"]?.text ?? rule.text {
        take(.device, field, rank: UInt8(min(index, 100)))
      } else if let pattern = rule["pattern"]?.text {
        rules.append(.record(try BytePattern(pattern)))
      } else if let pattern = rule["path"]?.text {
        rules.append(.path(try BytePattern(pattern)))
      } else if let value = rule["value"]?.text {
        rules.append(.fixed(value))
      } else {
        throw Self.wrong("device[\(index)]", "an object with 'field', 'pattern', 'path' or 'value'")
      }
    }
    devices = rules
    if let word = tree["basis"]?.text {
      guard let found = IdentityBasis.allCases.first(where: { $0.name == word }) else {
        throw Self.wrong("basis", "one of \(IdentityBasis.allCases.map(\.name).joined(separator: ", "))")
      }
      basis = found
    } else {
      basis = .selfAsserted
    }
    var naming = FieldNaming(overrides: overrides, fixedRoles: fixed, stamp: nil, severityWords: words)
    if let time, case .object = time { naming.stamp = try Self.stampRule(time) }
    self.naming = naming
    bootMarker = try Self.pattern(time?["boot_marker"], "time.boot_marker")
    detect = try Self.pattern(tree["detect"]?["pattern"] ?? tree["detect"], "detect")
    begins = try Self.pattern(tree["multiline"]?["begins"], "multiline.begins")
    continues = try Self.pattern(tree["multiline"]?["continues"], "multiline.continues")
    skip = try Self.pattern(tree["skip"], "skip")
    nested = Set(tree["nested"]?.list.compactMap(\.text) ?? [])
    contains = (tree["contains"]?.list ?? []).compactMap { $0.text.map { Array($0.utf8) } }
    claimsLines = tree["lines"] != .bool(false)
    programs = (tree["programs"]?.list ?? []).compactMap(\.text)
    guard contains.allSatisfy({ !$0.isEmpty }), contains.count == (tree["contains"]?.list ?? []).count else {
      throw Self.wrong("contains", "a text or a list of texts, none of them empty")
    }
    yields = fixed.map { "\($0)" }.sorted() + ["other fields"]
    samples = try Self.samples(tree)
    refusals = tree["refuse"]?.list.compactMap(\.text) ?? []
    guard checksSamples else { return }
    let failures = SampleCheck.failures(of: self)
    if let first = failures.first {
      throw DefinitionError(
        what: first,
        hint: failures.count > 1 ? "and \(failures.count - 1) more samples are not read as they say" : "")
    }
  }

  private static func role(_ name: String) -> FieldRole? {
    switch name {
    case "time": .time
    case "device": .device
    case "severity": .severity
    case "message": .message
    case "program": .program
    case "uptime": .uptime
    case "date": .date
    case "time_of_day": .timeOfDay
    default: nil
    }
  }

  private static func wrong(_ place: String, _ wanted: String) -> DefinitionError {
    DefinitionError(what: "'\(place)' must be \(wanted)", hint: "")
  }

  private static func pattern(_ value: JSONTree?, _ place: String) throws(DefinitionError) -> BytePattern? {
    guard let value else { return nil }
    guard let text = value.text else { throw wrong(place, "a pattern") }
    return try BytePattern(text)
  }

  private static func severity(_ value: JSONTree, _ place: String) throws(DefinitionError) -> UInt8 {
    guard let text = value.scalarText else { throw wrong(place, "a severity") }
    if let number = UInt8(text), number < 8 { return number }
    guard let severity = Severity(name: text) else {
      throw wrong(place, "one of \(Severity.allCases.map(\.name).joined(separator: ", ")), or 0 to 7")
    }
    return severity.rawValue
  }

  private static func kind(_ tree: JSONTree) throws(DefinitionError) -> Kind {
    switch tree["kind"]?.text {
    case "regex":
      let entries = (tree["pattern"]?.list ?? []) + (tree["patterns"]?.list ?? [])
      guard !entries.isEmpty else { throw wrong("pattern", "a pattern or a list of patterns") }
      var patterns: [BytePattern] = []
      for entry in entries {
        guard let text = (entry["pattern"] ?? entry).text else {
          throw wrong("pattern", "a pattern, an object with 'pattern' and 'needs', or a list of them")
        }
        let pattern = try BytePattern(text, need: try need(entry))
        if pattern.groups.isEmpty {
          throw DefinitionError(
            what: "pattern '\(text)' has no named group",
            hint: "name what it finds: (?<time>…), (?<message>…)")
        }
        patterns.append(pattern)
      }
      return .regex(PatternList(patterns, passesOver: tree["programs"] != nil))
    case "jsonl": return .jsonLines
    case "logfmt": return .keyValue(KeyValueText())
    case "kv":
      let separators = tree["separators"]
      guard let assign = byte(separators?["assign"] ?? .string("=")),
        let pair = byte(separators?["pair"] ?? .string(" "))
      else { throw wrong("separators", "an object with 'assign' and 'pair', one ASCII character each") }
      return .keyValue(KeyValueText(assign: assign, pair: pair, singleQuotes: true))
    case "csv":
      var delimiter: UInt8?
      if let given = tree["delimiter"] {
        guard let value = byte(given) else { throw wrong("delimiter", "one ASCII character") }
        delimiter = value
      }
      return .csv(header: tree["header"]?.list.compactMap(\.text) ?? [], delimiter: delimiter)
    default: throw wrong("kind", "one of regex, jsonl, logfmt, csv, kv")
    }
  }

  /// What a pattern's entry says that a record must hold.
  private static func need(_ entry: JSONTree) throws(DefinitionError) -> PatternNeed? {
    guard case .object(let members) = entry else { return nil }
    if let stray = members.first(where: { $0.key != "pattern" && $0.key != "needs" }) {
      throw DefinitionError(
        what: "unknown member '\(stray.key)' beside 'pattern'", hint: "known are pattern, needs")
    }
    guard let needs = entry["needs"] else { return nil }
    guard let need = PatternNeed(needs.list.map { $0.text ?? "" }) else {
      throw wrong("needs", "a text or a list of texts; '\(PatternNeed.addressName)' is an address")
    }
    return need
  }

  private static func byte(_ value: JSONTree) -> UInt8? {
    guard let text = value.text, text.utf8.count == 1, let byte = text.utf8.first, byte < 0x80 else {
      return nil
    }
    return byte
  }

  private static func stampRule(_ time: JSONTree) throws(DefinitionError) -> StampRule? {
    var rule = StampRule()
    switch time["class"]?.text ?? "auto" {
    case "auto", "absolute", "no-zone", "no-year": rule.kind = .auto
    case "epoch": rule.kind = .epoch
    case "since-boot": rule.kind = .sinceBoot
    default: throw wrong("time.class", "one of auto, absolute, no-zone, no-year, epoch, since-boot")
    }
    if let unit = time["unit"] {
      let units: [String: Int64] = ["s": 1_000_000_000, "ms": 1_000_000, "us": 1000, "ns": 1]
      guard let text = unit.text, let found = units[text] else {
        throw wrong("time.unit", "one of s, ms, us, ns")
      }
      rule.unit = found
    }
    if let format = time["format"] {
      for form in format.list {
        guard let text = form.text, let pattern = StampPattern(text) else {
          throw wrong(
            "time.format",
            "a form (or a list of them) in the letters of strftime(3), such as '%d.%m.%Y %H:%M:%S'")
        }
        rule.formats.append(pattern)
      }
      rule.kind = .formatted
    }
    if let zone = time["zone"] {
      guard let text = zone.text, let rules = TimeZoneRules(name: text) else {
        throw wrong("time.zone", "an IANA name such as 'Europe/Berlin', 'UTC', or an offset such as '+02:00'")
      }
      rule.zone = rules
    }
    return rule
  }

  private static func samples(_ tree: JSONTree) throws(DefinitionError) -> [FormatSample] {
    let list = tree["sample"]?.list ?? []
    guard !list.isEmpty else {
      throw DefinitionError(
        what: "'sample' is missing",
        hint:
          "give at least one line with what must be read from it: {\"line\": \"…\", \"expect\": {\"time\": \"…\"}}"
      )
    }
    var samples: [FormatSample] = []
    for (index, sample) in list.enumerated() {
      guard let line = sample["line"]?.text ?? sample.text else {
        throw wrong("sample[\(index)]", "a line, or an object with 'line'")
      }
      let expect = sample["expect"]
      var verdict = Verdict.event
      switch expect?["verdict"]?.text ?? "event" {
      case "event": break
      case "continuation": verdict = .continuation
      case "structure": verdict = .structure
      case "blank": verdict = .blank
      default: throw wrong("sample[\(index)].expect.verdict", "one of event, continuation, structure, blank")
      }
      var severity: UInt8?
      if let value = expect?["severity"] {
        severity = try Self.severity(value, "sample[\(index)].expect.severity")
      }
      samples.append(
        FormatSample(
          line, verdict: verdict, time: expect?["time"]?.text, device: expect?["device"]?.text,
          severity: severity,
          program: expect?["program"]?.text, message: expect?["message"]?.text,
          fields: expect?["fields"].map { JSONTree.compact($0) }))
    }
    return samples
  }
}

extension JSONTree {
  /// The value as compact JSON.
  static func compact(_ value: JSONTree) -> String {
    func quoted(_ text: String) -> String {
      var scratch = Reading()
      var text = text
      text.withUTF8 { scratch.appendJSONString(UnsafeRawBufferPointer($0)) }
      return scratch.text(.scratch(0, scratch.scratchCount), of: UnsafeRawBufferPointer(start: nil, count: 0))
    }
    switch value {
    case .null: return "null"
    case .bool(let truth): return truth ? "true" : "false"
    case .number(let text): return text
    case .string(let text): return quoted(text)
    case .array(let elements): return "[" + elements.map(compact).joined(separator: ",") + "]"
    case .object(let members):
      return "{" + members.map { quoted($0.key) + ":" + compact($0.value) }.joined(separator: ",") + "}"
    }
  }
}
