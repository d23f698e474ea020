import ConsoleOutput
import TimelineStore

extension CaseReader {
  /// Throws where no source and no device of the case is called so: that nothing was found of it would be no answer then.
  func requireSpeaker(_ name: String) throws {
    let devices = try deviceNames().values
    let sources = try sources().flatMap { source in
      [source.name, source.name.split(separator: "/").last.map(String.init) ?? source.name]
    }
    let known = Set(devices).union(sources)
    guard !known.contains(where: { NameMatch.fits(name, $0) }) else { return }
    throw CommandError(
      "no device or source of this case is called '\(name)'"
        + (Suggestion.nearest(to: name, among: known).map { ": did you mean '\($0)'?" }
          ?? ": 'firebreak devices' and 'firebreak sources' list them"),
      .no)
  }
}
