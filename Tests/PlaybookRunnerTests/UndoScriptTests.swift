import Foundation
import IncidentModel
import PlaybookModel
import Testing

@testable import PlaybookRunner

/// `undo.sh`, run by the shells that `sh` may be: it undoes what can be undone, on the targets that the engine has too, and
/// says what it could not.
@Suite(.serialized) struct UndoScriptTests {
  /// A playbook of one step whose undo is `undo`, a command as JSON, and is seen by `look`; by a `broker` it goes there, as who the secret `sender` says.
  private func playbook(
    _ undo: String, look: String? = nil, extra: String = "", broker: String? = nil, variable: String = "",
    binding: String = ""
  ) throws -> Playbook {
    try Support.playbook(
      text: """
        type: playbook
        spec_version: cacao-2.0
        id: playbook--e042eeb5-e2b1-4b8e-b116-6922a21299ed
        name: doors
        created_by: identity--0306626d-3ed4-48ec-a1b5-7c811e511d72
        created: 2026-01-01T00:00:00.000Z
        modified: 2026-01-02T00:00:00.000Z
        playbook_variables: {__device__: {type: string}\(variable.isEmpty ? "" : ", \(variable)")}
        workflow_start: start--8dc72423-9759-4695-8190-cd7d30be6219
        workflow:
          start--8dc72423-9759-4695-8190-cd7d30be6219:
            {type: start, on_completion: action--aa0d8228-f072-47c8-8eb9-4740cc1bc38e}
          action--aa0d8228-f072-47c8-8eb9-4740cc1bc38e:
            type: action
            name: shut the door
            agent: individual--96f924ad-c7e5-4979-9038-394c9a6aeb99
            \(broker == nil ? "" : "targets: [net-address--7f3b2a1c-5d84-4e96-b0c7-1a8e9f6d4b54]")
            on_completion: end--3bfb7410-8c2c-4db0-92b1-4388fab0844b
            commands: [{type: bash, command: "true"}]
            step_extensions:
              extension-definition--5d7b3f52-8c1e-4a64-9a0b-2f6d1c9e7a43:
                policy: contain
                bindings: {__device__: device\(binding.isEmpty ? "" : ", \(binding)")}
                undo: {commands: [\(undo)]\(look.map { ", verify: \($0)" } ?? "")}
                \(extra)
          end--3bfb7410-8c2c-4db0-92b1-4388fab0844b: {type: end}
        agent_definitions:
          individual--96f924ad-c7e5-4979-9038-394c9a6aeb99: {type: individual, name: On-call}
        \(broker.map(Self.sender) ?? "")
        extension_definitions:
          extension-definition--5d7b3f52-8c1e-4a64-9a0b-2f6d1c9e7a43:
            {type: extension-definition, name: rollout, created_by: identity--0306626d-3ed4-48ec-a1b5-7c811e511d72, schema: s, version: 1.0.0}
        """)
  }

  private static func sender(_ broker: String) -> String {
    """
    target_definitions:
      net-address--7f3b2a1c-5d84-4e96-b0c7-1a8e9f6d4b54:
        {type: net-address, name: broker, address: {url: ["\(broker)"]}, authentication_info: user-auth--8c5d4e3f-6a17-4b28-9e0d-2f7a1b8c3d65}
    authentication_info_definitions:
      user-auth--8c5d4e3f-6a17-4b28-9e0d-2f7a1b8c3d65: {type: user-auth, kms: true, kms_key_identifier: sender}
    """
  }

  /// Writes the script of a plan for some devices and runs it.
  private func undo(
    _ playbook: Playbook, _ devices: [String], _ folder: TemporaryFolder, shell program: String = "/bin/sh",
    inventory: String = "", secrets: [String] = [], variables: [String: String] = [:], _ options: String...
  ) throws -> (code: Int32, output: String) {
    let executors = ExecutorSet.all(
      secrets: try SecretStore(sources: secrets, environment: [:]), prompter: FixedAnswer(.nobody))
    let plan = try Planner(executors: executors).plan(
      playbook,
      selection: Support.selection(devices, inventory: Support.inventory(devices)), options: .init(),
      now: Support.now)
    let path = try UndoScript.save(plan, run: "r", executors: executors, folder: folder.path + "/run").path
    return try ChildProcess.run(
      program, [path] + options,
      environment: ["PATH": "/usr/bin:/bin", "INVENTORY": inventory].merging(variables) { $1 })
  }

  private func isThere(_ folder: TemporaryFolder, _ name: String) -> Bool {
    FileManager.default.fileExists(atPath: folder.path + "/" + name)
  }

  /// One device that somebody let in already, and texts of bash that end their shell: the others are let in all the same.
  @Test(
    arguments: ["/bin/sh", "/bin/bash"],
    [
      "set -eu\nrm DOORS/__device__:value\n",
      "if [[ -f DOORS/__device__:value ]]; then rm DOORS/__device__:value || exit 3; else exit 4; fi",
      "rm DOORS/__device__:value; code=$?; words=(a b); exit $code",
    ]) func aTextThatEndsItsShellKeepsNoOtherDeviceBack(_ shell: String, _ text: String) throws
  {
    let folder = try TemporaryFolder()
    let devices = (1...5).map { "gate-\($0)" } + ["it's; gate"]
    for device in devices where device != "gate-2" { _ = try folder.write(device, "") }
    let command = "{type: bash, command: \(JSONText.of(text.replacing("DOORS", with: folder.path)))}"
    let ran = try undo(try playbook(command), devices, folder, shell: shell)
    #expect(ran.code == 1 && ran.output.contains("gate-2: failed: shut the door"), "\(ran)")
    #expect(ran.output.contains("5 taken back, 1 failed"), "\(ran)")
    for device in devices { #expect(!isThere(folder, device), "\(device): \(ran)") }
    _ = try folder.write("gate-2", "")
    for device in devices { _ = try folder.write(device, "") }
    let all = try undo(try playbook(command), devices, folder, shell: shell)
    #expect(all.code == 0 && !all.output.contains("by hand"), "\(all)")
  }

  /// The script knows only the plan: whom nothing was done to is left alone, and what was taken back is not taken back twice.
  @Test(arguments: ["/bin/sh", "/bin/bash"]) func whatIsSoAlreadyIsLeftAlone(_ shell: String) throws {
    let folder = try TemporaryFolder()
    let devices = ["gate-1", "gate 2", "it's", "-n"]
    let doors = folder.path
    let command = JSONText.of(
      "rm -- \(doors)/__device__:value && echo __device__:value >> \(doors)/acts")
    func door(_ look: String, safe: Bool = true) throws -> Playbook {
      try playbook(
        "{type: bash, command: \(command)}", look: look, extra: "undo_is_safe: \(safe)")
    }
    let text = try door(
      "{commands: [{type: bash, command: \(JSONText.of("if test -e \(doors)/__device__:value; then echo there; else echo gone; fi"))}], "
        + "expect: {contains: gone}}")
    for playbook in [
      text,
      try door("{commands: [{type: bash, command: \(JSONText.of("test ! -e \(doors)/__device__:value"))}]}"),
    ] {
      _ = try folder.write("acts", "")
      for device in ["gate 2", "it's"] { _ = try folder.write(device, "") }
      let ran = try undo(playbook, devices, folder, shell: shell)
      #expect(ran.code == 0 && ran.output.contains("4 taken back, 0 failed"), "\(ran)")
      #expect(ran.output.contains("2 of them were so already"), "\(ran)")
      #expect(ran.output.contains("gate-1: is so already: shut the door"), "\(ran)")
      let again = try undo(playbook, devices, folder, shell: shell)
      #expect(again.code == 0 && again.output.contains("4 of them were so already"), "\(again)")
      #expect(try String(contentsOfFile: doors + "/acts", encoding: .utf8) == "gate 2\nit's\n")
    }
    // Where nobody can tell, only what is the safe direction is done.
    for (safe, look) in [
      (true, "exit 255"), (false, "exit 255"), (false, "echo \"no answer of the device\" >&2; kill -9 $$"),
    ] {
      _ = try folder.write("gate-1", "")
      let ran = try undo(
        try door("{commands: [{type: bash, command: \(JSONText.of(look))}]}", safe: safe), ["gate-1"], folder,
        shell: shell)
      #expect(ran.output.contains("warning: shut the door: this script takes back all") == !safe, "\(ran)")
      #expect(ran.code == (safe ? 0 : 1) && isThere(folder, "gate-1") == !safe, "\(look): \(ran)")
      #expect(
        safe || ran.output.contains("gate-1: failed: shut the door: its state cannot be seen"), "\(ran)")
    }
    // What cannot be looked at by a shell is said beforehand, where the undo may hurt.
    let blind = try undo(
      try playbook("{type: bash, command: \(command)}", extra: "undo_is_safe: false"), ["gate-1"], folder,
      shell: shell)
    #expect(
      blind.output.contains("warning: shut the door: this script cannot see who was changed"), "\(blind)")
    #expect(blind.output.contains("1 taken back"), "\(blind)")
  }

  /// What somebody must do by hand is looked at, too, and a device is counted once.
  @Test func whatWasDoneByHandIsSeen() throws {
    let folder = try TemporaryFolder()
    let look = "{commands: [{type: bash, command: \"test -e \(folder.path)/__device__:value\"}]}"
    let byHand = try playbook("{type: manual, command: Turn the key.}", look: look)
    _ = try folder.write("gate-1", "")
    let ran = try undo(byHand, ["gate-1", "gate-2"], folder)
    #expect(ran.code == 1 && ran.output.contains("1 device must be done by hand"), "\(ran)")
    _ = try folder.write("gate-2", "")
    #expect(try undo(byHand, ["gate-1", "gate-2"], folder).code == 0)
  }

  /// User and password, a token, and a token under a name of its own: in no process list and no script, and quoted as curl wants it.
  @Test func aWebServiceIsToldWhoWeAre() async throws {
    guard Support.has("curl"), Support.has("python3") else { return }
    let service = try await WebService()
    let folder = try TemporaryFolder()
    func undone(_ type: String, _ secrets: [String], header: String? = nil, _ options: String...) throws -> (
      code: Int32, output: String, answer: String
    ) {
      let plain = try HTTPExecutorTests.call(
        "POST /echo/door HTTP/1.1", url: "http://127.0.0.1:\(service.port)", secret: "api", type: type)
      var authentication = try #require(plain.authentication)
      authentication.header = header
      let call = CommandCall(
        command: plain.command, values: plain.values, target: plain.target, authentication: authentication)
      let http = HTTPExecutor(secrets: try SecretStore(sources: secrets, environment: [:]))
      let line = try #require(http.scripted(call, textName: "text_1")).line
      let script =
        UndoScriptText.head("p", run: "r", plan: "h") + ["body=\(folder.path)/echo", line, "exit $?"]
      let path = try folder.write("undo.sh", script.joined(separator: "\n") + "\n")
      let ran = try ChildProcess.run(
        "/bin/sh", [path] + options, environment: ["PATH": "/usr/bin:/bin", "HOME": folder.path])
      return (
        ran.code, ran.output, (try? String(contentsOfFile: folder.path + "/echo", encoding: .utf8)) ?? ""
      )
    }
    let password = "p\\w\"$x`'"
    let user = "boss"
    let pair = try folder.write("pair", "\(user)\n\(password)\n")
    let token = try folder.write("token", "t0ken-1\n")
    let basic = try undone("http-basic", ["api=file:\(pair)"])
    let proof = Base64Text.encode(Array("\(user):\(password)".utf8))
    #expect(basic.code == 0 && basic.answer.contains("Basic \(proof)"), "\(basic)")
    #expect(!(try String(contentsOfFile: folder.path + "/undo.sh", encoding: .utf8)).contains(password))
    let bearer = try undone("oauth2", ["api=file:\(token)"])
    #expect(bearer.code == 0 && bearer.answer.contains("Bearer t0ken-1"), "\(bearer)")
    let named = try undone("oauth2", [], header: "X-Key", "--secret", "api=file:\(token)")
    #expect(named.code == 0 && named.answer.contains("\"X-Key\": \"t0ken-1\""), "\(named)")
    let nobody = try undone("http-basic", [])
    #expect(nobody.code == 0 && !nobody.answer.contains("Authorization"), "\(nobody)")
  }

  /// What only a person can do is said, in lines that can be read, and is no success.
  @Test func whatMustBeDoneByHandIsCountedByDevice() throws {
    let folder = try TemporaryFolder()
    let text = "Go to __device__:value.\nTurn the key."
    let ran = try undo(
      try playbook("{type: manual, command: \(JSONText.of(text))}"), ["gate-1", "gate-2"], folder)
    #expect(ran.code == 1 && ran.output.contains("2 devices must be done by hand"), "\(ran)")
    #expect(ran.output.contains("    Go to gate-2.\n    Turn the key.\n"), "\(ran)")
    // A command that could be sent waits for the one before it, which cannot.
    _ = try folder.write("gate-1", "")
    let mixed =
      "{type: manual, command: wait}, {type: bash, command: \"rm \(folder.path)/__device__:value\"}"
    let held = try undo(try playbook(mixed), ["gate-1"], folder)
    #expect(held.code == 1 && held.output.contains("1 device must be done by hand"), "\(held)")
    #expect(isThere(folder, "gate-1"))
  }

  /// Interlocks count yes-words alike in the script, too.
  @Test func theScriptRefusesEveryWayOfWritingYes() throws {
    let folder = try TemporaryFolder()
    let values = ["yes", "Yes", " YES ", "y", "true", "1", "ja", "JA", "Sí", "OUI"]
    let devices = ["free"] + values.indices.map { "gate-\($0)" }
    for device in devices { _ = try folder.write(device, "") }
    let rows = zip(devices, ["no"] + values).map { "\($0),\($1)" }.joined(separator: "\n")
    let inventory = try folder.write("now.csv", "device,life_safety\n\(rows)\n")
    let ran = try undo(
      try playbook(
        "{type: bash, command: \"rm \(folder.path)/__device__:value\"}",
        extra: "undo_is_safe: false\n        interlocks: [{attribute: life_safety, refuse: [\"yes\"]}]"),
      devices, folder, inventory: inventory)
    #expect(ran.code == 1 && ran.output.contains("1 taken back, 0 failed, 10 left alone"), "\(ran)")
    #expect(devices.filter { !isThere(folder, $0) } == ["free"], "\(ran)")
  }

  @Test func overSSHTheScriptOfSeveralLinesRunsThere() async throws {
    guard Support.has("sshd") else { return }
    let names = ["pump-1", "pump-2", "pump-3"]
    let fleet = try await SSHFleet(names)
    let (lab, plan) = try PlaybookLab.keyRotation(fleet, names)
    #expect(try await lab.run(plan).end == .succeeded, "\(lab.story)")
    #expect(try !fleet.lets("old", into: "pump-1"))
    let rows = names.map { "\($0),\(fleet.address($0)),no" }.joined(separator: "\n")
    let inventory = try fleet.folder.write("now.csv", "device,address,life_safety\n\(rows)\n")
    let script = "INVENTORY=\(inventory) sh \(fleet.folder.path)/run/undo.sh"
    // A key that the devices do not know: nothing is taken back, and that is said.
    let stranger = try fleet.secret("new-ssh", key: "stranger")
    let refused = try shell("\(script) --secret \(stranger)")
    #expect(
      refused.code == 1 && refused.output.contains("pump-3: failed: take the old key away"), "\(refused)")
    #expect(try !fleet.lets("old", into: "pump-2"))
    let ran = try shell(script)
    #expect(ran.code == 0 && ran.output.contains("6 taken back, 0 failed"), "\(ran)")
    for name in names {
      #expect(try fleet.lets("old", into: name), "\(ran)")
      #expect(try !fleet.lets("new", into: name), "\(ran)")
    }
    #expect(try shell("\(script) --secrets x").code == 64)
  }

  /// A message is sent by mosquitto_pub, as who the run's secret says; what the broker refuses is no success.
  @Test(arguments: ["/bin/sh", "/bin/bash"]) func messagesAreSentByThoseWhoTheSecretSays(_ shell: String)
    async throws
  {
    guard Support.has("mosquitto"), Support.has("mosquitto_pub") else { return }
    let broker = try await MosquittoBroker(clients: ["pump-1", "pump-2"], logsCommands: true)
    let folder = broker.folder
    func message(_ topic: String, _ content: String) throws -> Playbook {
      try playbook(
        "{type: mqtt, command: PUBLISH \(topic)/__device__:value, content: \(JSONText.of(content))}",
        broker: broker.url)
    }
    let whole = "sender=file:" + (try folder.write("sender", "pump-1\ndevice-password\n"))
    let text = "say \"on\"; it's `$HOME`\nand more"
    let sent = try undo(
      try message("fleet/lamp", text), ["gate-1", "gate 2"], folder, shell: shell, secrets: [whole])
    // A name that cannot be a level of a topic was refused when the plan was made.
    #expect(sent.code == 0 && sent.output.contains("1 taken back, 0 failed"), "\(sent)")
    #expect(broker.log.contains("'fleet/lamp/gate-1', ... (\(text.utf8.count) bytes)"), "\(broker.log)")
    let script = try String(contentsOfFile: folder.path + "/run/undo.sh", encoding: .utf8)
    #expect(!script.contains("device-password") && script.contains("\(folder.path)/sender"))
    #expect(try undo(try message("fleet/lamp", ""), ["gate-1"], folder, secrets: [whole]).code == 0)
    // From the environment, and by another place than the run's.
    let named = try undo(
      try message("fleet/lamp", "on"), ["gate-1"], folder, secrets: ["sender=env:SENDER"],
      variables: ["SENDER": "pump-2\r\ndevice-password\r\n"])
    #expect(named.code == 0, "\(named)")
    let given = try undo(
      try message("fleet/lamp", "on"), ["gate-1"], folder, "--secret", whole)
    #expect(given.code == 0, "\(given)")
    // Where nobody knows who, where the password is another, and where the broker does not let it be published.
    for (topic, secrets, word) in [
      ("fleet/lamp", [], "add --secret sender=file:PATH"),
      ("fleet/lamp", ["sender=file:" + (try folder.write("wrong", "pump-1\nwrong\n"))], "Not authorized"),
      ("fleet/lamp", ["sender=file:" + (try folder.write("token", "pump-1\n"))], "must be two lines"),
      ("elsewhere", [whole], "Not authorized"),
    ] {
      let refused = try undo(try message(topic, "on"), ["gate-1"], folder, shell: shell, secrets: secrets)
      #expect(
        refused.code == 1 && refused.output.contains("gate-1: failed"), "\(topic) \(secrets): \(refused)")
      #expect(refused.output.contains(word), "\(topic) \(secrets): \(refused)")
    }
    let left = try FileManager.default.contentsOfDirectory(atPath: "/tmp").filter {
      FileManager.default.fileExists(atPath: "/tmp/\($0)/mosquitto_pub")
    }
    #expect(left.isEmpty)
  }

  /// What a secret is a part of is done by hand, and which secret is said.
  @Test func whatASecretIsAPartOfSaysWhichSecret() throws {
    let folder = try TemporaryFolder()
    let ran = try undo(
      try playbook(
        "{type: bash, command: \"echo __key__:value > \(folder.path)/__device__:value\"}",
        variable: "__key__: {type: string}", binding: "__key__: secret.old-key"),
      ["gate-1"], folder, secrets: ["old-key=folder:\(folder.path)"])
    #expect(ran.code == 1 && ran.output.contains("1 device must be done by hand"), "\(ran)")
    #expect(ran.output.contains("where *** is the secret 'old-key' of this device"), "\(ran)")
  }

  @Test func byTLSTheBrokerLetsTheClientsInAgain() async throws {
    guard Support.has("mosquitto"), Support.has("openssl") else { return }
    let authority = try TestAuthority()
    for name in ["admin", "pump-1"] { try authority.issue(name) }
    let broker = try await MosquittoBroker(clients: ["pump-1", "pump-2"], authority: authority)
    let lab = try PlaybookLab(
      broker.folder, secrets: [try broker.secret()], transport: authority.transport("admin"))
    let plan = try lab.plan("isolate-by-role", ["pump-1"], set: ["broker": broker.secureURL])
    #expect(try await lab.run(plan).end == .succeeded, "\(lab.story)")
    let pump = try Client(port: broker.securePort, user: "pump-1", transport: authority.transport("pump-1"))
    #expect(await pump.waitForConnection())
    #expect(await !pump.mayPublish())
    _ = try broker.folder.write("mosquitto_ctrl", "-u admin\n-P \(MosquittoBroker.adminPassword)\n")
    let ran = try shell(
      "sh \(broker.folder.path)/run/undo.sh", ["XDG_CONFIG_HOME": broker.folder.path])
    #expect(ran.code == 0 && ran.output.contains("1 taken back"), "\(ran)")
    pump.reconnect()
    #expect(await pump.waitForConnection())
    #expect(await pump.mayPublish(), "\(ran)")
    pump.close()
    // Nobody there: that is no success.
    broker.stop()
    let nobody = try shell(
      "sh \(broker.folder.path)/run/undo.sh", ["XDG_CONFIG_HOME": broker.folder.path])
    #expect(nobody.code == 1 && nobody.output.contains("0 taken back, 1 failed"), "\(nobody)")
  }

  @Test func theNetworkNamespaceOfTheRunIsThatOfTheScript() async throws {
    guard Support.has("nft"), Support.has("ip"), Support.has("python3"), geteuid() == 0 else { return }
    let network = try #require(try NetworkLab())
    let lab = try PlaybookLab(try TemporaryFolder(), namespace: network.gateway)
    let plan = try lab.plan("isolate-address", ["pump-2"], ["address": { _ in "10.77.1.2" }])
    #expect(try await lab.run(plan).end == .succeeded, "\(lab.story)")
    #expect(try !network.connects(from: "10.77.1.2", to: "10.77.2.2"))
    let ran = try shell("sh \(lab.folder.path)/run/undo.sh")
    #expect(ran.code == 0, "\(ran)")
    #expect(try network.connects(from: "10.77.1.2", to: "10.77.2.2"))
    // What is not there any more need not be taken out once more.
    let again = try shell("sh \(lab.folder.path)/run/undo.sh")
    #expect(again.code == 0 && again.output.contains("pump-2: is so already"), "\(again)")
  }
}

/// A text as a string of JSON, which YAML reads too.
enum JSONText {
  static func of(_ text: String) -> String { DocumentWriter.json(.string(text), pretty: false) }
}
