internal import CByteClasses
internal import IncidentModel

/// Programs and the constant parts of messages that come again and again, with their templates: to compare the parts in words, as they lie in the
/// message, costs less than to spell the template's text.
struct KnownShapes: ~Copyable {
  /// Places are 256 bytes: hash, template, number of words, number, words.
  private static let placeBits = 8
  private static let headBytes = 24
  private static let placeWords = (1 << placeBits - headBytes) / 32 * 4
  /// Of places.
  private static let bits = 11

  private let memory: UnsafeMutableRawPointer
  /// The words of the message looked at last.
  private let words: UnsafeMutablePointer<UInt64>

  init() {
    let bytes = 1 << (Self.bits + Self.placeBits)
    memory = .allocate(byteCount: bytes, alignment: 64)
    memory.initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
    words = .allocate(capacity: max(Self.maximumWords, 8 * Int(FB_SHAPE_BLOCKS)))
  }

  deinit {
    memory.deallocate()
    words.deallocate()
  }

  /// Of the longest message that is cut by blocks, with a program that is looked at.
  private static let maximumWords =
    TokenCut.runLimit / 8 + TemplateMiner.variableLimit + programLimit / 8 + 12
  static let programLimit = 128

  /// Where a shape is kept, or will be.
  struct Place {
    fileprivate let base: UnsafeMutableRawPointer
    fileprivate let hash: UInt64
    fileprivate let count: Int

    /// Content id of the template; 0 where the shape is not known yet.
    fileprivate(set) var template: UInt64

    /// The number that was left with this very shape; 0 where there is none.
    var number: UInt32 {
      @inline(__always) get { base.load(fromByteOffset: 20, as: UInt32.self) }
      nonmutating set { base.storeBytes(of: newValue, toByteOffset: 20, as: UInt32.self) }
    }
  }

  /// The words of a shape while they are written.
  struct Words {
    fileprivate let start: UnsafeMutablePointer<UInt64>
    fileprivate var next: UnsafeMutablePointer<UInt64>
    fileprivate var hash: UInt64

    @inline(__always) fileprivate mutating func put(_ word: UInt64) {
      next.pointee = word
      next += 1
      // One word does not wait for the product of the word before.
      hash = (hash &<< 7 | hash &>> 57) ^ word &* 0x9E37_79B9_7F4A_7C15
    }

    /// Adds a constant part without NUL. Up to eight bytes behind it are read. It ends with a word that is not full, so that no two messages of
    /// different shapes have the same words.
    @inline(__always) mutating func put(_ text: UnsafeRawPointer, _ count: Int) {
      var at = 0
      while count &- at >= 8 {
        put(text.loadUnaligned(fromByteOffset: at, as: UInt64.self))
        at &+= 8
      }
      let bits = UInt64(truncatingIfNeeded: 8 &* (count &- at))
      put(text.loadUnaligned(fromByteOffset: at, as: UInt64.self) & ((1 &<< bits) &- 1))
    }
  }

  /// Begins the words of a message with those of its program, of up to `programLimit` bytes. The constant parts of the message follow.
  @inline(__always)
  func begin(program: UnsafeRawBufferPointer) -> Words {
    var result = Words(start: words, next: words, hash: 0)
    result.put(UInt64(truncatingIfNeeded: program.count))
    if let name = program.baseAddress, program.count > 0 {
      if program.count < 8 {
        result.put(KnownTexts.short(name, program.count))
      } else {
        var at = 0
        while at < program.count &- 8 {
          result.put(name.loadUnaligned(fromByteOffset: at, as: UInt64.self))
          at &+= 8
        }
        result.put(name.loadUnaligned(fromByteOffset: program.count &- 8, as: UInt64.self))
      }
    }
    return result
  }

  /// Looks up the shape whose words have been written. Nil where it is too long to be kept.
  @inline(__always)
  func find(_ shape: Words) -> Place? {
    let count = shape.next - shape.start
    guard count <= Self.placeWords else { return nil }
    // Compared by fours.
    UnsafeMutableRawPointer(shape.next).storeBytes(of: SIMD4<UInt64>(repeating: 0), as: SIMD4<UInt64>.self)
    return find(hash: shape.hash &* 0xBF58_476D_1CE4_E5B9, count)
  }

  /// Where `fb_cut_text` may write a shape.
  var text: UnsafeMutablePointer<UInt8> {
    UnsafeMutableRawPointer(words).assumingMemoryBound(to: UInt8.self)
  }

  /// Looks up the shape that `fb_cut_text` has written.
  @inline(__always)
  func find(_ cut: fb_cut) -> Place? {
    find(hash: cut.hash, Int(truncatingIfNeeded: cut.shapeBlocks) &* 8 &+ Self.isText)
  }

  /// Is added to the number of words of a shape that is a text, which so is never taken for one in words.
  private static let isText = 1 << 16

  @inline(__always)
  private func find(hash: UInt64, _ count: Int) -> Place? {
    let first = Int(truncatingIfNeeded: hash &>> UInt64(64 - Self.bits))
    let place = memory + first &<< Self.placeBits
    if holds(place, hash, count) { return found(place, hash, count) }
    let second = memory + (first ^ 1) &<< Self.placeBits
    if holds(second, hash, count) { return found(second, hash, count) }
    // One that is free, or one of both by what all three are.
    let others = (place.load(as: UInt64.self), second.load(as: UInt64.self))
    let isFirst = others.0 == 0 || others.1 != 0 && (others.0 ^ others.1 ^ hash) & 1 == 0
    return Place(base: isFirst ? place : second, hash: hash, count: count, template: 0)
  }

  @inline(__always) private func found(_ place: UnsafeMutableRawPointer, _ hash: UInt64, _ count: Int)
    -> Place
  {
    Place(base: place, hash: hash, count: count, template: place.load(fromByteOffset: 8, as: UInt64.self))
  }

  @inline(__always) private func holds(_ place: UnsafeMutableRawPointer, _ hash: UInt64, _ count: Int) -> Bool
  {
    guard place.load(as: UInt64.self) == hash,
      place.load(fromByteOffset: 16, as: UInt32.self) == UInt32(truncatingIfNeeded: count)
    else { return false }
    let stored = UnsafeRawPointer(place + Self.headBytes)
    let own = UnsafeRawPointer(words)
    var difference = SIMD4<UInt64>(repeating: 0)
    var offset = 0
    repeat {
      difference |=
        stored.loadUnaligned(fromByteOffset: offset, as: SIMD4<UInt64>.self)
        ^ own.loadUnaligned(fromByteOffset: offset, as: SIMD4<UInt64>.self)
      offset &+= 32
    } while offset < 8 &* (count & (Self.isText &- 1))
    return difference == SIMD4<UInt64>(repeating: 0)
  }

  /// Keeps the template of the shape that was looked up last.
  func remember(_ template: UInt64, at place: Place) {
    place.base.storeBytes(of: place.hash, as: UInt64.self)
    place.base.storeBytes(of: template, toByteOffset: 8, as: UInt64.self)
    // The number is forgotten.
    place.base.storeBytes(of: UInt64(place.count).littleEndian, toByteOffset: 16, as: UInt64.self)
    // With some of the zeros behind them.
    (place.base + Self.headBytes).copyMemory(
      from: words, byteCount: 8 * ((place.count & (Self.isText - 1) + 3) & ~3))
  }
}
