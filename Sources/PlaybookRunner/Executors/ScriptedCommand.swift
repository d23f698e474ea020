import Glibc

/// What does the same as a call in a POSIX shell without us: one command of the functions that `UndoScript` writes.
public struct ScriptedCommand: Sendable, Hashable {
  /// A text that all devices share and that `line` expands; nil for none.
  public var text: String?
  /// The command. Its exit code says whether it was done.
  public var line: String

  /// A command from its parts.
  public init(text: String? = nil, line: String) {
    self.text = text
    self.line = line
  }

  /// Seconds that a call may take, at least one.
  static func seconds(_ call: CommandCall) -> Int64 { max(1, (call.timeout + 999_999_999) / 1_000_000_000) }

  /// A path that holds wherever the script is run.
  public static func absolute(_ path: String) -> String {
    guard !path.hasPrefix("/"), let folder = getcwd(nil, 0) else { return path }
    defer { free(folder) }
    return String(cString: folder) + "/" + path
  }

  /// A word of our own: without quotes where it needs none.
  static func word(_ text: String) -> String {
    let isPlain = text.utf8.allSatisfy {
      (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0)
        || "-_./:".utf8.contains($0)
    }
    return isPlain && !text.isEmpty ? text : ShellQuote.visible(text)
  }
}
