import CascadeAnalysis
import Foundation
import Testing

@testable import PostmortemReport

/// Checks reports against the published schema, with the keywords that it uses: an unknown keyword is a failure, so that
/// the schema cannot promise what nobody checks.
struct SchemaTests {
  static func problems(_ value: Any, _ schema: [String: Any], _ root: [String: Any], at path: String)
    -> [String]
  {
    if let reference = schema["$ref"] as? String {
      let name = reference.split(separator: "/").last.map(String.init) ?? ""
      let target = (root["$defs"] as? [String: [String: Any]])?[name]
      return target.map { problems(value, $0, root, at: path) } ?? ["\(path): no \(reference)"]
    }
    var found: [String] = []
    for (keyword, rule) in schema {
      switch keyword {
      case "$schema", "$id", "title", "description", "$defs", "format": break
      case "type":
        let names = (rule as? [String]) ?? [rule as? String ?? ""]
        if !names.contains(where: { matches(value, $0) }) { found.append("\(path): not \(names)") }
      case "const":
        if "\(value)" != "\(rule)" { found.append("\(path): not \(rule)") }
      case "enum":
        if !((rule as? [String]) ?? []).contains(value as? String ?? "") {
          found.append("\(path): \(value) not allowed")
        }
      case "pattern":
        let pattern = try? Regex(rule as? String ?? "")
        if let pattern, (value as? String)?.contains(pattern) != true { found.append("\(path): pattern") }
      case "minimum":
        if (value as? Double ?? 0) < (rule as? Double ?? 0) { found.append("\(path): too small") }
      case "maximum":
        if (value as? Double ?? 0) > (rule as? Double ?? 0) { found.append("\(path): too large") }
      case "minItems", "maxItems":
        let count = (value as? [Any])?.count ?? 0
        if keyword == "minItems" ? count < rule as? Int ?? 0 : count > rule as? Int ?? 0 {
          found.append("\(path): items")
        }
      case "required":
        let object = value as? [String: Any] ?? [:]
        for name in rule as? [String] ?? [] where object[name] == nil {
          found.append("\(path): lacks \(name)")
        }
      case "additionalProperties":
        let allowed = Set((schema["properties"] as? [String: Any] ?? [:]).keys)
        for name in (value as? [String: Any] ?? [:]).keys where !allowed.contains(name) {
          found.append("\(path): \(name)")
        }
      case "properties":
        let rules = rule as? [String: [String: Any]] ?? [:]
        for (name, member) in value as? [String: Any] ?? [:] {
          if let rule = rules[name] { found += problems(member, rule, root, at: "\(path).\(name)") }
        }
      case "items":
        for (index, item) in ((value as? [Any]) ?? []).enumerated() {
          found += problems(item, rule as? [String: Any] ?? [:], root, at: "\(path)[\(index)]")
        }
      default: found.append("unknown keyword \(keyword)")
      }
    }
    return found
  }

  private static func matches(_ value: Any, _ type: String) -> Bool {
    switch type {
    case "object": value is [String: Any]
    case "array": value is [Any]
    case "string": value is String
    case "integer": (value as? NSNumber).map { $0.doubleValue == $0.doubleValue.rounded() } ?? false
    case "number": value is NSNumber
    default: false
    }
  }

  private static func schema() throws -> [String: Any] {
    let file = URL(filePath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
      .appending(path: "../../Docs/schemas/postmortem.schema.json")
    let object = try JSONSerialization.jsonObject(with: try Data(contentsOf: file))
    return try #require(object as? [String: Any])
  }

  /// Where a report's document is not as the schema says.
  static func problems(of document: Any) throws -> [String] {
    let schema = try schema()
    return problems(document, schema, schema, at: "")
  }

  @Test func writesReportsAsTheSchemaSays() throws {
    let schema = try Self.schema()
    var reports = Audience.allCases.map { SyntheticCase.standard.report($0) }
    reports.append(Report(facts: CaseFacts(), trace: Trace(), options: ReportOptions(sha256: sha256)))
    reports.append(HostileTextTests.report)
    for report in reports {
      let value = try JSONSerialization.jsonObject(with: Data(JSONRenderer.render(report).utf8))
      #expect(Self.problems(value, schema, schema, at: "") == [])
    }
    #expect(!Self.problems(["schema": "other"], schema, schema, at: "").isEmpty)
  }
}
