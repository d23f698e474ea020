import ArgumentParser
import PlaybookModel

/// Options that take one value. The parser lets the last one win without a word: who narrows a plan by a second `--targets`
/// would get whatever that one selects, and who gives two inventories would lose the first.
enum RepeatedOptions {
  /// The mistake of somebody who gives an option of one value twice; nil where there is none.
  static func mistake(in arguments: [String], of command: any ParsableCommand.Type) -> CommandError? {
    let given = arguments.prefix { $0 != "--" }.filter { $0.hasPrefix("-") }.map { word in
      String(word.hasPrefix("--") ? word.prefix { $0 != "=" } : word.prefix(2))
    }
    // An option has a long and a short name: two that differ may be the same one.
    guard Set(given).count < given.count || given.contains(where: { $0.utf8.count == 2 }), given.count > 1,
      let help = try? ReadDocument.read(Array(command._dumpHelp().utf8)).root
    else { return nil }
    for option in help["command"]?["arguments"]?.items ?? []
    where option["kind"]?.text == "option" && option["isRepeating"]?.flag == false {
      let names = (option["names"]?.items ?? []).compactMap { name in
        name["name"]?.text.map { (name["kind"]?.text == "long" ? "--" : "-") + $0 }
      }
      let uses = given.filter(names.contains)
      if uses.count > 1 {
        return CommandError(
          "\(uses[0]) is given twice and takes one value: nobody knows which one is meant", .usage)
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
