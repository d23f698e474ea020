import Foundation

/// The checkout that these tests were built from, and the programs they run.
enum Repository {
  static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  static func text(_ path: String) throws -> String {
    try String(contentsOf: root.appending(path: path), encoding: .utf8)
  }

  /// Files below a folder whose names end in `suffix`, as paths relative to the root, sorted.
  static func files(below folder: String, suffix: String) -> [String] {
    let base = root.appending(path: folder)
    guard let walk = FileManager.default.enumerator(atPath: base.path()) else { return [] }
    return walk.compactMap { $0 as? String }.filter { $0.hasSuffix(suffix) }.map { "\(folder)/\($0)" }
      .sorted()
  }

  /// Compares a generated document with its file; with `FIREBREAK_UPDATE_DOCS=1` writes the file instead.
  /// Returns nil when they agree, else what to do.
  static func difference(generated: String, file: String) throws -> String? {
    let url = root.appending(path: file)
    if ProcessInfo.processInfo.environment["FIREBREAK_UPDATE_DOCS"] == "1" {
      try generated.write(to: url, atomically: true, encoding: .utf8)
      return nil
    }
    guard let existing = try? text(file) else { return "\(file) is missing: run 'make docs'" }
    if existing == generated { return nil }
    let old = existing.split(separator: "\n", omittingEmptySubsequences: false)
    let new = generated.split(separator: "\n", omittingEmptySubsequences: false)
    let at =
      zip(old, new).enumerated().first { $0.element.0 != $0.element.1 }?.offset ?? min(old.count, new.count)
    let was = at < old.count ? old[at] : "(end)"
    let now = at < new.count ? new[at] : "(end)"
    return "\(file) is out of date at line \(at + 1): '\(was)' should be '\(now)'. Run 'make docs'"
  }

  /// Runs a program, found on PATH, in the root; standard output on success, else nil.
  static func output(of arguments: [String]) throws -> String? {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = arguments
    process.currentDirectoryURL = root
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = FileHandle.nullDevice
    process.standardInput = FileHandle.nullDevice
    try process.run()
    let data = try pipe.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    return process.terminationStatus == 0 ? String(decoding: data, as: UTF8.self) : nil
  }
}
