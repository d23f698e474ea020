import Crypto
import Glibc
public import PlaybookModel

/// The plan and the undo script that a run keeps beside the case, against what its journal notes of them: a script that
/// somebody else wrote is run as root on the day when only a shell is left.
public struct RunFolder: Sendable {
  /// What lies there now.
  public enum State: Sendable, Hashable {
    /// It has the SHA-256 that the journal notes.
    case same
    /// It has another.
    case differs
    /// It cannot be read, and why: a case may be taken elsewhere without it.
    case unreadable(String)
    /// The journal notes nothing of it.
    case notNoted
  }

  /// One file.
  public struct File: Sendable {
    /// `undo.sh` or `plan`.
    public var name: String
    /// Its path.
    public var path: String
    /// What lies there now.
    public var state: State
  }

  /// SHA-256 of the undo script, in hex; nil when none was kept.
  public private(set) var script: String?
  /// Number of the record that notes it; 0 for none.
  public private(set) var scriptRecord = 0
  /// Hash of the plan, in hex: the SHA-256 of its lines before the last one, which holds it.
  public private(set) var plan: String?

  /// What a journal notes, of which nothing was read yet.
  public init() {}

  /// What the journal of a run notes: its first records say it. Throws what the journal throws.
  public init(run: String, in storage: any JournalStorage) throws {
    struct Enough: Error {}
    var folder = RunFolder()
    do {
      try storage.forEachRecord(run: run) { record in
        folder.add(record)
        if record.sequence > 8 { throw Enough() }
      }
    } catch is Enough {}
    self = folder
  }

  /// The next record.
  public mutating func add(_ record: RunRecord) {
    if record.kind == .runStarted { plan = plan ?? record.reason }
    guard record.kind == .note, record.reason == "undo-script", script == nil else { return }
    let words = record.detail.split(separator: " ")
    guard words.count > 2, words[0] == "undo", words[1] == "script", words[2].count == 64 else { return }
    script = String(words[2])
    scriptRecord = record.sequence
  }

  /// Both files of a run's folder; none where no folder was kept.
  public func files(in folder: String) -> [File] {
    guard script != nil else { return [] }
    return ["undo.sh", "plan"].map { File(name: $0, path: "\(folder)/\($0)", state: state($0, in: folder)) }
  }

  /// What lies there of one of them.
  public func state(_ name: String, in folder: String) -> State {
    let isPlan = name == "plan"
    guard let noted = isPlan ? plan : script else { return .notNoted }
    guard let file = fopen("\(folder)/\(name)", "re") else {
      return .unreadable(String(cString: strerror(errno)))
    }
    defer { fclose(file) }
    // A plan's last line seals the lines before it, and is not among them.
    let seal = isPlan ? Array("{\"plan_hash\":\"\(noted)\"}\n".utf8) : []
    var hasher = SHA256()
    var rest: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 20)
    while true {
      let count = fread(&buffer, 1, buffer.count, file)
      if count == 0 { break }
      rest += buffer[..<count]
      if rest.count > seal.count {
        hasher.update(data: rest.dropLast(seal.count))
        rest = Array(rest.suffix(seal.count))
      }
    }
    guard ferror(file) == 0 else { return .unreadable(String(cString: strerror(errno))) }
    return rest == seal && HexText.lower(hasher.finalize()) == noted ? .same : .differs
  }
}
