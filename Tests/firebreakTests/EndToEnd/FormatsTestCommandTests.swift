import Foundation
import Testing

/// `firebreak formats test` on what people really have: compressed files, archives, journals, rubbish.
@Suite struct FormatsTestCommandTests {
  private func test(_ work: Workspace, _ arguments: String...) throws -> BuiltProgram.Run {
    try BuiltProgram.run(
      ["formats", "test"] + arguments, in: work.folder,
      environment: ["XDG_CONFIG_HOME": work.path, "FIREBREAK_CASE": ""])
  }

  @Test func aCompressedFileIsReadAsItsContent() throws {
    let work = try Workspace()
    try work.write("a.log", Workspace.log(3))
    let (status, output) = try Shell.run(
      "gzip -k a.log && bzip2 -k a.log; xz -k a.log; python3 -c 'import zlib;open(\"a.zlib\",\"wb\").write(zlib.compress(open(\"a.log\",\"rb\").read()))'",
      in: work)
    let plain = try test(work, "a.log", "--format", "csv")
    #expect(plain.exit == 0 && plain.output.split(separator: "\n").count == 4)
    for name in ["a.log.gz", "a.log.bz2", "a.log.xz", "a.zlib"]
    where FileManager.default.fileExists(atPath: work.at(name)) {
      let run = try test(work, name, "--format", "csv")
      #expect(run.exit == 0, "\(name): \(run.errors) \(status) \(output)")
      #expect(run.output.replacing(name, with: "a.log") == plain.output, "\(name)")
    }
    let table = try test(work, "a.log.gz")
    #expect(table.errors.contains("unpacked: gzip"))
    let fromPipe = try BuiltProgram.run(
      ["formats", "test", "-"], in: work.folder, input: Data(contentsOf: URL(filePath: work.at("a.log.gz"))))
    #expect(fromPipe.output == table.output)
  }

  @Test func membersOfArchivesAreNamedAndBounded() throws {
    let work = try Workspace()
    let inner = Workspace.zip([("deep/b.log", Data(Workspace.log(30).utf8))])
    try work.write(
      "heap.zip",
      Workspace.zip([
        ("gw-1/a.log", Data(Workspace.log(30).utf8)), ("site.zip", inner),
        ("picture.png", Data((0...255).map { UInt8($0) })),
      ]))
    let all = try test(work, "heap.zip")
    #expect(all.exit == 0, "\(all.errors)")
    let lines = all.output.split(separator: "\n").map(String.init)
    let titles = ["gw-1/a.log", "site.zip/deep/b.log", "picture.png"]
    #expect(lines.filter(titles.contains) == titles)
    #expect(lines.filter { $0.contains(" event ") }.count == 20, "ten lines of each member")
    #expect(all.output.contains("no text and no binary format of ours"))
    let one = try test(work, "heap.zip", "--member", "b.log", "--limit", "12", "--format", "jsonl")
    let rows = one.output.split(separator: "\n")
    #expect(rows.count == 12)
    #expect(rows.allSatisfy { $0.contains("\"source\":\"heap.zip/site.zip/deep/b.log\"") })
    let none = try test(work, "heap.zip", "--member", "nothing.log")
    #expect(none.exit == 1 && none.errors.contains("holds no member 'nothing.log'"))
  }

  @Test func damageAndWhatIsNoLogAreSaid() throws {
    let work = try Workspace()
    try work.write("a.log", Workspace.log(200))
    _ = try Shell.run("gzip -c a.log | head -c 900 > cut.gz", in: work)
    let cut = try test(work, "cut.gz", "--limit", "3")
    #expect(cut.exit == 0 && cut.output.contains("damage:"), "\(cut.output) \(cut.errors)")
    try work.write("x.pcap", Data([0xD4, 0xC3, 0xB2, 0xA1] + [UInt8](repeating: 0, count: 60)))
    let capture = try test(work, "x.pcap")
    #expect(capture.exit == 1 && capture.output.contains("zeek -r"))
    try work.write("empty.log", "")
    #expect(try test(work, "empty.log").exit == 1)
    let missing = try test(work, "missing.log")
    #expect(missing.exit == 2 && missing.errors.contains("no such file"))
    let folder = try test(work, ".")
    #expect(folder.exit == 2 && folder.errors.contains("is a folder"))
  }
}
