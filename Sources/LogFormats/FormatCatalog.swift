/// The formats that a session knows: the built-in ones, then those the user added.
public struct FormatCatalog: Sendable {
  /// All formats, in order of preference where scores are equal.
  public private(set) var formats: [any LogFormat]

  /// The built-in formats.
  public init() { formats = AllFormats.list }

  /// Adds a format; one of the same name is replaced. Added formats are preferred where scores are equal.
  public mutating func add(_ format: any LogFormat) {
    formats.removeAll { $0.name == format.name }
    formats.insert(format, at: 0)
  }

  /// The format of this name.
  public func format(named name: String) -> (any LogFormat)? { formats.first { $0.name == name } }

  /// A reader for a source that begins with these bytes (as many as are at hand, 64 KiB are enough).
  /// `forced` is the name the user gave for this source.
  public func reader(
    head: UnsafeRawBufferPointer, context: SourceContext = SourceContext(), forced: (any LogFormat)? = nil
  ) -> SourceReader {
    if let forced { return SourceReader(elected: forced, others: [], context: context) }
    let election = FormatElection(formats: formats, head: head)
    return SourceReader(elected: election.winner, others: election.others, context: context)
  }
}
