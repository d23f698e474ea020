public import IncidentModel

/// What an analyst decided about a statement of a trace. Traces honour it and say so.
public struct Judgement: Sendable, Hashable {
  /// `onset:NAME`, `origin:NAME`, `edge:FROM->TO`.
  public var subject: String
  /// True for accepted, false for rejected.
  public var isAccepted: Bool
  /// Who said so.
  public var author: String
  /// When.
  public var at: Instant
  /// Why; may be empty.
  public var text: String
  /// A judgement from its parts.
  public init(subject: String, isAccepted: Bool, author: String, at: Instant, text: String = "") {
    self.text = text
    self.subject = subject
    self.isAccepted = isAccepted
    self.author = author
    self.at = at
  }

  /// `rejected by WHO at WHEN ("why")`, and the same of the other word that it replaces.
  func words(replacing other: Judgement? = nil) -> String {
    "\(isAccepted ? "accepted" : "rejected") by \(author) at \(at)" + (text.isEmpty ? "" : " (\"\(text)\")")
      + (other.map { "; before that \($0.words())" } ?? "")
  }
}

extension [Judgement] {
  /// The last word on a subject, and the latest one before it that said otherwise.
  func standing(on subject: String) -> (last: Judgement, replaced: Judgement?)? {
    let all = filter { $0.subject == subject }
    return all.last.map { last in (last, all.last { $0.isAccepted != last.isAccepted }) }
  }
}

extension Trace {
  /// The last word on a subject (`onset:NAME`, `origin:NAME`, `edge:FROM->TO`), and the one before it where that said otherwise.
  public func judgement(on subject: String) -> (last: Judgement, replaced: Judgement?)? {
    judgements.standing(on: subject)
  }

  /// `rejected by WHO at WHEN ("why")` where the last word on a subject (`onset:NAME`, `origin:NAME`, `edge:FROM->TO`) is that it
  /// is wrong, with the other word that it replaces; nil otherwise.
  public func rejection(of subject: String) -> String? {
    guard let (last, replaced) = judgement(on: subject), !last.isAccepted else { return nil }
    return last.words(replacing: replaced)
  }

  /// Entities that analysts say are not where it began, each once, in the order of what was said.
  public var rejectedOrigins: [String] {
    var seen: Set<String> = []
    return judgements.compactMap { judgement in
      guard judgement.subject.hasPrefix("origin:"), rejection(of: judgement.subject) != nil,
        seen.insert(judgement.subject).inserted
      else { return nil }
      return String(judgement.subject.dropFirst("origin:".count))
    }
  }

  /// Those of the rejected origins that bear on an incident: who failed in it, took somebody down, or announced a change.
  public func rejectedOrigins(in incident: Incident) -> [String] {
    rejectedOrigins.filter { name in
      incident.onsets.contains { $0.device == name } || incident.edges.contains { $0.from == name }
        || incident.changes.contains { $0.actor == name }
    }
  }
}

/// Something an analyst knows to have happened, such as a deployment.
public struct KnownFact: Sendable, Hashable {
  /// When it happened.
  public var at: Instant
  /// What happened.
  public var text: String
  /// Who said so.
  public var author: String
  /// A fact from its parts.
  public init(at: Instant, text: String, author: String) {
    self.at = at
    self.text = text
    self.author = author
  }

  /// The fact in one sentence, and how it lies to the first failure.
  func note(_ trace: Trace) -> String {
    let words = "\(author) knows of \(at): \(text)"
    guard let first = trace.incidents.first?.onsets.first?.time else { return words }
    let seconds = Int(first.seconds(since: at).rounded())
    return words + " (\(abs(seconds)) s \(seconds < 0 ? "after" : "before") the first failure)"
  }
}

/// Judgements by entity index.
struct Judgements {
  private(set) var onsets: [Int: Bool] = [:]
  private(set) var origins: [Int: Bool] = [:]
  /// Who accepted an origin and when, for those that are.
  private(set) var acceptances: [Int: String] = [:]
  private(set) var edges: [UInt64: Bool] = [:]
  /// Entities whose parent an analyst accepted or rejected.
  private(set) var children: Set<String> = []

  /// Whether an analyst decided about the parent of this entity.
  func decides(_ child: String) -> Bool { !children.isEmpty && children.contains(child) }

  /// One sentence for each that was honoured or could not be.
  private(set) var notes: [String] = []

  init(_ list: [Judgement], _ devices: [String]) {
    guard !list.isEmpty else { return }
    var index: [String: Int] = [:]
    for (position, name) in devices.enumerated() where index[name] == nil { index[name] = position }
    var last: [String: Int] = [:]
    for (position, entry) in list.enumerated() { last[entry.subject] = position }
    for (position, entry) in list.enumerated() {
      let verb = entry.isAccepted ? "accepted" : "rejected"
      let who = "by \(entry.author) at \(entry.at)"
      let parts = entry.subject.split(separator: ":", maxSplits: 1).map(String.init)
      let what = parts.count == 2 ? parts[1] : ""
      switch parts.first {
      case "onset" where index[what] != nil: onsets[index[what]!] = entry.isAccepted
      case "origin" where index[what] != nil:
        origins[index[what]!] = entry.isAccepted
        acceptances[index[what]!] =
          entry.isAccepted
          ? entry.words(replacing: Array(list[...position]).standing(on: entry.subject)?.replaced) : nil
      case "edge":
        guard let arrow = Self.arrow(in: what), let from = index[arrow.from], let to = index[arrow.to] else {
          fallthrough
        }
        edges[Self.key(from, to)] = entry.isAccepted
        children.insert(arrow.to)
      default:
        notes.append("\(entry.subject), \(verb) \(who), names nothing in this case and was not used")
        continue
      }
      notes.append(
        "\(entry.subject) was \(verb) \(who)"
          + (last[entry.subject] == position ? "" : ", which a later verdict replaces"))
    }
  }

  static func key(_ from: Int, _ to: Int) -> UInt64 { UInt64(from) << 32 | UInt64(to) }

  private static func arrow(in text: String) -> (from: String, to: String)? {
    let bytes = Array(text.utf8)
    guard bytes.count > 3 else { return nil }
    for position in 1..<bytes.count - 2 where bytes[position] == 45 && bytes[position + 1] == 62 {
      return (
        String(decoding: bytes[..<position], as: UTF8.self),
        String(decoding: bytes[(position + 2)...], as: UTF8.self)
      )
    }
    return nil
  }
}
