/// The small JSON objects that records keep in one column beside those that are searched.
enum RecordText {
  /// An object of the members that have a value, in the order given.
  static func object(_ members: [(String, String?)]) -> String {
    var bytes: [UInt8] = [0x7B]
    bytes.reserveCapacity(512)
    for (name, value) in members {
      guard let value else { continue }
      if bytes.count > 1 { bytes.append(0x2C) }
      JSONText.append(name, to: &bytes)
      bytes.append(0x3A)
      JSONText.append(value, to: &bytes)
    }
    bytes.append(0x7D)
    return String(decoding: bytes, as: UTF8.self)
  }

  /// The member of an object as text; nil where there is none.
  static func member(_ name: String, of object: String) -> String? {
    var object = object
    return object.withUTF8 { json in
      FieldReader.value(Array(name.utf8), in: json).map { String(decoding: $0.bytes, as: UTF8.self) }
    }
  }
}
