import ArgumentParser
import CascadeAnalysis
import ConsoleOutput
import FoundationEssentials
import IncidentModel
import TimelineStore

/// `firebreak incidents`: the incidents of a trace, the largest first.
struct Incidents: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "incidents",
    abstract:
      "List the incidents of a trace: when, how many were affected, where it began, how sure that is.",
    discussion: """
      The numbers are those that --incident of 'firebreak metrics' and 'firebreak postmortem' takes. Without --trace the \
      case is traced as it is now, and nothing is kept.

      Exit code 1: there is no incident. 2: the case holds no event with a time, so that nothing can be told.
      """)

  @OptionGroup var caseOption: CaseOption

  @Option(help: ArgumentHelp("A stored trace instead (default: trace now).", valueName: "number"))
  var trace: Int64?

  @Option(help: "Output: table, json, jsonl or csv.")
  var format: OutputFormat = .table

  func run() throws {
    Interrupt.endAtOnce()
    let reader = try caseOption.openReader()
    let document: IncidentList
    if let trace {
      guard let stored = try reader.trace(trace) else {
        throw CommandError(
          "there is no trace \(trace) in '\(reader.path)': make one with 'firebreak trace'", .no)
      }
      document = try IncidentList(json: stored.result)
    } else {
      let session = try TraceSession(path: reader.path)
      try session.requireEvents()
      document = try IncidentList(json: TraceDocument.of(session.trace()).text())
    }
    let isTable = format == .table
    let times = NarrowTable.timeFormat(document.incidents.flatMap { [$0.first, $0.last] })
    func time(_ instant: Instant?) -> JSONValue {
      guard let instant else { return .null }
      return .string(isTable ? times(instant) : instant.rfc3339(fractionDigits: 9))
    }
    let keys = ["incident", "first", "last", "affected", "origin", "probability", "words"]
    var rows = ResultRows(
      schema: "firebreak.incidents/1",
      columns: [
        .init("incident", alignsRight: true), .init("first"), .init("last"),
        .init("affected", alignsRight: true), .init("origin", wraps: true),
        .init("probability", alignsRight: true),
        .init(""),
      ], keys: keys)
    rows.extra = [("case", .string(reader.path)), ("trace", trace.map { .int($0) } ?? .null)]
    for (index, incident) in document.incidents.enumerated() {
      let origin = incident.origins.first
      // A candidate that is unlikely is no origin.
      let isDetermined = (origin?.score ?? 0) >= 0.5
      var row: [JSONValue] = [
        .int(Int64(index + 1)), time(incident.first), time(incident.last), .int(Int64(incident.onsets.count)),
      ]
      if let origin, isDetermined {
        row.append(.string(origin.device))
        row.append(isTable ? .string(Figures.percent(origin.score)) : .double(origin.score))
        row.append(.string(origin.words))
      } else {
        row += [isTable ? .string("not determined") : .null, .null, .null]
      }
      rows.rows.append(row)
    }
    if !document.incidents.isEmpty || !isTable { rows.write(as: format) }
    if document.incidents.isEmpty {
      Console.note("no cascade was found in this case")
      throw ExitStatus.no
    }
  }
}

/// What a trace's document (`firebreak.trace/1`) says of its incidents.
struct IncidentList: Decodable {
  /// One incident.
  struct Incident: Decodable {
    struct Origin: Decodable {
      var device: String
      var score: Double
      var words: String
    }
    var origins: [Origin]
    /// RFC 3339, by entity.
    var onsets: [String: String]

    var first: Instant? { onsets.values.compactMap { Instant(query: $0) }.min() }
    var last: Instant? { onsets.values.compactMap { Instant(query: $0) }.max() }
  }
  var incidents: [Incident]

  init(json: String) throws {
    do {
      self = try JSONDecoder().decode(IncidentList.self, from: Data(json.utf8))
    } catch {
      throw CommandError("the trace in the case cannot be read: make one anew with 'firebreak trace'")
    }
  }
}
