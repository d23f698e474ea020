import ArgumentParser
import Glibc

/// Which case a command works on: `--case`, else `FIREBREAK_CASE`, else the only case in the folder.
struct CaseOption: ParsableArguments {
  @Option(
    name: .customLong("case"),
    help: "The case file (default: $FIREBREAK_CASE, else the only *.firebreak here).")
  var given: String?

  /// The path of an existing case; says on standard error which one when it was not named.
  func existingPath() throws -> String {
    if let given { return given }
    if let named = Console.environment["FIREBREAK_CASE"], !named.isEmpty { return named }
    let found = Self.casesHere()
    switch found.count {
    case 1: return found[0]
    case 0:
      throw CommandError(
        "no case here: name one with --case FILE or FIREBREAK_CASE, or make one with 'firebreak ingest PATH…'"
      )
    default:
      throw CommandError(
        "\(found.count) cases here (\(found.prefix(5).joined(separator: ", "))"
          + "\(found.count > 5 ? ", …" : "")): name one with --case FILE")
    }
  }

  /// The path of a case that may not exist yet; `fallback` where nothing names one and there is none here.
  func pathToCreate(fallback: String) throws -> String {
    if given == nil, (Console.environment["FIREBREAK_CASE"] ?? "").isEmpty, Self.casesHere().isEmpty {
      return fallback
    }
    return try existingPath()
  }

  private static func casesHere() -> [String] {
    guard let folder = opendir(".") else { return [] }
    defer { closedir(folder) }
    var names: [String] = []
    while let entry = readdir(folder) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name.hasSuffix(".firebreak"), !name.hasPrefix(".") { names.append(name) }
    }
    return names.sorted()
  }
}
