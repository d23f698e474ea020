/// Devices or templates of the case: those it has, then those that a load adds, by ordinal.
struct CaseDictionary {
  private var content = ContentDictionary()
  private var textStarts: [Int] = []
  /// Ordinals below were in the case before.
  private(set) var old = 0

  init() {}

  /// Reads the rows (ordinal, id, name or program, text); `joinsTwo` when the content is program, NUL, text.
  init(_ rows: SQLiteStatement, joinsTwo: Bool = false) throws(StoreError) {
    while try rows.next() {
      var bytes = rows.bytes(2)
      if joinsTwo { bytes += [0] + rows.bytes(3) }
      _ = bytes.withUnsafeBytes { content.define(UInt64(bitPattern: rows.int64(1)), $0) }
    }
    old = content.count
  }

  var count: Int { content.count }
  func id(_ ordinal: Int) -> UInt64 { content.ids[ordinal] }
  func withContent<R>(_ ordinal: Int, _ body: (UnsafeRawBufferPointer) -> R) -> R {
    content.withContent(ordinal, body)
  }
  /// First byte of a template's text.
  func textStart(_ ordinal: Int) -> Int {
    withContent(ordinal) { ($0.firstIndex(of: 0) ?? -1) + 1 }
  }

  /// Takes over what a source uses, in order of first use. The map gets the case's ordinals by the lane's; -1 for those that
  /// the source does not use.
  mutating func adopt(
    _ used: ArraySlice<Int32>, of lane: ContentDictionary, into map: inout [Int32], kind: String, path: String
  ) throws(StoreError) {
    if map.count < lane.count { map += repeatElement(-1, count: lane.count - map.count) }
    for local in used {
      let id = lane.ids[Int(local)]
      switch lane.withContent(Int(local), { content.define(id, $0) }) {
      case .new(let ordinal), .known(let ordinal): map[Int(local)] = ordinal
      case .collision:
        throw StoreError(
          code: .collision, what: "cannot load", path: path,
          reason: "two \(kind)s have the same 64-bit id \(String(id, radix: 16))",
          advice: "load it into a case of its own, and report it")
      case .full:
        throw StoreError(
          code: .limit, what: "cannot load", path: path,
          reason: "more than \(ContentDictionary.maximumCount) \(kind)s",
          advice: "split the evidence into several cases")
      }
    }
  }
}
