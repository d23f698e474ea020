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
