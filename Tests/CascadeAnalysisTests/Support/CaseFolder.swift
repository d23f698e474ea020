import Foundation
import IncidentModel

/// Reads an incident in the benchmark's shape (events, inventory, topology, truth) into `IncidentEvidence`.
///
/// Templating here is deliberately simpler than the product's: tokens with digits become `<*>`.
struct CaseFolder {
  var name: String
  var evidence = IncidentEvidence()
  var truth: [String: Any] = [:]

  static func names(in folder: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [])
      .filter { FileManager.default.fileExists(atPath: "\(folder)/\($0)/truth.json") }.sorted()
  }

  init(path: String, _ transformation: Transformation = .asGiven) throws {
    name = (path as NSString).lastPathComponent
    var builder = EvidenceBuilder()
    func renamed(_ csv: String, header: Bool) -> String {
      csv.split(separator: "\n").enumerated().map { row, line in
        guard row > 0 || header else { return String(line) }
        return line.split(separator: ",", omittingEmptySubsequences: false)
          .map { transformation.name(String($0)) }.joined(separator: ",")
      }.joined(separator: "\n")
    }
    let inventory = try String(contentsOfFile: path + "/inventory.csv", encoding: .utf8)
    builder.inventory(csv: renamed(inventory, header: true))
    builder.topology(
      csv: renamed(try String(contentsOfFile: path + "/topology.csv", encoding: .utf8), header: false))
    let entities = Set(inventory.split(separator: "\n").dropFirst().map { String($0.prefix { $0 != "," }) })
    for line in try Self.gunzip(path + "/events.jsonl.gz").split(separator: UInt8(ascii: "\n")) {
      guard let event = try JSONSerialization.jsonObject(with: Data(line)) as? [String: Any],
        let stamp = event["ts"] as? String, let device = event["device"] as? String,
        let message = event["msg"] as? String
      else { continue }
      let given = (event["level"] as? String).flatMap { Severity(name: $0)?.rawValue } ?? 255
      let time = Self.nanoseconds(stamp)
      builder.event(
        time: time - time % transformation.resolution, device: transformation.name(device),
        severity: transformation.dropsSeverity ? 255 : given,
        message: transformation.message(message, entities: entities))
    }
    evidence = builder.finish()
    let data = try Data(contentsOf: URL(fileURLWithPath: path + "/truth.json"))
    truth = (try JSONSerialization.jsonObject(with: data) as? [String: Any]) ?? [:]
  }

  /// `2026-04-07T09:08:51.316Z` to nanoseconds.
  static func nanoseconds(_ stamp: String) -> Int64 {
    let parts = stamp.utf8.split { $0 < 48 || $0 > 57 }.map {
      Int64(String(decoding: $0, as: UTF8.self)) ?? 0
    }
    guard parts.count >= 6 else { return 0 }
    let days = CivilDate(year: Int(parts[0]), month: Int(parts[1]), day: Int(parts[2])).daysSinceEpoch
    let seconds = Int64(days) * 86_400 + parts[3] * 3600 + parts[4] * 60 + parts[5]
    let dot = stamp.split(separator: ".")
    let digits = dot.count > 1 ? String(dot[1].prefix { $0.isNumber }) : "0"
    let fraction = Int64((digits + "000000000").prefix(9)) ?? 0
    return seconds * 1_000_000_000 + fraction
  }

  static func gunzip(_ path: String) throws -> Data {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/gzip")
    process.arguments = ["-dc", path]
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return data
  }
}
