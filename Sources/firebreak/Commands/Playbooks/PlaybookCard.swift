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
/// Scripts of several lines are not on it: nobody types them from a phone. What is done by hand instead is.
enum PlaybookCardText {
  static func lines(of playbook: Playbook, width: Int) -> [String] {
    var lines = wrap(playbook.name.uppercased(), width)
    if let description = playbook.document["description"]?.text { lines += wrap(description, width) }
    let wanted = playbook.variables.filter(\.value.isExternal).sorted { $0.key < $1.key }
    if !wanted.isEmpty {
      lines += ["", "YOU NEED"]
      for (name, variable) in wanted {
        let plain = String(name.dropFirst(2).dropLast(2))
        lines += wrap("- \(plain): \(variable.description ?? variable.type)", width)
      }
    }
    let steps = playbook.stepOrder.compactMap { id -> (step: WorkflowStep, action: ActionStep)? in
      guard let step = playbook.steps[id], case .action(let action) = step.kind else { return nil }
      return (step, action)
    }
    var locks: [String] = []
    for lock in steps.flatMap({ $0.action.rollout?.interlocks ?? [] }) {
      let text = "- \(lock.attribute): \(lock.reason)"
      if !locks.contains(text) { locks.append(text) }
    }
    if !locks.isEmpty { lines += ["", "NOT WHERE THE INVENTORY SAYS"] + locks.flatMap { wrap($0, width) } }
    lines.append("")
    for (number, entry) in steps.enumerated() {
      lines += wrap("\(number + 1). \(entry.step.name ?? entry.step.id)", width).enumerated().map {
        $0.offset == 0 ? $0.element : "   " + $0.element
      }
      if let description = entry.step.description { lines += wrap("   \(description)", width) }
      guard let fallback = entry.action.rollout?.manualFallback else {
        for command in entry.action.commands { lines += wrap("   \(shown(command) ?? "a script")", width) }
        continue
      }
      lines += wrap("   by hand: \(fallback)", width)
      for text in (entry.action.rollout?.inverse?.commands ?? []).compactMap(shown) {
        lines += wrap("   back: \(text)", width)
      }
    }
    return lines
  }

  /// A command on one line with its arguments; nil for scripts.
  private static func shown(_ command: PlaybookCommand) -> String? {
    let text = command.text.split(separator: "\n")
    guard text.count == 1, let line = text.first else { return nil }
    let content = command.content.map { " " + $0 } ?? ""
    return "\(command.type.name): \(line)\(content)".replacing(":value", with: "")
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
