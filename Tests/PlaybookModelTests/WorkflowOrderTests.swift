import PlaybookModel
import Testing

/// In which order steps come, whatever the order of a document's members.
@Suite struct WorkflowOrderTests {
  private func playbook(_ workflow: [String]) throws -> Playbook {
    let text = """
      type: playbook
      spec_version: cacao-2.0
      id: playbook--e042eeb5-e2b1-4b8e-b116-6922a21299ed
      name: order
      created_by: identity--0306626d-3ed4-48ec-a1b5-7c811e511d72
      created: 2026-01-01T00:00:00.000Z
      modified: 2026-01-02T00:00:00.000Z
      workflow_start: start--8dc72423-9759-4695-8190-cd7d30be6219
      playbook_variables: {__x__: {type: string, value: a}}
      workflow:
        start--8dc72423-9759-4695-8190-cd7d30be6219: {type: start, on_completion: \(id(1))}
      \(workflow.map { "  " + $0 }.joined(separator: "\n"))
        \(end(0)): {type: end}
        \(end(1)): {type: end}
        \(end(2)): {type: end}
      agent_definitions:
        individual--96f924ad-c7e5-4979-9038-394c9a6aeb99: {type: individual, name: On-call}
      """
    return try Playbook(PlaybookDocument(reading: Array(text.utf8), now: june))
  }

  private func id(_ number: Int) -> String { "action--aa0d8228-f072-47c8-8eb9-4740cc1bc38\(number)" }
  private func end(_ number: Int) -> String { "end--3bfb7410-8c2c-4db0-92b1-4388fab0844\(number)" }

  private func action(_ number: Int, _ next: String) -> String {
    "\(id(number)): {type: action, name: s\(number), agent: individual--96f924ad-c7e5-4979-9038-394c9a6aeb99, "
      + "commands: [{type: manual, command: x}], \(next)}"
  }

  private func names(_ playbook: Playbook) -> [String] {
    playbook.workflowOrder.compactMap { playbook.steps[$0]?.name }
  }

  @Test func membersThatStandTheOtherWayRoundChangeNothing() throws {
    let members = [
      action(1, "on_success: \(id(2))"), action(2, "on_success: \(id(3))"),
      action(3, "on_success: \(end(0))"),
    ]
    #expect(names(try playbook(members)) == ["s1", "s2", "s3"])
    #expect(names(try playbook(members.reversed())) == ["s1", "s2", "s3"])
  }

  /// What both ways lead to stands after both; a way of failure that ends by itself stands after that of success.
  @Test func aStepStandsAfterAllThatLeadToIt() throws {
    let diamond = [
      action(3, "on_success: \(end(0))"), action(1, "on_success: \(id(3)), on_failure: \(id(2))"),
      action(2, "on_success: \(id(3))"),
    ]
    #expect(names(try playbook(diamond)) == ["s1", "s2", "s3"])
    let alarm = [
      action(2, "on_success: \(end(1))"), action(1, "on_success: \(id(3)), on_failure: \(id(2))"),
      action(3, "on_success: \(end(0))"),
    ]
    #expect(names(try playbook(alarm)) == ["s1", "s3", "s2"])
  }

  @Test func branchesStandBeforeWhatFollowsThem() throws {
    let condition = "if-condition--bb0d8228-f072-47c8-8eb9-4740cc1bc380"
    let members = [
      action(4, "on_success: \(end(0))"), action(3, "on_success: \(end(2))"),
      "\(condition): {type: if-condition, name: which, condition: \"__x__:value = 'a'\", on_true: \(id(2)), on_false: \(id(3)), on_success: \(id(4))}",
      action(2, "on_success: \(end(1))"), action(1, "on_success: \(condition)"),
    ]
    #expect(names(try playbook(members)) == ["s1", "which", "s2", "s3", "s4"])
  }
}

/// Ways to write where a machine is.
@Suite struct NetworkPlaceTests {
  @Test func onePlaceIsOneHoweverItIsWritten() {
    for same in [
      ["10.0.0.3", " 10.0.0.3 ", "10.0.0.3/24", "::ffff:10.0.0.3", "::FFFF:a00:3", "0x0a000003", "10.3"],
      ["cam-3.plant", "CAM-3.Plant.", "cam-3.plant."],
      ["fe80::1", "FE80:0:0:0:0:0:0:1", "fe80::1%eth0", "[fe80::1]"],
      ["10.0.0.3:80", "http://10.0.0.3", "http://10.0.0.3:80/", "http://[::ffff:10.0.0.3]/"],
      ["[fe80::1]:8883", "mqtts://[fe80::1]", "mqtts://[FE80::01]:8883/"],
    ] {
      #expect(Set(same.map { NetworkPlace($0) }).count == 1, "\(same.map { NetworkPlace($0) })")
    }
    let others = [
      "10.0.0.3", "10.0.0.4", "10.0.0.3:22", "http://10.0.0.3/api/7", "http://10.0.0.3/api/8", "cam-3",
      "fe80::2",
    ]
    #expect(Set(others.map { NetworkPlace($0) }).count == others.count)
    #expect(NetworkPlace("") == nil && NetworkPlace("  ") == nil)
  }

  @Test func columnsOfOthersAddressesAreNoneOfTheDevice() {
    for name in [
      "address", "IP", "ipv4", "mgmt_ip", "Host Name", "management-address", "mac", "ip 2", "hostname",
    ] {
      #expect(InventoryColumn.isAddress(name), "\(name)")
    }
    for name in ["gateway_ip", "ntp_host", "gateway", "site", "description", "broker_url", "zip", "name"] {
      #expect(!InventoryColumn.isAddress(name), "\(name)")
    }
  }
}
