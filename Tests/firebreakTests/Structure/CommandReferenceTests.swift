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
      + type.configuration.subcommands.filter { $0.configuration.shouldDisplay }.flatMap {
        commands($0, path)
      }
  }

  static func help(_ path: [String], _ type: any ParsableCommand.Type) -> String {
    let text =
      path.count == 1
      ? Firebreak.helpMessage(columns: 80) : Firebreak.helpMessage(for: type, columns: 80)
    return text.split(separator: "\n", omittingEmptySubsequences: false)
      .map { $0.replacing(#/ +$/#, with: "") }.joined(separator: "\n").trimmingCharacters(in: .newlines)
  }

  /// A manual page in the man(7) macros: the commands' own help, unfilled.
  static func manual() -> String {
    func escaped(_ text: String) -> String {
      text.split(separator: "\n", omittingEmptySubsequences: false).map {
        let line = $0.replacing("\\", with: "\\e").replacing("-", with: "\\-")
        return line.hasPrefix(".") || line.hasPrefix("'") ? "\\&" + line : line
      }.joined(separator: "\n")
    }
    var text = """
      .TH FIREBREAK 1 "" "firebreak \(Firebreak.version)" "User Commands"
      .SH NAME
      firebreak \\- reconstruct, contain and explain incidents of connected\\-device fleets

      """
    for (path, type) in commands(Firebreak.self) {
      text +=
        ".SH \(escaped(path.joined(separator: " ").uppercased()))\n.nf\n\(escaped(help(path, type)))\n.fi\n"
    }
    return text + """
      .SH EXIT STATUS
      0 done; 1 the answer is no; 2 could not; 3 done, with losses listed; 64 usage; 130 interrupted.
      .SH ENVIRONMENT
      FIREBREAK_CASE names the case; NO_COLOR and TERM=dumb turn colour off; COLUMNS overrides the width.

      """
  }

  static func markdown() -> String {
    var text = """
      # Command reference

      Generated from the commands' own help (`make docs`); a test compares.
      Exit codes: 0 done, 1 the answer is no, 2 could not, 3 done with losses listed, 64 usage, 130 interrupted.

      """
    for (path, type) in commands(Firebreak.self) {
      text += "\n## \(path.joined(separator: " "))\n\n```\n\(help(path, type))\n```\n"
    }
    return text
  }

  /// A name that is made from the type's costs a search of all conformances in the binary, at each start and for each command.
  @Test func everyCommandStatesItsName() {
    func check(_ type: any ParsableCommand.Type) {
      #expect(type.configuration.commandName != nil, "\(type)")
      for sub in type.configuration.subcommands { check(sub) }
    }
    check(Firebreak.self)
  }

  @Test func referenceIsCurrent() throws {
    let difference = try Repository.difference(generated: Self.markdown(), file: "Docs/CommandReference.md")
    #expect(difference == nil)
  }

  @Test func manualPageIsCurrent() throws {
    #expect(try Repository.difference(generated: Self.manual(), file: "Docs/firebreak.1") == nil)
  }

  @Test(arguments: ["bash", "zsh", "fish"])
  func completionsNameEveryCommand(shell: String) throws {
    let script = Firebreak.completionScript(for: try #require(CompletionShell(rawValue: shell)))
    for (path, _) in Self.commands(Firebreak.self) { #expect(script.contains(path.last ?? ""), "\(path)") }
  }

  @Test func everyCommandSaysWhatItDoes() {
    for (path, type) in Self.commands(Firebreak.self) {
      #expect(!type.configuration.abstract.isEmpty, "\(path)")
      #expect(type.configuration.abstract.hasSuffix("."), "\(path): a sentence")
    }
  }
}
