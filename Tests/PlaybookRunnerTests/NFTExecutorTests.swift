import Foundation
import PlaybookModel
import PlaybookRunner
import Testing

@Suite(.serialized) struct NFTExecutorTests {
  private func call(_ text: String, _ address: String) throws -> CommandCall {
    let playbook = try Support.playbook(
      text: """
        type: playbook
        spec_version: cacao-2.0
        id: playbook--e042eeb5-e2b1-4b8e-b116-6922a21299ed
        name: n
        created_by: identity--0306626d-3ed4-48ec-a1b5-7c811e511d72
        created: 2026-01-01T00:00:00.000Z
        modified: 2026-01-02T00:00:00.000Z
        workflow_start: start--8dc72423-9759-4695-8190-cd7d30be6219
        playbook_variables: {__a__: {type: string}}
        workflow:
          start--8dc72423-9759-4695-8190-cd7d30be6219:
            {type: start, on_completion: action--aa0d8228-f072-47c8-8eb9-4740cc1bc38e}
          action--aa0d8228-f072-47c8-8eb9-4740cc1bc38e:
            type: action
            agent: individual--96f924ad-c7e5-4979-9038-394c9a6aeb99
            on_completion: end--3bfb7410-8c2c-4db0-92b1-4388fab0844b
            commands: [{type: nft, command_b64: \(Data(text.utf8).base64EncodedString())}]
          end--3bfb7410-8c2c-4db0-92b1-4388fab0844b: {type: end}
        agent_definitions:
          individual--96f924ad-c7e5-4979-9038-394c9a6aeb99: {type: individual, name: On-call}
        """)
    guard case .action(let action) = playbook.steps["action--aa0d8228-f072-47c8-8eb9-4740cc1bc38e"]?.kind
    else {
      throw RunnerError(.unsupported, "no action")
    }
    return CommandCall(command: action.commands[0], values: ["__a__": address])
  }

  @Test func noValueBecomesAStatement() throws {
    let nft = NFTExecutor()
    for value in ["1.2.3.4", "10.0.0.0/8", "fe80::1", "2001:db8::/32", "aa:bb:cc:dd:ee:ff", "blocked", "42"] {
      #expect(throws: Never.self, "\(value)") {
        try nft.planText(try call("add element inet f b { __a__:value }", value))
      }
    }
    for value in [
      "", "1.2.3.4; flush ruleset", "1.2.3.4 }", "a\nflush ruleset", "{", "1.2.3.4/33", "-x", "\"x\"", "#",
      "fe80::1%eth0", "é",
    ] {
      #expect(throws: RunnerError.self, "\(value)") {
        try nft.planText(try call("add element inet f b { __a__:value }", value))
      }
    }
  }

  @Test func cutsConnectionsInANamespaceAndLetsThemAgain() async throws {
    guard geteuid() == 0, Support.has("nft"), Support.has("ip") else { return }
    let suffix = String(UInt32.random(in: 0..<0xFFFF), radix: 16)
    let space = "fb-\(suffix)"
    func ip(_ words: String) throws -> Int32 {
      try ChildProcess.run("/usr/sbin/ip", words.split(separator: " ").map(String.init)).code
    }
    guard try ip("netns add \(space)") == 0 else {
      Issue.record("network namespaces cannot be made here")
      return
    }
    defer { _ = try? ip("netns del \(space)") }
    _ = try ip("netns exec \(space) ip link set lo up")
    let nft = NFTExecutor(namespace: space)
    let table =
      "table inet fleet { set blocked { type ipv4_addr; flags timeout; }; chain in { type filter hook input priority 0; ip saddr @blocked drop; }; }"
    #expect(await nft.execute(try call(table, "x")).effect == .done)
    // 127.0.0.2 is a device that connects to a server of its namespace until it is blocked.
    let server = try ChildProcess("/usr/sbin/ip", ["netns", "exec", space, "python3", "-c", Self.listener])
    defer { server.stop() }
    #expect(try await eventually { try connects(space) })
    let add = "add element inet fleet blocked { __a__:value timeout 1h }"
    let look = "get element inet fleet blocked { __a__:value }"
    #expect(await nft.execute(try call(look, "127.0.0.2")).effect == .refused)
    let added = await nft.execute(try call(add, "127.0.0.2"))
    #expect(added.effect == .done, "\(added)")
    let seen = await nft.execute(try call(look, "127.0.0.2"))
    #expect(seen.effect == .done, "\(seen)")
    #expect(try !connects(space))
    #expect(
      await nft.execute(try call("delete element inet fleet blocked { __a__:value }", "127.0.0.2")).effect
        == .done)
    #expect(try connects(space))
    #expect(
      await nft.execute(try call("add element inet nowhere x { __a__:value }", "127.0.0.2")).effect
        == .refused)
  }

  /// The kernel's lists do not hold still for a reader while others change them: each sees what it added all the same.
  @Test func manyAtOnceSeeWhatIsThere() async throws {
    guard geteuid() == 0, Support.has("nft"), Support.has("ip") else { return }
    let space = "fb-\(String(UInt32.random(in: 0..<0xFFFF), radix: 16))"
    guard try ChildProcess.run("/usr/sbin/ip", ["netns", "add", space]).code == 0 else {
      Issue.record("network namespaces cannot be made here")
      return
    }
    defer { _ = try? ChildProcess.run("/usr/sbin/ip", ["netns", "del", space]) }
    let nft = NFTExecutor(namespace: space)
    let table = "add table inet t; add chain inet t c; add set inet t s { type ipv4_addr; flags timeout; }"
    #expect(await nft.execute(try call(table, "x")).effect == .done)
    let add =
      "add element inet t s { __a__:value }; delete element inet t s { __a__:value }; add element inet t s { __a__:value }"
    let look = "list chain inet t c; get element inet t s { __a__:value }"
    let addresses = (1...80).map { "10.4.0.\($0)" }
    let calls = try addresses.map { (try call(add, $0), try call(look, $0)) }
    let effects = await withTaskGroup(of: [CommandAnswer.Effect].self) { group in
      for (act, look) in calls {
        group.addTask { [await nft.execute(act).effect, await nft.execute(look).effect] }
      }
      return await group.reduce(into: []) { $0 += $1 }
    }
    #expect(effects.count == 160 && effects.allSatisfy { $0 == .done }, "\(effects.filter { $0 != .done })")
  }

  private static let listener =
    "import socket\ns=socket.socket();s.setsockopt(socket.SOL_SOCKET,socket.SO_REUSEADDR,1);s.bind(('127.0.0.1',7777));s.listen(50)\nwhile True:\n c,a=s.accept();c.close()"

  private func connects(_ space: String) throws -> Bool {
    let client =
      "import socket;s=socket.socket();s.settimeout(1);s.bind(('127.0.0.2',0));s.connect(('127.0.0.1',7777))"
    return try ChildProcess.run("/usr/sbin/ip", ["netns", "exec", space, "python3", "-c", client]).code == 0
  }

  private func eventually(_ condition: () throws -> Bool) async throws -> Bool {
    for _ in 0..<40 {
      if try condition() { return true }
      try await Task.sleep(for: .milliseconds(100))
    }
    return false
  }
}
