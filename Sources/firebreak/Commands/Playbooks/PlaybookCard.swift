import ArgumentParser
import ConsoleOutput
import PlaybookModel
import PlaybookRunner

/// `firebreak playbook card`.
struct PlaybookCard: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "card",
    abstract: "Print a playbook as one page of plain text: what each step does, and how to do it by hand.")

  @Argument(help: ArgumentHelp("A file, a playbook's name, or - for standard input.", valueName: "playbook"))
  var name: String

  func run() throws {
    let path = try PlaybookFiles.path(of: name)
    let document = PlaybookDocument(reading: try PlaybookFiles.read(path), now: SystemClock().wallTime())
    let playbook: Playbook
    do {
      playbook = try Playbook(document, evenIfNotRunnable: true)
    } catch {
      throw CommandError("cannot show '\(path)': \(error)")
    }
    // Narrow enough for a phone.
    for line in PlaybookCardText.lines(of: playbook, width: 46) { Console.print(Sanitizer.escape(line)) }
  }
}

/// The page: what a person needs who has nothing but a shell, or nothing but hands.
///
/// Where a step can be done by hand its commands are not on the page: nobody types scripts from a phone. Where the playbook
/// says nothing of hands they are, line by line.
enum PlaybookCardText {
  static func lines(of playbook: Playbook, width: Int) -> [String] {
    var lines = wrap(playbook.name.uppercased(), width)
    if let description = playbook.document["description"]?.text { lines += wrap(description, width) }
    let wanted = needs(of: playbook)
    if !wanted.isEmpty { lines += ["", "YOU NEED"] + wanted.flatMap { wrap("- \($0)", width) } }
    let steps = playbook.workflowOrder.compactMap { playbook.steps[$0] }.filter {
      switch $0.kind {
      case .start, .end: false
      default: true
      }
    }
    let actions = steps.compactMap { if case .action(let action) = $0.kind { action } else { nil } }
    var locks: [String] = []
    for lock in actions.flatMap({ $0.rollout?.interlocks ?? [] }) {
      let text = "- \(lock.attribute): \(lock.reason)"
      if !locks.contains(text) { locks.append(text) }
    }
    if !locks.isEmpty {
      lines += ["", "NOT WHERE THE INVENTORY SAYS"] + locks.flatMap { wrap($0, width) }
    }
    lines.append("")
    let numbers = Dictionary(uniqueKeysWithValues: steps.enumerated().map { ($0.element.id, $0.offset + 1) })
    for (index, step) in steps.enumerated() {
      lines += wrap("\(index + 1). \(step.name ?? kindName(step))", width).enumerated().map {
        $0.offset == 0 ? $0.element : "   " + $0.element
      }
      if let description = step.description { lines += wrap("   \(description)", width) }
      if case .action(let action) = step.kind { lines += doing(action, width) }
      let next = index + 1 < steps.count ? steps[index + 1].id : nil
      for way in ways(step, of: playbook, numbers, next: next) { lines += wrap("   \(way)", width) }
    }
    if let handler = playbook.exception.flatMap({ numbers[$0] }) {
      lines += wrap("IF A STEP FAILS THAT SAYS NOTHING OF IT: \(handler)", width)
    }
    return lines
  }

  /// What an action is, and the way back.
  private static func doing(_ action: ActionStep, _ width: Int) -> [String] {
    var lines: [String] = []
    let rollout = action.rollout
    if let fallback = rollout?.manualFallback {
      lines += wrap("   by hand: \(fallback)", width)
    } else {
      for command in action.commands { lines += text(of: command, after: "", width) }
    }
    if let gate = rollout?.gate {
      for command in gate.probe { lines += text(of: command, after: "between waves: ", width) }
      if let query = gate.query {
        lines += wrap("   between waves: at most \(gate.limit) events of '\(query)'", width)
      } else {
        lines += wrap("   goes on when \(gate.expectation.words)", width)
      }
    }
    for command in rollout?.inverse?.commands ?? []
    where rollout?.manualFallback == nil || !command.text.contains("\n") {
      lines += text(of: command, after: "back: ", width)
    }
    if let final = rollout?.noUndo { lines += wrap("   no way back: \(final)", width) }
    if case .milliseconds(let time) = rollout?.timeToLive {
      lines += wrap("   to be taken back after \(Figures.duration(seconds: Double(time) / 1000))", width)
    }
    return lines
  }

  /// What a step without a name is.
  private static func kindName(_ step: WorkflowStep) -> String {
    switch step.kind {
    case .ifCondition, .switchCondition: "decide"
    case .whileCondition: "repeat"
    case .parallel: "at the same time"
    case .playbook(let id, _, _, _): "the playbook \(id)"
    case .start, .end, .action: step.id
    }
  }

  /// Where a step leads, as far as it is not just to the one that stands below it.
  private static func ways(
    _ step: WorkflowStep, of playbook: Playbook, _ numbers: [String: Int], next: String?
  ) -> [String] {
    func place(_ id: String?) -> String { id.flatMap { numbers[$0] }.map { "step \($0)" } ?? "done" }
    func condition(_ name: String) -> String {
      (playbook.document["workflow"]?[step.id]?[name]?.text ?? "?").replacing(":value", with: "")
    }
    var ways: [String] = []
    switch step.kind {
    case .ifCondition(_, let onTrue, let onFalse):
      ways.append("if \(condition("condition")): \(place(onTrue))")
      if let onFalse { ways.append("else: \(place(onFalse))") }
    case .whileCondition(_, let onTrue):
      ways.append("as long as \(condition("condition")): \(place(onTrue))")
    case .switchCondition(_, let cases):
      ways.append("by \(condition("switch")):")
      for one in cases { ways.append("\(one.value): \(place(one.step))") }
    case .parallel(let branches):
      ways.append("each of: " + branches.map { place($0) }.joined(separator: ", "))
    case .start, .end, .action, .playbook: break
    }
    let follower = step.onCompletion ?? step.onSuccess
    let isPlain = step.branches.isEmpty && (follower == next || next == nil && place(follower) == "done")
    if !isPlain { ways.append("then: \(place(follower))") }
    if let failure = step.onFailure { ways.append("if it fails: \(place(failure))") }
    return ways
  }

  /// What must be at hand: values, secrets, host keys, columns of the inventory.
  private static func needs(of playbook: Playbook) -> [String] {
    var wanted = playbook.variables.filter(\.value.isExternal).sorted { $0.key < $1.key }
      .map { "\($0.key.dropFirst(2).dropLast(2)): \($0.value.description ?? $0.value.type)" }
    var secrets: Set<String> = []
    var perDevice: Set<String> = []
    var columns: Set<String> = []
    var made: Set<String> = []
    var usesSSH = false
    for id in playbook.stepOrder {
      guard case .action(let action)? = playbook.steps[id]?.kind else { continue }
      for name in action.targets {
        guard let key = playbook.targets[name]?.authentication else { continue }
        if let store = playbook.authentication[key]?.storeName { secrets.insert(store) }
      }
      usesSSH = usesSSH || action.commands.contains { $0.type == .ssh }
      for binding in action.rollout?.bindings ?? [] {
        if let secret = binding.secret {
          perDevice.insert(secret)
        } else if let dot = binding.source.firstIndex(of: "."), binding.source != "plan.created" {
          columns.insert(String(binding.source[binding.source.index(after: dot)...]))
        }
      }
      made.formUnion(action.rollout?.madeSecrets ?? [])
      columns.formUnion((action.rollout?.interlocks ?? []).map(\.attribute))
    }
    wanted += secrets.sorted().map { "the secret '\($0)'" }
    wanted += perDevice.sorted().map {
      made.contains($0) ? "a folder for the secret '\($0)'" : "the secret '\($0)' of each device"
    }
    if usesSSH { wanted.append("the devices' host keys (known_hosts)") }
    if !columns.isEmpty {
      wanted.append("an inventory with \(columns.sorted().joined(separator: ", "))")
    }
    return wanted
  }

  /// A command; one of several lines keeps each of them whole, since a script whose lines are joined does something else.
  private static func text(of command: PlaybookCommand, after word: String, _ width: Int) -> [String] {
    let lines = command.text.split(separator: "\n", omittingEmptySubsequences: true).map(String.init)
    let head = "   \(word)\(command.type.name):"
    let content = command.content.map { " " + $0 } ?? ""
    guard lines.count > 1 else {
      return wrap("\(head) \(command.text)\(content)".replacing(":value", with: ""), width)
    }
    return [head] + lines.map { "   | " + $0 }
  }

  private static func wrap(_ text: String, _ width: Int) -> [String] {
    let margin = String(text.prefix { $0 == " " })
    var lines: [String] = []
    var line = ""
    for word in text.split(whereSeparator: \.isWhitespace) {
      if !line.isEmpty && margin.count + line.count + 1 + word.count > width {
        lines.append(margin + line)
        line = ""
      }
      line += line.isEmpty ? String(word) : " " + word
    }
    if !line.isEmpty { lines.append(margin + line) }
    return lines
  }
}
