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

/// The page.
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
    var number = 0
    for id in playbook.stepOrder {
      guard let step = playbook.steps[id], case .action(let action) = step.kind else { continue }
      number += 1
      lines += [""] + wrap("\(number). \(step.name ?? id)", width)
      if let description = step.description { lines += wrap("   \(description)", width) }
      for command in action.commands {
        lines += wrap("   \(command.type.name): \(command.text)", width)
      }
      guard let rollout = action.rollout else { continue }
      for lock in rollout.interlocks {
        lines += wrap("   NOT when \(lock.attribute) says so: \(lock.reason)", width)
      }
      lines += wrap("   by hand: \(rollout.manualFallback ?? "(the playbook does not say)")", width)
      for command in rollout.inverse?.commands ?? [] {
        lines += wrap("   back: \(command.type.name): \(command.text)", width)
      }
    }
    return lines
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
