import Foundation
import Testing

/// Playbooks of other tools, whose steps know no devices: where they go is looked up all the same, and nobody is told that they were
/// taken back.
@Suite struct PlaybookOnceTests {
  private func foreign(_ command: String, _ target: String = "") -> String {
    let machine = "http-api--11111111-1111-4111-8111-111111111111"
    return """
      type: playbook
      spec_version: cacao-2.0
      id: playbook--e042eeb5-e2b1-4b8e-b116-6922a21299ee
      name: foreign
      created_by: identity--0306626d-3ed4-48ec-a1b5-7c811e511d72
      created: 2026-01-01T00:00:00.000Z
      modified: 2026-01-02T00:00:00.000Z
      workflow_start: start--8dc72423-9759-4695-8190-cd7d30be6219
      workflow:
        start--8dc72423-9759-4695-8190-cd7d30be6219: {type: start, on_completion: action--aa0d8228-f072-47c8-8eb9-4740cc1bc38e}
        action--aa0d8228-f072-47c8-8eb9-4740cc1bc38e:
          type: action
          name: restart the relay
          agent: individual--96f924ad-c7e5-4979-9038-394c9a6aeb99
          on_completion: end--3bfb7410-8c2c-4db0-92b1-4388fab0844b
          commands: [\(command)]
          \(target.isEmpty ? "" : "targets: [\(machine)]")
        end--3bfb7410-8c2c-4db0-92b1-4388fab0844b: {type: end}
      agent_definitions:
        individual--96f924ad-c7e5-4979-9038-394c9a6aeb99: {type: individual, name: On-call}
      \(target.isEmpty ? "" : "target_definitions: {\(machine): {type: http-api, name: x, address: {url: [\"\(target)\"]}}}")
      """
  }

  @Test func theDeviceThatAForeignStepReachesIsFoundInTheCase() throws {
    let post = "{type: http-api, command: \"POST /restart HTTP/1.1\"}"
    for (lives, exit) in [("yes", Int32(2)), ("no", 0)] {
      let work = try Workspace()
      try work.write("a.log", Workspace.log(20))
      try work.write("inv.csv", "device,life_safety,address\nlock-1,\(lives),192.0.2.8\ngw-1,no,192.0.2.1\n")
      try #require(
        try work.ingest(work.at("a.log"), options: ["--inventory", work.at("inv.csv")]).run.exit == 0)
      try work.write("foreign.yaml", foreign(post, "http://192.0.2.8:8080/api"))
      let plan = try work.playbook("plan", work.at("foreign.yaml"))
      #expect(plan.exit == exit, "\(plan)")
      if exit == 0 {
        #expect(plan.output.contains("warning: reaches 'lock-1' of the inventory (192.0.2.8)"), "\(plan)")
        let kept = try work.playbook("plan", work.at("foreign.yaml"), "--protect", "lock-1")
        #expect(kept.exit == 2 && kept.errors.contains("protected by the operator"), "\(kept)")
      } else {
        #expect(
          plan.errors.contains("which is 'lock-1' in the inventory: its 'life_safety' is 'yes'"), "\(plan)")
      }
    }
  }

  @Test func whatWentOutOnceIsNamedAndNotTakenBack() throws {
    let work = try Workspace.fleet()
    try work.write("foreign.yaml", foreign("{type: bash, command: \"echo x >> \(work.at("acted"))\"}"))
    try #require(try work.playbook("plan", work.at("foreign.yaml"), "--output", work.at("p.plan")).exit == 0)
    try #require(try work.playbook("run", work.at("p.plan")).exit == 0)
    #expect(work.acted == ["x"])
    let runs = try work.playbook("runs")
    #expect(
      runs.output.contains("1 went out once and stays") && !runs.output.contains("nothing changed"), "\(runs)"
    )
    let status = try work.playbook("status")
    #expect(
      status.output.contains("went out once and stays: 1") && !status.output.contains("in force now: 0"))
    let all = try work.playbook("undo", "--all")
    #expect(all.exit == 1 && all.errors.contains("('restart the relay')"), "\(all)")
    #expect(!all.output.contains("nothing that a run"), "\(all)")
    for _ in 1...2 {
      let undo = try work.playbook("undo", "--yes")
      #expect(undo.exit == 1 && undo.errors.contains("has no inverse ('restart the relay')"), "\(undo)")
      #expect(!undo.errors.contains("changed nothing"), "\(undo)")
    }
    let script = try FileManager.default.contentsOfDirectory(atPath: work.at("x.firebreak.runs")).first {
      $0 != "lock"
    }
    let folder = work.at("x.firebreak.runs/\(try #require(script))")
    #expect(
      try String(contentsOfFile: folder + "/undo.sh", encoding: .utf8).contains(
        "It went out once and has no inverse"))
    let settled = try work.playbook(
      "settle", "--device", "command 1", "--not-in-force", "--seen", "Ann: put back by hand")
    #expect(settled.exit == 0 && settled.output.contains("taken back: 1"), "\(settled)")
    #expect(try work.playbook("undo", "--all").exit == 0 && work.playbook("undo").exit == 0)
  }

  /// Undo can do nothing for it: it is not ended by that, and goes on once a person looked.
  @Test func aCommandThatWasCutOffIsNotEndedByAnUndoThatCanDoNothingForIt() throws {
    let work = try Workspace.fleet()
    let command =
      "echo x >> \(work.at("acted")); test -e \(work.at("cut")) || { touch \(work.at("cut")); kill -9 $PPID; sleep 1; }"
    try work.write("foreign.yaml", foreign("{type: bash, command: \"\(command)\"}"))
    try #require(try work.playbook("plan", work.at("foreign.yaml"), "--output", work.at("p.plan")).exit == 0)
    #expect(try work.playbook("run", work.at("p.plan")).exit != 0)
    for arguments in [["undo", "--all"], ["undo", "--yes"]] {
      let undo = try work.playbook(arguments)
      #expect(undo.exit == 1 && undo.errors.contains("settle that first"), "\(undo)")
    }
    let settled = try work.playbook(
      "settle", "--device", "command 1", "--in-force", "--seen", "Ann: it clicked")
    #expect(settled.exit == 0 && settled.output.contains("went out once and stays: 1"), "\(settled)")
    let resumed = try work.playbook("resume")
    #expect(resumed.exit == 0 && work.acted == ["x"], "\(resumed)")
  }
}
