import Foundation
import Testing

@Suite struct DependencyDocumentTests {
  struct Resolved: Decodable {
    struct Pin: Decodable {
      struct State: Decodable { let version: String? }
      let identity: String
      let location: String
      let state: State
    }
    let pins: [Pin]
  }

  /// SPDX id by the words of a licence file.
  static func licence(_ text: String) -> String {
    if text.contains("Apache License") {
      return text.contains("Runtime Library Exception") ? "Apache-2.0 WITH Swift-exception" : "Apache-2.0"
    }
    if text.contains("MIT License") || text.contains("Permission is hereby granted, free of charge") {
      return "MIT"
    }
    if text.contains("Redistribution and use in source and binary forms") { return "BSD" }
    return "unknown"
  }

  static func markdown() throws -> String {
    let data = try Data(contentsOf: Repository.root.appending(path: "Package.resolved"))
    let pins = try JSONDecoder().decode(Resolved.self, from: data).pins.sorted { $0.identity < $1.identity }
    var text = """
      # Dependencies

      Generated from the resolved packages and the module maps (`make docs`); a test compares. Why each is here: `Docs/Decisions/`.

      ## Swift packages

      | package | version | licence |
      |---|---|---|

      """
    for pin in pins {
      let folder =
        pin.location.split(separator: "/").last.map { String($0).replacing(#/\.git$/#, with: "") }
        ?? pin.identity
      var licence = "unknown"
      for file in ["LICENSE.txt", "LICENSE", "LICENSE.md"] where licence == "unknown" {
        if let words = try? Repository.text(".build/checkouts/\(folder)/\(file)") {
          licence = Self.licence(words)
        }
      }
      text += "| [\(folder)](\(pin.location)) | \(pin.state.version ?? "?") | \(licence) |\n"
    }
    text += """

      ## System libraries (Debian 12)

      | module | library | Debian package | version at least | licence |
      |---|---|---|---|---|

      """
    for (module, library, package, version, licence) in [
      ("CSQLite", "libsqlite3", "libsqlite3-dev", "3.40", "public domain"),
      ("CZlib", "libz", "zlib1g-dev", "1.2.13", "Zlib"),
      ("CArchive", "libarchive", "libarchive-dev", "3.6.2", "BSD-2-Clause"),
      ("CISAL", "libisal", "libisal-dev", "2.30", "BSD-3-Clause"),
      ("CZstd", "libzstd", "libzstd-dev", "1.5.4", "BSD-3-Clause or GPL-2.0"),
      ("CPCRE2", "libpcre2-8", "libpcre2-dev", "10.42", "BSD-3-Clause"),
      ("CMosquitto", "libmosquitto", "libmosquitto-dev", "2.0.11", "EPL-2.0 or EDL-1.0"),
      ("CCurl", "libcurl", "libcurl4-openssl-dev", "7.88", "curl"),
    ] {
      text += "| \(module) | \(library) | \(package) | \(version) | \(licence) |\n"
    }
    return text
  }

  @Test func documentIsCurrent() throws {
    let difference = try Repository.difference(generated: try Self.markdown(), file: "Docs/Dependencies.md")
    #expect(difference == nil)
  }

  @Test func everySystemLibraryIsListed() throws {
    let document = try Repository.text("Docs/Dependencies.md")
    for target in try ModuleArrowTests.manifest().targets where target.type == "system" {
      #expect(document.contains("| \(target.name) |"), "\(target.name)")
    }
    #expect(!document.contains("| unknown |"))
  }
}
