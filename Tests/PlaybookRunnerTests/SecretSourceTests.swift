import Foundation
import PlaybookModel
import PlaybookRunner
import Testing

@Suite struct SecretSourceTests {
  @Test func ageDecryptsForOneOfTwoRecipients() async throws {
    guard Support.has("age"), Support.has("age-keygen") else { return }
    let folder = try TemporaryFolder()
    var recipients: [String] = []
    for name in ["alice", "bob"] {
      let made = try ChildProcess.run("/usr/bin/age-keygen", ["-o", "\(folder.path)/\(name)"])
      #expect(made.code == 0)
      let key = made.output.split(separator: " ").last.map(String.init) ?? ""
      recipients.append(key.trimmingCharacters(in: .whitespacesAndNewlines))
    }
    let plain = try folder.write("plain", "admin\nage-s3cret-pw\n")
    let sealed = folder.path + "/sealed.age"
    #expect(
      try ChildProcess.run(
        "/usr/bin/age", ["-r", recipients[0], "-r", recipients[1], "-o", sealed, plain]
      ).code == 0)
    for name in ["alice", "bob"] {
      let store = try SecretStore(
        sources: ["a=age:\(sealed)"], environment: ["FIREBREAK_AGE_IDENTITY": "\(folder.path)/\(name)"])
      // Only what was unlocked before the run is there in it.
      #expect(throws: RunnerError.self) { try store.credential("a") }
      try await store.unlock()
      let credential = try store.credential("a")
      #expect(credential.user == "admin" && credential.secret == "age-s3cret-pw")
      #expect(store.masker.mask("x age-s3cret-pw") == "x ***")
    }
    _ = try ChildProcess.run("/usr/bin/age-keygen", ["-o", "\(folder.path)/mallory"])
    let stranger = try SecretStore(
      sources: ["a=age:\(sealed)"], environment: ["FIREBREAK_AGE_IDENTITY": "\(folder.path)/mallory"])
    await #expect(throws: RunnerError.self) { try await stranger.unlock() }
    try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: "\(folder.path)/alice")
    let open = try SecretStore(
      sources: ["a=age:\(sealed)"], environment: ["FIREBREAK_AGE_IDENTITY": "\(folder.path)/alice"])
    await #expect(throws: RunnerError.self) { try await open.unlock() }
  }

  @Test func passGivesWhatItsStoreHolds() async throws {
    guard Support.has("pass"), Support.has("gpg") else { return }
    let folder = try TemporaryFolder()
    let home = folder.path + "/g"
    try FileManager.default.createDirectory(
      atPath: home, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    let environment = [
      "GNUPGHOME": home, "PASSWORD_STORE_DIR": folder.path + "/store", "HOME": folder.path,
      "PATH": "/usr/bin:/bin",
    ]
    let made = try ChildProcess.run(
      "/usr/bin/gpg",
      [
        "--batch", "--passphrase", "", "--pinentry-mode", "loopback", "--quick-gen-key", "t@example.org",
        "default", "default", "never",
      ],
      environment: environment)
    #expect(made.code == 0, "\(made.output)")
    #expect(
      try ChildProcess.run("/usr/bin/pass", ["init", "t@example.org"], environment: environment).code == 0)
    let script = "printf 'admin\\npass-s3cret-pw\\n' | pass insert -m broker/admin"
    #expect(try ChildProcess.run("/bin/sh", ["-c", script], environment: environment).code == 0)
    let store = try SecretStore(sources: ["b=pass:broker/admin"], environment: environment)
    try await store.unlock()
    #expect(try store.credential("b").secret == "pass-s3cret-pw")
    let none = try SecretStore(sources: ["b=pass:broker/none"], environment: environment)
    await #expect(throws: RunnerError.self) { try await none.unlock() }
    _ = try ChildProcess.run("/usr/bin/gpgconf", ["--kill", "all"], environment: environment)
  }

  @Test func systemdCredentialsComeDecryptedOrFromTheServicesFolder() async throws {
    let folder = try TemporaryFolder()
    _ = try folder.write("token", "creds-s3cret-token\n", mode: 0o400)
    let service = try SecretStore(
      sources: ["c=systemd-creds:token"], environment: ["CREDENTIALS_DIRECTORY": folder.path])
    try await service.unlock()
    #expect(try service.credential("c").secret == "creds-s3cret-token")
    // The host's key lies where only root reads it.
    guard geteuid() == 0, Support.has("systemd-creds") else { return }
    let sealed = folder.path + "/sealed"
    let made = try ChildProcess.run(
      "/usr/bin/systemd-creds",
      ["encrypt", "--with-key=host", "--name=sealed", "\(folder.path)/token", sealed])
    #expect(made.code == 0, "\(made.output)")
    let store = try SecretStore(sources: ["c=systemd-creds:\(sealed)"], environment: [:])
    try await store.unlock()
    #expect(try store.credential("c").secret == "creds-s3cret-token")
  }

  @Test func otherFormsAreRefusedWithoutRepeatingThem() {
    for source in ["a=hunter2", "a=", "=file:x", "a=age:", "a=pass:-x", "a=vault:x"] {
      do {
        _ = try SecretStore(sources: [source], environment: [:])
        Issue.record("\(source) was taken")
      } catch {
        #expect(!error.description.contains("hunter2"))
      }
    }
  }
}
