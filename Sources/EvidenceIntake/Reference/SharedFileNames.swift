import IncidentModel
import LogFormats

/// File names that several folders have. `m.csv` in `lsa-000`, `lsa-001`, … says what a file holds; whose it is, the folder says: taken for the
/// device's name it would make one device of all of them. Folders that only tell a time or a copy (`2026-11-12`, `day-2`, `old`) are none of devices.
struct SharedFileNames: Sendable {
  /// A file's name without its endings, and how deep the folder lies that would name the device.
  private struct Name: Hashable {
    var stem: String
    var depth: Int
  }

  /// Files of one series in a folder (`gw-1`, `gw-2`): there they are the devices, and the folder is where they stand.
  private struct Series: Hashable {
    var folder: Int
    var word: Substring
  }

  private var shared: Set<Name> = []
  private var crowded: Set<Series> = []

  /// The names of no file.
  init() {}

  /// - Parameter sources: The parts of the files' paths (`DeviceNaming.parts`).
  init(_ sources: some Sequence<[String]>) {
    var owners: [Name: Int] = [:]
    var members: [Series: String] = [:]
    for parts in sources {
      guard let stem = parts.last.map(DeviceNaming.stem), DeviceNaming.mayName(stem),
        let owner = Self.owner(parts)
      else { continue }
      let name = Name(stem: stem, depth: owner)
      let folder = Self.hash(parts[...owner])
      if owners.updateValue(folder, forKey: name) ?? folder != folder { shared.insert(name) }
      if let word = Self.seriesWord(stem) {
        let series = Series(folder: Self.hash(parts.dropLast()), word: word)
        if members.updateValue(stem, forKey: series) ?? stem != stem { crowded.insert(series) }
      }
    }
  }

  /// True where no file's name is that of files in other folders.
  var isEmpty: Bool { shared.isEmpty }

  /// The device of a file whose name others have as well: its folder, with the name behind it where the folder holds several of a series.
  /// Nil elsewhere.
  func device(_ parts: [String]) -> String? {
    guard !shared.isEmpty, let stem = parts.last.map(DeviceNaming.stem), let owner = Self.owner(parts),
      shared.contains(Name(stem: stem, depth: owner))
    else { return nil }
    guard let word = Self.seriesWord(stem),
      crowded.contains(Series(folder: Self.hash(parts.dropLast()), word: word))
    else { return parts[owner] }
    return parts[owner] + "/" + stem
  }

  /// Folders above a file that are looked at.
  private static let reach = 5

  /// The nearest folder above a file that can be a device's.
  private static func owner(_ parts: [String]) -> Int? {
    let folders = parts.indices.dropLast().suffix(reach)
    return folders.last { DeviceNaming.mayName(parts[$0]) && !tellsTimeOrCopy(parts[$0]) }
  }

  private static func hash(_ parts: ArraySlice<String>) -> Int {
    var hasher = Hasher()
    for part in parts { hasher.combine(part) }
    return hasher.finalize()
  }

  /// `gw-` of `gw-12`; nil where there is no number, or the word says that the number is that of a part (`boot-2`, `messages1`).
  private static func seriesWord(_ stem: String) -> Substring? {
    let word = stem[..<(stem.lastIndex { !$0.isNumber }.map(stem.index(after:)) ?? stem.startIndex)]
    guard word.endIndex < stem.endIndex, DeviceNaming.mayName(String(word.prefix { $0.isLetter })),
      !tellsTimeOrCopy(stem)
    else { return nil }
    return word
  }

  /// True for `2026-11-12T03`, `day-2`, `2026_nov_12`, `backup-old`: nothing but numbers and words for times, parts and copies.
  static func tellsTimeOrCopy(_ name: String) -> Bool {
    let words = name.lowercased().split { !$0.isLetter }
    return !DeviceNaming.isAddress(name) && words.allSatisfy { timeWords.contains(String($0)) }
  }

  private static let timeWords: Set<String> = {
    var words: Set<String> = [
      "t", "h", "z", "utc", "w", "q", "kw", "hour", "day", "week", "month", "quarter", "year", "date", "time",
      "tag",
      "woche", "monat", "jahr", "am", "pm", "night", "today", "yesterday", "boot", "run", "part", "batch",
      "chunk",
      "set", "session", "v", "version", "rev", "new", "old", "last", "previous", "prev", "next", "first",
      "second",
      "current", "latest", "archive", "archived", "backup", "backups", "bak", "copy", "copies", "orig",
      "original",
      "snapshot", "rotated", "upload", "uploads", "download", "downloads", "bundle", "case", "incident",
      "evidence",
      "collection", "export", "dump", "logs", "log", "before", "after", "disk", "folder", "files", "x",
    ]
    for month in ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"] {
      words.insert(month)
    }
    for day in ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] { words.insert(day) }
    for name in [
      "january", "february", "march", "april", "june", "july", "august", "september", "october", "november",
      "december", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday",
    ] { words.insert(name) }
    return words
  }()

  /// What is said of sources that name no device, lie in different folders and count as one device all the same: members of archives, whose
  /// names are not known beforehand.
  static func notes(_ accounts: [SourceAccount]) -> [String] {
    var byName: [String: [[String]]] = [:]
    for account in accounts {
      for decision in account.decisions
      where decision.subject == "device" && decision.reason == DeviceNaming.pathReason {
        byName[decision.value, default: []].append(DeviceNaming.parts(account.description))
      }
    }
    return byName.filter { $0.value.count > 1 && !SharedFileNames($0.value).isEmpty }.sorted {
      $0.key < $1.key
    }.map {
      "the events of \($0.value.count) sources in different folders name no device and count as one, '\($0.key)', "
        + "after their file: --device 'GLOB=NAME' tells them apart"
    }
  }
}
