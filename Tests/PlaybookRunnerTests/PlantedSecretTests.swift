import Foundation
import PlaybookRunner
import Synchronization
import Testing

/// Secrets are planted, and then everything is searched for them.
@Suite struct PlantedSecretTests {
  /// Looks into the argument lists of all processes again and again until it is stopped.
  private final class ProcessList: Sendable {
    private let isDone = Atomic<Bool>(false)
    private let found = Mutex<[String]>([])
    private let looks = Atomic<Int>(0)
    init(_ needles: [String]) {
      Thread.detachNewThread { [self] in
        while !isDone.load(ordering: .relaxed) {
          for entry in (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
          where Int(entry) != nil {
            guard let bytes = FileManager.default.contents(atPath: "/proc/\(entry)/cmdline") else { continue }
            let line = String(decoding: bytes.map { $0 == 0 ? 32 : $0 }, as: UTF8.self)
            for needle in needles where line.contains(needle) { found.withLock { $0.append(line) } }
          }
          looks.wrappingAdd(1, ordering: .relaxed)
          usleep(2000)
        }
      }
    }
    func stop() -> (found: [String], looks: Int) {
      isDone.store(true, ordering: .relaxed)
      return (found.withLock { $0 }, looks.load(ordering: .relaxed))
    }
  }

  @Test func aPlantedSecretIsNowhereAfterwardsAndInNoProcessListMeanwhile() async throws {
    guard Support.has("mosquitto"), Support.has("python3") else { return }
    let scene = try await FleetScene(40)
    let service = try await WebService()
    let token = "tok-planted-7f3a9c51"
    let words = "pw-planted-51c9a3f7"
    // Three ways in: a file (the broker's administrator), the environment (a web service), a command's own secret.
    _ = try scene.folder.write("script-secret", words + "\n")
    _ = try scene.folder.write(
      "web.yaml",
      """
      type: playbook
      spec_version: cacao-2.0
      id: playbook--e042eeb5-e2b1-4b8e-b116-6922a21299ed
      name: web
      created_by: identity--0306626d-3ed4-48ec-a1b5-7c811e511d72
      created: 2026-01-01T00:00:00.000Z
      modified: 2026-01-02T00:00:00.000Z
      workflow_start: start--8dc72423-9759-4695-8190-cd7d30be6219
      playbook_variables: {__answer__: {type: string}}
      workflow:
        start--8dc72423-9759-4695-8190-cd7d30be6219: {type: start, on_completion: action--aa0d8228-f072-47c8-8eb9-4740cc1bc38e}
        action--aa0d8228-f072-47c8-8eb9-4740cc1bc38e:
          type: action
          agent: individual--96f924ad-c7e5-4979-9038-394c9a6aeb99
          targets: [http-api--7f3b2a1c-5d84-4e96-b0c7-1a8e9f6d4b54]
          out_args: [__answer__]
          on_completion: end--3bfb7410-8c2c-4db0-92b1-4388fab0844b
          commands: [{type: http-api, command: "POST /echo HTTP/1.1", content: "{}"}]
        end--3bfb7410-8c2c-4db0-92b1-4388fab0844b: {type: end}
      agent_definitions:
        individual--96f924ad-c7e5-4979-9038-394c9a6aeb99: {type: individual, name: On-call}
      target_definitions:
        http-api--7f3b2a1c-5d84-4e96-b0c7-1a8e9f6d4b54:
          {type: http-api, name: s, address: {url: ["http://127.0.0.1:\(service.port)"]}, authentication_info: oauth2--8c5d4e3f-6a17-4b28-9e0d-2f7a1b8c3d65}
      authentication_info_definitions:
        oauth2--8c5d4e3f-6a17-4b28-9e0d-2f7a1b8c3d65:
          {type: oauth2, oauth_header: "Authorization: Bearer", kms: true, kms_key_identifier: web}
      """)
    let list = ProcessList([token, words, MosquittoBroker.adminPassword])
    var environment = scene.environment
    environment["WEB_TOKEN"] = token
    var said = ""
    func run(_ arguments: [String]) throws -> Int32 {
      let result = try ChildProcess.run(BuiltProgram.path, arguments, environment: environment)
      said += result.output
      return result.code
    }
    #expect(try run(["playbook", "run", scene.folder.path + "/p.plan"] + scene.secret) == 0, "\(said)")
    #expect(try run(["playbook", "undo"] + scene.secret) == 0, "\(said)")
    #expect(
      try run([
        "playbook", "plan", scene.folder.path + "/web.yaml", "--secret", "web=env:WEB_TOKEN", "--output",
        scene.folder.path + "/w.plan",
      ]) == 0, "\(said)")
    // The service repeats the token in its answer, which becomes a variable and a line of the journal.
    #expect(
      try run(["playbook", "run", scene.folder.path + "/w.plan", "--secret", "web=env:WEB_TOKEN"]) == 0,
      "\(said)")
    #expect(try run(["playbook", "status", "--all"]) == 0)
    let (seen, looks) = list.stop()
    #expect(seen.isEmpty && looks > 10, "\(seen.prefix(3)) in \(looks) looks")
    #expect(service.requests == ["POST /echo"])
    for needle in [token, MosquittoBroker.adminPassword] {
      #expect(!said.contains(needle), "on the terminal")
      let files = FileManager.default.enumerator(atPath: scene.folder.path)
      while let name = files?.nextObject() as? String {
        guard name != "admin", name != "script-secret",
          let data = FileManager.default.contents(atPath: scene.folder.path + "/" + name)
        else { continue }
        #expect(data.range(of: Data(needle.utf8)) == nil, "\(needle) in \(name)")
      }
    }
  }
}
