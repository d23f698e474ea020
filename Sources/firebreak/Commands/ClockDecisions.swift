import ConsoleOutput
import IncidentModel
import TimelineStore

/// The decisions about time in a case, one after the other, as rows and for people.
struct ClockDecisions {
  static let keys = [
    "kind", "source", "device", "boot", "first_event", "last_event", "from", "to", "decided", "error_seconds",
    "ground", "change_with",
  ]

  /// One decision.
  private struct Decision {
    var kind: String
    var source = ""
    var device = ""
    var boot: Int64?
    var events: ClosedRange<Int64>?
    var from = ""
    var to = ""
    var decided = ""
    var error: Double?
    var ground = ""
    var change = ""
  }

  /// Subjects of the decisions about time.
  private static let subjects: Set = [
    "year", "zone", "zone-name", "day-month", "date", "stamp", "time", "boot", "clock",
  ]

  private var stamps: [Decision] = []
  private var boots: [Decision] = []
  private var corrections: [Decision] = []
  private var odd: [Decision] = []
  /// Sources whose stamps say everything.
  private(set) var exactSources = 0

  var isEmpty: Bool { stamps.isEmpty && boots.isEmpty && corrections.isEmpty && odd.isEmpty }

  init(_ reader: CaseReader, _ clocks: ClockDerivation, matching pattern: String?) throws {
    func isWanted(_ names: String...) -> Bool {
      guard let pattern else { return true }
      return names.contains { name in
        NameMatch.fits(pattern, name)
          || NameMatch.fits(pattern, name.split(separator: "/").last.map(String.init) ?? "")
      }
    }
    var sourceNames: [Int64: String] = [:]
    let remarks = try reader.remarksBySource()
    for source in try reader.sources() {
      sourceNames[source.ordinal] = source.name
      let decisions = (remarks[source.ordinal]?.decisions ?? [])
        .filter { Self.subjects.contains($0.subject) }
      if decisions.isEmpty, !source.events.isEmpty, source.firstTime != nil { exactSources += 1 }
      guard isWanted(source.name) else { continue }
      let file = source.name.split(separator: "/").last.map(String.init) ?? source.name
      for one in decisions {
        stamps.append(
          Decision(
            kind: one.subject, source: source.name,
            events: source.events.isEmpty ? nil : source.events.lowerBound...source.events.upperBound - 1,
            from: source.firstTime?.description ?? "", to: source.lastTime?.description ?? "",
            decided: one.value, ground: one.reason, change: Self.option(one.subject, file)))
      }
    }
    // Read anew: anchors may just have been worked out.
    for boot in try CaseReader(path: reader.path).boots() where boot.method != BootSpan.twoClocks {
      let name = sourceNames[boot.source] ?? ""
      guard isWanted(name) else { continue }
      let file = name.split(separator: "/").last.map(String.init) ?? name
      boots.append(
        Decision(
          kind: "anchor", source: name, boot: boot.number, events: boot.events,
          decided: boot.anchor?.description ?? "no time", error: boot.error.map { Double($0) / 1e9 },
          ground: boot.method, change: "ingest --anchor '\(file)=\(boot.number)@TIME'"))
    }
    for piece in clocks.pieces where isWanted(piece.device) {
      var ground = piece.method
      if piece.pairs > 0 { ground += "; \(Figures.counted(Int(piece.pairs), "pair"))" }
      if let receiver = piece.receiver { ground += " with \(receiver)" }
      if let first = piece.evidence.first { ground += ", e.g. event \(first)" }
      corrections.append(
        Decision(
          kind: "correction", device: piece.device, events: piece.events, from: piece.base.description,
          decided: Self.words(piece), error: Double(piece.error) / 1e9, ground: ground,
          change: "clocks --ahead '\(piece.device)=SECONDS'"))
    }
    let names = clocks.flags.isEmpty ? [:] : try reader.deviceNames()
    for flag in clocks.flags {
      let source = sourceNames[flag.source] ?? ""
      let device = flag.device.flatMap { names[$0] } ?? ""
      guard isWanted(source, device) else { continue }
      odd.append(
        Decision(
          kind: flag.kind.rawValue, source: source, device: device, events: flag.events,
          from: Instant(nanoseconds: flag.from).description, to: Instant(nanoseconds: flag.to).description,
          decided: Figures.counted(flag.count, "event"), ground: Self.words(flag.kind),
          change: "clocks --ahead '\(device)=SECONDS'"))
    }
  }

  private static func option(_ subject: String, _ file: String) -> String {
    switch subject {
    case "year": "ingest --year '\(file)=YYYY'"
    case "zone": "ingest --timezone '\(file)=ZONE'"
    case "day-month": "ingest --date-order '\(file)=ORDER'"
    case "boot": "ingest --anchor '\(file)=N@TIME'"
    default: ""
    }
  }

  private static func words(_ piece: ClockPiece) -> String {
    guard piece.ahead != 0 || piece.drift != 0 else { return "as written" }
    var words =
      Figures.decimal(abs(Double(piece.ahead)) / 1e9, 3) + " s " + (piece.ahead >= 0 ? "ahead" : "behind")
    if piece.drift != 0 {
      words +=
        ", \(piece.drift > 0 ? "gains" : "loses") \(Figures.decimal(abs(Double(piece.drift)) / 1000, 1)) ppm"
    }
    return words
  }

  private static func words(_ kind: ClockFlag.Kind) -> String {
    switch kind {
    case .unset1970: "stamps before 1980: the clock was never set"
    case .unset2000: "stamps in 2000: where clocks start whose battery is flat"
    case .future: "stamps more than a day after the evidence was read"
    case .jumpForward: "half a year or more after the event before"
    case .jumpBack: "half a year or more before the event before"
    }
  }

  /// All decisions as rows of `keys`.
  var rows: [[JSONValue]] {
    func text(_ value: String) -> JSONValue { value.isEmpty ? .null : .string(value) }
    return (stamps + boots + corrections + odd).map { one in
      [
        .string(one.kind), text(one.source), text(one.device), one.boot.map { .int($0) } ?? .null,
        one.events.map { .int($0.lowerBound) } ?? .null, one.events.map { .int($0.upperBound) } ?? .null,
        text(one.from), text(one.to), text(one.decided), one.error.map { .double($0) } ?? .null,
        text(one.ground), text(one.change),
      ]
    }
  }

  // MARK: For people

  /// Prints the decisions in four parts, each with a sentence that says what it is about.
  func print(limit: Int) {
    if exactSources > 0 {
      Console.print(
        "\(Figures.counted(exactSources, "source")) \(exactSources == 1 ? "has" : "have") stamps with date, time and zone: nothing to decide."
      )
    }
    part(
      "Stamps that do not say everything", stamps, limit,
      ["what", "decided", "because", "source"], reading: true
    ) { [$0.kind, $0.decided, $0.ground, $0.source] }
    part(
      "Boots: stamps that count from the boot, and when that was", boots, limit,
      ["boot", "events", "began", "±", "because", "source"], reading: true
    ) {
      [
        String($0.boot ?? 0), Self.range($0.events), $0.decided, Self.seconds($0.error), $0.ground, $0.source,
      ]
    }
    part(
      "Clocks compared with each other: what they were off by", corrections, limit,
      ["device", "was", "±", "at", "events", "because"]
    ) {
      [$0.device, $0.decided, Self.seconds($0.error), Self.minute($0.from), Self.range($0.events), $0.ground]
    }
    part(
      "Odd stamps: kept as they are, but do not trust their order", odd, limit,
      ["device", "events", "from", "to", "because", "source"]
    ) {
      [
        $0.device, "\($0.decided) (\(Self.range($0.events)))", Self.minute($0.from), Self.minute($0.to),
        $0.ground,
        $0.source,
      ]
    }
    if isEmpty { Console.note("no decision had to be taken") }
  }

  private func part(
    _ title: String, _ decisions: [Decision], _ limit: Int, _ columns: [String], reading: Bool = false,
    _ cells: (Decision) -> [String]
  ) {
    guard !decisions.isEmpty else { return }
    var decisions = decisions
    let folder = Sources.commonFolder(decisions.map(\.source))
    for index in decisions.indices { decisions[index].source.removeFirst(folder.count) }
    Console.print("")
    let place = folder.isEmpty ? "" : "(in \(Sanitizer.escape(folder)))"
    let fits = DisplayWidth.of(title + " " + place) <= Console.width ?? .max
    Console.print(Console.style.bold(title) + (place.isEmpty ? "" : (fits ? " " : "\n  ") + place))
    var table = TextTable(
      columns.map { .init($0, wraps: ["because", "source"].contains($0)) })
    for one in decisions.prefix(limit) { table.append(cells(one)) }
    Console.print(table, indent: 2)
    if decisions.count > limit {
      Console.print("  … \(Figures.grouped(decisions.count - limit)) more (--limit, --format json)")
    }
    // A command is copied: one whole line for each kind, with the first of its sources; JSON has it for each.
    var kinds: Set<String> = []
    let examples = decisions.prefix(limit).filter { !$0.change.isEmpty && kinds.insert($0.kind).inserted }
    guard !examples.isEmpty else { return }
    Console.print(
      reading
        ? "  to decide otherwise, read the evidence into another case, e.g." : "  to decide otherwise, e.g.")
    for one in examples {
      Console.print("    firebreak " + Sanitizer.escape(one.change) + (reading ? " --case NEW PATH" : ""))
    }
  }

  /// A time as a table shows it on this terminal.
  private static func minute(_ text: String) -> String {
    NarrowTable.isNarrow ? String(text.prefix(16)).replacing("T", with: " ") : text
  }

  private static func range(_ events: ClosedRange<Int64>?) -> String {
    events.map { $0.lowerBound == $0.upperBound ? "\($0.lowerBound)" : "\($0.lowerBound)–\($0.upperBound)" }
      ?? ""
  }

  private static func seconds(_ value: Double?) -> String {
    value.map { Figures.decimal($0, $0 < 1 ? 3 : 1) + " s" } ?? ""
  }
}

/// Names against patterns with `*` and `?`.
enum NameMatch {
  /// True when the whole name fits.
  static func fits(_ pattern: String, _ name: String) -> Bool {
    let pattern = Array(pattern.unicodeScalars)
    let name = Array(name.unicodeScalars)
    var (p, n, star, mark) = (0, 0, -1, 0)
    while n < name.count {
      if p < pattern.count, pattern[p] == "*" {
        (star, mark) = (p, n)
        p += 1
      } else if p < pattern.count, pattern[p] == "?" || pattern[p] == name[n] {
        p += 1
        n += 1
      } else if star >= 0 {
        mark += 1
        (p, n) = (star + 1, mark)
      } else {
        return false
      }
    }
    while p < pattern.count, pattern[p] == "*" { p += 1 }
    return p == pattern.count
  }
}
