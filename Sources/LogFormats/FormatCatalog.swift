import Glibc

/// The formats that a session knows: the built-in ones, then those the user added.
public struct FormatCatalog: Sendable {
  /// All formats, in order of preference where scores are equal.
  public private(set) var formats: [any LogFormat]
  /// Names of those that were added.
  private var added: Set<String> = []

  /// The built-in formats.
  public init() { formats = AllFormats.list }

  /// Adds a format; one of the same name is replaced. An added format that knows a source's lines is preferred to the built-in ones,
  /// whatever they make of them; of several added ones the best counts.
  public mutating func add(_ format: any LogFormat) {
    formats.removeAll { $0.name == format.name }
    formats.insert(format, at: 0)
    added.insert(format.name)
  }

  /// Adds the formats that the JSON files of a folder define, in order of their names. A file that cannot be used is
  /// reported and left out; the others are added.
  public mutating func addFormats(fromFolder folder: String) -> [(file: String, error: DefinitionError)] {
    var failures: [(file: String, error: DefinitionError)] = []
    guard let directory = opendir(folder) else {
      let reason = String(cString: strerror(errno))
      return [(folder, DefinitionError(what: "the folder cannot be read: \(reason)", hint: ""))]
    }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name.hasSuffix(".json"), !name.hasPrefix(".") { names.append(name) }
    }
    closedir(directory)
    for name in names.sorted() {
      do throws(DefinitionError) {
        add(try Self.definition(atPath: "\(folder)/\(name)"))
      } catch {
        failures.append((name, error))
      }
    }
    return failures
  }

  /// The format that a JSON file defines: a user's format, or the file of `--mapping`.
  public static func definition(atPath path: String) throws(DefinitionError) -> DefinedFormat {
    guard let file = fopen(path, "re") else {
      throw DefinitionError(what: "'\(path)' cannot be opened: \(String(cString: strerror(errno)))", hint: "")
    }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while bytes.count <= 1 << 20 {
      let count = fread(&chunk, 1, chunk.count, file)
      if count == 0 { break }
      bytes += chunk[0..<count]
    }
    guard bytes.count <= 1 << 20 else {
      throw DefinitionError(
        what: "'\(path)' is larger than 1 MiB", hint: "a format definition is a small JSON file")
    }
    return try DefinedFormat(json: bytes)
  }

  /// The format of this name.
  public func format(named name: String) -> (any LogFormat)? { formats.first { $0.name == name } }

  /// The choice among the formats for a source that begins with these bytes.
  public func election(head: UnsafeRawBufferPointer) -> FormatElection {
    FormatElection(formats: formats, preferred: added, head: head)
  }

  /// A reader for a source that begins with these bytes (as many as are at hand, 64 KiB are enough).
  /// `forced` is the name the user gave for this source.
  public func reader(
    head: UnsafeRawBufferPointer, context: SourceContext = SourceContext(), forced: (any LogFormat)? = nil
  ) -> SourceReader {
    let election = forced.map { FormatElection(formats: [$0], head: head) } ?? election(head: head)
    var context = context
    context.lacksLineFeeds = election.ends.lacksLineFeeds
    switch (forced ?? election.winner)?.name {
    case "jsonl", "json", "logfmt": context.traits = SourceTraits.of(head, in: context)
    case "stamped-text": LineSpeaker.survey(head, &context)
    case "csv": context.traits = SourceTraits.ofTable(head, in: context)
    default: break
    }
    return SourceReader(
      elected: forced ?? election.winner, others: { forced == nil ? election.others : [] }, context: context,
      framing: election.ends.framing, isBehindPriority: election.isBehindPriority)
  }
}
