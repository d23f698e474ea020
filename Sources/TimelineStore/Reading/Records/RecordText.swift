/// The small JSON objects that records keep in one column beside those that are searched.
enum RecordText {
  /// An object of the members that have a value, in the order given.
  static func object(_ members: [(String, String?)]) -> String {
    var text = "{"
    for (name, value) in members {
      guard let value else { continue }
      if text.utf8.count > 1 { text += "," }
      JSONText.append(name, to: &text)
      text += ":"
      JSONText.append(value, to: &text)
    }
    return text + "}"
  }

  /// The member of an object as text; nil where there is none.
  static func member(_ name: String, of object: String) -> String? {
    var object = object
    return object.withUTF8 { json in
      FieldReader.value(Array(name.utf8), in: json).map { String(decoding: $0.bytes, as: UTF8.self) }
    }
  }
}
