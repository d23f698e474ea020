import ArgumentParser
import ConsoleOutput
import EvidenceIntake
import Glibc
import TimelineStore

@main
struct Firebreak: AsyncParsableCommand {
  static let version = "0.1.0"
  static let configuration = CommandConfiguration(
    commandName: "firebreak",
    abstract: "Reconstruct, contain and explain incidents of connected-device fleets.",
    version: version,
    subcommands: allCommands)

  /// Parses, runs, and turns every error into one sentence on standard error and an exit code.
  static func main() async {
    // The process that unpacks archives is this executable again, with limits.
    if ArchiveHelper.isWanted(CommandLine.arguments) { ArchiveHelper.main() }
    signal(SIGPIPE, SIG_IGN)
    Console.holdClosedStreams()
    let arguments = Array(CommandLine.arguments.dropFirst())
    if let mistake = RawArguments.mistake(in: arguments) { end(with: mistake) }
    if let mistake = CommandNames.mistake(in: arguments, of: Firebreak.self) { end(with: mistake) }
    do {
      var command = try parse(arguments)
      if let mistake = RepeatedOptions.mistake(in: arguments, of: type(of: command)) { end(with: mistake) }
      if var asynchronous = command as? any AsyncParsableCommand {
        try await asynchronous.run()
      } else {
        try command.run()
      }
      Console.end(ExitStatus.done.code)
    } catch {
      end(with: error)
    }
  }

  /// Parses; a value below zero is one, so that what is said of it is about the value.
  private static func parse(_ arguments: [String]) throws -> any ParsableCommand {
    do {
      return try parseAsRoot(arguments)
    } catch {
      guard message(for: error).hasPrefix("Missing value"), let joined = RawArguments.joined(arguments) else {
        throw error
      }
      return try parseAsRoot(joined)
    }
  }

  private static func end(with error: any Error) -> Never {
    switch error {
    case let status as ExitStatus:
      Console.end(status.code)
    case let error as CommandError:
      Console.note("firebreak: \(Sanitizer.escape(error.description))")
      Console.end(error.status.code)
    case let error as QueryError:
      end(with: QueryMistake(error).commandError)
    case let error as StoreError where error.code == .mistake:
      Console.note("firebreak: \(Sanitizer.escape(error.description))")
      Console.end(ExitStatus.usage.code)
    case let error as StoreError where error.code == .unknownName:
      Console.note("firebreak: \(Sanitizer.escape(error.description))")
      Console.end(ExitStatus.no.code)
    case let error as StoreError where error.code == .tampered:
      Console.note("firebreak: \(Sanitizer.escape(error.description))")
      for sentence in AlteredJournal.advice(unopened: error.path) { Console.note(Sanitizer.escape(sentence)) }
      Console.end(ExitStatus.couldNot.code)
    default:
      let code = exitCode(for: error)
      if code == .success {
        // Help and version are answers as others are: one that cannot be written is no success.
        let text = fullMessage(for: error)
        if !text.isEmpty { Console.print(text) }
        Console.end(ExitStatus.done.code)
      }
      if error is ExitCode { exit(withError: error) }
      if code == .validationFailure {
        end(with: UsageMistake(error, arguments: Array(CommandLine.arguments.dropFirst())).commandError)
      }
      Console.note("firebreak: \(Sanitizer.escape("\(error)"))")
      Console.end(ExitStatus.couldNot.code)
    }
  }
}
