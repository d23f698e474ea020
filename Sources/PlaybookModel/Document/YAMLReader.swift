import Yams

/// Reads the part of YAML that is JSON with another look: mappings with text keys, sequences, scalars.
///
/// Plain scalars follow YAML 1.2's core schema, not 1.1: `no` and `on` are text, and a time is text, as CACAO wants.
enum YAMLReader {
  /// Nodes after aliases are expanded: a guard against documents that grow exponentially.
  private static let maximumNodes = 1_000_000
  private static let maximumDepth = 200

  static func document(_ bytes: ArraySlice<UInt8>) throws(DocumentSyntaxError) -> DocumentNode {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw DocumentSyntaxError(line: 1, column: 0, reason: "the text is not valid UTF-8")
    }
    let node: Node?
    do {
      node = try Yams.compose(yaml: text)
    } catch let error as YamlError {
      throw syntaxError(error)
    } catch {
      throw DocumentSyntaxError(line: 1, column: 0, reason: "this is neither JSON nor YAML: \(error)")
    }
    guard let node else { throw DocumentSyntaxError(line: 1, column: 0, reason: "the document is empty") }
    var budget = maximumNodes
    return try convert(node, depth: 0, budget: &budget)
  }

  private static func convert(
    _ node: Node, depth: Int, budget: inout Int
  ) throws(DocumentSyntaxError) -> DocumentNode {
    let line = node.mark?.line ?? 0
    budget -= 1
    guard budget > 0, depth < maximumDepth else {
      throw DocumentSyntaxError(
        line: line, column: 0, reason: "too deep or too large when its aliases are expanded")
    }
    switch node {
    case .scalar(let scalar):
      return DocumentNode(resolve(scalar), line: line)
    case .sequence(let sequence):
      var items: [DocumentNode] = []
      for item in sequence { items.append(try convert(item, depth: depth + 1, budget: &budget)) }
      return DocumentNode(.array(items), line: line)
    case .mapping(let mapping):
      var members: [DocumentNode.Member] = []
      for (key, value) in mapping {
        guard case .scalar(let name) = key else {
          throw DocumentSyntaxError(line: key.mark?.line ?? line, column: 0, reason: "a key must be text")
        }
        if name.style == .plain, name.string == "<<" {
          throw DocumentSyntaxError(
            line: key.mark?.line ?? line, column: 0,
            reason: "merge keys ('<<') are not supported; write the members out")
        }
        members.append(
          .init(
            name: name.string, line: key.mark?.line ?? line,
            value: try convert(value, depth: depth + 1, budget: &budget)))
      }
      return DocumentNode(.object(members), line: line)
    case .alias(_):
      throw DocumentSyntaxError(line: line, column: 0, reason: "an alias that leads nowhere")
    }
  }

  private static func resolve(_ scalar: Node.Scalar) -> DocumentNode.Value {
    let text = scalar.string
    guard scalar.style == .plain || scalar.style == .any else { return .string(text) }
    switch text {
    case "", "~", "null", "Null", "NULL": return .null
    case "true", "True", "TRUE": return .bool(true)
    case "false", "False", "FALSE": return .bool(false)
    default: break
    }
    return isNumber(text) ? .number(text) : .string(text)
  }

  /// True for the numbers that YAML's core schema and JSON write alike; others (`0x1F`, `.5`, `.inf`) stay text.
  private static func isNumber(_ text: String) -> Bool {
    guard let first = text.utf8.first, first == UInt8(ascii: "-") || (0x30...0x39).contains(first) else {
      return false
    }
    var reader = JSONReader(Array(text.utf8)[...])
    guard let node = try? reader.document(), case .number = node.value else { return false }
    return true
  }

  private static func syntaxError(_ error: YamlError) -> DocumentSyntaxError {
    switch error {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
      .composer(_, let problem, let mark, _):
      return DocumentSyntaxError(line: mark.line, column: mark.column, reason: "not YAML: \(problem)")
    case .duplicatedKeysInMapping(let duplicates, let context):
      let names = duplicates.map { "'\($0)'" }.joined(separator: ", ")
      return DocumentSyntaxError(
        line: context.mark.line, column: 0, reason: "the name \(names) stands twice in one mapping")
    default:
      return DocumentSyntaxError(line: 1, column: 0, reason: "not YAML: \(error)")
    }
  }
}
