import ArgumentParser
import Glibc

/// Which case a command works on: `--case`, else `FIREBREAK_CASE`, else the only case in the folder.
struct CaseOption: ParsableArguments {
  @Option(
    name: .customLong("case"),
    help: "The case file (default: $FIREBREAK_CASE, else the only *.firebreak here).")
  var given: String?

  /// The path of an existing case; says on standard error which one when it was not named.
  func existingPath() throws -> String { try Self.path(given) }

  fileprivate static func path(_ given: String?) throws -> String {
    if let given { return given }
    if let named = Console.environment["FIREBREAK_CASE"], !named.isEmpty { return named }
    let found = casesHere()
    switch found.count {
    case 1: return found[0]
    case 0:
      throw CommandError(
        "no case here: name one with --case FILE or FIREBREAK_CASE, or make one with 'firebreak ingest PATH…'"
      )
    default:
      throw CommandError(
        "\(found.count) cases here (\(found.prefix(5).joined(separator: ", "))"
          + "\(found.count > 5 ? ", …" : "")): name one with '--case FILE'")
    }
  }

  fileprivate static func casesHere() -> [String] {
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

/// The case that evidence is read into: it may be a new one.
struct CaseToMakeOption: ParsableArguments {
  @Option(
    name: .customLong("case"),
    help:
      "The case file, made where there is none (default: $FIREBREAK_CASE, else the only *.firebreak here, else case.firebreak)."
  )
  var given: String?

  /// The path of the case; says on standard error where nobody has named it.
  func path() throws -> String {
    guard given == nil, (Console.environment["FIREBREAK_CASE"] ?? "").isEmpty, CaseOption.casesHere().isEmpty
    else { return try CaseOption.path(given) }
    Console.note("no case is named and none is here: making case.firebreak")
    return "case.firebreak"
  }
}
