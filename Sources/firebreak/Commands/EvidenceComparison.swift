import ConsoleOutput
import Crypto
import EvidenceIntake
import Glibc
import IncidentModel
import LogFormats
import TimelineStore

/// Reads the evidence again and says precisely what differs from what was ingested.
enum EvidenceComparison {
  enum State: String {
    case same, changed, gone
    /// The evidence is what was ingested, but rows of the case are not what is read from it.
    case altered
    /// Longer than it was; the beginning is what was ingested.
    case grown
    /// A member that the archive has now and had not then.
    case added
    /// The file is gone; the copy that the case holds has the same SHA-256.
    case embedded
  }

  struct Result {
    var name: String
    var path: String
    var sha256: String
    var now: String?
    var state: State
    /// What differs, in words; empty where nothing does.
    var difference = ""
    /// True for one that has grown where the case has it as it is now, too: a log that was ingested again.
    var wasReadAgain = false

    /// True where the evidence, or a row of it, is not what was ingested.
    var differs: Bool { ![.same, .embedded].contains(state) && !wasReadAgain }
  }

  /// What a source is now.
  private struct Found {
    var sha256: String
    var bytes: UInt64
  }

  /// - Parameter catalog: The formats that events are read with, to compare them with the case's rows.
  static func run(_ reader: CaseReader, base: String?, catalog: FormatCatalog) throws -> [Result] {
    let sources = try reader.sources()
    let byPath = Dictionary(grouping: sources) { $0.description.path }
    let digests = Set(sources.map(\.sha256))
    let given = try reader.remarksBySource().compactMapValues { remarks in
      remarks.decisions.first { $0.subject == "format" }?.value
    }
    var rows: [String: EvidenceRows] = [:]
    var found: [String: [[String]: [Found]]] = [:]
    var locations: [String: String] = [:]
    var fromCopy: Set<String> = []
    var reasons: [String: String] = [:]
    var seen: Set<String> = []
    for source in sources {
      let path = source.description.path
      guard seen.insert(path).inserted else { continue }
      let ofPath = byPath[path] ?? []
      let sink = EvidenceRows(reader, sources: Dictionary(grouping: ofPath) { $0.description.members })
      rows[path] = sink
      let located = base.map { path.hasPrefix("/") ? path : $0 + "/" + path } ?? path
      let isReadable = path != "-" && access(FilePath.system(located), R_OK) == 0
      let failure = errno
      if isReadable {
        found[path] = read(located, sink, catalog, rules(ofPath, at: located, given, catalog))
        locations[path] = located
        continue
      }
      for digest in try copies(of: ofPath, path, in: reader) {
        let copy = try EmbeddedCopy(sha256: digest, in: reader)
        fromCopy.insert(path)
        let content = withExtendedLifetime(copy) {
          read(copy.path, sink, catalog, rules(ofPath, at: copy.path, given, catalog))
        }
        found[path, default: [:]].merge(content) { $0 + $1 }
      }
      reasons[path] =
        path == "-"
        ? "it came from standard input, which cannot be read again" : String(cString: strerror(failure))
    }
    var known: [String: Set<[String]>] = [:]
    var results: [Result] = []
    for source in sources {
      let path = source.description.path
      known[path, default: []].insert(source.description.members)
      let all = found[path]?[source.description.members] ?? []
      let now = all.first { $0.sha256 == source.sha256 } ?? all.last
      var result = Result(
        name: source.name, path: path, sha256: source.sha256, now: now?.sha256,
        state: fromCopy.contains(path) ? .embedded : .same)
      let isOtherCopy =
        fromCopy.contains(path) && source.description.members.isEmpty && now?.sha256 != source.sha256
      if now == nil || isOtherCopy {
        result.state = .gone
        result.now = nil
        result.difference =
          isOtherCopy
          ? "cannot be read: \(reasons[path] ?? "no content"); the copy in the case is of another time"
          : found[path] == nil
            ? "cannot be read: \(reasons[path] ?? "no content")" : "the archive has no such member any more"
      } else if let now, now.sha256 != source.sha256 {
        result.state = .changed
        result.difference = words(source, now)
        if source.description.members.isEmpty, let located = locations[path] {
          try compare(source, located, reader, &result)
        }
        if result.state == .grown {
          result.wasReadAgain = digests.contains(now.sha256)
          if result.wasReadAgain { result.difference += "; the case has it as it is now, too" }
          if let finding = rows[path]?.beginnings[source.ordinal], finding.otherFormat == nil {
            judge(finding, source, &result)
          }
        }
      } else if let finding = rows[path]?.wholes[source.ordinal] {
        judge(finding, source, &result)
      }
      results.append(result)
    }
    for duplicate in try reader.duplicates() { known[duplicate.path]?.insert(duplicate.members) }
    for (path, members) in found.sorted(by: { $0.key < $1.key }) {
      for (names, one) in members.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) })
      where known[path]?.contains(names) == false {
        let description = SourceDescription(path: path, members: names)
        results.append(
          Result(
            name: description.name, path: path, sha256: "", now: one.last?.sha256, state: .added,
            difference: "was not there when it was ingested"))
      }
    }
    return results
  }

  /// Evidence is what it was: are the rows?
  private static func judge(_ finding: EvidenceRows.Finding, _ source: SourceEntry, _ result: inout Result) {
    if let format = finding.otherFormat {
      result.difference =
        "events not compared: read as \(format) now and as \(source.format) then (--formats)"
    } else if finding.differing > 0 {
      result.state = .altered
      result.wasReadAgain = false
      result.difference =
        "\(Figures.counted(finding.differing, "row")) of the case \(finding.differing == 1 ? "is" : "are") not what the evidence says; first: \(finding.first)"
    }
  }

  /// SHA-256 of the copies that the case holds of a file: as many as it was read with different content.
  private static func copies(
    of sources: [SourceEntry], _ path: String, in reader: CaseReader
  ) throws -> [String] {
    var digests: [String] = []
    for source in sources where source.description.members.isEmpty {
      guard let digest = try reader.embeddedDigest(path: path, preferring: source.sha256),
        !digests.contains(digest)
      else { continue }
      digests.append(digest)
    }
    return digests
  }

  private static func words(_ source: SourceEntry, _ now: Found) -> String {
    source.bytes == now.bytes
      ? "as many bytes (\(now.bytes)) as then, but others"
      : "\(source.bytes) bytes then, \(now.bytes) now"
  }

  /// Looks closer at a file: has it grown, and where does it first differ from the copy in the case?
  private static func compare(
    _ source: SourceEntry, _ located: String, _ reader: CaseReader, _ result: inout Result
  ) throws {
    var info = stat()
    guard stat(FilePath.system(located), &info) == 0 else { return }
    let size = UInt64(info.st_size)
    if size > source.storedBytes, prefixDigest(located, source.storedBytes) == source.sha256 {
      result.state = .grown
      result.difference =
        "\(size - source.storedBytes) bytes more than then; the first \(source.storedBytes) are what was ingested"
      return
    }
    if size != source.storedBytes { result.difference = "\(source.storedBytes) bytes then, \(size) now" }
    if let place = try firstDifference(source, located, reader) {
      result.difference += "; differs first at byte \(place)"
    }
  }

  private static func prefixDigest(_ path: String, _ count: UInt64) -> String? {
    guard let file = fopen(FilePath.system(path), "rb") else { return nil }
    defer { fclose(file) }
    var hash = SHA256()
    var rest = count
    var buffer = [UInt8](repeating: 0, count: 1 << 18)
    while rest > 0 {
      let got = fread(&buffer, 1, Int(min(rest, UInt64(buffer.count))), file)
      guard got > 0 else { return nil }
      hash.update(data: buffer[..<got])
      rest -= UInt64(got)
    }
    return hash.finalize().hexText
  }

  /// Offset of the first byte that differs from the copy in the case; nil where it holds none.
  private static func firstDifference(
    _ source: SourceEntry, _ located: String, _ reader: CaseReader
  ) throws -> UInt64? {
    guard
      let digest = try reader.embeddedDigest(
        path: source.description.path, preferring: source.sha256), digest == source.sha256,
      let file = fopen(FilePath.system(located), "rb")
    else { return nil }
    defer { fclose(file) }
    var place: UInt64 = 0
    var isFound = false
    var buffer: [UInt8] = []
    try reader.readEmbedded(sha256: digest) { bytes in
      if buffer.count < bytes.count { buffer = [UInt8](repeating: 0, count: bytes.count) }
      let got = fread(&buffer, 1, bytes.count, file)
      for index in 0..<bytes.count where index >= got || buffer[index] != bytes[index] {
        place += UInt64(index)
        isFound = true
        return false
      }
      place += UInt64(bytes.count)
      return true
    }
    return isFound ? place : nil
  }

  /// The formats that the ingest was told for a path's sources, where they are known now.
  private static func rules(
    _ sources: [SourceEntry], at located: String, _ given: [Int64: String], _ catalog: FormatCatalog
  ) -> [SourceRule] {
    sources.compactMap { source in
      guard let format = given[source.ordinal], catalog.format(named: format) != nil else { return nil }
      let name = SourceDescription(path: located, members: source.description.members).name
      return SourceRule(name: name, value: format)
    }
  }

  /// SHA-256 of a file's sources by their members. One file after the other: one that cannot be read must not hide the
  /// others.
  private static func read(
    _ path: String, _ sink: EvidenceRows, _ catalog: FormatCatalog, _ formats: [SourceRule]
  ) -> [[String]: [Found]] {
    var options = IntakeOptions()
    options.catalog = catalog
    options.formats = formats
    options.mayBeKnown = false
    options.jobs = 1
    var found: [[String]: [Found]] = [:]
    do {
      for account in try Intake.run([path], options: options, into: sink).sources {
        found[account.description.members, default: []].append(
          Found(sha256: account.sha256, bytes: account.bytes))
      }
    } catch {
      Console.warn(Sanitizer.escape("\(error)"))
    }
    return found
  }
}
