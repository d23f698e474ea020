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
    let steps = playbook.stepOrder.compactMap { id -> (step: WorkflowStep, action: ActionStep)? in
      guard let step = playbook.steps[id], case .action(let action) = step.kind else { return nil }
      return (step, action)
    }
    var locks: [String] = []
    for lock in steps.flatMap({ $0.action.rollout?.interlocks ?? [] }) {
      let text = "- \(lock.attribute): \(lock.reason)"
      if !locks.contains(text) { locks.append(text) }
    }
    if !locks.isEmpty {
      lines += ["", "NOT WHERE THE INVENTORY SAYS"] + locks.flatMap { wrap($0, width) }
    }
    lines.append("")
    for (number, entry) in steps.enumerated() {
      lines += wrap("\(number + 1). \(entry.step.name ?? entry.step.id)", width).enumerated().map {
        $0.offset == 0 ? $0.element : "   " + $0.element
      }
      if let description = entry.step.description { lines += wrap("   \(description)", width) }
      if let fallback = entry.action.rollout?.manualFallback {
        lines += wrap("   by hand: \(fallback)", width)
      } else {
        for command in entry.action.commands { lines += text(of: command, after: "", width) }
      }
      for command in entry.action.rollout?.inverse?.commands ?? []
      where entry.action.rollout?.manualFallback == nil || !command.text.contains("\n") {
        lines += text(of: command, after: "back: ", width)
      }
      if let final = entry.action.rollout?.noUndo { lines += wrap("   no way back: \(final)", width) }
    }
    return lines
  }

  /// What must be at hand: values, secrets, host keys, columns of the inventory.
  private static func needs(of playbook: Playbook) -> [String] {
    var wanted = playbook.variables.filter(\.value.isExternal).sorted { $0.key < $1.key }
      .map { "\($0.key.dropFirst(2).dropLast(2)): \($0.value.description ?? $0.value.type)" }
    var secrets: Set<String> = []
    var perDevice: Set<String> = []
    var columns: Set<String> = []
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
        } else if let dot = binding.source.firstIndex(of: "."), binding.source != "device" {
          columns.insert(String(binding.source[binding.source.index(after: dot)...]))
        }
      }
      columns.formUnion((action.rollout?.interlocks ?? []).map(\.attribute))
    }
    wanted += secrets.sorted().map { "the secret '\($0)'" }
    wanted += perDevice.sorted().map { "the secret '\($0)' of each device" }
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
