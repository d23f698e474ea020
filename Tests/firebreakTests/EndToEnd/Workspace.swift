import Foundation
import Testing

/// A folder that exists for one test, and what people do in it.
final class Workspace {
  let folder: URL
  var path: String { folder.path(percentEncoded: false).trimmingSuffix("/") }

  init() throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "firebreak-end-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  /// Path of something in the folder.
  func at(_ name: String) -> String { path + "/" + name }

  /// Writes a file and returns its path.
  @discardableResult func write(_ name: String, _ content: Data) throws -> String {
    let url = folder.appending(path: name)
    try FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try content.write(to: url)
    return at(name)
  }

  /// Writes a text file and returns its path.
  @discardableResult func write(_ name: String, _ text: String) throws -> String {
    try write(name, Data(text.utf8))
  }

  /// Runs the program in this folder, without a case of the caller's environment.
  func firebreak(
    _ arguments: String..., input: Data = Data(), environment: [String: String] = [:]
  ) throws -> BuiltProgram.Run {
    try BuiltProgram.run(
      arguments, in: folder, environment: ["FIREBREAK_CASE": ""].merging(environment) { $1 }, input: input)
  }

  /// Ingests paths into `x.firebreak` and returns the parsed account.
  func ingest(_ paths: String..., options: [String] = []) throws -> Ingested {
    let run = try BuiltProgram.run(
      ["ingest"] + paths + ["--case", at("x.firebreak"), "--format", "json"] + options, in: folder,
      environment: ["FIREBREAK_CASE": ""])
    return Ingested(run)
  }

  /// Events in `x.firebreak`, by SQL on the public view.
  func eventCount(_ name: String = "x.firebreak") throws -> Int {
    let run = try firebreak(
      "query", "--case", at(name), "--sql", "SELECT count(*) AS n FROM timeline", "--format", "jsonl")
    let row = try run.output.split(separator: "\n").first.map { try jsonObject(String($0)) }
    return row?["n"] as? Int ?? -1
  }

  /// A workspace with a simulated incident in the folder `s`, and its case `x.firebreak`.
  static func simulated(
    _ scenario: String = "firmware-cascade", _ devices: Int = 60, _ more: String..., seed: Int = 4
  ) throws -> Workspace {
    let work = try Workspace()
    let run = try BuiltProgram.run(
      ["simulate", "--scenario", scenario, "--devices", "\(devices)", "--seed", "\(seed)", "--output", "s"]
        + more, in: work.folder)
    try #require(run.exit == 0, "\(run.errors)")
    let ingested = try work.ingest(
      work.at("s/evidence"),
      options: ["--inventory", work.at("s/inventory.csv"), "--topology", work.at("s/topology.csv")])
    try #require(ingested.run.exit == 0, "\(ingested.run.errors)")
    return work
  }

  /// The program's output for an ingest.
  struct Ingested {
    let run: BuiltProgram.Run
    let document: [String: Any]
    init(_ run: BuiltProgram.Run) {
      self.run = run
      document = (try? JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any]) ?? [:]
    }
    var sources: [[String: Any]] { document["sources"] as? [[String: Any]] ?? [] }
    /// A count of the totals, in lines: `events`, `refused`…
    func count(_ key: String) -> Int {
      ((document["totals"] as? [String: Any])?["counts"] as? [String: Any])?[key] as? Int ?? -1
    }
    /// Kinds of damage over all sources.
    var damage: [String] {
      sources.flatMap { ($0["damage"] as? [[String: Any]] ?? []).compactMap { $0["kind"] as? String } }
    }
    /// The first source whose bytes are not all accounted for, or nil.
    var unaccounted: String? {
      for source in sources {
        let bytes = source["bytes"] as? Int ?? -1
        let accounted = (source["accounted"] as? [String: Int])?.values.reduce(0, +) ?? -2
        if bytes != accounted { return "\(source["path"] ?? ""): \(bytes) in, \(accounted) accounted" }
      }
      return nil
    }
  }

  // MARK: Making input

  /// RFC 3164 lines with ISO stamps: `count` lines, one a second from 2026-04-07T09:00:00Z.
  static func log(_ count: Int, host: String = "gw-1", from first: Int = 0) -> String {
    var text = ""
    for index in first..<(first + count) {
      let second = 9 * 3600 + index
      let stamp = String(
        format: "2026-04-%02dT%02d:%02d:%02d.000000+00:00", 7 + second / 86_400, second / 3600 % 24,
        second / 60 % 60, second % 60)
      text += "\(stamp) \(host) relayd[41]: batch \(index) handed on after \(index % 97) ms\n"
    }
    return text
  }

  /// Compresses with the system's gzip.
  static func gzip(_ data: Data) throws -> Data {
    try pipe(data, through: "/usr/bin/gzip", ["-c", "-n"])
  }

  /// Runs a program on some bytes and returns its output.
  static func pipe(_ data: Data, through program: String, _ arguments: [String]) throws -> Data {
    let process = Process()
    process.executableURL = URL(filePath: program)
    process.arguments = arguments
    let scratch = FileManager.default.temporaryDirectory.appending(
      path: "firebreak-pipe-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: scratch, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: scratch) }
    let input = scratch.appending(path: "in")
    let output = scratch.appending(path: "out")
    try data.write(to: input)
    try Data().write(to: output)
    process.standardInput = try FileHandle(forReadingFrom: input)
    process.standardOutput = try FileHandle(forWritingTo: output)
    try process.run()
    process.waitUntilExit()
    return try Data(contentsOf: output)
  }

  /// A zip with stored members (PKWARE APPNOTE 6.3), whatever their names.
  static func zip(_ members: [(name: String, content: Data)]) -> Data {
    var body = Data()
    var directory = Data()
    func put(_ data: inout Data, _ value: Int, _ width: Int) {
      for index in 0..<width { data.append(UInt8(truncatingIfNeeded: value >> (8 * index))) }
    }
    for (name, content) in members {
      var common = Data()
      for (value, width) in [
        (20, 2), (0, 2), (0, 2), (0x4800, 2), (0x5C87, 2), (Int(crc32(content)), 4), (content.count, 4),
        (content.count, 4), (name.utf8.count, 2), (0, 2),
      ] { put(&common, value, width) }
      put(&directory, 0x0201_4B50, 4)
      put(&directory, 0x0314, 2)
      directory += common
      for (value, width) in [(0, 2), (0, 2), (0, 2), (0o100644 << 16, 4), (body.count, 4)] {
        put(&directory, value, width)
      }
      directory += Data(name.utf8)
      put(&body, 0x0403_4B50, 4)
      body += common + Data(name.utf8) + content
    }
    let start = body.count
    var archive = body + directory
    for (value, width) in [
      (0x0605_4B50, 4), (0, 2), (0, 2), (members.count, 2), (members.count, 2), (directory.count, 4),
      (start, 4),
      (0, 2),
    ] { put(&archive, value, width) }
    return archive
  }

  private static func crc32(_ data: Data) -> UInt32 {
    var crc: UInt32 = 0xFFFF_FFFF
    for byte in data {
      crc ^= UInt32(byte)
      for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
    }
    return ~crc
  }
}

/// A JSON object from text.
func jsonObject(_ text: String) throws -> [String: Any] {
  try #require(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
}

extension String {
  func trimmingSuffix(_ suffix: String) -> String {
    hasSuffix(suffix) ? String(dropLast(suffix.count)) : self
  }
}
