import Foundation
import Testing

/// What people hold in their hands: the card of a playbook, and the list of devices to be visited.
@Suite struct PlaybookCardTests {
  @Test func aCardKeepsTheLinesOfAScript() throws {
    let work = try Workspace.fleet()
    let script = work.touchPlaybook().replacingOccurrences(
      of: "command: \"echo __device__:value >> \(work.at("acted"))\"",
      with: "command: \"set -eu\\ncp -p a b\\nmv b c\"")
    try work.write("p.yaml", script)
    let card = try work.playbook("card", work.at("p.yaml"))
    #expect(card.exit == 0 && card.output.contains("   | set -eu\n   | cp -p a b\n   | mv b c\n"), "\(card)")
  }

  /// One page for a phone: what is needed, whom it must not hit, what each step does, and how it is done by hand.
  @Test func everyPlaybooksCardIsOnePage() throws {
    let folder = Repository.root.appending(path: "Playbooks").path(percentEncoded: false)
    let names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    #expect(names.count >= 15)
    let work = try Workspace()
    for name in names {
      let card = try work.firebreak("playbook", "card", folder + "/" + name)
      let lines = card.output.split(separator: "\n", omittingEmptySubsequences: false)
      // Lines of scripts stay whole.
      let isNarrow = lines.allSatisfy { $0.count <= 46 || $0.hasPrefix("   | ") }
      #expect(card.exit == 0 && lines.count <= 66 && isNarrow, "\(name): \(lines.count) \(card)")
      #expect(card.output.contains("by hand: ") && card.output.contains("\n1. "), "\(name)")
    }
  }

  /// The order is the workflow's: members of a document that stand the other way round are the same playbook.
  @Test func aCardGoesByTheWorkflowAndNotByTheOrderOfTheDocument() throws {
    let file = Repository.root.appending(path: "Playbooks/rotate-ssh-key/playbook.yaml")
    let text = try String(contentsOf: file, encoding: .utf8)
    let first = try #require(text.range(of: "  action--ff352536-84ea-4f7a-91ff-0884a8e8a964:\n"))
    let second = try #require(text.range(of: "  action--974305b3-d9c5-42d5-81bb-92217a7c6686:\n"))
    let end = try #require(text.range(of: "  end--7b322efd"))
    let reversed =
      text[..<first.lowerBound] + text[second.lowerBound..<end.lowerBound]
      + text[first.lowerBound..<second.lowerBound]
      + text[end.lowerBound...]
    let work = try Workspace()
    try work.write("reversed.yaml", String(reversed))
    let card = try work.firebreak("playbook", "card", work.at("reversed.yaml"))
    #expect(
      card.output.contains("\n1. add the new key\n") && card.output.contains("\n2. take the old key away"),
      "\(card)")
    #expect(card.output == (try work.firebreak("playbook", "card", file.path(percentEncoded: false))).output)
  }

  @Test func aCardSaysWhatABranchRestsOnAndWhereAStepLeads() throws {
    let work = try Workspace()
    let role = Repository.root.appending(path: "Playbooks/isolate-by-role/playbook.yaml").path(
      percentEncoded: false)
    let card = try work.firebreak("playbook", "card", role)
    #expect(
      card.output.contains("1. look for a role of quarantine")
        && card.output.contains("   then: step 3\n   if it fails: step 2"),
      "\(card)")
    let id = "if-condition--bb0d8228-f072-47c8-8eb9-4740cc1bc380"
    let branch = work.touchPlaybook(
      rollout: "gate: {commands: [{type: bash, command: \"test -e /PAYLOAD\"}]}"
    )
    .replacingOccurrences(
      of: "type: start, on_completion: action--aa0d8228", with: "type: start, on_completion: IF--aa0d8228"
    )
    .replacingOccurrences(of: "IF--aa0d8228-f072-47c8-8eb9-4740cc1bc38e}", with: "\(id)}")
    .replacingOccurrences(
      of: "  end--3bfb7410-8c2c-4db0-92b1-4388fab0844b: {type: end}",
      with:
        "  end--3bfb7410-8c2c-4db0-92b1-4388fab0844b: {type: end}\n  end--3bfb7410-8c2c-4db0-92b1-4388fab0844c: {type: end}\n  \(id): {type: if-condition, name: whether, condition: \"__device__:value = 'x'\", on_true: action--aa0d8228-f072-47c8-8eb9-4740cc1bc38e, on_completion: end--3bfb7410-8c2c-4db0-92b1-4388fab0844c}"
    )
    try work.write("if.yaml", branch)
    let shown = try work.firebreak("playbook", "card", work.at("if.yaml"))
    #expect(
      shown.output.contains("1. whether\n   if __device__ = 'x': step 2\n   then: done\n2. touch"), "\(shown)"
    )
    // What is run between waves is on every page.
    #expect(shown.output.contains("PAYLOAD"), "\(shown)")
  }

  @Test func statusListsByDeviceWhatMustBeVisitedOrReplaced() throws {
    let work = try Workspace.fleet(
      rollout:
        "interlocks: [{attribute: image, present: true, code: no-rollback-image, reason: nothing to go back to}, {attribute: kind, require: [new], code: unsupported, reason: too old}]",
      columns: "site,image,kind", row: "north,v1,new")
    try work.write(
      "inv.csv",
      "device,site,image,kind\ngw-1,north,v1,new\ngw-2,south,,new\ngw-3,south,v1,old\ngw-4,north,v1,new\n")
    try work.write("b.log", Workspace.log(1, host: "gw-1", from: 50))
    try #require(
      try work.ingest(work.at("b.log"), options: ["--inventory", work.at("inv.csv")]).run.exit == 0)
    try #require(try work.plan("device:gw-*").exit == 0)
    let run = try work.playbook("run", work.at("p.plan"))
    #expect(run.exit == 0, "\(run)")
    let csv = try work.playbook("status", "--format", "csv")
    let lines = csv.output.split(separator: "\n").map(String.init)
    #expect(lines.first == "device,state,reason,detail,step,site,advice")
    #expect(
      lines.contains { $0.hasPrefix("gw-2,no rollback image,") && $0.hasSuffix("south,visit") },
      "\(csv.output)")
    #expect(lines.contains { $0.hasPrefix("gw-3,unsupported,") && $0.hasSuffix("south,replace or visit") })
    #expect(lines.count == 3)
  }
}
