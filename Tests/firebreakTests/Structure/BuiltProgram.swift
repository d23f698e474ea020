import Foundation

/// The program as built beside these tests, run as people run it.
enum BuiltProgram {
  struct Run {
    let exit: Int32
    let output: String
    let errors: String
  }

  /// Path of the binary: beside the test bundle.
  static let path: String = {
    if let given = ProcessInfo.processInfo.environment["FIREBREAK_BINARY"] { return given }
    return URL(filePath: CommandLine.arguments[0]).resolvingSymlinksInPath().deletingLastPathComponent()
      .appending(path: "firebreak").path()
  }()

  /// Runs the program and waits. `environment` is added to ours; `input` goes to standard input (default: empty).
  static func run(
    _ arguments: [String], in folder: URL? = nil, environment: [String: String] = [:], input: Data = Data()
  ) throws -> Run {
    let process = Process()
    process.executableURL = URL(filePath: path)
    process.arguments = arguments
    process.currentDirectoryURL = folder
    // Locks and keys that the program keeps for a user stay in the test's own folder.
    var own: [String: String] = [:]
    if let folder {
      own["FIREBREAK_LOCKS"] = folder.appending(path: "locks").path(percentEncoded: false)
      own["FIREBREAK_JOURNAL_KEY"] = folder.appending(path: "journal.key").path(percentEncoded: false)
    }
    process.environment = ProcessInfo.processInfo.environment.merging(own) { $1 }.merging(environment) { $1 }
    let scratch = FileManager.default.temporaryDirectory.appending(path: "firebreak-run-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: scratch, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: scratch) }
    func file(_ name: String, _ content: Data = Data()) throws -> URL {
      let url = scratch.appending(path: name)
      try content.write(to: url)
      return url
    }
    let output = try file("out")
    let errors = try file("err")
    process.standardInput = try FileHandle(forReadingFrom: file("in", input))
    process.standardOutput = try FileHandle(forWritingTo: output)
    process.standardError = try FileHandle(forWritingTo: errors)
    try process.run()
    process.waitUntilExit()
    let code =
      process.terminationReason == .exit ? process.terminationStatus : 128 + process.terminationStatus
    return Run(
      exit: code, output: String(decoding: try Data(contentsOf: output), as: UTF8.self),
      errors: String(decoding: try Data(contentsOf: errors), as: UTF8.self))
  }
}
