import ConsoleOutput
import Glibc
import PlaybookRunner

/// Asks on the terminal.
struct TerminalPrompter: ManualPrompter {
  func ask(_ task: String) async -> ManualAnswer {
    guard isatty(STDIN_FILENO) == 1 else { return .nobody }
    Console.note(Console.noteStyle.bold("To do by hand: ") + Sanitizer.escape(task))
    while true {
      Console.note("Type 'done', 'failed', or either with a note after it:")
      guard let line = readLine(strippingNewline: true) else { return .nobody }
      let parts = line.split(separator: " ", maxSplits: 1).map(String.init)
      let note = parts.count > 1 ? parts[1] : ""
      switch parts.first {
      case "done": return .done(note: note)
      case "failed": return .failed(note: note)
      default: continue
      }
    }
  }
}
