import Foundation
import Testing

/// SwiftPM lets a target import whatever another target made reachable; this test is what enforces the arrows.
@Suite struct ModuleArrowTests {
  struct Manifest: Decodable {
    struct Target: Decodable {
      struct Dependency: Decodable {
        let names: [String]
        init(from decoder: any Decoder) throws {
          var names: [String] = []
          let container = try decoder.container(keyedBy: Key.self)
          for key in container.allKeys {
            var list = try container.nestedUnkeyedContainer(forKey: key)
            if let name = try? list.decode(String.self) { names.append(name) }
          }
          self.names = names
        }
      }
      let name: String
      let type: String
      let dependencies: [Dependency]
    }
    let targets: [Target]
  }
  struct Key: CodingKey {
    var stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  /// Modules of the toolchain and the system that every target may use.
  static let toolchain: Set<String> = [
    "Swift", "Glibc", "Foundation", "FoundationEssentials", "Synchronization", "Dispatch", "Testing",
  ]
  /// Targets that must stay free of everything but the standard library.
  static let pure: Set<String> = [
    "IncidentModel", "CascadeAnalysis", "LogFormats", "ConsoleOutput", "PostmortemReport",
  ]

  static func manifest() throws -> Manifest {
    // A scratch folder of its own: the build folder is locked while tests run.
    let scratch = FileManager.default.temporaryDirectory.appending(
      path: "firebreak-manifest-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: scratch) }
    let json = try #require(
      try Repository.output(of: ["swift", "package", "--scratch-path", scratch.path(), "dump-package"]))
    return try JSONDecoder().decode(Manifest.self, from: Data(json.utf8))
  }

  static func imports(of target: Manifest.Target) throws -> [(file: String, module: String)] {
    let folder = target.type == "test" ? "Tests/\(target.name)" : "Sources/\(target.name)"
    let keyword =
      #/^(?:@\w+(?:\([^)]*\))?\s+)*(?:public |internal |package |private |fileprivate )?import (?:struct |class |enum |func |protocol |var |let |typealias )?([A-Za-z_]\w*)/#
    var found: [(String, String)] = []
    for file in Repository.files(below: folder, suffix: ".swift") {
      for line in try Repository.text(file).split(separator: "\n") {
        if let match = line.firstMatch(of: keyword) { found.append((file, String(match.1))) }
      }
    }
    return found
  }

  @Test func importsFollowTheArrows() throws {
    let targets = try Self.manifest().targets
    #expect(targets.count > 20)
    var seen = 0
    for target in targets where target.type != "system" {
      let allowed = Self.toolchain.union(target.dependencies.flatMap(\.names))
      for (file, module) in try Self.imports(of: target) {
        seen += 1
        #expect(
          allowed.contains(module), "\(file) imports \(module), which \(target.name) does not depend on")
      }
    }
    #expect(seen > 100)
  }

  @Test func functionalRoomsStayPure() throws {
    for target in try Self.manifest().targets where Self.pure.contains(target.name) {
      for (file, module) in try Self.imports(of: target) {
        #expect(!["Foundation", "Dispatch"].contains(module), "\(file) imports \(module)")
      }
      for file in Repository.files(below: "Sources/\(target.name)", suffix: ".swift") {
        let text = try Repository.text(file)
        #expect(!text.contains(" async "), "\(file) is async")
        #expect(!text.contains("Mutex<"), "\(file) takes a lock")
      }
    }
  }

  @Test func noModuleIsNamedForNothing() throws {
    for target in try Self.manifest().targets {
      for word in ["Core", "Common", "Utilities", "Manager", "Service", "Helpers"] {
        #expect(!target.name.contains(word), "\(target.name)")
      }
    }
  }
}
