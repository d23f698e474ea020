internal import PostmortemReport

/// What a report needs people to say, and whether they have.
struct ReportFieldEntry: Sendable {
  /// Key of the value, as `firebreak note --set` takes it.
  var key: String
  var title: String
  /// How the answer is to be written.
  var hint: String
  var isList = false
  var isProvided: @Sendable (Annotations) -> Bool

  static let all: [ReportFieldEntry] = [
    .init(key: "title", title: "Title", hint: "one line") { $0.title != nil },
    .init(key: "state", title: "State", hint: "draft, in_review or final") { $0.state != nil },
    .init(
      key: "customerImpact", title: "What customers could not do",
      hint: "plain words, a number where there is one"
    ) { $0.customerImpact != nil },
    .init(key: "functionsLost", title: "Functions lost", hint: "which, for how long") {
      $0.functionsLost != nil
    },
    .init(key: "safety", title: "Safety and harm", hint: "also where there was none") { $0.safety != nil },
    .init(key: "dataImpact", title: "Data lost or exposed", hint: "also where there was none") {
      $0.dataImpact != nil
    },
    .init(key: "harmToOthers", title: "Harm to others", hint: "neighbours, networks, the public") {
      $0.harmToOthers != nil
    },
    .init(key: "customerAction", title: "What customers should do", hint: "one step after the other") {
      $0.customerAction != nil
    },
    .init(key: "detection.at", title: "When it was first known", hint: "2026-04-07T09:08:00Z") {
      $0.detection?.at != nil
    },
    .init(key: "detection.text", title: "How it became known", hint: "alert, call, …") {
      $0.detection?.text != nil
    },
    .init(key: "firstAct.at", title: "When somebody first acted", hint: "2026-04-07T09:08:00Z") {
      $0.firstAct?.at != nil
    },
    .init(key: "firstAct.text", title: "What the first act was", hint: "what, on what") {
      $0.firstAct?.text != nil
    },
    .init(key: "halt.at", title: "When the spread was stopped", hint: "2026-04-07T09:08:00Z") {
      $0.halt?.at != nil
    },
    .init(key: "halt.text", title: "How the spread was stopped", hint: "what was halted or cut off") {
      $0.halt?.text != nil
    },
    .init(key: "end.at", title: "When the end was declared", hint: "2026-04-07T09:08:00Z") {
      $0.end?.at != nil
    },
    .init(key: "end.by", title: "Who declared the end", hint: "a role") { $0.end?.by != nil },
    .init(key: "end.text", title: "By which criterion", hint: "what had to hold, for how long") {
      $0.end?.text != nil
    },
    .init(key: "lessons.well", title: "What went well", hint: "one sentence", isList: true) {
      $0.lessons?.well?.isEmpty == false
    },
    .init(key: "lessons.badly", title: "What went badly", hint: "one sentence", isList: true) {
      $0.lessons?.badly?.isEmpty == false
    },
    .init(key: "lessons.lucky", title: "Where we got lucky", hint: "one sentence", isList: true) {
      $0.lessons?.lucky?.isEmpty == false
    },
    .init(key: "lessons.surprised", title: "What surprised us", hint: "one sentence", isList: true) {
      $0.lessons?.surprised?.isEmpty == false
    },
    .init(key: "ruledOut", title: "What was ruled out", hint: "one sentence", isList: true) {
      $0.ruledOut?.isEmpty == false
    },
    .init(key: "openQuestions", title: "What is still open", hint: "one question", isList: true) {
      $0.openQuestions?.isEmpty == false
    },
  ]
}
