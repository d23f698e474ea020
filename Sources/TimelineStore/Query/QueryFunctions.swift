internal import CSQLite

/// The SQL functions that compiled queries call. They hold what a query compares with, so that SQL text and bound
/// parameters carry nothing but small numbers; a foreign schema cannot call them (`SQLITE_DIRECTONLY`).
///
/// | function | answers |
/// |---|---|
/// | `firebreak_value(k, text)` | does the text fit test k; NULL stays NULL |
/// | `firebreak_field(k, fields)` | does the field fit |
/// | `firebreak_field_text(k, fields)` | the field's value as text, or NULL |
/// | `firebreak_text(k, message, template, variables)` | does the message as shown fit |
final class QueryFunctions {
  let rebuilder: MessageRebuilder
  private var values: [Int64: ValueMatcher] = [:]
  private var fields: [Int64: (path: [UInt8], matcher: ValueMatcher)] = [:]
  private var texts: [Int64: TextMatcher] = [:]
  private var nextNumber: Int64 = 1
  private var scratch: [UInt8] = []

  init(rebuilder: MessageRebuilder) { self.rebuilder = rebuilder }

  fileprivate func add(value: ValueMatcher) -> Int64 {
    nextNumber += 1
    values[nextNumber] = value
    return nextNumber
  }
  fileprivate func add(field path: String, _ matcher: ValueMatcher) -> Int64 {
    nextNumber += 1
    fields[nextNumber] = (Array(path.utf8), matcher)
    return nextNumber
  }
  fileprivate func add(text: TextMatcher) -> Int64 {
    nextNumber += 1
    texts[nextNumber] = text
    return nextNumber
  }
  fileprivate func remove(_ numbers: [Int64]) {
    for number in numbers {
      values[number] = nil
      fields[number] = nil
      texts[number] = nil
    }
  }

  /// Registers the functions; the connection keeps this object alive until it is closed.
  func register(on connection: SQLiteConnection) throws(StoreError) {
    func register(_ name: String, _ count: Int32, _ body: @escaping SQLFunction) throws(StoreError) {
      try connection.register(name, arguments: count, flags: SQLITE_DIRECTONLY, owner: self, body)
    }
    try register("firebreak_value", 2) { context, _, arguments in
      let functions = QueryFunctions.of(context)
      guard let arguments, let text = SQLArgument.bytes(arguments[1]) else {
        return sqlite3_result_null(context)
      }
      guard let test = functions.values[sqlite3_value_int64(arguments[0])] else {
        return sqlite3_result_null(context)
      }
      sqlite3_result_int(context, test.matches(text) ? 1 : 0)
    }
    try register("firebreak_field", 2) { context, _, arguments in
      let functions = QueryFunctions.of(context)
      guard let arguments, let json = SQLArgument.bytes(arguments[1]) else {
        return sqlite3_result_int(context, 0)
      }
      guard let test = functions.fields[sqlite3_value_int64(arguments[0])],
        let value = FieldReader.value(test.path, in: json)
      else { return sqlite3_result_int(context, 0) }
      let fits = value.bytes.withUnsafeBufferPointer { test.matcher.matches($0) }
      sqlite3_result_int(context, fits ? 1 : 0)
    }
    try register("firebreak_field_text", 2) { context, _, arguments in
      let functions = QueryFunctions.of(context)
      guard let arguments, let json = SQLArgument.bytes(arguments[1]) else {
        return sqlite3_result_null(context)
      }
      guard let test = functions.fields[sqlite3_value_int64(arguments[0])],
        let value = FieldReader.value(test.path, in: json)
      else { return sqlite3_result_null(context) }
      value.bytes.withUnsafeBytes {
        sqlite3_result_blob64(
          context, $0.baseAddress, UInt64($0.count), unsafeBitCast(-1, to: sqlite3_destructor_type.self))
      }
    }
    try register("firebreak_text", 4) { context, _, arguments in
      let functions = QueryFunctions.of(context)
      guard let arguments else { return sqlite3_result_int(context, 0) }
      guard let text = functions.texts[sqlite3_value_int64(arguments[0])] else {
        return sqlite3_result_int(context, 0)
      }
      sqlite3_result_int(
        context,
        functions.matches(
          text, message: SQLArgument.bytes(arguments[1]), template: sqlite3_value_int64(arguments[2]),
          variables: SQLArgument.bytes(arguments[3])) ? 1 : 0)
    }
  }

  private func matches(
    _ text: TextMatcher, message: UnsafeBufferPointer<UInt8>?, template: Int64,
    variables: UnsafeBufferPointer<UInt8>?
  ) -> Bool {
    if let message { return text.matches(message) }
    switch text.verdict(template: template) {
    case .settled(let fits): return fits
    case .inVariables: return variables.map { text.matches($0) } ?? false
    case .inMessage: break
    }
    scratch.removeAll(keepingCapacity: true)
    rebuilder.append(
      template: template, variables: variables ?? UnsafeBufferPointer(start: nil, count: 0), to: &scratch)
    return scratch.withUnsafeBufferPointer { text.matches($0) }
  }

  private static func of(_ context: OpaquePointer?) -> QueryFunctions {
    Unmanaged<QueryFunctions>.fromOpaque(sqlite3_user_data(context)).takeUnretainedValue()
  }
}

/// The tests of one query in `QueryFunctions`, gone with it.
final class QueryTests {
  private let functions: QueryFunctions
  private var numbers: [Int64] = []

  init(_ functions: QueryFunctions) { self.functions = functions }
  deinit { functions.remove(numbers) }

  var rebuilder: MessageRebuilder { functions.rebuilder }

  func add(value: ValueMatcher) -> Int64 { kept(functions.add(value: value)) }
  func add(field path: String, _ matcher: ValueMatcher) -> Int64 { kept(functions.add(field: path, matcher)) }
  func add(text: TextMatcher) -> Int64 { kept(functions.add(text: text)) }

  private func kept(_ number: Int64) -> Int64 {
    numbers.append(number)
    return number
  }
}

/// A search in messages, with what can be said of whole templates beforehand.
final class TextMatcher: Sendable {
  /// What is known of all messages of a template.
  enum Verdict: Sendable {
    /// Every one fits, or none does.
    case settled(Bool)
    /// A message fits when one of its variables, as stored, holds the text: it cannot reach over their borders.
    case inVariables
    /// The message must be put together.
    case inMessage
  }

  private let glob: GlobMatcher
  /// The text, where there are no wildcards and it may stand anywhere.
  private let needle: BytePattern?
  /// By template ordinal.
  private let verdicts: [Verdict]

  init(_ place: QueryPredicate.TextPlace, _ pattern: GlobPattern, rebuilder: MessageRebuilder) {
    let glob = GlobMatcher(place == .contains ? pattern.unanchored : pattern, foldsCase: place == .contains)
    let needle = place == .contains ? pattern.literal.map { BytePattern($0, foldsCase: true) } : nil
    self.glob = glob
    self.needle = needle
    verdicts = rebuilder.parts.map { parts in
      guard let parts else { return .settled(false) }
      if parts.constants.count == 1 {
        return .settled(parts.constants[0].withUnsafeBufferPointer { glob.matches($0) })
      }
      guard place == .contains else { return .inMessage }
      // What one constant part holds, every message of the template holds.
      if parts.constants.contains(where: { $0.withUnsafeBufferPointer { glob.matches($0) } }) {
        return .settled(true)
      }
      guard let needle, !Self.canCrossBorders(needle.bytes, parts.constants) else { return .inMessage }
      return .inVariables
    }
  }

  /// False when no occurrence of a text (in lower case) can lie partly in a constant part and partly in a variable, and
  /// the text is stored in variables as it is.
  static func canCrossBorders(_ needle: [UInt8], _ constants: [[UInt8]]) -> Bool {
    // Escaped in the stored variables, or dividing them.
    if needle.contains(where: { $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\\") || $0 == 9 }) {
      return true
    }
    for (index, constant) in constants.enumerated() {
      let folded = constant.map(\.asciiLowercased)
      // From the end of a constant into the variable behind it.
      if index < constants.count - 1 {
        for length in 1..<max(1, min(needle.count, folded.count + 1))
        where folded.suffix(length).elementsEqual(needle.prefix(length)) {
          return true
        }
      }
      // From a variable into the beginning of the constant behind it, and perhaps beyond.
      if index > 0 {
        for length in 1..<max(1, needle.count) {
          let rest = needle.dropFirst(length)
          let common = min(rest.count, folded.count)
          if rest.prefix(common).elementsEqual(folded.prefix(common)),
            rest.count <= folded.count || index < constants.count - 1
          {
            return true
          }
        }
      }
    }
    return false
  }

  func verdict(template: Int64) -> Verdict {
    template >= 0 && template < Int64(verdicts.count) ? verdicts[Int(template)] : .settled(false)
  }

  func matches(_ message: UnsafeBufferPointer<UInt8>) -> Bool {
    needle?.isContained(in: message) ?? glob.matches(message)
  }
}
