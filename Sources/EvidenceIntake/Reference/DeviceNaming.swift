import IncidentModel
import LogFormats

/// The device of a source whose events name none, from where it lay.
struct DeviceNaming {
  /// A name and why it was chosen.
  struct Choice {
    var name: String
    var basis: IdentityBasis
    var reason: String
  }

  /// Names that say what a file holds and not whose it is.
  private static let generic: Set<String> = [
    "syslog", "messages", "message", "kern", "kernel", "daemon", "auth", "secure", "user", "debug", "dmesg",
    "kmsg", "console", "log", "logs", "output", "journal", "system", "access", "error", "errors", "boot",
    "mail", "cron", "app", "application", "events", "event", "data", "telemetry", "metrics", "audit", "var",
    "tmp", "home", "root", "evidence", "export", "dump", "trace", "latest", "current", "archive", "old",
    "raw",
    "stdout", "stderr", "serial", "uart", "monitor", "out", "all", "part", "mosquitto", "broker", "conn",
    "dns",
    "http", "eve", "notice", "weird", "files",
  ]

  private static let endings: Set<String> = [
    "log", "txt", "gz", "bz2", "xz", "zst", "lz4", "zip", "tar", "tgz", "7z", "cpio", "json", "jsonl",
    "ndjson",
    "csv", "tsv", "old", "bak", "out", "lz", "journal", "export", "err",
  ]

  /// Why a name was chosen that only the path tells.
  static let pathReason = "events name no device; name taken from the path"

  /// The parts of a source's path, members included.
  static func parts(_ source: SourceDescription) -> [String] {
    var parts: [String] = []
    for name in [source.path] + source.members {
      parts += name.split(separator: "/").map(String.init).filter { $0 != "." && $0 != ".." }
    }
    return parts
  }

  /// True for a name that can be a device's: it does not only say what a file holds, and is no number or date.
  static func mayName(_ name: String) -> Bool {
    !generic.contains(name.lowercased()) && !isPlaceholder(name)
      && (!name.allSatisfy { $0.isNumber || $0 == "-" || $0 == "." } || isAddress(name))
  }

  /// True for an address of IPv4.
  static func isAddress(_ name: String) -> Bool {
    let numbers = name.split(separator: ".", omittingEmptySubsequences: false)
    return numbers.count == 4 && numbers.allSatisfy { UInt8($0) != nil }
  }

  /// Chooses. `given` is what the user said; `known` are names from the inventory; `shared` are those of files in several folders.
  static func choose(
    _ source: SourceDescription, given: String?, known: Set<String>,
    shared: SharedFileNames = SharedFileNames()
  ) -> Choice {
    if let given { return Choice(name: given, basis: .path, reason: "given by --device") }
    if source.path == "-", source.members.isEmpty {
      return Choice(name: "stdin", basis: .path, reason: "standard input has no name")
    }
    let parts = parts(source)
    for part in parts.reversed() {
      for candidate in [part, stem(part)] where known.contains(candidate) {
        return Choice(name: candidate, basis: .path, reason: "the path names this device of the inventory")
      }
    }
    if let name = source.members.isEmpty ? shared.device(parts) : folderOfSeries(source, parts) {
      return Choice(name: name, basis: .path, reason: folderReason)
    }
    // The file's own name, or the folder or archive it lay in where that name is a common one.
    for part in parts.reversed().prefix(3) {
      let name = stem(part)
      if mayName(name) { return Choice(name: name, basis: .path, reason: pathReason) }
    }
    let last = parts.last ?? source.path
    return Choice(name: last, basis: .path, reason: "events name no device; the file's own name")
  }

  private static let folderReason =
    "events name no device; name taken from the folder, since the file's says what it holds"

  /// The folder inside an archive that is one of a series (`lsa-007`) where the file's name is a word (`alarmlist.csv`): what lies beside it in
  /// the archive is not known yet.
  private static func folderOfSeries(_ source: SourceDescription, _ parts: [String]) -> String? {
    guard let last = parts.last, mayName(stem(last)), !stem(last).contains(where: \.isNumber) else {
      return nil
    }
    let inside = parts.dropFirst(self.parts(SourceDescription(path: source.path)).count).dropLast()
    let folder = inside.suffix(2).last { mayName($0) }.map(stem)
    guard var folder, !SharedFileNames.tellsTimeOrCopy(folder) else { return nil }
    return folder.withUTF8 { DeviceName.isOfSeries(UnsafeRawBufferPointer($0)) } ? folder : nil
  }

  private static func isPlaceholder(_ name: String) -> Bool {
    var name = name
    return name.withUTF8 { DeviceName.isPlaceholder(UnsafeRawBufferPointer($0)) }
  }

  /// A file's name without the endings of formats, compression and rotation: `gw-3.log.2.gz` is `gw-3`.
  static func stem(_ name: String) -> String {
    var pieces = name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    while pieces.count > 1, let last = pieces.last?.lowercased(),
      endings.contains(last) || last.allSatisfy(\.isNumber)
        || (last.count >= 8 && last.allSatisfy { $0.isNumber || $0 == "-" })
    {
      pieces.removeLast()
    }
    return pieces.joined(separator: ".")
  }
}
