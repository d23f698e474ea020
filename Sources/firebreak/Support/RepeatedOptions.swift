import ArgumentParser
import PlaybookModel

/// Options that take one value. The parser lets the last one win without a word: who narrows a plan by a second `--targets`
/// would get whatever that one selects.
enum RepeatedOptions {
  /// The mistake of somebody who gives an option of one value twice to a command that acts on devices; nil where there is none.
  static func mistake(in arguments: [String], of command: any ParsableCommand.Type) -> CommandError? {
    guard arguments.first == "playbook" else { return nil }
    var seen: Set<Substring> = []
    var twice: [Substring] = []
    for word in arguments.prefix(while: { $0 != "--" }) where word.hasPrefix("--") {
      let name = word.dropFirst(2).prefix { $0 != "=" }
      if !seen.insert(name).inserted { twice.append(name) }
    }
    guard !twice.isEmpty, let help = try? ReadDocument.read(Array(command._dumpHelp().utf8)).root else {
      return nil
    }
    for option in help["command"]?["arguments"]?.items ?? []
    where option["kind"]?.text == "option" && option["isRepeating"]?.flag == false {
      let names = (option["names"]?.items ?? []).compactMap { $0["name"]?.text }
      if let name = twice.first(where: { names.contains(String($0)) }) {
        return CommandError(
          "--\(name) is given twice and takes one value: nobody knows which one is meant", .usage)
      }
    }
    return nil
  }

  /// Throws when a name of `NAME=VALUE` options stands there twice.
  static func checkNames(of texts: [String], option: String) throws {
    var values: [String: String] = [:]
    for text in texts where text.contains("=") {
      try add(String(text.prefix { $0 != "=" }), "", to: &values, option: option)
    }
  }

  /// Adds a value to those of `NAME=VALUE` options; throws when the name has one.
  static func add(_ name: String, _ value: String, to values: inout [String: String], option: String) throws {
    guard values.updateValue(value, forKey: name) == nil else {
      throw ValidationError("\(option) gives '\(name)' twice: nobody knows which value is meant")
    }
  }
}
