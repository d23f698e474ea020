import Foundation
import PlaybookModel
import PlaybookRunner
import Testing

/// Devices behind one real sshd: each has an address of loopback, a folder that its commands run in, and a file of
/// authorised keys of its own.
final class SSHFleet: Sendable {
  let folder: TemporaryFolder
  let port: Int
  let devices: [String]
  let knownHosts: String
  private let process: ChildProcess

  /// `strange` is a device whose sshd reads its keys elsewhere than everybody thinks.
  init(_ devices: [String], strange: String? = nil) async throws {
    self.devices = devices
    folder = try TemporaryFolder()
    port = try Support.freePort()
    for name in ["host", "old", "new", "stranger"] {
      _ = try ChildProcess.run(
        "/usr/bin/ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", name, "-f", "\(folder.path)/\(name)"])
    }
    let hostKey = try String(contentsOfFile: "\(folder.path)/host.pub", encoding: .utf8)
    var known = ""
    var configuration = """
      Port \(port)
      HostKey \(folder.path)/host
      AuthorizedKeysFile none
      PidFile none
      StrictModes no
      UsePAM no
      PasswordAuthentication no
      PermitRootLogin yes
      MaxStartups 200

      """
    var matches = ""
    for device in devices {
      let home = folder.path + "/" + device
      try FileManager.default.createDirectory(atPath: home, withIntermediateDirectories: true)
      let keys = device == strange ? "elsewhere" : "authorized"
      for name in ["authorized", keys] where !FileManager.default.fileExists(atPath: "\(home)/\(name)") {
        try FileManager.default.copyItem(atPath: "\(folder.path)/old.pub", toPath: "\(home)/\(name)")
      }
      let address = Self.address(device, devices)
      known += "[\(address)]:\(port) \(hostKey)"
      configuration += "ListenAddress \(address)\n"
      matches += """
        Match LocalAddress \(address)
          AuthorizedKeysFile \(home)/\(keys) \(home)/second
          ForceCommand cd \(home) && exec sh -c "$SSH_ORIGINAL_COMMAND"

        """
    }
    knownHosts = try folder.write("known", known)
    _ = try folder.write("sshd_config", configuration + matches)
    try FileManager.default.createDirectory(atPath: "/run/sshd", withIntermediateDirectories: true)
    process = try ChildProcess(
      "/usr/sbin/sshd", ["-D", "-e", "-f", "\(folder.path)/sshd_config"], output: folder.path + "/log")
    for _ in 0..<100 {
      let log = (try? String(contentsOfFile: folder.path + "/log", encoding: .utf8)) ?? ""
      if log.components(separatedBy: "listening on").count > devices.count { return }
      try await Task.sleep(for: .milliseconds(30))
    }
    throw RunnerError(.unsupported, "sshd does not start")
  }

  deinit { process.stop() }

  private static func address(_ device: String, _ devices: [String]) -> String {
    "127.0.0.\((devices.firstIndex(of: device) ?? 0) + 2)"
  }
  func address(_ device: String) -> String { Self.address(device, devices) }

  /// Where the secret store finds user and key.
  func secret(_ name: String, key: String) throws -> String {
    let file = try folder.write("secret-\(key)", "\(NSUserName())\n\(folder.path)/\(key)\n")
    return "\(name)=file:\(file)"
  }

  /// A file on a device; nil when it is not there.
  func file(_ device: String, _ name: String) -> String? {
    try? String(contentsOfFile: "\(folder.path)/\(device)/\(name)", encoding: .utf8)
  }

  func put(_ device: String, _ name: String, _ text: String) throws {
    _ = try folder.write("\(device)/\(name)", text)
  }

  func publicKey(_ name: String) throws -> String {
    try String(contentsOfFile: "\(folder.path)/\(name).pub", encoding: .utf8)
      .trimmingCharacters(in: .whitespacesAndNewlines)
  }

  /// True when a login with a key succeeds.
  func lets(_ key: String, into device: String) throws -> Bool {
    try ChildProcess.run(
      "/usr/bin/ssh",
      [
        "-F", "none", "-T", "-n", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes", "-o",
        "UserKnownHostsFile=\(knownHosts)", "-o", "GlobalKnownHostsFile=/dev/null", "-o",
        "IdentitiesOnly=yes", "-i",
        "\(folder.path)/\(key)", "-l", NSUserName(), "-p", "\(port)", address(device), "true",
      ]
    ).code == 0
  }
}
