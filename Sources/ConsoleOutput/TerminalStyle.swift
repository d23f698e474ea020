/// Colour and weight for a terminal, or nothing where the output is no terminal or colour is not wanted.
public struct TerminalStyle: Sendable {
  /// Whether escape sequences are written at all.
  public let isEnabled: Bool

  /// A style. `isTerminal`: the stream is a terminal; the environment may forbid colour (`NO_COLOR` set and not empty,
  /// see no-color.org, or `TERM=dumb`).
  public init(isTerminal: Bool, environment: [String: String]) {
    let forbidden = !(environment["NO_COLOR"] ?? "").isEmpty || environment["TERM"] == "dumb"
    isEnabled = isTerminal && !forbidden
  }

  /// Bold.
  public func bold(_ text: String) -> String { wrap(text, "1") }
  /// Less prominent.
  public func dim(_ text: String) -> String { wrap(text, "2") }
  /// For failures.
  public func red(_ text: String) -> String { wrap(text, "31") }
  /// For what is good.
  public func green(_ text: String) -> String { wrap(text, "32") }
  /// For warnings.
  public func yellow(_ text: String) -> String { wrap(text, "33") }

  private func wrap(_ text: String, _ code: String) -> String {
    isEnabled ? "\u{1b}[\(code)m\(text)\u{1b}[0m" : text
  }
}
