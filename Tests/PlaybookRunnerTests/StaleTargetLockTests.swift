import Foundation
import Testing

@testable import PlaybookRunner

/// What a run that is gone left behind in the folder of locks.
@Suite struct StaleTargetLockTests {
  private func stale(_ run: String, _ devices: [String], in folder: TemporaryFolder, days: Int32 = 0) throws
    -> String
  {
    let hashes = devices.map(TargetLock.hash).sorted()
    let path = folder.path + "/\(run).targets"
    try hashes.withUnsafeBytes { Data($0) }.write(to: URL(fileURLWithPath: path))
    let modified = Date(timeIntervalSinceNow: Double(-days) * 86_400 - 10)
    try FileManager.default.setAttributes([.modificationDate: modified], ofItemAtPath: path)
    return path
  }

  /// To look through all processes takes long, and a folder may hold many such files: whether it matters is asked first.
  @Test func processesAreLookedThroughOnlyWhereDevicesAreShared() throws {
    let folder = try TemporaryFolder()
    let ours = ["a", "b"]
    let hashes = ours.map(TargetLock.hash).sorted()
    var asked: [String] = []
    func check(_ path: String, isAtWork: Bool) throws {
      try TargetLock.check(path, hashes, ours, own: "own") {
        asked.append($0)
        return isAtWork
      }
    }
    func isThere(_ path: String) -> Bool { access(path, F_OK) == 0 }
    let other = try stale("other", ["c", "d"], in: folder)
    try check(other, isAtWork: true)
    #expect(asked.isEmpty && isThere(other), "what it had started may be at work on its own devices")
    let old = try stale("old", ["c"], in: folder, days: 2)
    try check(old, isAtWork: true)
    #expect(isThere(old))
    try check(old, isAtWork: false)
    #expect(asked == ["old", "old"] && !isThere(old))
    asked = []
    let sharing = try stale("sharing", ["b", "c"], in: folder)
    #expect(throws: RunnerError.self) { try check(sharing, isAtWork: true) }
    #expect(isThere(sharing))
    try check(sharing, isAtWork: false)
    #expect(asked == ["sharing", "sharing"] && !isThere(sharing))
  }
}
