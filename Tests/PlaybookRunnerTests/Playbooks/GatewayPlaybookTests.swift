import Foundation
import PlaybookModel
import PlaybookRunner
import Testing

/// Playbooks with nftables, on a gateway between real network namespaces, proven by TCP connections.
@Suite(.serialized) struct GatewayPlaybookTests {
  private func makeNetwork() throws -> NetworkLab? {
    guard Support.has("nft"), Support.has("ip"), Support.has("python3") else { return nil }
    guard geteuid() == 0 else {
      print("skipped: network namespaces need root")
      return nil
    }
    return try NetworkLab()
  }

  private func address(_ device: String) -> String { "10.77.1.\(device.last.map(String.init) ?? "2")" }

  @Test func aBlockedAddressGetsNothingThroughOthersDoAndUndoOpensIt() async throws {
    guard let network = try makeNetwork() else { return }
    let lab = try PlaybookLab(try TemporaryFolder(), namespace: network.gateway)
    let plan = try lab.plan("isolate-address", ["pump-2", "pump-3"], ["address": address])
    #expect(try network.connects(from: "10.77.1.2", to: "10.77.2.2"))
    #expect(try await lab.run(plan).end == .succeeded, "\(lab.story)")
    #expect(try !network.connects(from: "10.77.1.2", to: "10.77.2.2"))
    #expect(try !network.connects(from: "10.77.1.3", to: "10.77.2.2"))
    // Not to the gateway itself either; the device that is no target is not touched.
    #expect(try !network.connects(from: "10.77.1.2", to: "10.77.1.1"))
    #expect(try network.connects(from: "10.77.1.4", to: "10.77.2.2"))
    #expect(try await lab.undo(plan).end == .succeeded, "\(lab.story)")
    #expect(try network.connects(from: "10.77.1.2", to: "10.77.2.2"))
  }

  /// Devices of both families in one plan: each lands in the set of its own.
  @Test func aBlockedIPv6AddressGetsNothingThroughAndUndoOpensIt() async throws {
    guard let network = try makeNetwork() else { return }
    let lab = try PlaybookLab(try TemporaryFolder(), namespace: network.gateway)
    let plan = try lab.plan(
      "isolate-address", ["pump-2", "pump-3", "pump-8", "pump-9"],
      [
        "address": { device in
          switch device {
          case "pump-8": "::ffff:10.77.1.4"
          case "pump-9": "fd77:1::4%eth0"
          default: device == "pump-2" ? "fd77:1::2" : "10.77.1.3"
          }
        }
      ])
    // What would be an element that no packet ever matches is refused.
    #expect(plan.targets.map(\.device) == ["pump-2", "pump-3"])
    #expect(plan.refused.map(\.device) == ["pump-8", "pump-9"])
    // Link-local addresses are tentative for a second or two (RFC 4862, 5.4), and neighbours are found by them.
    var isUp = false
    for _ in 0..<20 where !isUp { isUp = try network.connects(from: "fd77:1::2", to: "fd77:2::2") }
    #expect(isUp)
    #expect(try await lab.run(plan).end == .succeeded, "\(lab.story)")
    #expect(try !network.connects(from: "fd77:1::2", to: "fd77:2::2"))
    #expect(try !network.connects(from: "fd77:1::2", to: "fd77:1::1"))
    #expect(try !network.connects(from: "10.77.1.3", to: "10.77.2.2"))
    // Others of the same family go on, and the address of the other family is not taken for blocked.
    #expect(try network.connects(from: "fd77:1::4", to: "fd77:2::2"))
    #expect(try network.connects(from: "10.77.1.2", to: "10.77.2.2"))
    #expect(try await lab.undo(plan).end == .succeeded, "\(lab.story)")
    #expect(try network.connects(from: "fd77:1::2", to: "fd77:2::2"))
    #expect(try network.connects(from: "10.77.1.3", to: "10.77.2.2"))
  }

  @Test func aBlockEndsByItselfWhenNobodyTakesItBack() async throws {
    guard let network = try makeNetwork() else { return }
    let lab = try PlaybookLab(try TemporaryFolder(), namespace: network.gateway)
    let plan = try lab.plan("isolate-address", ["pump-2"], ["address": address], set: ["ttl": "3s"])
    #expect(try await lab.run(plan).end == .succeeded, "\(lab.story)")
    #expect(try !network.connects(from: "10.77.1.2", to: "10.77.2.2"))
    try await Task.sleep(for: .milliseconds(3300))
    #expect(try network.connects(from: "10.77.1.2", to: "10.77.2.2"))
    // Undo finds nothing to do and says so.
    let undone = try await lab.undo(plan)
    #expect(undone.end == .succeeded && undone.counts[.ok] == 1, "\(lab.story)")
  }

  /// An element's time goes on as it was when the element is added again: a later plan must not find what ends too soon.
  @Test func aLaterPlanRenewsABlockAndTheSamePlanLeavesItAsItIs() async throws {
    guard let network = try makeNetwork() else { return }
    let lab = try PlaybookLab(try TemporaryFolder(), namespace: network.gateway)
    func plan(_ ttl: String, after seconds: Int64) throws -> ExecutionPlan {
      try lab.plan(
        "isolate-address", ["pump-2"], ["address": address], set: ["ttl": ttl],
        now: Support.now + seconds * 1_000_000_000)
    }
    func remaining() throws -> String {
      try shell("ip netns exec \(network.gateway) nft get element inet firebreak blocked4 '{ 10.77.1.2 }'")
        .output
    }
    #expect(try await lab.run(try plan("40s", after: 0), id: "a").counts[.changed] == 2, "\(lab.story)")
    let later = try plan("120m", after: 60)
    #expect(try await lab.run(later, id: "b").counts == [.changed: 2], "\(lab.story)")
    let element = try remaining()
    #expect(element.contains("timeout 2h expires 1h59m"), "\(element)")
    #expect(try await lab.run(later, id: "c").counts == [.changed: 1, .ok: 1], "\(lab.story)")
    #expect(try !network.connects(from: "10.77.1.2", to: "10.77.2.2"))
  }

  /// Without the rules an element of the set drops nothing.
  @Test func anAddressInTheSetIsNoBlockWhereTheRulesAreGone() async throws {
    guard let network = try makeNetwork() else { return }
    let lab = try PlaybookLab(try TemporaryFolder(), namespace: network.gateway)
    let plan = try lab.plan("isolate-address", ["pump-2", "pump-3"], ["address": address])
    // Somebody empties the chain once the guard is in place, and again when the canary was blocked.
    let flush = "ip netns exec \(network.gateway) nft flush chain inet firebreak blocked_forward"
    var disturbed = lab
    disturbed.onProgress = { progress in
      if case .wave = progress { _ = try? shell(flush) }
    }
    let summary = try await disturbed.run(plan)
    #expect(summary.end == .halted && summary.counts[.failed] == 1, "\(lab.story)")
    #expect(lab.journal.all.contains { $0.reason == "not-in-force" }, "\(lab.story)")
  }

  @Test func whatIsNoAddressIsRefusedBeforeAnythingIsSent() async throws {
    guard let network = try makeNetwork() else { return }
    let lab = try PlaybookLab(try TemporaryFolder(), namespace: network.gateway)
    let plan = try lab.plan(
      "isolate-address", ["pump-2", "pump-3"],
      ["address": { $0 == "pump-3" ? "10.77.1.3 } ; flush ruleset #" : "10.77.1.2" }])
    #expect(plan.targets.map(\.device) == ["pump-2"])
    #expect(plan.refused.first?.code == "bad-argument")
  }

  @Test func reconnectLoadIsShedAndLetInAgain() async throws {
    guard let network = try makeNetwork() else { return }
    let lab = try PlaybookLab(try TemporaryFolder(), namespace: network.gateway)
    let plan = try lab.plan(
      "shed-reconnect-load", ["pump-2"], set: ["port": "7777", "rate": "10", "burst": "5"])
    #expect(try network.successes(from: "10.77.1.2", to: "10.77.1.1", 150) == 150)
    #expect(try await lab.run(plan).end == .succeeded, "\(lab.story)")
    let passed = try network.successes(from: "10.77.1.2", to: "10.77.1.1", 150)
    #expect((1...40).contains(passed), "\(passed)")
    // Only that port of the gateway is limited.
    #expect(try network.successes(from: "10.77.1.2", to: "10.77.2.2", 50) == 50)
    #expect(try await lab.undo(plan).end == .succeeded, "\(lab.story)")
    #expect(try network.successes(from: "10.77.1.2", to: "10.77.1.1", 150) == 150)
  }

  /// A limit on one port is none on another, and each is taken back alone.
  @Test func eachPortHasALimitOfItsOwn() async throws {
    guard let network = try makeNetwork() else { return }
    let lab = try PlaybookLab(try TemporaryFolder(), namespace: network.gateway)
    func plan(_ port: String, _ rate: String) throws -> ExecutionPlan {
      try lab.plan("shed-reconnect-load", ["pump-2"], set: ["port": port, "rate": rate, "burst": "7"])
    }
    func limits() throws -> [String] {
      try network.rules().split(separator: "\n").filter { $0.contains("limit rate over") }
        .map { $0.trimmingCharacters(in: .whitespaces) }.sorted()
    }
    func limit(_ port: String, _ rate: String) -> String {
      "tcp dport \(port) ct state new limit rate over \(rate)/second burst 7 packets drop comment \"burst 7\""
    }
    let first = try plan("1883", "50")
    #expect(try await lab.run(first, id: "a").counts == [.changed: 1], "\(lab.story)")
    // The same rate on another port, and a port whose digits begin with those of the first.
    for (port, id) in [("8883", "b"), ("18830", "c")] {
      #expect(try await lab.run(try plan(port, "50"), id: id).counts == [.changed: 1], "\(lab.story)")
    }
    #expect(try limits() == [limit("1883", "50"), limit("18830", "50"), limit("8883", "50")])
    let last = try plan("8883", "60")
    #expect(try await lab.run(last, id: "d").counts == [.changed: 1], "\(lab.story)")
    #expect(try limits() == [limit("1883", "50"), limit("18830", "50"), limit("8883", "60")])
    #expect(try await lab.undo(last, id: "d").end == .succeeded, "\(lab.story)")
    #expect(try limits() == [limit("1883", "50"), limit("18830", "50")])
  }

  @Test func aBotnetLosesItsCommandersItsWaysAndItsBroker() async throws {
    guard Support.has("mosquitto"), let network = try makeNetwork() else { return }
    let broker = try await MosquittoBroker(clients: ["bot-2", "bot-3", "pump-4"])
    let lab = try PlaybookLab(broker.folder, secrets: [try broker.secret()], namespace: network.gateway)
    let plan = try lab.plan(
      "quarantine-botnet", ["bot-2", "bot-3"], ["address": address],
      set: ["broker": broker.url, "command_host": "10.77.2.3"])
    #expect(try network.connects(from: "10.77.1.4", to: "10.77.2.3"))
    #expect(try await lab.run(plan).end == .succeeded, "\(lab.story)")
    // Nobody reaches who commands them; bots reach nobody; others go on.
    #expect(try !network.connects(from: "10.77.1.4", to: "10.77.2.3"))
    #expect(try !network.connects(from: "10.77.1.2", to: "10.77.2.2"))
    #expect(try network.connects(from: "10.77.1.4", to: "10.77.2.2"))
    let bot = try Client(port: broker.port, user: "bot-2")
    #expect(await bot.wait { $0.connectCode != nil })
    #expect(!bot.current.connected)
    bot.close()
    #expect(try await lab.undo(plan).end == .succeeded, "\(lab.story)")
    #expect(try network.connects(from: "10.77.1.2", to: "10.77.2.3"))
  }

  /// Two playbooks guard with the same chains: the rules of one are no business of the other.
  @Test func anotherBlockLeavesTheCommandersBlocked() async throws {
    guard Support.has("mosquitto"), let network = try makeNetwork() else { return }
    let broker = try await MosquittoBroker(clients: ["bot-2"])
    let lab = try PlaybookLab(broker.folder, secrets: [try broker.secret()], namespace: network.gateway)
    let botnet = try lab.plan(
      "quarantine-botnet", ["bot-2"], ["address": address],
      set: ["broker": broker.url, "command_host": "10.77.2.3"])
    let other = try lab.plan("isolate-address", ["pump-3"], ["address": address])
    #expect(try await lab.run(botnet, id: "a").end == .succeeded, "\(lab.story)")
    #expect(try await lab.run(other, id: "b").end == .succeeded, "\(lab.story)")
    #expect(try !network.connects(from: "10.77.1.4", to: "10.77.2.3"))
    #expect(try !network.connects(from: "10.77.1.2", to: "10.77.2.2"))
    #expect(try await lab.undo(other, id: "b").end == .succeeded, "\(lab.story)")
    #expect(try !network.connects(from: "10.77.1.4", to: "10.77.2.3"))
    #expect(try network.connects(from: "10.77.1.3", to: "10.77.2.2"))
    #expect(try await lab.undo(botnet, id: "a").end == .succeeded, "\(lab.story)")
    #expect(try network.connects(from: "10.77.1.4", to: "10.77.2.3"))
  }

  /// What nft refuses, the broker still does: for some addresses (the set is full), and where the guard itself is refused.
  @Test(arguments: [
    "add set inet firebreak blocked4 { type ipv4_addr; flags timeout; size 1; }; add element inet firebreak blocked4 { 192.0.2.1 }",
    "add set inet firebreak blocked4 { type ipv6_addr; flags timeout; }",
  ]) func theBrokerCutsOffWhomTheGatewayCannot(_ obstacle: String) async throws {
    guard Support.has("mosquitto"), let network = try makeNetwork() else { return }
    let names = ["bot-2", "bot-3", "bot-4"]
    let broker = try await MosquittoBroker(clients: names)
    let made = try shell("ip netns exec \(network.gateway) nft 'add table inet firebreak; \(obstacle)'")
    #expect(made.code == 0, "\(made.output)")
    let lab = try PlaybookLab(broker.folder, secrets: [try broker.secret()], namespace: network.gateway)
    let plan = try lab.plan(
      "quarantine-botnet", names, ["address": address],
      set: ["broker": broker.url, "command_host": "10.77.2.3"])
    let summary = try await lab.run(plan)
    #expect(summary.end == .succeeded, "\(lab.story)")
    for name in names {
      #expect(lab.journal.all.last { $0.target == name }?.outcome == .changed, "\(lab.story)")
    }
    #expect(broker.log.components(separatedBy: "| disableClient |").count == 4, "\(lab.story)")
    #expect(summary.counts[.failed] == (obstacle.contains("size") ? 3 : 1), "\(summary)")
  }
}
