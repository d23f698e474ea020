import ArgumentParser
import Foundation
import Testing

@testable import firebreak

@Suite struct CommandReferenceTests {
  /// Every visible command, depth first, with its path of names.
  static func commands(_ type: any ParsableCommand.Type, _ path: [String] = []) -> [(
    path: [String], type: any ParsableCommand.Type
  )] {
    let path = path + [type.configuration.commandName ?? type._commandName]
    return [(path, type)]
      + type.configuration.subcommands.filter { $0.configuration.shouldDisplay }.flatMap { commands($0, path) }
  }

  static func markdown() -> String {
    var text = """
      # Command reference

      Generated from the commands' own help (`make docs`); a test compares.
      Exit codes: 0 done, 1 the answer is no, 2 could not, 3 done with losses listed, 64 usage, 130 interrupted.

      """
    for (path, type) in commands(Firebreak.self) {
      let help = path.count == 1 ? Firebreak.helpMessage(columns: 100) : Firebreak.helpMessage(for: type, columns: 100)
      text += "\n## \(path.joined(separator: " "))\n\n```\n"
      text += help.split(separator: "\n", omittingEmptySubsequences: false)
        .map { $0.reversed().drop { $0 == " " }.reversed() }.map { String($0) }.joined(separator: "\n")
        .trimmingCharacters(in: .newlines)
      text += "\n```\n"
    }
    return text
  }

  @Test func referenceIsCurrent() throws {
    let difference = try Repository.difference(generated: Self.markdown(), file: "Docs/CommandReference.md")
    #expect(difference == nil)
  }

  @Test func everyCommandSaysWhatItDoes() {
    for (path, type) in Self.commands(Firebreak.self) {
      #expect(!type.configuration.abstract.isEmpty, "\(path)")
      #expect(type.configuration.abstract.hasSuffix("."), "\(path): a sentence")
    }
  }
}
