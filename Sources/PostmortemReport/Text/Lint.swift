/// Reads people's text for words that make a postmortem worse: blame, vagueness, local times, promises. Hints, not rules:
/// each finding can be ignored with a reason.
public enum Lint {
  /// One finding.
  public struct Finding: Sendable, Hashable {
    /// The rule's id: `blame`, `human-error`, `hindsight`, `vague`, `local-time`, `promise`, `impossible-time`.
    public var rule: String
    /// Which field of the notes.
    public var field: String
    /// 1-based line within the field's text.
    public var line: Int
    /// The words found.
    public var words: String
    /// What to write instead.
    public var hint: String
    /// A finding from its parts.
    public init(rule: String, field: String, line: Int, words: String, hint: String) {
      self.rule = rule
      self.field = field
      self.line = line
      self.words = words
      self.hint = hint
    }
  }

  /// The rule on moments that cannot have been: only the case knows them, see `ReportMaterial.impossibleTimes`.
  public static let impossibleTime = "impossible-time"

  /// Findings in all texts of the notes, in the order of the report; those that the notes ignore with a reason are left out.
  public static func findings(in notes: Annotations) -> [Finding] {
    let ignored = Set((notes.lintIgnored ?? []).filter { !$0.reason.isEmpty }.map(\.rule))
    let people = (notes.roles ?? []).map(\.name)
    var result = texts(of: notes).flatMap { field, text in findings(in: text, field: field, people: people) }
    for (key, own) in (notes.incidents ?? [:]).sorted(by: { $0.key < $1.key }) {
      var own = own
      own.roles = (own.roles ?? []) + (notes.roles ?? [])
      result += findings(in: own).map {
        var finding = $0
        finding.field = "incidents.\(EvidenceText(key, limit: 60).display).\(finding.field)"
        return finding
      }
    }
    return result.filter { !ignored.contains($0.rule) }
  }

  /// Findings in one text.
  static func findings(in text: String, field: String, people: [String] = []) -> [Finding] {
    var result: [Finding] = []
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      func add(_ rule: String, _ words: String, _ hint: String) {
        result.append(
          Finding(
            rule: rule, field: field, line: index + 1, words: EvidenceText(words, limit: 80).display,
            hint: hint))
      }
      let words = line.lowercased().split(whereSeparator: { !$0.isLetter && !$0.isNumber && $0 != "'" }).map(
        String.init)
      let padded = " " + words.joined(separator: " ") + " "
      for (phrase, rule, hint) in phrases where padded.contains(" \(phrase) ") { add(rule, phrase, hint) }
      for verb in faultVerbs {
        guard let position = words.firstIndex(of: verb) else { continue }
        let near = words[max(0, position - 4)..<min(words.count, position + 5)]
        let named = people.flatMap { $0.lowercased().split(separator: " ").map(String.init) }.filter {
          $0.count > 2
        }
        let person = near.first { persons.contains($0) || named.contains($0) }
        if let person {
          add("blame", "\(person) … \(verb)", "say what the system allowed or showed, not who did it")
        }
      }
      for word in vague where words.contains(word) {
        add("vague", word, "give the number; the report has one for affected devices and durations")
      }
      if let time = localTime(in: line) {
        add("local-time", time, "write the time with its zone, best in UTC: 09:08Z")
      }
    }
    return result
  }

  private static let phrases: [(String, String, String)] = [
    ("human error", "human-error", "ask what made the act reasonable at that moment"),
    ("operator error", "human-error", "ask what made the act reasonable at that moment"),
    ("should have", "hindsight", "say what was known and done then"),
    ("shouldn't have", "hindsight", "say what was known and done then"),
    ("could have", "hindsight", "say what was known and done then"),
    ("failed to", "hindsight", "say what was done instead"),
    ("neglected to", "hindsight", "say what was done instead"),
    ("obviously", "hindsight", "it is only so afterwards"),
    ("of course", "hindsight", "it is only so afterwards"),
    ("careless", "blame", "say what the system allowed"),
    ("carelessness", "blame", "say what the system allowed"),
    ("negligence", "blame", "say what the system allowed"),
    ("never again", "promise", "say what will make it less likely, and who does it by when"),
    ("will never happen", "promise", "say what will make it less likely, and who does it by when"),
    ("guarantee", "promise", "say what will make it less likely, and who does it by when"),
  ]
  private static let faultVerbs = [
    "forgot", "broke", "caused", "ignored", "missed", "misconfigured", "mistyped", "blundered", "overlooked",
    "neglected",
    "failed", "crashed",
  ]
  private static let persons: Set<String> = [
    "he", "she", "they", "operator", "engineer", "engineers", "technician", "admin", "administrator",
    "developer",
    "somebody", "someone", "colleague", "intern", "contractor", "employee", "manager", "nurse", "driver",
  ]
  private static let vague = [
    "several", "many", "numerous", "significant", "some", "various", "countless", "few", "soon",
  ]

  /// `9:08`, `09.08 am`, without a zone behind it.
  private static func localTime(in line: Substring) -> String? {
    let scalars = Array(line.unicodeScalars)
    func digit(_ index: Int) -> Int? {
      guard index >= 0, index < scalars.count, scalars[index].value >= 48, scalars[index].value <= 57 else {
        return nil
      }
      return Int(scalars[index].value) - 48
    }
    for index in scalars.indices where scalars[index] == ":" {
      guard let ones = digit(index - 1), let tens = digit(index + 1), digit(index + 2) != nil, tens < 6,
        digit(index + 3) == nil, digit(index - 3) == nil
      else { continue }
      guard (digit(index - 2) ?? 0) * 10 + ones < 24 else { continue }
      // An offset, the second half of a longer number, or a ratio is no time of day.
      let before = index - (digit(index - 2) == nil ? 2 : 3)
      if before >= 0, "+-:".unicodeScalars.contains(scalars[before]) { continue }
      if index + 3 < scalars.count, scalars[index + 3] == ":", digit(index + 5) == nil { continue }
      // Seconds, a fraction, then a zone: Z, UTC, GMT, CET…, or an offset.
      var end = index + 3
      while end < scalars.count,
        digit(end) != nil || scalars[end] == ":" || scalars[end] == "." && digit(end + 1) != nil
      {
        end += 1
      }
      var rest = String(String.UnicodeScalarView(scalars[min(end, scalars.count)...]))[...]
      if rest.first == " " { rest = rest.dropFirst() }
      let zone = rest.prefix { $0.isLetter }
      let isOffset = rest.hasPrefix("+") || rest.hasPrefix("-") && rest.dropFirst().first?.isNumber == true
      let isName = (3...5).contains(zone.count) && !zone.contains(where: { !$0.isUppercase })
      if isOffset || isName || zone == "Z" {
        continue
      }
      return String(
        String.UnicodeScalarView(
          scalars[max(0, digit(index - 2) == nil ? index - 1 : index - 2)..<min(end, scalars.count)]))
    }
    return nil
  }

  private static func texts(of notes: Annotations) -> [(String, String)] {
    var result: [(String, String)] = []
    func add(_ field: String, _ text: String?) { if let text, !text.isEmpty { result.append((field, text)) } }
    func add(_ field: String, _ texts: [String]?) {
      for (index, text) in (texts ?? []).enumerated() { add("\(field)[\(index)]", text) }
    }
    add("title", notes.title)
    add("customerImpact", notes.customerImpact)
    add("functionsLost", notes.functionsLost)
    add("safety", notes.safety)
    add("dataImpact", notes.dataImpact)
    add("customerAction", notes.customerAction)
    add("trigger.text", notes.trigger?.text)
    add("detection.text", notes.detection?.text)
    add("firstAct.text", notes.firstAct?.text)
    add("halt.text", notes.halt?.text)
    add("end.text", notes.end?.text)
    add("factors", notes.factors?.map(\.text))
    add("ruledOut", notes.ruledOut)
    add("openQuestions", notes.openQuestions)
    add("lessons.well", notes.lessons?.well)
    add("lessons.badly", notes.lessons?.badly)
    add("lessons.lucky", notes.lessons?.lucky)
    add("lessons.surprised", notes.lessons?.surprised)
    add("actions", notes.actions?.map(\.text))
    add("communications", notes.communications?.map(\.text))
    add("breakGlassReviews", notes.breakGlassReviews?.compactMap(\.text))
    add("harmToOthers", notes.harmToOthers)
    return result
  }
}
