import ConsoleOutput
import PlaybookRunner

/// What people and programs read of the files beside a case.
enum RunFiles {
  /// A sentence for each file that is not what the journal notes.
  static func sentences(_ files: [RunFolder.File], run: String) -> [String] {
    files.compactMap { file in
      switch file.state {
      case .same, .notNoted: nil
      case .differs: "\(file.name) of run \(run) differs from what the journal notes ('\(file.path)')"
      case .unreadable(let why):
        "\(file.name) of run \(run) could not be compared with what the journal notes ('\(file.path)': \(why))"
      }
    }
  }

  /// Name and state of each.
  static func json(_ files: [RunFolder.File]) -> JSONValue {
    .array(
      files.map { file in
        let (state, why): (String, String?) =
          switch file.state {
          case .same: ("same", nil)
          case .differs: ("differs", nil)
          case .unreadable(let why): ("not compared", why)
          case .notNoted: ("not noted", nil)
          }
        return .object([
          ("file", .string(file.name)), ("state", .string(state)),
          ("reason", why.map { .string($0) } ?? .null),
        ])
      })
  }
}
