import Foundation
import Testing

/// Real samples with the events that other tools expect, handed to us beside the checkout; never part of it.
struct SharedSamples {
  let folder: URL

  /// The samples, or nil where they are absent.
  static let found: SharedSamples? = {
    let given = ProcessInfo.processInfo.environment["FIREBREAK_SHARED"]
    let shared =
      given.map { URL(filePath: $0) } ?? Repository.root.appending(path: "../shared").standardizedFileURL
    let folder = shared.appending(path: "samples")
    return FileManager.default.fileExists(atPath: folder.path()) ? SharedSamples(folder: folder) : nil
  }()

  /// What one sample is expected to give.
  struct Expectation: Sendable, CustomTestStringConvertible {
    let file: String
    let kind: String
    var events: Int?
    /// Instants as written by the peer, in any order; nil where it gives none.
    var times: [String]?
    var modified: Date?
    var members: [(name: String, size: Int, sha256: String)] = []
    var uncompressedBytes: Int?
    var testDescription: String { "\(file) (\(kind))" }
  }

  func expectations() throws -> [Expectation] { try plaso() + lnav() + archives() + formats() }

  private func json(_ path: String) throws -> Any {
    try JSONSerialization.jsonObject(with: Data(contentsOf: folder.appending(path: path)))
  }

  private func lines(_ path: String) throws -> [[String: Any]] {
    try String(contentsOf: folder.appending(path: path), encoding: .utf8).split(separator: "\n")
      .compactMap { try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any] }
  }

  private func plaso() throws -> [Expectation] {
    try (json("plaso/expected.json") as? [[String: Any]] ?? []).map { entry in
      var result = Expectation(file: "plaso/\(entry["file"] ?? "")", kind: entry["kind"] as? String ?? "")
      result.events = entry["expected_events"] as? Int
      if let path = entry["all_events_file"] as? String {
        result.times = try lines("plaso/\(path)").compactMap { event in
          event.filter { $0.key.hasSuffix("time") || $0.key.hasPrefix("timestamp") }
            .compactMap { $0.value as? String }.first { StampKey.milliseconds($0) != nil }
        }
      }
      return result
    }
  }

  private func lnav() throws -> [Expectation] {
    try (json("lnav/expected.json") as? [[String: Any]] ?? []).map { entry in
      var result = Expectation(file: "lnav/\(entry["file"] ?? "")", kind: entry["kind"] as? String ?? "")
      result.events = entry["expected_events"] as? Int
      result.modified = (entry["mtime_set"] as? String).flatMap { try? Date($0, strategy: .iso8601) }
      if let path = entry["rows_file"] as? String {
        result.times = try lines("lnav/\(path)").compactMap { $0["log_time"] as? String }
      }
      return result
    }
  }

  private func archives() throws -> [Expectation] {
    try (json("archives/expected.json") as? [[String: Any]] ?? []).map { entry in
      var result = Expectation(file: "archives/\(entry["file"] ?? "")", kind: entry["kind"] as? String ?? "")
      let expected = entry["expected"] as? [String: Any] ?? [:]
      result.uncompressedBytes = expected["uncompressed_bytes"] as? Int
      result.members = (expected["members"] as? [[String: Any]] ?? []).compactMap { member in
        guard member["dir"] as? Bool == false, let name = member["name"] as? String,
          let size = member["size"] as? Int, let sha256 = member["sha256"] as? String
        else { return nil }
        return (name, size, sha256)
      }
      return result
    }
  }

  private func formats() throws -> [Expectation] {
    let rows = try String(contentsOf: folder.appending(path: "formats/MANIFEST.csv"), encoding: .utf8)
      .split(separator: "\n").dropFirst()
    return rows.map { row in
      let cells = row.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
      return Expectation(file: "formats/\(cells[0])", kind: cells.last ?? "")
    }
  }
}
