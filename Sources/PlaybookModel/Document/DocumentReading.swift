/// Why a document could not be read at all.
public struct DocumentSyntaxError: Error, Hashable, CustomStringConvertible {
  /// 1-based line.
  public var line: Int
  /// 1-based column in bytes; 0 when unknown.
  public var column: Int
  /// What is wrong, without the place.
  public var reason: String
  /// Reason and place in one sentence.
  public var description: String {
    column > 0 ? "line \(line), column \(column): \(reason)" : "line \(line): \(reason)"
  }
}

/// The notation of a playbook document.
public enum DocumentNotation: String, Sendable, CaseIterable {
  case json, yaml
}

/// A document that was read, with what the reading itself found out.
public struct ReadDocument: Sendable {
  /// The root.
  public var root: DocumentNode
  /// In which notation it was written.
  public var notation: DocumentNotation
  /// Byte-order mark and duplicate names.
  public var findings: [Finding]

  /// Reads a document: JSON when its first character that is not white space is `{` or `[`, else YAML.
  ///
  /// Reading is strict: RFC 8259 JSON, or YAML's JSON-like core. Duplicate names are reported as findings,
  /// since parsers differ in which one they take, and a signature must not mean two things.
  public static func read(_ bytes: [UInt8]) throws(DocumentSyntaxError) -> ReadDocument {
    guard bytes.count <= 64 << 20 else {
      throw DocumentSyntaxError(line: 1, column: 0, reason: "the document is larger than 64 MiB")
    }
    var findings: [Finding] = []
    var body = bytes[...]
    if body.starts(with: [0xEF, 0xBB, 0xBF]) {
      body = body.dropFirst(3)
      findings.append(
        Finding(
          pointer: "", line: 1, rule: "encoding.byte-order-mark", level: .warning,
          message: "the file begins with a byte-order mark, which RFC 8259 forbids to write; remove it"))
    }
    let first = body.first { $0 != 0x20 && $0 != 0x09 && $0 != 0x0A && $0 != 0x0D }
    if first == UInt8(ascii: "{") || first == UInt8(ascii: "[") {
      var reader = JSONReader(body)
      let root = try reader.document()
      return ReadDocument(root: root, notation: .json, findings: findings + reader.findings)
    }
    let root = try YAMLReader.document(body)
    return ReadDocument(root: root, notation: .yaml, findings: findings)
  }
}
