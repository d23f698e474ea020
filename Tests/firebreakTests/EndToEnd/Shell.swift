import Foundation
import Glibc

/// Runs shell lines in a workspace, with the program's path in `$FIREBREAK`.
enum Shell {
  /// Runs a line with bash and returns its status and its output, both streams together.
  static func run(_ line: String, in work: Workspace) throws -> (status: Int32, output: String) {
    let log = work.at("shell-\(UUID().uuidString).txt")
    _ = FileManager.default.createFile(atPath: log, contents: nil)
    defer { try? FileManager.default.removeItem(atPath: log) }
    let handle = try FileHandle(forWritingTo: URL(filePath: log))
    let process = Process()
    process.executableURL = URL(filePath: "/bin/bash")
    process.arguments = ["-o", "pipefail", "-c", line]
    process.currentDirectoryURL = work.folder
    process.environment = ProcessInfo.processInfo.environment.merging([
      "FIREBREAK": BuiltProgram.path, "FIREBREAK_CASE": "",
      "FIREBREAK_LOCKS": work.at("locks"), "FIREBREAK_JOURNAL_KEY": work.at("journal.key"),
    ]) { $1 }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = handle
    process.standardError = handle
    try process.run()
    process.waitUntilExit()
    let output = String(decoding: try Data(contentsOf: URL(filePath: log)), as: UTF8.self)
    return (process.terminationStatus, output)
  }

  /// True where mounts can be made in a namespace of one's own.
  static let canMount: Bool = {
    guard geteuid() == 0, let work = try? Workspace() else { return false }
    return (try? run("mkdir m && unshare -m mount -t tmpfs tmpfs m", in: work).status) == 0
  }()
}
