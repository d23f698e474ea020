import ArgumentParser
import CascadeAnalysis
import ConsoleOutput
import IncidentModel
import TimelineStore

/// `firebreak explain`: why this onset, why this parent, why not that one.
struct ExplainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "explain",
    abstract: "Say why an entity is taken for failed, and why by this parent and not by that one.",
    discussion: """
      SUBJECT is the name of an entity, or an edge as FROM->TO. Blanks around the arrow and upper or lower case do not matter.
      """)

  @Argument(help: "An entity, or FROM->TO.")
  var subject: String

  @OptionGroup var location: CaseOption

  @Option(help: "Output.")
  var format: DocumentFormat = .table

  /// Events of a statement that are shown with their texts.
  private static let eventsShown = 2

  /// Why nothing is told of an entity that the case knows: what it wrote as an error is not called nothing.
  private func spared(_ subject: String, _ evidence: IncidentEvidence) -> String {
    let device = evidence.devices.firstIndex(of: subject).map { Int32($0) } ?? -1
    let severe = evidence.severities.indices.count {
      evidence.eventDevices[$0] == device && evidence.severities[$0] <= Severity.error.rawValue
    }
    if severe > 0 {
      return
        "it wrote \(severe) error\(severe == 1 ? "" : "s"), but of kinds that are written all over the window or by too few to tell, "
        + "and nobody reported it: 'firebreak query' lists them"
    }
    return "nothing it said was unusual, as far as this case tells, and nobody reported it"
  }

  func run() throws {
    let session = try TraceSession(path: try location.announcedPath())
    try session.requireEvents()
    let trace = session.trace()
    let names = EntityNames(trace, session.evidence)
    let subject = names.subject(self.subject)
    let explanation = trace.explanation(of: subject)
    guard !explanation.isEmpty else {
      if let rejected = session.options.judgements.last(where: { $0.subject == "onset:\(subject)" }),
        !rejected.isAccepted
      {
        throw CommandError(
          "the failure of '\(subject)' was rejected by \(rejected.author) at \(rejected.at): 'firebreak note' lists why, "
            + "and 'firebreak note --retract' takes that back", .no)
      }
      let others = try DeviceAliases.current(session.reader).aliases.others(than: subject)
      if let failed = others.first(where: { !trace.explanation(of: $0).isEmpty }) {
        throw CommandError(
          "nothing failed under the name '\(subject)', but the device is also '\(failed)', which did: "
            + "'firebreak explain \(failed)'; 'firebreak devices --aliases' says why they are one", .no)
      }
      let isKnown = session.evidence.devices.contains(subject)
      let naming = isKnown ? trace.failuresThatName(subject, in: session.evidence) : []
      if let first = naming.first {
        let who =
          naming.count == 1
          ? "'\(first)', which failed, names it" : "\(naming.count) that failed, such as '\(first)', name it"
        throw CommandError(
          "'\(subject)' is not known to have failed: nothing it said was unusual, but \(who)", .no)
      }
      throw CommandError(
        isKnown
          ? "'\(subject)' is not taken for failed: " + spared(subject, session.evidence)
          : "'\(subject)' is no entity or edge of this trace"
            + (names.suggestion(for: subject).map { ": did you mean '\($0)'?" }
              ?? ": see 'firebreak devices' and 'firebreak trace'"),
        .no)
    }
    let masking = Masking(isOn: true)
    switch format {
    case .json:
      Console.print(
        JSONValue.object([
          ("schema", .string("firebreak.explain/1")), ("subject", .string(subject)),
          (
            "statements",
            .array(
              explanation.map { statement in
                .object([
                  ("text", .string(statement.text)),
                  ("probability", statement.probability.map { .double($0) } ?? .null),
                  ("words", statement.probability.map { .string(EstimativeWords.of($0)) } ?? .null),
                  ("evidence", .array(statement.evidence.map { .int($0.rawValue) })),
                ])
              })
          ),
        ]).prettyText())
    case .table:
      for statement in explanation {
        var text = Sanitizer.escape(statement.text)
        if let probability = statement.probability {
          text += " (\(EstimativeWords.of(probability)), \(Figures.percent(min(0.99, probability))))"
        }
        for (index, line) in DisplayWidth.wrap(text, 76).enumerated() {
          Console.print((index == 0 ? "- " : "  ") + line)
        }
        for id in statement.evidence.prefix(Self.eventsShown) { try show(id, session.reader, masking) }
        if statement.evidence.count > Self.eventsShown {
          let more = statement.evidence.dropFirst(Self.eventsShown)
          let ids = more.prefix(6).map { "\($0.rawValue)" }.joined(separator: " ")
          Console.print(
            Console.style.dim("    and \(more.count) more: \(ids)\(more.count > 6 ? " …" : "")"))
        }
      }
      if !trace.clockSkews.isEmpty {
        Console.note(
          "times in sentences are corrected for clocks that were off; those of events are as they were written"
        )
      }
      Console.note("see one with 'firebreak show EVENT'")
    }
  }
  /// One event in a line: id, time as written, who, and the beginning of what it says.
  private func show(_ id: EventID, _ reader: CaseReader, _ masking: Masking) throws {
    guard let event = try reader.event(id) else { return }
    let time = event.time.map { $0.rfc3339(fractionDigits: 3) } ?? event.stamp ?? "no time"
    let message = masking(event.message).split(separator: "\n", maxSplits: 1).first.map(String.init) ?? ""
    let line = Sanitizer.escape(
      "\(id.rawValue)  \(time)  \(DisplayWidth.fitEnds(event.device ?? "-", 28)): \(message)")
    Console.print(Console.style.dim("    " + DisplayWidth.fit(line, 74)))
  }
}

/// The names of a case as people type them.
struct EntityNames {
  private let names: Set<String>
  /// By name in lower case; nil where two differ in case only.
  private let folded: [String: String?]

  init(_ trace: Trace, _ evidence: IncidentEvidence) {
    var names = Set(evidence.devices)
    for incident in trace.incidents {
      names.formUnion(incident.onsets.map(\.device))
      names.formUnion(incident.origins.map(\.device))
      for edge in incident.edges + incident.alternatives { names.formUnion([edge.from, edge.to]) }
    }
    for alone in trace.unrelated + trace.wentOn { names.insert(alone.device) }
    self.names = names
    folded = Dictionary(names.map { ($0.lowercased(), Optional($0)) }, uniquingKeysWith: { _, _ in nil })
  }

  init(_ names: some Sequence<String>) {
    self.names = Set(names)
    folded = Dictionary(self.names.map { ($0.lowercased(), Optional($0)) }, uniquingKeysWith: { _, _ in nil })
  }

  /// The name that is meant: as written where there is such a one, else the only one that differs in case or by blanks around.
  func name(_ text: String) -> String {
    if names.contains(text) { return text }
    let trimmed = Self.trimmed(text)
    if names.contains(trimmed) { return trimmed }
    return (folded[trimmed.lowercased()] ?? nil) ?? trimmed
  }

  /// An entity or FROM->TO, with names as the case has them. A name may hold an arrow itself.
  func subject(_ text: String) -> String {
    let whole = name(text)
    if names.contains(whole) { return whole }
    let arrow = text.contains("->") ? "->" : "→"
    let ends = text.split(separator: arrow, maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    return ends.count == 2 ? name(ends[0]) + "->" + name(ends[1]) : whole
  }

  /// What was probably meant by a name or an edge that there is not.
  func suggestion(for subject: String) -> String? {
    let ends = subject.split(separator: "->", maxSplits: 1).map(String.init)
    guard ends.count == 2 else { return Suggestion.nearest(to: subject, among: names) }
    let meant = ends.map { names.contains($0) ? $0 : Suggestion.nearest(to: $0, among: names) ?? $0 }
    let edge = meant.joined(separator: "->")
    return edge == subject ? nil : edge
  }

  private static func trimmed(_ text: String) -> String {
    var text = text[...]
    while text.first?.isWhitespace == true { text.removeFirst() }
    while text.last?.isWhitespace == true { text.removeLast() }
    return String(text)
  }
}
