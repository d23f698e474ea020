public import PlaybookModel

/// Asks a person to do something.
public protocol ManualPrompter: Sendable {
  /// Shows the task and waits for the answer.
  func ask(_ task: String) async -> ManualAnswer
}

/// What a person says about a task.
public enum ManualAnswer: Sendable, Hashable {
  /// It is done; the note goes to the journal and to out_args.
  case done(note: String)
  /// It could not be done.
  case failed(note: String)
  /// There is nobody to ask.
  case nobody
}

/// Gives the same answer to every task: for runs without a terminal, when the operator said so beforehand.
public struct FixedAnswer: ManualPrompter {
  private let answer: ManualAnswer
  /// A prompter that always says this.
  public init(_ answer: ManualAnswer) { self.answer = answer }
  /// The answer.
  public func ask(_ task: String) async -> ManualAnswer { answer }
}

/// `manual`: a task for a person.
///
/// Success: the person says it is done. Failure: the person says it could not be done, or there is nobody to ask.
public struct ManualExecutor: CommandExecutor {
  /// The type.
  public static let type = CommandType.manual
  private let prompter: any ManualPrompter

  /// An executor that asks by this prompter.
  public init(prompter: any ManualPrompter) { self.prompter = prompter }

  /// The task, its control characters escaped.
  public func planText(_ call: CommandCall) throws(RunnerError) -> String {
    let text = try Template.plain(call.command.text, call.values)
    return RemoteText.bounded(Array(text.utf8))
  }

  /// Asks.
  public func execute(_ call: CommandCall) async -> CommandAnswer {
    let task: String
    do {
      task = try planText(call)
    } catch {
      return CommandAnswer(.refused, detail: error.description)
    }
    switch await prompter.ask(task) {
    case .done(let note):
      let text = RemoteText.bounded(Array(note.utf8))
      return CommandAnswer(
        .done, text: text, detail: note.isEmpty ? "done by hand" : "done by hand: \(RemoteText.excerpt(text))"
      )
    case .failed(let note):
      return CommandAnswer(
        .refused, detail: "not done by hand: \(RemoteText.excerpt(RemoteText.bounded(Array(note.utf8))))")
    case .nobody:
      return CommandAnswer(
        .refused, detail: "nobody to ask: run it on a terminal, or say --answer done beforehand")
    }
  }
}
