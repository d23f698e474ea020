/// An address of this server: path and query, encoded. There is no way to make one that leads elsewhere.
struct Link: Sendable, Hashable {
  private var path: String
  private var query: [Field] = []
  private var fragment = ""

  private struct Field: Sendable, Hashable {
    var name: String
    var value: String
  }

  /// A path of segments; each is encoded.
  init(_ segments: String..., query: [(String, String?)] = []) {
    self.init(path: segments, query: query)
  }

  init(path segments: [String], query: [(String, String?)] = []) {
    path = "/" + segments.map { PercentCoding.encode($0) }.joined(separator: "/")
    for (name, value) in query { if let value { self.query.append(Field(name: name, value: value)) } }
  }

  /// The address of a request, to go on from.
  init(_ request: WebRequest) {
    self.init(path: request.path, query: request.query.map { ($0.name, $0.value) })
    query.removeAll { $0.value.isEmpty && $0.name != "open" }
  }

  /// A part of the same page.
  static func part(_ id: String) -> Link {
    var link = Link()
    link.path = ""
    link.fragment = id
    return link
  }

  /// Nothing at all, for an icon that must not be asked for.
  static let noIcon: Link = {
    var link = Link()
    link.path = "data:,"
    return link
  }()

  /// With a query field set, or taken away where the value is nil.
  func with(_ name: String, _ value: String?) -> Link {
    var link = self
    link.query.removeAll { $0.name == name }
    if let value { link.query.append(Field(name: name, value: value)) }
    return link
  }

  /// The query's fields in order.
  var fields: [(name: String, value: String)] { query.map { ($0.name, $0.value) } }

  /// With one more query field.
  mutating func add(_ name: String, _ value: String) { query.append(Field(name: name, value: value)) }

  /// Without these query fields.
  func without(_ names: String...) -> Link {
    var link = self
    link.query.removeAll { names.contains($0.name) }
    return link
  }

  /// With a part of the page to show.
  func at(_ id: String) -> Link {
    var link = self
    link.fragment = id
    return link
  }

  var text: String {
    var text = path
    if !query.isEmpty {
      text +=
        "?"
        + query.map { "\(PercentCoding.encode($0.name))=\(PercentCoding.encode($0.value))" }
        .joined(separator: "&")
    }
    return fragment.isEmpty ? text : text + "#" + fragment
  }
}

extension Link {
  /// An address that a form of ours carried, to go back to; the overview where it is none of this server's.
  init(local text: String) {
    self.init()
    let bytes = Array(text.utf8)
    guard bytes.first == UInt8(ascii: "/"), bytes.count < 4096, bytes.allSatisfy({ $0 > 0x20 && $0 < 0x7f })
    else {
      return
    }
    // `//host` is an address elsewhere.
    guard !bytes.dropFirst().starts(with: [UInt8(ascii: "/")]) else { return }
    let noFragment = bytes.prefix { $0 != UInt8(ascii: "#") }
    let anchor = bytes.dropFirst(noFragment.count + 1)
    let mark = noFragment.firstIndex(of: UInt8(ascii: "?")) ?? noFragment.endIndex
    var segments: [String] = []
    for part in noFragment[..<mark].split(separator: UInt8(ascii: "/")) {
      guard let name = PercentCoding.decode(part, plusIsBlank: false) else { return }
      segments.append(name)
    }
    let query = PercentCoding.fields(noFragment[mark...].dropFirst()) ?? []
    var link = Link(path: segments, query: query.map { ($0.name, $0.value) })
    if anchor.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 || $0 >= 0x61 && $0 <= 0x7a || $0 == 0x2d }) {
      link = link.at(String(decoding: anchor, as: UTF8.self))
    }
    self = link
  }
}

extension Link {
  /// With a query field for each value; one without a value where there is none, so that the field is there.
  func adding(_ name: String, _ values: [String]) -> Link {
    var link = without(name)
    for value in values.isEmpty ? [""] : values { link = link.appending(name, value) }
    return link
  }

  private func appending(_ name: String, _ value: String) -> Link {
    var link = self
    link.add(name, value)
    return link
  }
}
