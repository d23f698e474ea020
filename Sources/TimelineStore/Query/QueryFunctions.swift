internal import CSQLite
internal import IncidentModel

/// The SQL functions that compiled queries call. They hold what a query compares with, so that SQL text and bound
/// parameters carry nothing but small numbers; a foreign schema cannot call them (`SQLITE_DIRECTONLY`).
///
/// | function | answers |
/// |---|---|
/// | `firebreak_value(k, text)` | does the text fit test k; NULL stays NULL |
/// | `firebreak_field(k, fields, header)` | does the field fit |
/// | `firebreak_field_text(k, fields, header)` | the field's value as text, or NULL |
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
    try register("firebreak_field", 3) { context, _, arguments in
      let functions = QueryFunctions.of(context)
      guard let arguments, let test = functions.fields[sqlite3_value_int64(arguments[0])],
        let value = QueryFunctions.value(test.path, fields: arguments[1], header: arguments[2])
      else { return sqlite3_result_int(context, 0) }
      let fits = value.bytes.withUnsafeBufferPointer { test.matcher.matches($0) }
      sqlite3_result_int(context, fits ? 1 : 0)
    }
    try register("firebreak_field_text", 3) { context, _, arguments in
      let functions = QueryFunctions.of(context)
      guard let arguments, let test = functions.fields[sqlite3_value_int64(arguments[0])],
        let value = QueryFunctions.value(test.path, fields: arguments[1], header: arguments[2])
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
        functions.fits(
          text, message: SQLArgument.bytes(arguments[1]), template: sqlite3_value_int64(arguments[2]),
          variables: SQLArgument.bytes(arguments[3])) ? 1 : 0)
    }
  }

  /// The field of this path in a row's fields, or in those that its header stands for.
  private static func value(
    _ path: [UInt8], fields: OpaquePointer?, header: OpaquePointer?
  ) -> FieldReader.Value? {
    if let json = SQLArgument.bytes(fields) { return FieldReader.value(path, in: json) }
    guard var spelled = SyslogHeader(stored: sqlite3_value_int64(header))?.fields else { return nil }
    return spelled.withUTF8 { FieldReader.value(path, in: $0) }
  }

  /// The test of `firebreak_text`.
  /// - Parameter message: nil where the row has none, as with `variables`.
  func fits(
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
  let functions: QueryFunctions
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
