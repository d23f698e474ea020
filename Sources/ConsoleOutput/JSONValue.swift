/// A JSON value to be written, with its members in the order given (RFC 8259).
public indirect enum JSONValue: Sendable, Equatable {
  /// `null`.
  case null
  /// `true` or `false`.
  case bool(Bool)
  /// A whole number.
  case int(Int64)
  /// A number; not finite ones are written as `null`, since JSON has none.
  case double(Double)
  /// A string.
  case string(String)
  /// An array.
  case array([JSONValue])
  /// An object; keys in this order.
  case object([(String, JSONValue)])
  /// A value that writes itself: there may be millions of elements in it.
  case written(@Sendable (inout JSONWriter) -> Void)
  /// JSON text that was made elsewhere and is known to be valid.
  case verbatim(String)

  /// Equal when they are written alike.
  public static func == (a: JSONValue, b: JSONValue) -> Bool { a.text() == b.text() }

  /// The value as one line.
  public func text() -> String {
    var out = JSONWriter()
    write(into: &out)
    return String(decoding: out.bytes, as: UTF8.self)
  }

  /// The value with line breaks and two blanks of indentation.
  public func prettyText() -> String {
    var out = JSONWriter(isPretty: true)
    write(into: &out)
    return String(decoding: out.bytes, as: UTF8.self)
  }

  /// The same in pieces of some 64 KiB, so that a document of any size takes no more memory than that.
  public func prettyText(_ piece: @escaping (UnsafeRawBufferPointer) -> Void) {
    var out = JSONWriter(isPretty: true, piece: piece)
    write(into: &out)
    out.finish()
  }

  /// Writes the value where something else is being written.
  public func write(into out: inout JSONWriter) {
    switch self {
    case .null: out.null()
    case .bool(let value): out.bool(value)
    case .int(let value): out.int(value)
    case .double(let value): out.double(value)
    case .string(let value): out.string(value)
    case .verbatim(let text): out.verbatim(text)
    case .written(let write): write(&out)
    case .array(let values):
      out.beginArray()
      for value in values { value.write(into: &out) }
      out.endArray()
    case .object(let members):
      out.beginObject()
      for (name, value) in members {
        out.key(name)
        value.write(into: &out)
      }
      out.endObject()
    }
  }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral {
  /// A string.
  public init(stringLiteral value: String) { self = .string(value) }
  /// A whole number.
  public init(integerLiteral value: Int64) { self = .int(value) }
  /// A truth value.
  public init(booleanLiteral value: Bool) { self = .bool(value) }
}
