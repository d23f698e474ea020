/// Why evidence could not be read: what could not be done, on what, where, and what to do next.
public struct IntakeError: Error, Sendable, Hashable, CustomStringConvertible {
  /// A short stable code for programs and tests.
  public enum Code: String, Sendable {
    /// The path does not exist.
    case notFound = "not-found"
    /// The path cannot be opened or read.
    case unreadable = "unreadable"
    /// Neither file nor folder: a device, a socket, a pipe.
    case specialFile = "special-file"
    /// A folder without a single readable file.
    case nothingToRead = "nothing-to-read"
    /// An option's value makes no sense.
    case badOption = "bad-option"
    /// An inventory, topology or mapping file is not as it must be.
    case badReference = "bad-reference"
    /// The process that unpacks archives could not be started or talked to.
    case archiveHelper = "archive-helper"
    /// Bytes in are not bytes accounted for: a fault of Firebreak itself.
    case accounting
    /// The caller asked to stop.
    case interrupted
  }

  /// What kind of failure.
  public var code: Code
  /// One sentence without the path.
  public var what: String
  /// The path, with members as `archive.zip/inner.log`; empty where there is none.
  public var place: String
  /// The system's or library's own words, where there are any.
  public var underlying: String

  /// An error from its parts.
  public init(_ code: Code, _ what: String, place: String = "", underlying: String = "") {
    self.code = code
    self.what = what
    self.place = place
    self.underlying = underlying
  }

  /// The caller asked to stop.
  static let interrupted = IntakeError(.interrupted, "the ingest was interrupted")

  /// The whole sentence.
  public var description: String {
    let head = place.isEmpty ? what : "'\(place)': \(what)"
    return underlying.isEmpty ? head : "\(head) (\(underlying))"
  }
}
