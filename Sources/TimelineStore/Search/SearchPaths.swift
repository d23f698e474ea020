/// The ways in which a text can come to stand in a message: in what a row stores of it, in a template's constant part, or
/// partly here and partly there. Every message that holds the text does so in one of these ways.
struct SearchPaths {
  /// One way: the template that it needs, and stretches that stand in the stored variables or message.
  struct Path: Hashable {
    /// Content id; nil: any.
    var template: UInt64?
    /// In lower case, each long enough to be looked for.
    var texts: Set<[UInt8]>
  }
  private(set) var paths: Set<Path> = []
  /// Ordinals of the templates all of whose events are candidates.
  private(set) var openTemplates: [Int] = []

  private static let maximumPaths = 256
  private static let maximumSteps = 2000

  /// nil where signatures cannot help: the text is too short, or there are too many ways.
  /// - Parameter needle: In lower case.
  init?(_ needle: [UInt8], templates: [MessageRebuilder.Parts?]) {
    let whole = Self.searchable(needle)
    guard !whole.isEmpty else { return nil }
    paths.insert(Path(template: nil, texts: whole))
    let screen = ConstantScreen(BytePattern(needle, foldsCase: true))
    for (ordinal, parts) in templates.enumerated() {
      guard let parts, screen.mayTouch(parts.constants) else { continue }
      var walk = Walk(needle: needle, constants: parts.constants.map { $0.map(\.asciiLowercased) })
      walk.run()
      guard !walk.found.isEmpty || walk.isOpen else { continue }
      let texts = walk.found.map { fragments in
        fragments.reduce(into: Set<[UInt8]>()) { $0.formUnion(Self.searchable(Array(needle[$1]))) }
      }
      if walk.isOpen || texts.contains(where: \.isEmpty) {
        openTemplates.append(ordinal)
        paths.insert(Path(template: parts.id, texts: []))
      } else {
        for one in texts { paths.insert(Path(template: parts.id, texts: one)) }
      }
      guard paths.count <= Self.maximumPaths else { return nil }
    }
  }

  /// The parts of a text that rows store as they are: quotes, backslashes and control characters may be written otherwise.
  private static func searchable(_ text: [UInt8]) -> Set<[UInt8]> {
    Set(
      text.split(whereSeparator: { $0 < 0x20 || $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\\") })
        .filter { $0.count >= BlockSignature.shortest }.map(Array.init))
  }

  /// All ways of laying a text over one template's constants and variables.
  private struct Walk {
    let needle: [UInt8]
    let constants: [[UInt8]]
    /// Fragments of the needle that lie in variables, for each way.
    var found: Set<[Range<Int>]> = []
    /// True where a constant holds the text, or there are too many ways to tell them apart.
    var isOpen = false
    private var steps = 0

    init(needle: [UInt8], constants: [[UInt8]]) {
      self.needle = needle
      self.constants = constants
    }

    mutating func run() {
      for index in constants.indices {
        let constant = constants[index]
        // The text begins inside this constant…
        for offset in constant.indices {
          let common = min(constant.count - offset, needle.count)
          guard constant[offset..<offset + common].elementsEqual(needle[..<common]) else { continue }
          if common == needle.count {
            isOpen = true
            return
          }
          variable(index, from: common, [])
        }
        // …or in the variable behind it, and reaches into the next constant.
        if index + 1 < constants.count {
          for end in stride(from: 1, to: needle.count, by: 1) { self.constant(index + 1, at: end, [0..<end]) }
        }
        if isOpen { return }
      }
    }

    /// The text goes on with a whole constant, or ends in it.
    private mutating func constant(_ index: Int, at position: Int, _ fragments: [Range<Int>]) {
      steps += 1
      if steps > SearchPaths.maximumSteps { isOpen = true }
      guard !isOpen else { return }
      let constant = constants[index]
      let common = min(constant.count, needle.count - position)
      guard constant[..<common].elementsEqual(needle[position..<position + common]) else { return }
      if position + common == needle.count {
        found.insert(fragments)
      } else {
        variable(index, from: position + common, fragments)
      }
    }

    /// The text goes on in the variable behind a constant.
    private mutating func variable(_ index: Int, from position: Int, _ fragments: [Range<Int>]) {
      guard index + 1 < constants.count else { return }
      for end in position...needle.count {
        let more = end > position ? fragments + [position..<end] : fragments
        if end == needle.count { found.insert(more) } else { constant(index + 1, at: end, more) }
        if isOpen { return }
      }
    }
  }
}
