import Foundation
import Glibc
import IncidentSimulation

/// A folder that exists for one test.
final class ScratchFolder {
  let path: String
  init() {
    path =
      FileManager.default.temporaryDirectory.appending(path: "firebreak-simulation-\(UUID().uuidString)").path
  }
  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// Writes a simulation into a sub-folder and returns its path.
  func simulate(_ settings: SimulationSettings, into name: String = "a") throws -> String {
    let folder = path + "/" + name
    _ = try Simulation(settings).write(to: folder)
    return folder
  }

  /// All files below a folder, sorted, with their contents.
  static func contents(of folder: String) throws -> [(name: String, data: Data)] {
    let names = try FileManager.default.subpathsOfDirectory(atPath: folder).sorted()
    return try names.compactMap { name in
      var isFolder: ObjCBool = false
      _ = FileManager.default.fileExists(atPath: folder + "/" + name, isDirectory: &isFolder)
      if isFolder.boolValue { return nil }
      return (name, try Data(contentsOf: URL(filePath: folder + "/" + name)))
    }
  }

  /// Standard output of a program.
  static func run(_ program: String, _ arguments: [String]) throws -> (status: Int32, output: Data) {
    let process = Process()
    process.executableURL = URL(filePath: program)
    process.arguments = arguments
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = FileHandle.nullDevice
    try process.run()
    let output = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (process.terminationStatus, output)
  }
}

/// What `truth.json` says, as far as tests look.
struct Truth: Decodable {
  struct Edge: Decodable {
    let from: String
    let to: String
  }
  struct Phase: Decodable {
    let name: String
    let start: String
  }
  struct Cause: Decodable {
    let attribute: String
    let value: String
  }
  struct Counterfactual: Decodable {
    let failed_actual: Int
    let failed_counterfactual: Int
  }
  let family: String
  let n: Int
  let n_failed: Int
  let events: Int
  let origins: [String]
  let primary_origin: String?
  let onsets: [String: String]
  let observable: [String]
  let edges: [Edge]
  let acceptable_parents: [String: [String]]
  let common_cause: [Cause]?
  let decoys: [String: String]
  let skews: [String: Double]
  let hops: [String: Int]
  let phases: [Phase]?
  let counterfactual: Counterfactual?
  let counterfactuals: [Counterfactual]?

  init(folder: String) throws {
    self = try JSONDecoder().decode(
      Truth.self, from: Data(contentsOf: URL(filePath: folder + "/truth.json")))
  }
  init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: Keys.self)
    family = try values.decode(String.self, forKey: .family)
    n = try values.decode(Int.self, forKey: .n)
    n_failed = try values.decode(Int.self, forKey: .n_failed)
    events = try values.decode(Int.self, forKey: .events)
    origins = try values.decode([String].self, forKey: .origins)
    primary_origin = try values.decodeIfPresent(String.self, forKey: .primary_origin)
    onsets = try values.decode([String: String].self, forKey: .onsets)
    observable = try values.decode([String].self, forKey: .observable)
    edges = try values.decode([Edge].self, forKey: .edges)
    acceptable_parents = try values.decode([String: [String]].self, forKey: .acceptable_parents)
    common_cause = try values.decodeIfPresent([Cause].self, forKey: .common_cause)
    decoys = try values.decode([String: String].self, forKey: .decoys)
    skews = try values.decode([String: Double].self, forKey: .skews)
    hops = try values.decode([String: Int].self, forKey: .hops)
    phases = try values.decodeIfPresent([Phase].self, forKey: .phases)
    counterfactual = try values.decodeIfPresent(Counterfactual.self, forKey: .counterfactual)
    counterfactuals = try values.decodeIfPresent([Counterfactual].self, forKey: .counterfactuals)
  }
  enum Keys: String, CodingKey {
    case family, n, n_failed, events, origins, primary_origin, onsets, observable, edges, acceptable_parents
    case common_cause, decoys, skews, hops, phases, counterfactual, counterfactuals
  }
}
