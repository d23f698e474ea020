import ConsoleOutput
import Glibc
import PlaybookModel
import PlaybookRunner
import Synchronization

/// Progress on standard error: one line that is rewritten on a terminal, JSON lines otherwise.
struct ProgressPrinter: Sendable {
  private let isTerminal = isatty(STDERR_FILENO) == 1
  private let pace = ProgressPace()
  let format: ReportFormat

  func show(_ progress: RunProgress) {
    switch progress {
    case .step(let name): line(["event": "step", "step": name], "▪ \(name)")
    case .wave(let step, let number, let of, let devices):
      line(
        ["event": "wave", "step": step, "wave": "\(number)", "of": "\(of)", "devices": "\(devices)"],
        "  wave \(number) of \(of): \(Figures.counted(devices, "device"))")
    case .device(let step, let device, let outcome, let reason, let tally):
      if isTerminal {
        // A line of progress is for eyes: ten a second, and the last one.
        guard tally.finished == tally.size || pace.isDue(SystemClock().monotonicTime()) else { return }
        let text =
          "    \(tally.finished)/\(tally.size)  ok \(tally.ok)  changed \(tally.changed)  failed \(tally.failed)  unknown \(tally.unknown)  out of reach \(tally.unreachable)"
        let isLast = tally.finished == tally.size
        Console.progress("\r\u{1B}[K\(text)\(isLast ? "\n" : "")", isLast: isLast)
      } else {
        var fields = ["event": "device", "step": step, "device": device, "outcome": outcome.rawValue]
        fields["reason"] = reason
        line(fields, "")
      }
    case .soak(let milliseconds):
      line(["event": "soak", "milliseconds": "\(milliseconds)"], "  watching for \(milliseconds / 1000) s")
    case .note(let text): line(["event": "note", "text": text], "  \(text)")
    }
  }

  private func line(_ fields: [String: String], _ text: String) {
    if isTerminal {
      Console.note(Sanitizer.escape(text))
    } else {
      let members = fields.sorted { $0.key < $1.key }.map { ($0.key, JSONValue.string($0.value)) }
      Console.noteVerbatim(JSONValue.object(members).text())
    }
  }
}

/// Lets something happen ten times a second at most.
private final class ProgressPace: Sendable {
  private let next = Atomic<Int64>(0)

  func isDue(_ now: Int64) -> Bool {
    let due = next.load(ordering: .relaxed)
    return now >= due
      && next.compareExchange(expected: due, desired: now + 100_000_000, ordering: .relaxed).exchanged
  }
}
