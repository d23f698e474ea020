import PlaybookModel

/// Compares answers with what they must be.
enum Expectations {
  /// The expectation with the values of its variables. Throws when one has none.
  static func filled(
    _ expectation: RolloutPolicy.Expectation, _ values: [String: String]
  ) throws(RunnerError) -> RolloutPolicy.Expectation {
    switch expectation {
    case .success, .absent: expectation
    case .contains(let text): .contains(try Template.plain(text, values))
    case .equals(let pointer, let text): .equals(pointer: pointer, text: try Template.plain(text, values))
    case .differs(let pointer, let text): .differs(pointer: pointer, text: try Template.plain(text, values))
    }
  }

  static func holds(_ expectation: RolloutPolicy.Expectation, _ answer: CommandAnswer) -> Bool {
    switch expectation {
    case .success: answer.effect == .done
    case .contains(let text): answer.text.contains(text)
    case .absent(let pointer): answer.json.map { DocumentPointer.resolve(pointer, in: $0) == nil } ?? false
    case .differs(let pointer, let text):
      answer.json.map { DocumentPointer.resolve(pointer, in: $0).map { scalar($0) != text } ?? true } ?? false
    case .equals(let pointer, let text):
      answer.json.flatMap { DocumentPointer.resolve(pointer, in: $0) }.map { scalar($0) == text } ?? false
    }
  }

  private static func scalar(_ node: DocumentNode) -> String? {
    switch node.value {
    case .string(let text), .number(let text): text
    case .bool(let flag): flag ? "true" : "false"
    case .null: "null"
    default: nil
    }
  }
}
