import ArgumentParser
import ConsoleOutput
import Glibc
import IncidentModel
import TimelineStore

/// `firebreak export`: what a case knows, in a form that other tools take.
struct Export: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Write the case's list of evidence with SHA-256, as 'sha256sum -c' takes it.",
    discussion: """
      Members of archives have hashes of their own, which sha256sum cannot look up: they stand as comments. \
      'firebreak verify' checks those too. On a terminal, control and invisible characters of names are shown as escapes; write to \
      a file, or into sha256sum, what is to be checked.
      """)

  enum Target: String, CaseIterable, ExpressibleByArgument { case manifest }

  @OptionGroup var caseOption: CaseOption

  @Option(help: "What to write: manifest.")
  var to: Target = .manifest

  func run() throws {
    let reader = try caseOption.openReader()
    let isTerminal = isatty(STDOUT_FILENO) == 1
    var written = 0
    var escaped = 0
    for source in try reader.sources() {
      if source.description.members.isEmpty, source.description.path != "-" {
        let line = Self.line(sha256: source.sha256, path: source.description.path)
        // Only its own three escapes are known to sha256sum: names are as they are wherever nobody reads them off a screen.
        let shown = isTerminal ? Sanitizer.escape(line) : line
        Console.print(shown)
        written += 1
        if shown != line { escaped += 1 }
      } else {
        Console.print("# \(source.sha256)  \(Sanitizer.escape(source.name))")
      }
    }
    Console.note("\(Figures.counted(written, "file")); check with: sha256sum -c")
    if escaped > 0 {
      Console.warn(
        "\(Figures.counted(escaped, "name")) with control or invisible characters shown as escapes, which sha256sum does not read: "
          + "write the list to a file")
    }
    if written == 0 { throw ExitStatus.no }
  }

  /// As GNU sha256sum writes it: names with a backslash or a line end are escaped, and the line begins with a backslash.
  static func line(sha256: String, path: String) -> String {
    var name = ""
    for scalar in path.unicodeScalars {
      switch scalar {
      case "\\": name += "\\\\"
      case "\n": name += "\\n"
      case "\r": name += "\\r"
      default: name.unicodeScalars.append(scalar)
      }
    }
    return (name == path ? "" : "\\") + sha256 + "  " + name
  }
}
