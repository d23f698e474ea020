import PlaybookModel

/// Compares answers with what they must be.
enum Expectations {
  /// The expectation with the values of its variables. Throws when one has none.
  static func filled(
    _ expectation: RolloutPolicy.Expectation, _ values: [String: String]
  ) throws(RunnerError) -> RolloutPolicy.Expectation {
    switch expectation {
    case .success, .absent: expectation
    case .contains(let texts): .contains(try filled(texts, values))
    case .equals(let pointer, let text): .equals(pointer: pointer, text: try Template.plain(text, values))
    case .differs(let pointer, let text): .differs(pointer: pointer, text: try Template.plain(text, values))
    }
  }

  private static func filled(
    _ texts: [String], _ values: [String: String]
  ) throws(RunnerError) -> [String] {
    var filled: [String] = []
    for text in texts { filled.append(try Template.plain(text, values)) }
    return filled
  }

  /// Whether an answer is what is expected; nil where it does not say: it was cut off before, or is no JSON where a value of it is asked for, or nothing of
  /// that of which something is to be absent. A page of maintenance is not a device that was let in again.
  static func holds(_ expectation: RolloutPolicy.Expectation, _ answer: CommandAnswer) -> Bool? {
    switch expectation {
    case .success: return answer.effect == .done
    case .contains(let texts):
      if texts.allSatisfy(answer.text.contains) { return true }
      return answer.isCut ? nil : false
    case .equals(let pointer, let text):
      // Executors say by `error` what the other side refused: what was done has none.
      if pointer == "/error", answer.effect == .done, answer.json == nil { return false }
      guard let json = document(answer, pointer) else { return nil }
      return DocumentPointer.resolve(pointer, in: json).map { scalar($0) == text } ?? false
    case .absent(let pointer):
      guard let json = document(answer, pointer), speaks(json, of: pointer, mayBeAbsent: true) else {
        return nil
      }
      return DocumentPointer.resolve(pointer, in: json) == nil
    case .differs(let pointer, let text):
      guard let json = document(answer, pointer), speaks(json, of: pointer, mayBeAbsent: false) else {
        return nil
      }
      return DocumentPointer.resolve(pointer, in: json).map { scalar($0) != text } ?? true
    }
  }

  /// The answer's document where a pointer can lead into it.
  private static func document(_ answer: CommandAnswer, _ pointer: String) -> DocumentNode? {
    answer.json.flatMap { pointer.isEmpty || $0.members != nil || $0.items != nil ? $0 : nil }
  }

  /// True when a document has the member that a pointer begins with, so that what is missing in it is missing.
  private static func speaks(_ json: DocumentNode, of pointer: String, mayBeAbsent: Bool) -> Bool {
    let names = pointer.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
    guard let first = names.first else { return true }
    if names.count == 1, mayBeAbsent { return true }
    return DocumentPointer.resolve("/" + first, in: json) != nil
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
