public import CascadeAnalysis
internal import ConsoleOutput
internal import IncidentModel
internal import PostmortemReport
public import TimelineStore

extension Judgement {
  /// What a note says of a trace; nil for notes that say nothing of one. Joins of names are judged elsewhere.
  public init?(_ note: Note) {
    guard note.kind == .accept || note.kind == .reject, let subject = note.subject,
      !subject.hasPrefix("alias:")
    else { return nil }
    self.init(
      subject: subject, isAccepted: note.kind == .accept, author: note.author, at: note.createdAt,
      text: note.text)
  }
}

/// What people said of onsets, origins and edges up to now; the last word on each counts. A trace that was kept before it was said
/// does not honour it yet, so pages say it beside what the trace says.
struct Verdicts {
  /// The last word on an entity as the origin.
  struct Origin {
    var device: String
    var word: Judgement
    /// The other word before it; nil where there was none.
    var replaced: Judgement?
  }

  /// The trace, and what was said of it.
  let trace: Trace
  /// The number that the trace is kept under.
  let number: Int64
  /// Entities of the largest incident of which somebody said that it began there, or did not; in the order of what was said.
  let origins: [Origin]
  private let latest: [String: Judgement]

  init(_ notes: [Note], on view: IncidentView) {
    var trace = view.trace
    trace.judgements = notes.compactMap(Judgement.init)
    self.trace = trace
    number = view.number
    latest = Dictionary(trace.judgements.map { ($0.subject, $0) }, uniquingKeysWith: { _, last in last })
    var seen: Set<String> = []
    origins = trace.judgements.compactMap { judgement in
      guard judgement.subject.hasPrefix("origin:"), seen.insert(judgement.subject).inserted,
        let (word, replaced) = trace.judgement(on: judgement.subject)
      else { return nil }
      let device = String(judgement.subject.dropFirst("origin:".count))
      return view.hasPart(device) ? Origin(device: device, word: word, replaced: replaced) : nil
    }
  }

  /// The word on an entity as the origin.
  func origin(_ device: String) -> Origin? { origins.first { $0.device == device } }

  /// Of whom it was said last that it began there.
  var accepted: Origin? { origins.filter(\.word.isAccepted).max { $0.word.at < $1.word.at } }

  /// The words on origins as a drawing marks them.
  var marks: [String: TreeChart.OriginVerdict] {
    Dictionary(
      origins.map { ($0.device, $0.word.isAccepted ? .accepted : .rejected) },
      uniquingKeysWith: { first, _ in first })
  }

  /// Verdict, author, time and reason of an entity as the origin, and the word before, as cells for programs.
  func originCells(_ device: String) -> [Cell] {
    let origin = origin(device)
    return [
      cell("origin:" + device), .foreign(origin?.word.author),
      origin.map { .time($0.word.at) } ?? .foreign(nil),
      .foreign(origin?.word.text),
      origin?.replaced.map { .words($0.isAccepted ? "accepted" : "rejected") } ?? .foreign(nil),
    ]
  }

  // MARK: Shown

  /// `✗ rejected by ann, 2026-04-07 11:20:00 UTC`, as a cell of a list.
  func cell(_ subject: String) -> Cell {
    guard let word = latest[subject] else { return Cell(html: .empty, value: .null) }
    return Cell(
      html: el(.div, .class("word"), text: Self.mark(word)),
      value: .string(word.isAccepted ? "accepted" : "rejected"))
  }

  /// The same of an entity as the origin; nil where nobody said anything of it.
  func originCell(_ device: String) -> Cell? {
    latest["origin:" + device].map { word in
      Cell(
        html: el(.div, .class("word"), text: Self.mark(word, Self.asOrigin)),
        value: .string((word.isAccepted ? "accepted" : "rejected") + Self.asOrigin))
    }
  }

  /// The word, who gave it and when, and why; with the other word that it replaces.
  func statement(_ subject: String, _ lead: HTML = .empty, role: String = "") -> HTML {
    guard let (word, replaced) = trace.judgement(on: subject) else { return .empty }
    return el(.p, .class("word")) {
      lead
      Self.mark(word, role)
      word.text.isEmpty ? ", without a reason" : ": \(.foreign(word.text, limit: 600))"
      if let replaced { " (before that \(Self.mark(replaced)))" }
    }
  }

  private static let asOrigin = " as the origin"

  private static func mark(_ word: Judgement, _ role: String = "") -> HTML {
    let verdict = el(
      .span, .class("verdict \(word.isAccepted ? "accept" : "reject")"),
      text: "\(word.isAccepted ? "✓ accepted" : "✗ rejected")\(role)")
    return "\(verdict) by \(.foreign(word.author, limit: 80)), \(Moment.utc(word.at))"
  }

  /// The form for a verdict.
  static func form(_ subject: String, _ context: PageContext) -> HTML {
    el(.form, .named(.method, "post"), .action(Link("cascade")), .class("row")) {
      // Back to where the form stands, not to the top of a long page.
      context.hidden(back: context.link.at(subject.hasPrefix("origin:") ? "origins" : "why"))
      el(.label, .class("wide")) {
        el(.span, text: "Because")
        el(.input, .name("because"), .named(.maxlength, "2000"), .named(.autocomplete, "off"))
      }
      for (name, words) in [("accept", "It is right"), ("reject", "It is wrong")] {
        el(
          .button, .class("quiet"), .name(name), .value(subject),
          .aria("label", "\(words): \(EvidenceText(subject, limit: 160).display)"), text: .text(words))
      }
    }
  }

  /// A name, struck out where somebody said that it did not begin there.
  func name(_ device: String) -> HTML {
    let name = HTML.foreign(device, limit: 60)
    return latest["origin:" + device]?.isAccepted == false ? el(.del, text: name) : name
  }

  /// What people said of where it began: one line each, with the way to the cascade. Nothing where nobody did.
  func overview(_ view: IncidentView) -> HTML {
    guard !origins.isEmpty else { return .empty }
    let shown = 4
    return el(.div, .class("words")) {
      el(.ul) {
        for origin in origins.suffix(shown) {
          el(.li) {
            statement(
              "origin:" + origin.device,
              "\(el(.a, .href(Link("cascade").at("origins")), text: name(origin.device))) ",
              role: Self.asOrigin)
          }
        }
      }
      if origins.count > shown {
        el(.p, .class("soft")) {
          HTML.text("The last \(shown) of \(Figures.grouped(origins.count)) verdicts on origins: ")
          el(.a, .href(Link("cascade").at("origins")), text: "all of them")
          HTML.text(".")
        }
      }
      if origins.contains(where: { view.createdAt < $0.word.at }) {
        el(.p, .class("soft")) {
          HTML.text("The sentence above is of trace \(view.number), which was made before that was said: ")
          el(.a, .href(Link("cascade")), text: "trace again")
          HTML.text(".")
        }
      }
    }
  }
}
