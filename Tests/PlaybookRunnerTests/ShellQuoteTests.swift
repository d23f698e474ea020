import Foundation
import PlaybookModel
import Testing

@testable import PlaybookRunner

/// Words of the scripts that people look at before they run them.
@Suite struct ShellQuoteTests {
  private static let hostile = [
    "esc\u{1B}[2J\u{1B}]0;owned\u{7}", "\u{202E}txt.exe\u{2066}'\u{2069}", "a\nb\n\n", "\n",
    "\u{7F}\u{85}\u{9B}31m",
    "mark\u{200E}\u{200F}\u{202A}", "it's $HOME `id` \\n %s \u{1}7", "\r\ttab", "äöü", "", "tag\u{E0041}",
  ]

  private func hidden(_ text: some StringProtocol) -> [Unicode.Scalar] {
    text.unicodeScalars.filter { $0 != "\n" && RemoteText.isHarmful($0) }
  }

  /// In both shells that `sh` may be.
  @Test(arguments: ["/bin/sh", "/bin/bash"]) func theCommandGetsTheBytesThatTheScriptDoesNotShow(
    _ shell: String
  )
    throws
  {
    for text in Self.hostile {
      let word = ShellQuote.visible(text)
      #expect(word.unicodeScalars.allSatisfy { !RemoteText.isHarmful($0) }, "\(word)")
      let script =
        "set -u\n\(ShellQuote.lineFeed)\nexport VALUE=\(word)\nprintf %s \(word); printf %s \"$VALUE\"\n"
      let ran = try ChildProcess.run(shell, ["-c", script])
      #expect(Array(ran.output.utf8) == Array((text + text).utf8), "\(shell): \(word)")
    }
    #expect(ShellQuote.visible("pump-1") == "'pump-1'")
    #expect(ShellQuote.visible("a\nb", keepsLines: true) == "'a\nb'")
  }

  /// To Swift a quote and a combining mark are one character, which is no quote; to a shell it is.
  @Test func aQuoteWithACombiningMarkEndsNoWord() throws {
    let text = "a'\u{301}; echo owned; '\u{301}"
    for word in [ShellQuote.quote(text), ShellQuote.visible(text), ShellQuote.visible(text + "\u{1B}")] {
      let ran = try ChildProcess.run("/bin/sh", ["-c", "printf %s \(word)"])
      #expect(ran.code == 0 && ran.output.unicodeScalars.starts(with: text.unicodeScalars), "\(word)")
    }
  }

  /// The lines that executors put into `undo.sh`.
  @Test func theUndoScriptShowsNoControlCharacterOfADevicesName() throws {
    let name = "gw\u{1B}[1A\u{202E}\n# all is well"
    let command = PlaybookCommand(.bash, text: "printf %s __device__:value")
    let call = CommandCall(command: command, values: ["__device__": name], device: name)
    let lines = try #require(BashExecutor().scripted(call, textName: "text"))
    #expect(hidden(lines.line).isEmpty && !lines.line.contains("\n"), "\(lines)")
    let text = "text=\(ShellQuote.visible(lines.text ?? "", keepsLines: true))"
    let script = (UndoScriptText.head("p", run: "r", plan: "h") + [text, lines.line]).joined(separator: "\n")
    let ran = try ChildProcess.run("/bin/sh", ["-c", script])
    #expect(ran.output == name, "\(lines)")
  }
}
