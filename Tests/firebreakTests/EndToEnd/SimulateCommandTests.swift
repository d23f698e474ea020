import Foundation
import Testing

/// `firebreak simulate` as people call it.
@Suite struct SimulateCommandTests {
  @Test func makesAnIncidentAndSaysWhatToDoNext() throws {
    let work = try Workspace()
    let run = try work.firebreak(
      "simulate", "--scenario", "worm", "--devices", "60", "--seed", "1", "--output", work.at("d"))
    #expect(run.exit == 0)
    #expect(run.output.contains("synthetic"))
    #expect(run.errors.contains("firebreak ingest"))
    for name in ["evidence", "inventory.csv", "topology.csv", "truth.json", "manifest.json"] {
      #expect(FileManager.default.fileExists(atPath: work.at("d/\(name)")), "\(name)")
    }
  }

  @Test func printsJSON() throws {
    let work = try Workspace()
    let run = try work.firebreak(
      "simulate", "--scenario", "quiet", "--devices", "20", "--seed", "1", "--output", work.at("d"),
      "--events", "3000",
      "--duration", "90m", "--start", "2025-12-31T23:30:00Z", "--format", "json")
    let document = try jsonObject(run.output)
    #expect(document["schema"] as? String == "firebreak.simulate/1")
    #expect(document["failed"] as? Int == 0)
  }

  @Test(arguments: [
    ["--scenario", "flood", "--devices", "10", "--seed", "1"],
    ["--scenario", "worm", "--devices", "0", "--seed", "1"],
    ["--scenario", "worm", "--devices", "ten", "--seed", "1"], ["--scenario", "worm", "--devices", "10"],
    ["--scenario", "worm", "--devices", "10", "--seed", "1", "--duration", "soon"],
    ["--scenario", "worm", "--devices", "10", "--seed", "1", "--missing", "2"],
    ["--scenario", "worm", "--devices", "10", "--seed", "1", "--start", "2025-02-30T00:00:00Z"],
  ])
  func refusesBadArgumentsWithUsage(_ arguments: [String]) throws {
    let work = try Workspace()
    let run = try BuiltProgram.run(["simulate"] + arguments + ["--output", work.at("d")], in: work.folder)
    #expect(run.exit == 64)
    #expect(!run.errors.isEmpty)
    #expect(!FileManager.default.fileExists(atPath: work.at("d")))
  }

  @Test func refusesAFolderThatIsNotEmpty() throws {
    let work = try Workspace()
    try work.write("d/mine.txt", "keep me")
    let run = try work.firebreak(
      "simulate", "--scenario", "worm", "--devices", "10", "--seed", "1", "--output", work.at("d"))
    #expect(run.exit == 2)
    #expect(run.errors.contains("not empty"))
    #expect(try FileManager.default.contentsOfDirectory(atPath: work.at("d")) == ["mine.txt"])
  }

  @Test(.enabled(if: Shell.canMount, "needs root and a mount namespace"))
  func saysWhenTheDiskIsFull() throws {
    let work = try Workspace()
    let (status, output) = try Shell.run(
      """
      mkdir disk && unshare -m bash -c '
        mount -t tmpfs -o size=64k tmpfs disk || exit 99
        "$FIREBREAK" simulate --scenario worm --devices 100 --seed 1 --output disk/d'
      """, in: work)
    #expect(status == 2)
    #expect(output.contains("No space left"))
  }
}
