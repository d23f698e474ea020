public import IncidentModel

/// What an analyst says about the case: who and when, never changed, only retracted.
public struct Note: Sendable, Hashable {
  /// What sort of statement it is. Open: more kinds may come.
  public struct Kind: RawRepresentable, Hashable, Sendable {
    /// The name in the case.
    public var rawValue: String
    /// A kind by name.
    public init(rawValue: String) { self.rawValue = rawValue }
    /// Free text.
    public static let note = Kind(rawValue: "note")
    /// A tag on an event, in `value`; `tag:` in queries finds it.
    public static let tag = Kind(rawValue: "tag")
    /// An onset, edge or origin (`subject`) is right.
    public static let accept = Kind(rawValue: "accept")
    /// An onset, edge or origin (`subject`) is wrong.
    public static let reject = Kind(rawValue: "reject")
    /// A known fact at a time: `subject` is the time in RFC 3339, `text` the fact.
    public static let fact = Kind(rawValue: "fact")
    /// A value for a report: `subject` is the key.
    public static let annotation = Kind(rawValue: "annotation")
    /// Takes back the note whose number is `value`.
    public static let retraction = Kind(rawValue: "retract")
  }
  /// Number within the case; 0 before it is kept.
  public var id: Int64
  /// When it was said.
  public var createdAt: Instant
  /// Who said it.
  public var author: String
  /// What sort of statement it is.
  public var kind: Kind
  /// The event it is about.
  public var event: EventID?
  /// What else it is about: `onset:gw-1`, `edge:a->b`, `origin:gw-1`, a key.
  public var subject: String?
  /// A value: the tag, the number retracted.
  public var value: String?
  /// The statement in words; may be empty.
  public var text: String

  /// A note from its parts.
  public init(
    id: Int64 = 0, createdAt: Instant, author: String, kind: Kind, event: EventID? = nil,
    subject: String? = nil,
    value: String? = nil, text: String = ""
  ) {
    self.id = id
    self.createdAt = createdAt
    self.author = author
    self.kind = kind
    self.event = event
    self.subject = subject
    self.value = value
    self.text = text
  }
}

extension Note {
  /// The action of custody entries about notes, and how their subject names one.
  public static let custodyAction = "note"
  /// What the custody log calls this note.
  public var custodySubject: String { "note \(id)" }

  /// All of a kept note, for a digest: who said what when, in which place.
  public var custodyText: [UInt8] {
    Array(
      JSONText.array([
        String(id), String(createdAt.nanoseconds), author, kind.rawValue,
        event.map { String($0.rawValue) } ?? "", subject ?? "", value ?? "", text,
      ]).utf8)
  }
}

/// The analysts' notes of a case.
public final class NoteStore: Sendable {
  private let file: CaseFile

  /// The notes of an open case.
  public init(_ file: CaseFile) { self.file = file }

  /// Opens a case for its notes.
  public convenience init(path: String) throws(StoreError) { self.init(try CaseFile(path: path)) }

  /// Keeps a note, durable on return, and gives it its number. Refuses an event that is not in the case, and a
  /// retraction of what is not there.
  public func add(_ note: Note) throws(StoreError) -> Note {
    let path = file.path
    func refusal(_ reason: String, _ code: StoreError.Code = .unknownName) -> StoreError {
      StoreError(code: code, what: "cannot add the note to case", path: path, reason: reason)
    }
    let id = try file.write { (connection) throws(StoreError) -> Int64 in
      if let event = note.event {
        let found = try connection.prepare(
          "SELECT count(*) FROM segment WHERE ? >= first_event AND ? < first_event + events")
        guard try found.integer([.integer(event.rawValue), .integer(event.rawValue)]) == 1 else {
          throw refusal("there is no event \(event.rawValue)")
        }
      }
      if note.kind == .retraction {
        let found = try connection.prepare("SELECT count(*) FROM note WHERE id = ?")
        guard let number = note.value.flatMap({ Int64($0) }), try found.integer([.integer(number)]) == 1
        else {
          throw refusal("there is no note \(note.value ?? "")")
        }
        if let earlier = try Self.read(connection, true).first(where: {
          $0.kind == .retraction && $0.value.flatMap { Int64($0) } == number
        }) {
          throw refusal("note \(number) is retracted already, by note \(earlier.id)", .invalid)
        }
      }
      let statement = try connection.prepare(
        "INSERT INTO note (created_at, author, event, text) VALUES (?, ?, ?, ?)")
      try statement.run(
        .integer(note.createdAt.nanoseconds), .text(note.author), SQLiteValue(note.event?.rawValue),
        .text(
          RecordText.object([
            ("kind", note.kind.rawValue), ("subject", note.subject), ("value", note.value),
            ("text", note.text),
          ])))
      return try connection.prepare("SELECT max(id) FROM note").integer() ?? 0
    }
    var kept = note
    kept.id = id
    return kept
  }

  /// All notes in the order they were made.
  /// - Parameter includingRetracted: Also those taken back, and the retractions.
  public func notes(includingRetracted: Bool = false) throws(StoreError) -> [Note] {
    try file.read { (connection) throws(StoreError) in try Self.read(connection, includingRetracted) }
  }

  static func read(_ connection: SQLiteConnection, _ includingRetracted: Bool) throws(StoreError) -> [Note] {
    let row = try connection.prepare("SELECT id, created_at, author, event, text FROM note ORDER BY id")
    var notes: [Note] = []
    while try row.next() {
      let text = row.text(4)
      notes.append(
        Note(
          id: row.int64(0), createdAt: Instant(nanoseconds: row.int64(1)), author: row.text(2),
          kind: .init(rawValue: RecordText.member("kind", of: text) ?? "note"),
          event: row.int64OrNil(3).map { EventID(rawValue: $0) },
          subject: RecordText.member("subject", of: text),
          value: RecordText.member("value", of: text), text: RecordText.member("text", of: text) ?? text))
    }
    guard !includingRetracted else { return notes }
    let retracted = Set(notes.filter { $0.kind == .retraction }.compactMap { $0.value.flatMap { Int64($0) } })
    return notes.filter { $0.kind != .retraction && !retracted.contains($0.id) }
  }
}

extension CaseReader {
  /// The analysts' notes, in the order they were made.
  /// - Parameter includingRetracted: Also those taken back, and the retractions.
  public func notes(includingRetracted: Bool = false) throws(StoreError) -> [Note] {
    try NoteStore.read(connection, includingRetracted)
  }
}
