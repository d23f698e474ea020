import Foundation
import IncidentModel
import PlaybookModel
import PlaybookRunner
import Synchronization
import Testing

/// A folder that goes away with its owner.
final class TemporaryFolder: Sendable {
  let path: String
  init() throws {
    Support.ignoreBrokenPipes()
    path = NSTemporaryDirectory() + "firebreak-playbooks-" + UUID().uuidString
    try FileManager.default.createDirectory(
      atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
  }
  deinit { try? FileManager.default.removeItem(atPath: path) }

  func write(_ name: String, _ text: String, mode: Int = 0o600) throws -> String {
    let file = path + "/" + name
    try Data(text.utf8).write(to: URL(fileURLWithPath: file))
    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file)
    return file
  }
}

/// A journal in memory.
final class MemoryJournal: JournalStorage {
  private let kept = Mutex<[RunRecord]>([])
  func append(_ records: [RunRecord]) throws { kept.withLock { $0 += records } }
  func records(run: String) throws -> [RunRecord] { kept.withLock { $0.filter { $0.run == run } } }
  func runs() throws -> [String] {
    var seen: Set<String> = []
    return kept.withLock { $0.map(\.run).filter { seen.insert($0).inserted } }
  }
  var all: [RunRecord] { kept.withLock { $0 } }
}

enum Support {
  static let now = SystemClock().wallTime()

  /// As the program itself does: what is written to and gone must not end the tests without a word.
  static func ignoreBrokenPipes() { signal(SIGPIPE, SIG_IGN) }

  /// The package's root.
  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  static func playbook(_ name: String) throws -> Playbook {
    // Tests may run where only some folders are visible: resolve links first.
    let source = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
    let root = source.deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    let url = root.appendingPathComponent("Playbooks/\(name)/playbook.yaml")
    return try Playbook(PlaybookDocument(reading: Array(try Data(contentsOf: url)), now: now))
  }

  static func playbook(text: String) throws -> Playbook {
    try Playbook(PlaybookDocument(reading: Array(text.utf8), now: now))
  }

  /// An inventory with the columns site, model, life_safety.
  static func inventory(_ devices: [String], lifeSafety: Set<String> = []) -> Inventory {
    var inventory = Inventory(attributes: ["site", "model", "life_safety"])
    for device in devices {
      inventory.append(device: device, row: ["plant-1", "pump", lifeSafety.contains(device) ? "yes" : "no"])
    }
    return inventory
  }

  static func selection(_ devices: [String], inventory: Inventory) -> TargetSelection {
    TargetSelection(
      expression: "site:plant-1", devices: devices.map { SelectedDevice(device: $0) }, inventory: inventory,
      caseDigest: "digest")
  }

  /// A free port of loopback.
  static func freePort() throws -> Int {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let bound = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, length) }
    }
    guard bound == 0 else { throw RunnerError(.unsupported, "no free port") }
    _ = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
    }
    return Int(UInt16(bigEndian: address.sin_port))
  }

  /// True when a program is there; where it must be (as root, and in CI) its absence is a failure.
  static func has(_ program: String) -> Bool {
    let folders = ["/usr/sbin", "/usr/bin", "/sbin", "/bin", "/usr/local/bin"]
    if folders.contains(where: { FileManager.default.isExecutableFile(atPath: "\($0)/\(program)") }) {
      return true
    }
    if geteuid() == 0 || ProcessInfo.processInfo.environment["CI"] == "true" {
      Issue.record("'\(program)' is not installed")
    } else {
      print("skipped: '\(program)' is not installed")
    }
    return false
  }
}
