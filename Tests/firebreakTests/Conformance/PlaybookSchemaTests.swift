import Foundation
import Testing

/// The project's playbooks against the published JSON schemas of CACAO 2.0, where those are handed to us.
@Suite struct PlaybookSchemaTests {
  /// The published patterns for addresses refuse variables, which the specification's text allows; they are left out.
  private static let program = """
    import json, os, sys, warnings
    warnings.simplefilter("ignore")
    from jsonschema import Draft202012Validator, RefResolver
    store = {}
    def plain(node):
      if isinstance(node, dict):
        return {k: plain(v) for k, v in node.items() if not (k == "pattern" and "http" in str(v))}
      return [plain(v) for v in node] if isinstance(node, list) else node
    for base, _, names in os.walk(sys.argv[1]):
      for name in names:
        if name.endswith(".json"):
          schema = plain(json.load(open(os.path.join(base, name))))
          store[schema["$id"]] = schema
    top = next(s for i, s in store.items() if i.endswith("/playbook.json"))
    check = Draft202012Validator(top, resolver=RefResolver(top["$id"], top, store=store))
    bad = 0
    for line in sys.argv[2:]:
      for error in check.iter_errors(json.load(open(line))):
        bad += 1
        print(os.path.basename(line), "/".join(map(str, error.absolute_path)), error.message[:300])
    sys.exit(bad > 0)
    """

  @Test func everyPlaybookFitsThePublishedSchemas() throws {
    guard let samples = SharedSamples.found else {
      if ProcessInfo.processInfo.environment["CI"] == "true" { Issue.record("../shared is absent") }
      return print("skipped: ../shared is absent")
    }
    let schemas = samples.folder.deletingLastPathComponent().appending(
      path: "cacao/schema/schemas-2020-12-patched")
    let work = try Workspace()
    let folder = Repository.root.appending(path: "Playbooks")
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path(percentEncoded: false))
      .sorted()
    var files: [String] = []
    for name in names {
      let path = folder.appending(path: "\(name)/playbook.yaml").path(percentEncoded: false)
      let run = try work.firebreak("playbook", "convert", path, "--to", "json")
      try #require(run.exit == 0, "\(run.errors)")
      files.append(try work.write("\(name).json", run.output))
    }
    #expect(files.count >= 15)
    let program = try work.write("check.py", Self.program)
    let checked = try Shell.run(
      "/usr/bin/python3 \(program) \(schemas.path(percentEncoded: false)) \(files.joined(separator: " "))",
      in: work)
    #expect(checked.status == 0, "\(checked.output)")
    // The check can fail: a playbook with an unknown property is found.
    var broken = try String(contentsOfFile: files[0], encoding: .utf8)
    broken = broken.replacingOccurrences(
      of: "\"spec_version\"", with: "\"on-completion\": 1, \"spec_version\"")
    let bad = try work.write("broken.json", broken)
    let found = try Shell.run(
      "/usr/bin/python3 \(program) \(schemas.path(percentEncoded: false)) \(bad)", in: work)
    #expect(found.status == 1, "\(found.output)")
  }
}
