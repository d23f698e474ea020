import ArgumentParser
import ConsoleOutput

/// Words near to others: what was probably meant.
enum Suggestion {
  /// The word that differs from `word` by few letters, or goes on from it; nil where none does.
  static func nearest(to word: String, among known: some Sequence<String>) -> String? {
    let wanted = word.lowercased()
    guard !wanted.isEmpty else { return nil }
    let limit = wanted.count <= 3 ? 1 : wanted.count <= 6 ? 2 : 3
    var best: (distance: Int, name: String)?
    for name in known {
      let candidate = name.lowercased()
      guard abs(candidate.count - wanted.count) <= limit || candidate.hasPrefix(wanted) else { continue }
      let distance = NearNames.distance(candidate, wanted)
      let isNear = distance <= limit || (wanted.count >= 3 && candidate.hasPrefix(wanted))
      guard isNear, best.map({ (distance, name) < ($0.distance, $0.name) }) ?? true else { continue }
      best = (distance, name)
    }
    return best?.name
  }

  /// `. Did you mean 'query'?`, or nothing.
  static func sentence(_ word: String, among known: some Sequence<String>) -> String {
    nearest(to: word, among: known).map { ". Did you mean '\($0)'?" } ?? ""
  }
}

/// Names of commands on the command line.
enum CommandNames {
  /// The mistake of somebody who names a command that there is not, also after `help`; nil where there is none to see.
  static func mistake(in arguments: [String], of root: any ParsableCommand.Type) -> CommandError? {
    var rest = arguments[...]
    let asksHelp = rest.first == "help"
    if asksHelp { rest = rest.dropFirst() }
    var at = root
    var path = [name(root)]
    while let word = rest.first, !word.hasPrefix("-") {
      let below = at.configuration.subcommands
      if below.isEmpty {
        guard asksHelp else { return nil }
        return CommandError("'\(path.joined(separator: " "))' has no command '\(word)'", .usage)
      }
      if let next = below.first(where: { name($0) == word || $0.configuration.aliases.contains(word) }) {
        at = next
        path.append(word)
        rest = rest.dropFirst()
        continue
      }
      // What is no command may be an argument of the default one.
      if word == "help" || (at.configuration.defaultSubcommand != nil && !asksHelp) { return nil }
      let hint = hint(word, below)
      return CommandError(
        "there is no command '\((path.dropFirst() + [word]).joined(separator: " "))'"
          + (hint.isEmpty ? ": '\(path.joined(separator: " ")) --help' lists them" : hint), .usage)
    }
    return nil
  }

  /// `. Did you mean 'query'?`: a command of this level, or one below one of them, as `playbook undo`.
  private static func hint(_ word: String, _ below: [any ParsableCommand.Type]) -> String {
    let shown = below.filter { $0.configuration.shouldDisplay }
    let nested = shown.flatMap { outer in
      outer.configuration.subcommands.filter { $0.configuration.shouldDisplay }.map {
        (name(outer), name($0))
      }
    }
    func sentence(_ found: String?) -> String? {
      let fitting = nested.filter { $0.1 == found }.map { "'\($0.0) \($0.1)'" }
      return fitting.isEmpty ? nil : ". Did you mean \(fitting.joined(separator: " or "))?"
    }
    if let exact = sentence(word.lowercased()) { return exact }
    let near = Suggestion.sentence(word, among: shown.map { name($0) })
    return near.isEmpty ? sentence(Suggestion.nearest(to: word, among: nested.map(\.1))) ?? "" : near
  }

  /// The command that was probably meant, where a command with a default one below was given a word it does not take.
  static func hint(in arguments: [String], of root: any ParsableCommand.Type) -> String {
    var at = root
    for word in arguments {
      let below = at.configuration.subcommands
      if let next = below.first(where: { name($0) == word }) {
        at = next
        continue
      }
      guard at.configuration.defaultSubcommand != nil, !word.hasPrefix("-") else { return "" }
      let near = Suggestion.sentence(word, among: below.map { name($0) })
      guard near.isEmpty, at == Formats.self else { return near }
      return ". 'firebreak formats test \(word)' shows how a file is read"
    }
    return ""
  }

  static func name(_ type: any ParsableCommand.Type) -> String {
    type.configuration.commandName ?? type._commandName
  }
}

/// A mistake on the command line as people read it at night: the sentence, and where to read on. The usage line, which can be
/// longer than the sentence and its terminal together, stands in the help.
struct UsageMistake {
  let commandError: CommandError

  init(_ error: any Error, arguments: [String]) {
    let full = Firebreak.fullMessage(for: error, columns: Console.noteWidth ?? 100)
    var sentence = Self.oneLine(Firebreak.message(for: error))
    while let last = sentence.last, last == "." || last.isWhitespace { sentence.removeLast() }
    sentence += sentence.contains("Did you mean") ? "" : CommandNames.hint(in: arguments, of: Firebreak.self)
    // The last line of the full message is: See 'firebreak trace --help' for more information.
    let help =
      full.split(separator: "\n").last { $0.hasPrefix("  See '") }
      .flatMap { $0.split(separator: "'").dropFirst().first }.map(String.init) ?? "firebreak --help"
    let end = sentence.last.map { "?!".contains($0) } == true ? " " : ". "
    commandError = CommandError(sentence + end + "See '\(help)'", .usage)
  }

  /// Choices stand on lines of their own, each after a dash: here they are a list.
  private static func oneLine(_ message: String) -> String {
    let lines = message.split(separator: "\n").map { line in
      String(line.drop { $0 == " " || $0 == "-" })
    }
    guard let first = lines.first else { return message }
    return lines.count == 1 ? message : first + " " + lines.dropFirst().joined(separator: ", ")
  }
}
