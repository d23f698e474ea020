import Foundation
import Testing

/// A run is taken back with the secrets that it had, whatever lies elsewhere by now.
@Suite struct OwnSecretTests {
  private let work: Workspace

  /// Doors with passwords: pw-0 at first, and the folders s0 to s9 with one for each door.
  init() throws {
    work = try Workspace()
    try work.ingestFleet()
    let door = work.at("doors") + "/__device__:value"
    func command(_ text: String) -> String {
      "{type: bash, command: '\(text.replacingOccurrences(of: "'", with: "''"))'}"
    }
    func look(_ name: String) -> String { command("test \"$(cat \(door))\" = \(name):value") }
    let text = work.touchPlaybook().split(separator: "\n", omittingEmptySubsequences: false).map { line in
      let words = line.drop { $0 == " " }
      let indent = String(line.prefix(line.count - words.count))
      if words.hasPrefix("playbook_variables") {
        return
          "playbook_variables: {__device__: {type: string}, __old__: {type: string}, __new__: {type: string}}"
      }
      if words.hasPrefix("bindings") {
        return indent + "bindings: {__device__: device, __old__: secret.old, __new__: secret.new}"
      }
      if words.hasPrefix("commands") {
        return indent + "commands: [\(command("printf %s __new__:value > \(door)"))]"
      }
      if words.hasPrefix("verify") { return indent + "verify: {commands: [\(look("__new__"))]}" }
      if words.hasPrefix("undo") {
        return indent
          + "undo: {commands: [\(command("printf %s __old__:value > \(door)"))], verify: {commands: [\(look("__old__"))]}}"
      }
      return String(line)
    }
    try work.write("p.yaml", text.joined(separator: "\n"))
    for folder in ["doors"] + (0...9).map({ "s\($0)" }) {
      try FileManager.default.createDirectory(
        atPath: work.at(folder), withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
      for door in ["gw-2", "gw-3"] {
        try keep(folder, door, folder == "doors" ? "0" : String(folder.dropFirst()))
      }
    }
  }

  private func keep(_ folder: String, _ door: String, _ number: String) throws {
    let path = try work.write("\(folder)/\(door)", "pw-\(number)-of-\(door)")
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
  }

  private func secrets(_ old: Int, _ new: Int) -> [String] {
    ["--secret", "old=folder:s\(old)", "--secret", "new=folder:s\(new)"]
  }

  private func rotate(_ old: Int, _ new: Int) throws -> String {
    try? FileManager.default.removeItem(atPath: work.at("p.plan"))
    try #require(try work.plan("device:gw-2 OR device:gw-3").exit == 0)
    let run = try work.playbook(["run", work.at("p.plan")] + secrets(old, new))
    try #require(run.exit == 0, "\(run)")
    #expect(try doors() == "\(new) \(new)")
    let rows = try work.playbook("runs", "--format", "csv").output.split(separator: "\n")
    return try #require(rows.last?.split(separator: ",").first.map(String.init))
  }

  /// Which password each door has.
  private func doors() throws -> String {
    try ["gw-2", "gw-3"].map { door in
      let text = try String(contentsOfFile: work.at("doors/\(door)"), encoding: .utf8)
      return text.hasSuffix("-of-\(door)") ? text.split(separator: "-")[1].description : "?"
    }.joined(separator: " ")
  }

  private func words(_ run: BuiltProgram.Run) -> String {
    (run.output + run.errors).split(whereSeparator: \.isWhitespace).joined(separator: " ")
  }

  @Test func theCommandForAnotherRunNamesTheSecretsOfThatRun() throws {
    let first = try rotate(0, 1)
    let second = try rotate(1, 2)
    let held = try work.playbook(["undo", first] + secrets(0, 1))
    #expect(held.exit == 1, "\(held)")
    let own = "--secret old=folder:\(work.at("s1")) --secret new=folder:\(work.at("s2"))"
    #expect(words(held).contains("undo \(second) \(own)'"), "\(held)")
    // With the secrets of the other run nothing is done, and what is to be done is said.
    let wrong = try work.playbook(["undo", second] + secrets(0, 2))
    #expect(wrong.exit == 2 && words(wrong).contains("is not the one that the run had"), "\(wrong)")
    #expect(try doors() == "2 2")
    let right = try work.playbook("undo", second)
    #expect(right.exit == 0 && words(right).contains("old=folder:\(work.at("s1"))"), "\(right)")
    #expect(try doors() == "1 1")
  }

  @Test func eachOfAllRunsIsTakenBackWithItsOwn() throws {
    _ = try rotate(0, 1)
    let all = try work.playbook(["undo", "--all"] + secrets(4, 5))
    #expect(all.exit == 0, "\(all)")
    #expect(try doors() == "0 0")
  }

  @Test func aSecretThatWasChangedIsRefusedUntilSomebodySaysThatItIsMeantSo() throws {
    let run = try rotate(0, 1)
    try keep("s0", "gw-3", "9")
    let refused = try work.playbook("undo", run)
    #expect(
      refused.exit == 1 && words(refused).contains("1 of 2 devices have no usable secret 'old'"), "\(refused)"
    )
    #expect(try doors() == "0 1")
    let meant = try work.playbook("undo", run, "--changed-secret", "old")
    #expect(meant.exit == 0, "\(meant)")
    #expect(try doors() == "0 9")
    // The journal, which many read, has nothing that passwords can be tried on without the key of this machine.
    let notes = try Shell.run(
      "sqlite3 x.firebreak \"SELECT detail FROM journal WHERE detail LIKE '%secret-contents%'\"", in: work
    ).output
    #expect(notes.contains("gw-3") && !notes.contains("pw-"), "\(notes)")
  }
}
