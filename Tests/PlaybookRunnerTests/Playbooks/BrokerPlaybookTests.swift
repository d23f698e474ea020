import Foundation
import PlaybookModel
import Testing

@testable import PlaybookRunner

/// Playbooks on a real mosquitto with dynamic security.
@Suite(.serialized) struct BrokerPlaybookTests {
  @Test func aGroupIsQuarantinedByOneActionAndLetInAgain() async throws {
    guard Support.has("mosquitto") else { return }
    let names = (1...40).map { "pump-\($0)" }
    let broker = try await MosquittoBroker(clients: names, group: "plant")
    let lab = try PlaybookLab(broker.folder, secrets: [try broker.secret()])
    let pump = try Client(port: broker.port, user: "pump-7")
    #expect(await pump.waitForConnection())
    #expect(await pump.mayPublish())
    let plan = try lab.plan("quarantine-group", names, set: ["broker": broker.url, "group": "plant"])
    let summary = try await lab.run(plan)
    #expect(summary.end == .succeeded, "\(lab.story)")
    // One command for all, and an intent and a result for each.
    #expect(broker.log.components(separatedBy: "| addGroupRole |").count == 2)
    let acts = lab.journal.all.filter { $0.detail.contains("addGroupRole") && $0.kind == .intent }
    #expect(Set(acts.compactMap(\.target)) == Set(names))
    #expect(
      lab.journal.all.filter { $0.outcome == .changed && $0.target?.hasPrefix("pump-") == true }.count == 40)
    pump.reconnect()
    #expect(await pump.waitForConnection())
    #expect(await !pump.mayPublish())
    #expect(try await lab.undo(plan).end == .succeeded, "\(lab.story)")
    pump.reconnect()
    #expect(await pump.waitForConnection())
    #expect(await pump.mayPublish())
    pump.close()
  }

  /// A role of the right name that allows something, or that does not forbid everything, isolates nobody.
  @Test(arguments: [
    (
      "isolate-by-role",
      ##"{"acltype": "publishClientSend", "topic": "help/#", "priority": 5, "allow": true}"##
    ),
    (
      "isolate-by-role", ##"{"acltype": "publishClientSend", "topic": "#", "priority": 100, "allow": false}"##
    ),
    ("quarantine-group", ##"{"acltype": "subscribePattern", "topic": "#", "priority": 1, "allow": true}"##),
  ]) func aRoleThatDoesNotDenyEverythingIsGivenToNobody(_ name: String, _ rule: String) async throws {
    guard Support.has("mosquitto") else { return }
    let broker = try await MosquittoBroker(clients: ["pump-1", "pump-2"], group: "plant")
    try await broker.administer(##"{"command":"createRole","rolename":"quarantine","acls":[\##(rule)]}"##)
    let lab = try PlaybookLab(broker.folder, secrets: [try broker.secret()])
    var values = ["broker": broker.url]
    if name == "quarantine-group" { values["group"] = "plant" }
    let plan = try lab.plan(name, ["pump-1", "pump-2"], set: values)
    #expect(try await lab.run(plan).end == .halted, "\(lab.story)")
    #expect(!broker.log.contains("| addClientRole |") && !broker.log.contains("| addGroupRole |"))
    // Another one is made, and found the next time.
    values["role"] = "nothing-at-all"
    let other = try lab.plan(name, ["pump-1", "pump-2"], set: values)
    for id in ["s", "t"] { #expect(try await lab.run(other, id: id).end == .succeeded, "\(lab.story)") }
  }

  @Test func aMemberThatIsNoTargetStopsTheGroupActionBeforeItIsSent() async throws {
    guard Support.has("mosquitto") else { return }
    let names = ["pump-1", "pump-2", "ventilator-1"]
    let broker = try await MosquittoBroker(clients: names, group: "plant")
    let lab = try PlaybookLab(broker.folder, secrets: [try broker.secret()])
    // The interlock leaves the ventilator out of the plan; the group still holds it.
    let plan = try lab.plan(
      "quarantine-group", names, ["life_safety": { $0 == "ventilator-1" ? "yes" : "no" }],
      set: ["broker": broker.url, "group": "plant"])
    #expect(plan.targets.map(\.device) == ["pump-1", "pump-2"])
    let summary = try await lab.run(plan)
    #expect(summary.end == .halted)
    #expect(summary.reasons.contains { $0.contains("ventilator-1") }, "\(summary.reasons)")
    #expect(!broker.log.contains("| addGroupRole |"))
  }

  @Test func aTargetThatIsNoMemberIsSaidNotToBeReached() async throws {
    guard Support.has("mosquitto") else { return }
    let broker = try await MosquittoBroker(clients: ["pump-1", "pump-2"], group: "plant")
    let lab = try PlaybookLab(broker.folder, secrets: [try broker.secret()])
    _ = try await lab.run(
      try lab.plan("quarantine-group", ["pump-1", "pump-2"], set: ["broker": broker.url, "group": "plant"]))
    // A client without groups and roles of its own.
    try await broker.administer(#"{"command":"createClient","username":"valve-1","password":"x"}"#)
    let again = try PlaybookLab(broker.folder, secrets: [try broker.secret()])
    let plan = try again.plan(
      "quarantine-group", ["pump-1", "pump-2", "valve-1"], set: ["broker": broker.url, "group": "plant"])
    _ = try await again.run(plan, id: "s")
    let last = again.journal.all.last { $0.target == "valve-1" }
    #expect(last?.outcome == .skipped && last?.reason == "not-a-member", "\(again.story)")
    #expect(again.journal.all.last { $0.target == "pump-1" }?.outcome == .ok)
  }

  @Test func aClientWithARoleOfItsOwnStopsTheQuarantineSinceItWouldOutrankIt() async throws {
    guard Support.has("mosquitto") else { return }
    let broker = try await MosquittoBroker(clients: ["pump-1"])
    let lab = try PlaybookLab(broker.folder, secrets: [try broker.secret()])
    let plan = try lab.plan("quarantine-group", ["pump-1"], set: ["broker": broker.url, "group": "plant"])
    let summary = try await lab.run(plan)
    #expect(summary.end == .halted, "\(lab.story)")
    #expect(!broker.log.contains("| addGroupRole |"))
  }

  @Test func aClientWithAnotherGroupBeforeThisOneStopsTheQuarantine() async throws {
    guard Support.has("mosquitto") else { return }
    let broker = try await MosquittoBroker(clients: ["pump-1", "pump-2"], group: "plant")
    func join(_ priority: Int) -> String {
      #"{"command":"removeGroupClient","groupname":"night","username":"pump-2"},"#
        + #"{"command":"addGroupClient","groupname":"night","username":"pump-2","priority":\#(priority)}"#
    }
    try await broker.administer(
      #"{"command":"createGroup","groupname":"night","roles":[{"rolename":"device"}]},"# + join(5))
    let lab = try PlaybookLab(broker.folder, secrets: [try broker.secret()])
    let plan = try lab.plan(
      "quarantine-group", ["pump-1", "pump-2"], set: ["broker": broker.url, "group": "plant"])
    #expect(try await lab.run(plan).end == .halted, "\(lab.story)")
    #expect(!broker.log.contains("| addGroupRole |"))
    // Behind this one it outranks nothing.
    try await broker.administer(join(-5))
    #expect(try await lab.run(plan, id: "s").end == .succeeded, "\(lab.story)")
    let pump = try Client(port: broker.port, user: "pump-2")
    #expect(await pump.waitForConnection())
    #expect(await !pump.mayPublish())
    pump.close()
  }

  /// Who was given another role before it since is not let in by that.
  @Test(arguments: ["isolate-by-role", "quarantine-group"])
  func aRoleBehindAnotherIsTakenAwayByTheUndo(_ name: String) async throws {
    guard Support.has("mosquitto") else { return }
    let broker = try await MosquittoBroker(clients: ["pump-1"], group: "plant")
    let lab = try PlaybookLab(broker.folder, secrets: [try broker.secret()])
    let ofGroup = name == "quarantine-group"
    let values = ofGroup ? ["broker": broker.url, "group": "plant"] : ["broker": broker.url]
    let plan = try lab.plan(name, ["pump-1"], set: values)
    #expect(try await lab.run(plan).end == .succeeded, "\(lab.story)")
    let whom = ofGroup ? #""addGroupRole","groupname":"plant""# : #""addClientRole","username":"pump-1""#
    try await broker.administer(
      #"{"command":"createRole","rolename":"urgent"},{"command":\#(whom),"rolename":"urgent","priority":5000}"#
    )
    #expect(try await lab.undo(plan).counts == [.changed: 1], "\(lab.story)")
  }

  @Test func decommissionDisablesThenDeletesAndSaysWhatCannotBeTakenBack() async throws {
    guard Support.has("mosquitto") else { return }
    let broker = try await MosquittoBroker(clients: ["pump-1", "pump-2", "pump-3"])
    let lab = try PlaybookLab(broker.folder, secrets: [try broker.secret()])
    let plan = try lab.plan(
      "decommission", ["pump-1", "pump-2"], ["in_use": { $0 == "pump-2" ? "yes" : "no" }],
      set: ["broker": broker.url])
    #expect(plan.approval == .two)
    #expect(plan.targets.map(\.device) == ["pump-1"])
    #expect(try await lab.run(plan).end == .succeeded, "\(lab.story)")
    #expect(!broker.state.contains("\"pump-1\"") && broker.state.contains("\"pump-2\""))
    let undone = try await lab.undo(plan)
    #expect(undone.end == .failed)
    #expect(undone.reasons.contains { $0.contains("deleted with its roles") }, "\(undone.reasons)")
  }

  /// The broker has no time to live; the journal has. Two hours of the lab's clock are 3.6 s.
  @Test func anIsolationWithATimeToLiveIsTakenBackWhenItsTimeIsOver() async throws {
    guard Support.has("mosquitto") else { return }
    let broker = try await MosquittoBroker(clients: ["pump-1", "pump-2"])
    let lab = try PlaybookLab(broker.folder, secrets: [try broker.secret()])
    let plan = try lab.plan(
      "isolate-device", ["pump-1", "pump-2"], set: ["broker": broker.url, "time_to_live_ms": "7200000"])
    #expect(try await lab.run(plan).end == .succeeded, "\(lab.story)")
    #expect(try await lab.undo(plan, expiredOnly: true).counts.isEmpty, "\(lab.story)")
    let refused = try Client(port: broker.port, user: "pump-1")
    #expect(await refused.wait { $0.connectCode != nil })
    #expect(!refused.current.connected)
    refused.close()
    try await Task.sleep(for: .milliseconds(3700))
    #expect(try await lab.undo(plan, expiredOnly: true).counts == [.changed: 2], "\(lab.story)")
    let welcome = try Client(port: broker.port, user: "pump-1")
    #expect(await welcome.waitForConnection())
    welcome.close()
  }

  /// The answer is lost, the action is not: it is looked at and counts as done, and nothing is sent twice.
  @Test func aCommandWhoseAnswerIsLostIsVerifiedAndNotSentAgain() async throws {
    guard Support.has("mosquitto") else { return }
    let broker = try await MosquittoBroker(clients: ["pump-1"])
    let proxy = try CuttingProxy(to: broker.port, whenSeen: "disableClient")
    defer { proxy.stop() }
    let lab = try PlaybookLab(broker.folder, secrets: [try broker.secret()])
    let plan = try lab.plan("isolate-device", ["pump-1"], set: ["broker": "mqtt://127.0.0.1:\(proxy.port)"])
    let summary = try await lab.run(plan)
    #expect(summary.end == .succeeded, "\(lab.story)")
    let result = try #require(lab.journal.all.last { $0.target == "pump-1" })
    #expect(result.outcome == .changed && result.reason == "verified", "\(lab.story)")
    #expect(broker.log.components(separatedBy: "| disableClient |").count == 2)
  }

  /// However long it takes until somebody looks: the library must not connect again and send it once more.
  @Test func aCommandThatWasCutOffStaysCutOffThoughNobodyClosesTheConnection() async throws {
    guard Support.has("mosquitto") else { return }
    let broker = try await MosquittoBroker(clients: ["pump-1"])
    let proxy = try CuttingProxy(to: broker.port, whenSeen: "disableClient")
    defer { proxy.stop() }
    let address = BrokerConnection.Address(host: "127.0.0.1", port: proxy.port, user: "admin", transport: nil)
    let connection = try BrokerConnection(address, secret: MosquittoBroker.adminPassword)
    #expect(await connection.connect(address, timeout: 10_000_000_000) == nil)
    let command =
      #"{"commands":[{"command":"disableClient","username":"pump-1","correlationData":"c"}]}"#
    let reply = await connection.send(
      topic: BrokerConnection.dynsecTopic, payload: Array(command.utf8), correlation: "c", wantsAnswer: true,
      timeout: 10_000_000_000)
    if case .lost = reply {} else { Issue.record("\(reply)") }
    try await Task.sleep(for: .seconds(3))
    #expect(broker.log.components(separatedBy: "| disableClient |").count == 2)
    #expect(!connection.isUp)
    await connection.close()
  }

  /// 2,000 devices by single commands within the rate the broker bears, and by one group action. Long: `make soak`.
  @Test func manyDevicesBySingleCommandsAndByOneGroupAction() async throws {
    guard Support.has("mosquitto") else { return }
    let count = ProcessInfo.processInfo.environment["FIREBREAK_SOAK"] == "1" ? 2000 : 150
    let names = (1...count).map { "pump-\($0)" }
    let broker = try await MosquittoBroker(clients: names, group: "plant")
    var lab = try PlaybookLab(broker.folder, secrets: [try broker.secret()])
    lab.clock = SystemClock()
    let clock = ContinuousClock()
    var plan = try lab.plan("isolate-device", names, set: ["broker": broker.url])
    let before = broker.cpuSeconds
    let single = try await clock.measure {
      let summary = try await lab.run(plan)
      #expect(summary.end == .succeeded && summary.counts[.changed] == count, "\(summary)")
    }
    let singleCPU = broker.cpuSeconds - before
    #expect(try await lab.undo(plan).end == .succeeded)
    plan = try lab.plan("quarantine-group", names, set: ["broker": broker.url, "group": "plant"])
    let middle = broker.cpuSeconds
    let group = try await clock.measure {
      let summary = try await lab.run(plan, id: "g")
      #expect(summary.end == .succeeded, "\(summary)")
    }
    let steps = lab.journal.all.filter { $0.run == "g" }
    let intents = steps.filter { $0.kind == .intent && $0.detail.contains("addGroupRole") }
    #expect(intents.count == count)
    let action =
      (steps.last { $0.outcome == .changed }?.wallTime ?? 0) - (intents.last?.wallTime ?? 0)
    print(
      "\(count) devices: single commands \(single) (broker \(singleCPU) s CPU), one group action \(group) with all looks (broker \(broker.cpuSeconds - middle) s CPU), the action itself \(Double(action) / 1e6) ms"
    )
  }
}

/// Where the broker takes user names from certificates.
@Suite(.serialized) struct CertificateBrokerPlaybookTests {
  /// mosquitto 2.0.11 lets a disabled client in again that shows a certificate: the role holds, disabling does not.
  @Test func isolationByRoleHoldsForClientsWithCertificates() async throws {
    guard Support.has("mosquitto"), Support.has("openssl") else { return }
    let authority = try TestAuthority()
    for name in ["admin", "pump-1"] { try authority.issue(name) }
    let broker = try await MosquittoBroker(clients: ["pump-1"], authority: authority)
    let lab = try PlaybookLab(
      broker.folder, secrets: [try broker.secret()], transport: authority.transport("admin"))
    let disabled = try lab.plan("isolate-device", ["pump-1"], set: ["broker": broker.secureURL])
    #expect(try await lab.run(disabled).end == .succeeded, "\(lab.story)")
    let pump = try Client(port: broker.securePort, user: "pump-1", transport: authority.transport("pump-1"))
    #expect(await pump.waitForConnection())
    #expect(await pump.mayPublish())
    let plan = try lab.plan("isolate-by-role", ["pump-1"], set: ["broker": broker.secureURL])
    #expect(try await lab.run(plan, id: "s").end == .succeeded, "\(lab.story)")
    #expect(await pump.wait { !$0.connected })
    pump.reconnect()
    #expect(await pump.waitForConnection())
    #expect(await !pump.mayPublish())
    #expect(try await lab.undo(plan, id: "s").end == .succeeded, "\(lab.story)")
    pump.reconnect()
    #expect(await pump.waitForConnection())
    #expect(await pump.mayPublish())
    pump.close()
  }
}
