import Foundation
import Testing

/// What the README shows is what the program prints.
@Suite struct ReadmeTests {
  private struct Shown {
    var command: String
    var lines: [String]
  }

  /// The commands of the README's console blocks, each with the lines below it.
  private static func shown() throws -> [Shown] {
    var found: [Shown] = []
    var isConsole = false
    for line in try Repository.text("README.md").components(separatedBy: "\n") {
      if line.hasPrefix("```") {
        isConsole = line == "```console"
      } else if isConsole, line.hasPrefix("$ ") {
        found.append(Shown(command: String(line.dropFirst(2)), lines: []))
      } else if isConsole, let last = found.indices.last {
        if found[last].command.hasSuffix("\\") {
          found[last].command = found[last].command.dropLast() + line
        } else {
          found[last].lines.append(line)
        }
      }
    }
    return found
  }

  @Test func everyLineUnderACommandIsInItsOutput() throws {
    let work = try Workspace()
    try FileManager.default.createSymbolicLink(
      atPath: work.at("Samples"),
      withDestinationPath: Repository.root.appending(path: "Samples").path(percentEncoded: false))
    var compared = 0
    for shown in try Self.shown() {
      let verb = shown.command.split(separator: " ").dropFirst().first.map(String.init) ?? ""
      guard ["ingest", "query", "show", "trace"].contains(verb) else { continue }
      let run = try Shell.run("firebreak() { \"$FIREBREAK\" \"$@\"; }; \(shown.command)", in: work)
      #expect(run.status == 0, "\(shown.command): \(run.output)")
      // The head of the custody log differs from run to run.
      for line in shown.lines where !["", "…"].contains(line) && !line.contains(/[0-9a-f]{64}/) {
        let text = line.hasSuffix("…") ? String(line.dropLast()) : line
        #expect(run.output.contains(text), "\(shown.command) does not print: \(line)\n\(run.output)")
        compared += 1
      }
    }
    #expect(compared > 25)
  }
}
