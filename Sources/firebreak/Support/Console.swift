import ConsoleOutput
import Glibc
import Synchronization

/// The only printer: standard output is the result, standard error is talk.
///
/// A closed pipe ends the process quietly with 0: the reader has seen enough (not while devices are acted on).
/// Any other write error is an error.
enum Console {
  /// Environment of the process.
  static let environment: [String: String] = {
    var result: [String: String] = [:]
    var entry = environ
    while let text = entry.pointee {
      let line = String(cString: text)
      if let equals = line.firstIndex(of: "=") {
        result[String(line[..<equals])] = String(line[line.index(after: equals)...])
      }
      entry += 1
    }
    return result
  }()

  /// Colour for standard output.
  static let style = TerminalStyle(isTerminal: isatty(STDOUT_FILENO) == 1, environment: environment)
  /// Colour for standard error.
  static let noteStyle = TerminalStyle(isTerminal: isatty(STDERR_FILENO) == 1, environment: environment)

  /// Columns of the terminal that standard output goes to; nil when it goes elsewhere. `COLUMNS` overrides.
  static var width: Int? {
    if let text = environment["COLUMNS"], let columns = Int(text), columns >= 20 { return columns }
    var size = winsize()
    guard isatty(STDOUT_FILENO) == 1 else { return nil }
    guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col >= 20 else { return 80 }
    return Int(size.ws_col)
  }

  /// Writes a line of the result. The text must be sanitised already.
  static func print(_ line: String) { write(line + "\n", to: STDOUT_FILENO) }

  /// Writes text of the result as it is.
  static func write(_ text: String) { write(text, to: STDOUT_FILENO) }

  /// Writes a line of talk.
  static func note(_ line: String) { write(line + "\n", to: STDERR_FILENO) }

  /// Writes a warning.
  static func warn(_ line: String) { note(noteStyle.yellow("warning: ") + line) }

  /// Set while devices are acted on.
  private static let drainsWhenClosed = Atomic<Bool>(false)

  /// From now on a closed pipe or terminal asks for a stop, as Ctrl-C does, and does not end the process.
  static func drainWhenClosed() { drainsWhenClosed.store(true, ordering: .relaxed) }

  private static func write(_ text: String, to descriptor: Int32) {
    var text = text
    text.withUTF8 { bytes in
      var rest = UnsafeRawBufferPointer(bytes)
      while !rest.isEmpty {
        let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
        if count > 0 {
          rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        } else if errno == EINTR || errno == EAGAIN {
          continue
        } else if errno == EPIPE || errno == EIO, drainsWhenClosed.load(ordering: .relaxed) {
          return Interrupt.request()
        } else if errno == EPIPE {
          exit(0)
        } else {
          if descriptor != STDERR_FILENO {
            note("firebreak: cannot write to standard output: \(String(cString: strerror(errno)))")
          }
          exit(ExitStatus.couldNot.code)
        }
      }
    }
  }
}
