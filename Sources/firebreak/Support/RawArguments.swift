import ArgumentParser

/// The arguments before they are parsed. The parser takes what stands behind one dash as so many flags, so that `-dash.log`
/// would ask for help by its `h` and end with 0.
enum RawArguments {
  /// The mistake of somebody whose argument begins with a dash and is no option; nil where there is none.
  static func mistake(in arguments: [String]) -> CommandError? {
    for (index, word) in arguments.enumerated() {
      if word == "--" { return nil }
      // `-o file`, `-o=file`; `-` alone is standard input.
      let name = word.dropFirst().prefix { $0 != "=" }
      guard word.hasPrefix("-"), !word.hasPrefix("--"), name.count > 1 else { continue }
      let before = index > 0 ? arguments[index - 1] : ""
      if isNegative(word), isOption(before) { continue }
      if isOption(before) {
        return CommandError(
          "'\(word)' is no option: a value that begins with a dash is written as '\(before)=\(word)'", .usage)
      }
      return CommandError(
        "there is no option '\(word)': what begins with a dash and is none goes behind ' -- '"
          + (arguments.first == "ingest" ? ", or is written as ./\(word)" : ""), .usage)
    }
    return nil
  }

  /// The arguments with numbers below zero, and zones west of Greenwich, joined to the option before them; nil where there are none.
  static func joined(_ arguments: [String]) -> [String]? {
    var result: [String] = []
    var isEnded = false
    for word in arguments {
      isEnded = isEnded || word == "--"
      if !isEnded, isNegative(word), let before = result.last, isOption(before) {
        result[result.count - 1] = before + "=" + word
      } else {
        result.append(word)
      }
    }
    return result.count < arguments.count ? result : nil
  }

  private static func isOption(_ word: String) -> Bool {
    word.hasPrefix("--") && word.count > 2 && !word.contains("=")
  }

  private static func isNegative(_ word: String) -> Bool {
    word.hasPrefix("-") && word.dropFirst().first?.isNumber == true
  }
}
