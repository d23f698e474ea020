import CPCRE2
internal import Synchronization

/// A regular expression on bytes (PCRE2, JIT where the machine has it), with limits on what a match may cost. The compiled
/// code is shared and never changes; `BytePatternMatch` holds what one user of it needs.
final class BytePattern: @unchecked Sendable {
  // @unchecked: PCRE2 guarantees that compiled code may be used by several threads at once as long as it does not change.
  fileprivate let code: OpaquePointer
  /// Limits, shared by all users: it never changes either.
  fileprivate let context: OpaquePointer
  /// Match data that nobody uses at the moment, as bits of its pointer; 0 where there is none.
  private let spare = Atomic<UInt>(0)
  /// The pattern as written.
  let text: String
  /// What a record must hold; nil where nothing is known.
  private let need: PatternNeed?
  /// Names of the groups with their numbers, in order of their numbers.
  let groups: [(name: String, number: Int)]

  /// Steps that one match may take; PCRE2 counts calls of its inner match function.
  static let matchLimit: UInt32 = 200_000
  /// Nesting of backtracking points.
  static let depthLimit: UInt32 = 2_000

  /// Compiles a pattern. Refused: what PCRE2 refuses, and repeated groups that hold an unbounded repeat themselves, since
  /// such patterns can take exponential time.
  init(_ text: String, need: PatternNeed? = nil) throws(DefinitionError) {
    if let place = Self.nestedQuantifier(text) {
      throw DefinitionError(
        what:
          "pattern '\(text)' repeats a group that repeats without bound inside (at character \(place + 1))",
        hint: "make the inner repeat possessive ('++') or bounded ('{0,20}')")
    }
    let compiled = try Self.compiled(text)
    guard let context = pcre2_match_context_create_8(nil) else { preconditionFailure("out of memory") }
    pcre2_set_match_limit_8(context, Self.matchLimit)
    pcre2_set_depth_limit_8(context, Self.depthLimit)
    self.context = context
    code = compiled
    self.text = text
    self.need = need
    // Without JIT (some processors, hardened kernels) the interpreter does the same, slower.
    _ = pcre2_jit_compile_8(compiled, UInt32(PCRE2_JIT_COMPLETE))
    groups = Self.names(compiled)
  }

  deinit {
    pcre2_match_data_free_8(OpaquePointer(bitPattern: spare.load(ordering: .relaxed)))
    pcre2_match_context_free_8(context)
    pcre2_code_free_8(code)
  }

  /// True where the bytes hold a match. Allocates nothing, once it was asked before.
  func matches(_ bytes: UnsafeRawBufferPointer) -> Bool {
    let kept = OpaquePointer(bitPattern: spare.exchange(0, ordering: .acquiring))
    guard let data = kept ?? pcre2_match_data_create_from_pattern_8(code, nil) else {
      preconditionFailure("out of memory")
    }
    let result = search(bytes, data)
    let bits = UInt(bitPattern: data)
    if !spare.compareExchange(expected: 0, desired: bits, ordering: .releasing).exchanged {
      pcre2_match_data_free_8(data)
    }
    return result >= 0
  }

  fileprivate func search(_ bytes: UnsafeRawBufferPointer, _ data: OpaquePointer) -> Int32 {
    if let need, !need.isMet(bytes) { return PCRE2_ERROR_NOMATCH }
    var empty: UInt8 = 0
    return withUnsafePointer(to: &empty) { empty in
      pcre2_match_8(
        code, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self) ?? empty, bytes.count, 0, 0, data,
        context)
    }
  }

  private static func compiled(_ text: String) throws(DefinitionError) -> OpaquePointer {
    var errorNumber: Int32 = 0
    var errorOffset = 0
    var copy = text
    let options = UInt32(PCRE2_DOLLAR_ENDONLY) | UInt32(PCRE2_NEVER_UTF) | UInt32(PCRE2_NEVER_BACKSLASH_C)
    let compiled = copy.withUTF8 { utf8 in
      pcre2_compile_8(utf8.baseAddress ?? nil, utf8.count, options, &errorNumber, &errorOffset, nil)
    }
    guard let compiled else {
      var buffer = [UInt8](repeating: 0, count: 256)
      pcre2_get_error_message_8(errorNumber, &buffer, buffer.count)
      let reason = String(decoding: buffer.prefix { $0 != 0 }, as: UTF8.self)
      throw DefinitionError(
        what: "pattern '\(text)' cannot be used: \(reason), at byte \(errorOffset)",
        hint: "see 'man pcre2pattern'")
    }
    return compiled
  }

  /// The bytes that a matching text may begin with; nil where that is not known. Worked out anew at each call.
  ///
  /// It is what PCRE2 knows of a pattern that begins with `^`: asked of the same without, since it keeps no such note for
  /// anchored ones. With alternatives the anchor may belong to the first one alone.
  var firstBytes: [Bool]? {
    guard text.hasPrefix("^"), !Self.hasAlternatives(text),
      let code = try? Self.compiled(String(text.dropFirst()))
    else { return nil }
    defer { pcre2_code_free_8(code) }
    var emptyMatches: UInt32 = 1
    guard pcre2_pattern_info_8(code, UInt32(PCRE2_INFO_MATCHEMPTY), &emptyMatches) == 0, emptyMatches == 0
    else { return nil }
    var kind: UInt32 = 0
    pcre2_pattern_info_8(code, UInt32(PCRE2_INFO_FIRSTCODETYPE), &kind)
    if kind == 1 {
      var unit: UInt32 = 0
      guard pcre2_pattern_info_8(code, UInt32(PCRE2_INFO_FIRSTCODEUNIT), &unit) == 0, unit < 256 else {
        return nil
      }
      return (0..<256).map { $0 == unit }
    }
    var map: UnsafePointer<UInt8>?
    guard kind == 0, pcre2_pattern_info_8(code, UInt32(PCRE2_INFO_FIRSTBITMAP), &map) == 0, let map else {
      return nil
    }
    return (0..<256).map { map[$0 / 8] & 1 << UInt8($0 % 8) != 0 }
  }

  /// True where a `|` stands outside all groups and classes.
  static func hasAlternatives(_ pattern: String) -> Bool {
    let bytes = Array(pattern.utf8)
    var depth = 0
    var i = 0
    while i < bytes.count {
      switch bytes[i] {
      case 0x5C:
        // A quotation may hide anything.
        if i + 1 < bytes.count, bytes[i + 1] == UInt8(ascii: "Q") { return true }
        i += 2
        continue
      case 0x5B:
        i = classEnd(bytes, i)
        continue
      case 0x28: depth += 1
      case 0x29: depth -= 1
      case 0x7C: if depth <= 0 { return true }
      default: break
      }
      i += 1
    }
    return false
  }

  private static func names(_ code: OpaquePointer) -> [(name: String, number: Int)] {
    var count: UInt32 = 0
    var entrySize: UInt32 = 0
    var table: UnsafePointer<UInt8>?
    pcre2_pattern_info_8(code, UInt32(PCRE2_INFO_NAMECOUNT), &count)
    pcre2_pattern_info_8(code, UInt32(PCRE2_INFO_NAMEENTRYSIZE), &entrySize)
    pcre2_pattern_info_8(code, UInt32(PCRE2_INFO_NAMETABLE), &table)
    guard let table else { return [] }
    return (0..<Int(count)).map { index in
      let entry = table + index * Int(entrySize)
      var name: [UInt8] = []
      var at = 2
      while entry[at] != 0 {
        name.append(entry[at])
        at += 1
      }
      return (String(decoding: name, as: UTF8.self), Int(entry[0]) << 8 | Int(entry[1]))
    }.sorted { $0.number < $1.number }
  }

  /// Offset of a repeat of a group that holds an unbounded, not possessive repeat; nil where there is none.
  static func nestedQuantifier(_ pattern: String) -> Int? {
    let bytes = Array(pattern.utf8)
    var stack: [Bool] = []
    var unbounded = false
    var closedGroupIsUnbounded = false
    var afterGroup = false
    var i = 0
    while i < bytes.count {
      let byte = bytes[i]
      var isQuantifier = false
      var isUnbounded = false
      var repeats = false
      switch byte {
      case 0x5C:
        i += 2
        afterGroup = false
        continue
      case 0x5B:
        i = classEnd(bytes, i)
        afterGroup = false
        continue
      case 0x28:
        // Atomic groups never give back what they matched.
        stack.append(unbounded)
        unbounded = false
        afterGroup = false
        i += 1
        if i < bytes.count, bytes[i] == 0x3F {
          i += 1
          // Skip `?:`, `?<name>`, `?=` and so on: none of it is a quantifier.
          let isLookbehind =
            i + 1 < bytes.count && bytes[i] == 0x3C && (bytes[i + 1] == 0x3D || bytes[i + 1] == 0x21)
          if isLookbehind {
            i += 1
          } else if i < bytes.count, bytes[i] == 0x3C || bytes[i] == 0x50 || bytes[i] == 0x27 {
            while i < bytes.count, bytes[i] != 0x3E, bytes[i] != 0x29 { i += 1 }
          }
          i += 1
        }
        continue
      case 0x29:
        closedGroupIsUnbounded = unbounded
        unbounded = (stack.popLast() ?? false) || closedGroupIsUnbounded
        afterGroup = true
        i += 1
        continue
      case 0x2A, 0x2B:
        isQuantifier = true
        isUnbounded = true
        repeats = true
        i += 1
      case 0x3F:
        isQuantifier = true
        i += 1
      case 0x7B:
        if let range = counts(bytes, i) {
          isQuantifier = true
          isUnbounded = range.most == nil
          repeats = range.most ?? 2 > 1
          i = range.end
        } else {
          i += 1
        }
      default: i += 1
      }
      guard isQuantifier else {
        afterGroup = false
        continue
      }
      let possessive = i < bytes.count && bytes[i] == 0x2B
      if i < bytes.count, bytes[i] == 0x2B || bytes[i] == 0x3F { i += 1 }
      if afterGroup, closedGroupIsUnbounded, repeats, !possessive { return i - 1 }
      if isUnbounded, !possessive { unbounded = true }
      afterGroup = false
    }
    return nil
  }

  private static func classEnd(_ bytes: [UInt8], _ start: Int) -> Int {
    var i = start + 1
    if i < bytes.count, bytes[i] == 0x5E { i += 1 }
    if i < bytes.count, bytes[i] == 0x5D { i += 1 }
    while i < bytes.count, bytes[i] != 0x5D { i += bytes[i] == 0x5C ? 2 : 1 }
    return i + 1
  }

  /// `{2}`, `{2,}`, `{2,5}`; nil where the brace is literal.
  private static func counts(_ bytes: [UInt8], _ start: Int) -> (most: Int?, end: Int)? {
    var i = start + 1
    var least = 0
    let digits = i
    while i < bytes.count, Bytes.isDigit(bytes[i]), i - digits < 6 {
      least = least * 10 + Int(bytes[i] - 0x30)
      i += 1
    }
    guard i > digits || i < bytes.count && bytes[i] == 0x2C, i < bytes.count else { return nil }
    if bytes[i] == 0x7D { return (least, i + 1) }
    guard bytes[i] == 0x2C else { return nil }
    i += 1
    var most = 0
    let more = i
    while i < bytes.count, Bytes.isDigit(bytes[i]), i - more < 6 {
      most = most * 10 + Int(bytes[i] - 0x30)
      i += 1
    }
    guard i < bytes.count, bytes[i] == 0x7D else { return nil }
    return (i == more ? nil : most, i + 1)
  }
}

/// Match data for one user of a pattern.
final class BytePatternMatch {
  enum Outcome {
    case match, noMatch
    /// A limit was hit.
    case limit
  }

  let pattern: BytePattern
  private let data: OpaquePointer

  init(_ pattern: BytePattern) {
    self.pattern = pattern
    guard let data = pcre2_match_data_create_from_pattern_8(pattern.code, nil) else {
      preconditionFailure("out of memory")
    }
    self.data = data
  }

  deinit { pcre2_match_data_free_8(data) }

  /// Searches the bytes.
  func match(_ bytes: UnsafeRawBufferPointer) -> Outcome {
    let result = pattern.search(bytes, data)
    if result >= 0 { return .match }
    return result == PCRE2_ERROR_NOMATCH ? .noMatch : .limit
  }

  /// The bytes of a group after a match; nil where it took no part.
  func group(_ number: Int) -> (start: Int, end: Int)? {
    guard number < Int(pcre2_get_ovector_count_8(data)), let vector = pcre2_get_ovector_pointer_8(data) else {
      return nil
    }
    let start = vector[number * 2]
    let end = vector[number * 2 + 1]
    // PCRE2_UNSET is all ones.
    guard start != Int.max, start != -1, start >= 0, end >= start else { return nil }
    return (Int(start), Int(end))
  }
}

/// Why a format definition cannot be used.
public struct DefinitionError: Error, Sendable, Hashable, CustomStringConvertible {
  /// What is wrong, with its place in the definition.
  public var what: String
  /// What to do about it.
  public var hint: String
  /// One sentence.
  public var description: String { hint.isEmpty ? what : "\(what); \(hint)" }
  /// An error from its parts.
  public init(what: String, hint: String) {
    self.what = what
    self.hint = hint
  }
}
