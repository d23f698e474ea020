import IncidentModel

/// A known kind of JSON object: which members tell it, and which of them play the roles. The formats that read JSON of one
/// producer are made of it.
struct JSONShape: Sendable {
  /// Members of which all must stand in the record, quotes included.
  var markers: [StaticString]
  /// Members of which some must.
  var anyOf: [StaticString] = []
  /// How many of them.
  var least = 1
  /// Members that this producer does not write: records of others that share some of its names say device and message themselves.
  var foreign: [StaticString] = []
  /// Dotted paths of time, device and so on, best first.
  var time: [String] = []
  var device: [String] = []
  var severity: [String] = []
  var message: [String] = []
  var program: [String] = []
  /// The zone of stamps that name none.
  var zone: TimeZoneRules?
  /// Who vouches for the device.
  var basis = IdentityBasis.selfAsserted
  /// True where the severity may be the transport's own; see `NestedJSON`.
  var isTransport = false
  /// The program's name where the record has none.
  var fixedProgram: StaticString = ""

  /// Under which most others write device and message, and producers of events about devices do not.
  static let ownWords: [StaticString] = [
    #""device""#, #""deviceId""#, #""message""#, #""msg""#,
  ]

  /// How sure a line is of this shape.
  func score(_ line: UnsafeRawBufferPointer) -> Int {
    let start = JSONText.skipSpace(line, from: 0)
    guard start < line.count, line[start] == 0x7B else { return 0 }
    for marker in markers where Bytes.find(marker, line) == nil { return 0 }
    if !anyOf.isEmpty {
      var found = 0
      for member in anyOf where found < least && Bytes.find(member, line) != nil { found += 1 }
      guard found >= least else { return 0 }
    }
    for member in foreign where Self.value(of: member, in: line) != nil { return 0 }
    return JSONText.valueEnd(line, from: start) > 0 ? 80 : 0
  }

  /// The roles as a naming.
  var naming: FieldNaming {
    var naming = FieldNaming()
    for (role, paths) in [
      (FieldRole.time, time), (.device, device), (.severity, severity), (.message, message),
      (.program, program),
    ] {
      for (rank, path) in paths.enumerated() {
        var meaning = FieldNames.meaning(path)
        meaning.role = role
        meaning.rank = UInt8(min(rank, 100))
        // Known to be one.
        if meaning.scale == .doubtful || meaning.scale == .wordsOnly { meaning.scale = .unknown }
        naming.overrides[path] = meaning
        if role != .severity { naming.fixedRoles.insert(role) }
      }
    }
    if let zone { naming.stamp = StampRule(zone: zone) }
    return naming
  }

  /// A parser; `finish` may complete each event.
  func makeParser(
    finish: ((UnsafeRawBufferPointer, inout Reading) -> Void)? = nil
  ) -> any RecordParser {
    Parser(self, finish)
  }

  /// Offset of the value of a member, found by its quoted name; nil where it is absent.
  static func value(of name: StaticString, in record: UnsafeRawBufferPointer) -> Int? {
    guard let at = Bytes.find(name, record) else { return nil }
    let colon = JSONText.skipSpace(record, from: at &+ name.utf8CodeUnitCount)
    guard colon < record.count, record[colon] == 0x3A else { return nil }
    let value = JSONText.skipSpace(record, from: colon &+ 1)
    return value < record.count ? value : nil
  }

  final class Parser: RecordParser {
    private let inner: JSONRecordParser
    private let shape: JSONShape
    private let finish: ((UnsafeRawBufferPointer, inout Reading) -> Void)?

    init(_ shape: JSONShape, _ finish: ((UnsafeRawBufferPointer, inout Reading) -> Void)?) {
      inner = JSONRecordParser(naming: shape.naming, basis: shape.basis, isTransport: shape.isTransport)
      self.shape = shape
      self.finish = finish
    }

    func parse(_ record: UnsafeRawBufferPointer, into reading: inout Reading) -> Verdict {
      completed(inner.parse(record, into: &reading), record, &reading)
    }

    func next(_ record: UnsafeRawBufferPointer, into reading: inout Reading) -> Verdict {
      completed(inner.next(record, into: &reading), record, &reading)
    }

    private func completed(_ verdict: Verdict, _ record: UnsafeRawBufferPointer, _ reading: inout Reading)
      -> Verdict
    {
      guard verdict == .event else { return verdict }
      if reading.program.isEmpty, shape.fixedProgram.utf8CodeUnitCount > 0 {
        reading.program = reading.appendText(shape.fixedProgram)
      }
      finish?(record, &reading)
      return verdict
    }
  }
}
