import IncidentModel
import PlaybookModel
import Testing

@testable import PlaybookRunner

/// Addresses that `--set` gives and a containing step puts into its commands are hit like targets.
@Suite struct NamedAddressTests {
  private func playbook(_ command: String, policy: String = "contain", group: Bool = false) throws -> Playbook
  {
    let kind = group ? "group: {reaches: everybody}" : "bindings: {__device__: device}"
    return try Support.playbook(
      text: """
        type: playbook
        spec_version: cacao-2.0
        id: playbook--e042eeb5-e2b1-4b8e-b116-6922a21299ed
        name: named
        created_by: identity--0306626d-3ed4-48ec-a1b5-7c811e511d72
        created: 2026-01-01T00:00:00.000Z
        modified: 2026-01-02T00:00:00.000Z
        workflow_start: start--8dc72423-9759-4695-8190-cd7d30be6219
        playbook_variables: {__who__: {type: string, external: true}}
        workflow:
          start--8dc72423-9759-4695-8190-cd7d30be6219: {type: start, on_completion: action--aa0d8228-f072-47c8-8eb9-4740cc1bc38e}
          action--aa0d8228-f072-47c8-8eb9-4740cc1bc38e:
            type: action
            name: block
            agent: individual--96f924ad-c7e5-4979-9038-394c9a6aeb99
            on_completion: end--3bfb7410-8c2c-4db0-92b1-4388fab0844b
            commands: [\(command)]
            step_extensions:
              extension-definition--5d7b3f52-8c1e-4a64-9a0b-2f6d1c9e7a43:
                policy: \(policy)
                \(kind)
                verify: {commands: [{type: bash, command: "true"}]}
                no_undo: nothing to take back
                interlocks: [{attribute: life_safety, require: ["no"], reason: people depend on it}]
          end--3bfb7410-8c2c-4db0-92b1-4388fab0844b: {type: end}
        agent_definitions:
          individual--96f924ad-c7e5-4979-9038-394c9a6aeb99: {type: individual, name: On-call}
        extension_definitions:
          extension-definition--5d7b3f52-8c1e-4a64-9a0b-2f6d1c9e7a43:
            {type: extension-definition, name: rollout, created_by: identity--0306626d-3ed4-48ec-a1b5-7c811e511d72, schema: s, version: 1.0.0}
        """)
  }

  private static let nft = "{type: nft, command: 'add element inet t s { __who__:value }'}"
  private static let bash = "{type: bash, command: 'block __who__:value'}"

  /// Why there is no plan; nil where there is one.
  private func refusal(_ playbook: Playbook, _ who: String) throws -> String? {
    var inventory = Inventory(attributes: ["address", "mgmt_ip", "gateway_ip", "life_safety"])
    inventory.append(device: "cam-1", row: ["10.9.0.1", "", "10.9.0.77", "no"])
    inventory.append(device: "lift-1", row: ["10.9.1.9", "2001:db8::9", "10.9.0.77", "yes"])
    inventory.append(device: "door-1", row: ["10.9.2.4:8080", "", "", ""])
    inventory.append(device: "mqtt-1", row: ["10.9.3.1", "", "", "no"])
    var selection = Support.selection(["cam-1"], inventory: inventory)
    selection.protected = ["mqtt-1": "it is a broker"]
    let executors = ExecutorSet([NFTExecutor(), BashExecutor()])
    do {
      let plan = try Planner(executors: executors).plan(
        playbook, selection: selection, options: .init(variables: ["__who__": who]), now: Support.now)
      #expect(plan.targets.map(\.device) == ["cam-1"])
      return nil
    } catch {
      #expect(error.code == .badTargets, "\(error)")
      return error.description
    }
  }

  @Test func anAddressOfADeviceThatMustNotBeTouchedIsRefused() throws {
    for group in [false, true] {
      let playbook = try playbook(Self.nft, group: group)
      let reason = try #require(try refusal(playbook, "10.9.1.9"))
      #expect(reason.contains("--set who=10.9.1.9 is an address of 'lift-1'"), "\(reason)")
      #expect(reason.contains("people depend on it (life_safety is 'yes')"), "\(reason)")
      // By every column of addresses, however it is written, and by a net that holds it.
      for who in ["2001:DB8:0::9", "10.9.1.0/24", "10.0.0.0/8", "2001:db8::/32"] {
        #expect(try refusal(playbook, who)?.contains("'lift-1'") == true, "\(who)")
      }
      // What the inventory does not say holds back, and so does what we stand on.
      #expect(try refusal(playbook, "10.9.2.4")?.contains("does not say its 'life_safety'") == true)
      #expect(try refusal(playbook, "10.9.3.1")?.contains("it is a broker") == true)
    }
  }

  @Test func othersAreNot() throws {
    let playbook = try playbook(Self.nft)
    // A device that may be acted on, strangers, a net beside, an address that is somebody else's, and what is none.
    for who in ["10.9.0.1", "203.0.113.7", "10.9.1.8/32", "10.9.0.77", "blocked", "50", "2001:db9::/32"] {
      #expect(try refusal(playbook, who) == nil, "\(who)")
    }
    // What is remediated goes by way of addresses, and so may programs.
    #expect(try refusal(try self.playbook(Self.nft, policy: "remediate"), "10.9.1.9") == nil)
    let program = try self.playbook(Self.bash)
    #expect(try refusal(program, "10.9.1.9")?.contains("'lift-1'") == true)
    for who in ["10.9.2.4", "10.9.3.1", "mqtt://10.9.1.9:1883"] { #expect(try refusal(program, who) == nil) }
  }
}
