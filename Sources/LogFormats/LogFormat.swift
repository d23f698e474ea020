/// How a source is cut into records.
public enum Framing: Sendable, Hashable {
  /// One record a line; LF or CRLF are not part of the record handed to the parser, nor is a byte-order mark.
  case lines
  /// JSON values one after the other, with or without line ends between or inside them.
  case jsonValues
  /// The same, but a large document that only holds others is read element by element; see `JSONShell`.
  case jsonElements
  /// Records of a fixed number of bytes, without separators.
  case fixed(Int)
  /// Blocks of lines with an empty line behind each, fields with a binary length in between (journal export format).
  case journalExport
  /// AUTOSAR DLT messages, each behind a storage header; see `DLTFormat`.
  case dlt
  /// Syslog over TCP with a count in front of each message (RFC 6587, 3.4.1); where a count is wrong, lines.
  case octetCounted
  /// Syslog over TCP with a NUL behind each message.
  case nulEnded
  /// One record a line, in a source whose lines end with CR alone; LF and CRLF end a record as well.
  case carriageReturns
  /// The whole source is one record (up to the caller's limit).
  case whole

  /// True where a record may hold line feeds.
  public var spansLines: Bool {
    switch self {
    case .jsonValues, .jsonElements, .octetCounted, .nulEnded: true
    default: false
    }
  }
}

/// What is known of a source before it is read. Formats may take the device from it.
public struct SourceContext: Sendable {
  /// Path on disk, then the member names, outermost first.
  public var path: [String]
  /// Names of the inventory's devices: a field or word that holds most of them names the device of its record.
  public var knownDevices: Set<String> = []
  /// Where the source lay names a device of the inventory, and names that it does not know come second.
  public var isOfKnownDevice = false
  /// True where the first bytes show records that follow each other without line feeds; see `RecordEnds`.
  var lacksLineFeeds = false
  /// What its first bytes show of all its records.
  var traits = SourceTraits()
  /// A context from path and member chain.
  public init(path: [String] = []) { self.path = path }
}

/// A log format: how its records look, and proof that it can read them.
///
/// One conformance per file in `Formats/`, listed in `AllFormats.swift`. Formats are values without state; what must
/// be remembered from line to line (a CSV header, the last stamp) lives in the parser they make.
public protocol LogFormat: Sendable {
  /// Stable name, lower case with `-`: `syslog-rfc3164`.
  var name: String { get }
  /// One line for `firebreak formats`.
  var summary: String { get }
  /// What it yields besides the message: `time`, `device`, `severity`, `program`, and names of other fields.
  var yields: [String] { get }
  /// How its sources are cut into records.
  var framing: Framing { get }
  /// Records it must read, with what it must make of them. Consecutive: parser state carries on from one to the next.
  var samples: [FormatSample] { get }
  /// Records it must refuse.
  var refusals: [String] { get }
  /// True for formats whose sources are no text.
  var isBinary: Bool { get }
  /// How sure it is that this line is its own: 0 never, 100 nothing else could be. Called on first lines only,
  /// and on lines that the elected format has refused. Must not depend on earlier lines.
  func score(_ line: UnsafeRawBufferPointer) -> Int
  /// How sure it is that a source with these first bytes is its own, for formats that need more than one line to tell
  /// (a header and rows): 0 to 100, counted for each line looked at.
  func headScore(_ head: UnsafeRawBufferPointer) -> Int
  /// A parser for one source.
  func makeParser(_ context: SourceContext) -> any RecordParser
}

extension LogFormat {
  /// Text, unless said otherwise.
  public var isBinary: Bool { false }

  /// Lines, unless said otherwise.
  public var framing: Framing { .lines }

  /// Lines tell enough, unless said otherwise.
  public func headScore(_ head: UnsafeRawBufferPointer) -> Int { 0 }
}

/// The state of reading one source. Used by one thread at a time.
public protocol RecordParser: AnyObject {
  /// Reads one record. `reading` is reset first; its slices refer to `record` or to its scratch buffer.
  func parse(_ record: UnsafeRawBufferPointer, into reading: inout Reading) -> Verdict
  /// The next event of the record that was parsed last, while `reading.flags` holds `.more`.
  func next(_ record: UnsafeRawBufferPointer, into reading: inout Reading) -> Verdict
  /// Where it gathers documents from lines: what has become of them.
  var gathering: GatheredDocument? { get }
}

extension RecordParser {
  /// Most read each line for itself.
  public var gathering: GatheredDocument? { nil }

  /// Records of most formats hold one event.
  public func next(_ record: UnsafeRawBufferPointer, into reading: inout Reading) -> Verdict {
    reading.reset()
    return .structure
  }
}

/// What became of a record.
public enum Verdict: Sendable, Hashable {
  /// An event; the reading says what.
  case event
  /// Belongs to the event before: `message` is to be appended to its message after a line feed, the members of
  /// `fields` to its fields. Where there is no event before, it is refused as `orphan`.
  case continuation
  /// A header, a comment, a bracket. The reading's flags may still say `.bootMarker`.
  case structure
  /// Nothing but white space.
  case blank
  /// Not readable, and why.
  case refused(Refusal)
}

/// Why a record could not be read.
public enum Refusal: UInt8, Error, CaseIterable {
  case notJSON, notAnObject, tooDeep, badTime, noTime, notSyslog, badColumns, badQuoting, noHeader, noMatch
  case matchLimit, tooLong, binary, badUTF8, badNumber, badField, truncated, orphan, unknownAlias, badChecksum

  /// The stable code kept in the case file.
  public var code: String {
    switch self {
    case .notJSON: "not-json"
    case .notAnObject: "not-an-object"
    case .tooDeep: "too-deep"
    case .badTime: "bad-time"
    case .noTime: "no-time"
    case .notSyslog: "not-syslog"
    case .badColumns: "bad-columns"
    case .badQuoting: "bad-quoting"
    case .noHeader: "no-header"
    case .noMatch: "no-match"
    case .matchLimit: "match-limit"
    case .tooLong: "too-long"
    case .binary: "binary"
    case .badUTF8: "bad-utf8"
    case .badNumber: "bad-number"
    case .badField: "bad-field"
    case .truncated: "truncated"
    case .orphan: "orphan"
    case .unknownAlias: "unknown-alias"
    case .badChecksum: "bad-checksum"
    }
  }

  /// What the code means, in a few words for people.
  public var words: String {
    switch self {
    case .notJSON: "it is not whole or not valid JSON, as the lines around it are"
    case .notAnObject: "JSON, but no object"
    case .tooDeep: "JSON that nests too deep"
    case .badTime: "its stamp can be no time"
    case .noTime: "it has no stamp, as the lines around it have"
    case .notSyslog: "it does not begin as syslog does, as the lines around it do"
    case .badColumns: "it has more or fewer columns than its file's header"
    case .badQuoting: "a quote in it is never closed"
    case .noHeader: "a row before any header"
    case .noMatch: "it does not look like the lines around it"
    case .matchLimit: "its pattern took too many steps"
    case .tooLong: "it is longer than a line may be"
    case .binary: "no text"
    case .badUTF8: "its text is no UTF-8"
    case .badNumber: "a number in it is none"
    case .badField: "a field in it is broken"
    case .truncated: "the record is cut off"
    case .orphan: "it goes on with a record that is not there"
    case .unknownAlias: "a metric by a number that no BIRTH message names"
    case .badChecksum: "its checksum is wrong"
    }
  }
}
