import PlaybookModel

extension RunHistory {
  /// Commands of steps that go out once which were begun and whose end nobody saw: no command can look, so `resume` stops there
  /// until a person said what is so (`Settlement`).
  public var openCommands: [(step: String, command: String)] {
    order.flatMap { step in
      (visits[step] ?? []).filter { $0.succeeded == nil && $0.waveStarts.isEmpty }.flatMap { visit in
        visit.acts.filter { $0.value == .intended }.keys.sorted().map { (step, $0) }
      }
    }
  }
}
