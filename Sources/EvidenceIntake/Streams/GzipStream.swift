import Glibc
import IncidentModel

/// The content of a gzip file: all members, with what is wrong with them said and nothing made up.
///
/// Damaged deflate data rarely fails at once: the decoder goes on and yields rubbish that looks like text. So input
/// that looks like damage (`Suspect`) is approached with care: what comes after it is held back until the member has
/// proved whole by its CRC; otherwise it is dropped and the next member is looked for.
final class GzipStream: ByteStream {
  private enum State { case header, body, search, done }

  /// What was lost or cannot be trusted. Offsets count compressed bytes.
  private(set) var damage: [Damage] = []
  /// Latest modification time that a member's header gave, in seconds since the epoch; 0 for none.
  private(set) var modified: UInt32 = 0

  private var input: CompressedBuffer
  private let inflater: Inflater
  private let trial: Inflater
  private let limits: IntakeLimits
  private var state = State.header
  private var isFirst = true
  private var memberStart: UInt64 = 0
  private var memberCount: UInt64 = 0
  private var crc: UInt32 = 0
  /// Where a search for the next member began, and the damage entry whose length it tells.
  private var searchStart: UInt64 = 0
  private var searchIsTrailing = false
  private var sawRubbish = false
  /// Bytes held back and then found to be whole, on their way out.
  private var held: [UInt8] = []
  private var heldOffset = 0
  private var cleared: UInt64 = 0
  private var run = ConstantRun()

  /// Most bytes that are held back in doubt.
  private static let holdLimit = 4 << 20
  /// Bytes of a suspicious run that are inflated to see whether it is honest.
  private static let runProbe: UInt64 = 2048

  init(_ upstream: any ByteStream, limits: IntakeLimits, backend: Inflater.Backend = .isal) {
    input = CompressedBuffer(upstream)
    inflater = Inflater(backend)
    trial = Inflater(backend)
    self.limits = limits
  }

  func read(into target: UnsafeMutableRawBufferPointer) throws(IntakeError) -> Stretch {
    var filled = 0
    while true {
      if heldOffset < held.count {
        let count = min(held.count - heldOffset, target.count - filled)
        held.withUnsafeBytes {
          UnsafeMutableRawBufferPointer(rebasing: target[filled...]).copyMemory(
            from: UnsafeRawBufferPointer(rebasing: $0[heldOffset..<heldOffset + count]))
        }
        heldOffset += count
        filled += count
        if noteRun(UnsafeRawBufferPointer(rebasing: target[filled - count..<filled])) {
          return Stretch(count: filled)
        }
        if heldOffset == held.count {
          held = []
          heldOffset = 0
        }
      }
      if filled == target.count { return Stretch(count: filled) }
      switch state {
      case .header:
        if try !readHeader(), state == .search, !searchIsTrailing { return Stretch(count: filled, end: .cut) }
      case .body:
        let before = filled
        let end = try readBody(target, &filled)
        if filled > before, noteRun(UnsafeRawBufferPointer(rebasing: target[before..<filled])) {
          return Stretch(count: filled)
        }
        if let end { return Stretch(count: filled, end: end) }
      case .search: try findMember()
      case .done: return Stretch(count: filled)
      }
    }
  }

  /// Begins a member. False at the end of the input and where there is no member.
  private func readHeader() throws(IntakeError) -> Bool {
    memberStart = input.offset
    if let header = try GzipHeader(&input) {
      if header.modified != 0 { modified = max(modified, header.modified) }
      inflater.reset()
      memberCount = 0
      crc = 0
      state = .body
      isFirst = false
      cleared = max(cleared, input.offset)
      return true
    }
    if input.offset == memberStart {
      // Nothing follows: the end, unless the input itself has a gap here.
      if input.passGap() { beginSearch(trailing: false) } else { state = .done }
      return false
    }
    if input.available == 0, !(try input.fill()) {
      note("gzip-truncated", memberStart, "the header of a gzip member ends early at byte \(input.offset)")
      state = .done
    } else {
      input.rewind(to: memberStart)
      beginSearch(trailing: !isFirst)
    }
    return false
  }

  /// Inflates into `target` from `filled` on. Nil: go on.
  private func readBody(
    _ target: UnsafeMutableRawBufferPointer, _ filled: inout Int
  ) throws(IntakeError) -> StretchEnd? {
    // The inflater may hold output, or even the trailer, when the last input is used up.
    let isExhausted = try !input.hasInput()
    input.clearSuspects(through: cleared)
    var stop = UInt64.max
    if let suspect = input.suspects.first {
      if suspect.range.lowerBound <= input.offset { return try resolve(suspect) }
      stop = suspect.range.lowerBound
    }
    let space = UnsafeMutableRawBufferPointer(rebasing: target[filled...])
    let step = inflater.inflate(input.bytes(until: stop), into: space)
    input.position += step.consumed
    account(UnsafeRawBufferPointer(rebasing: space[..<step.produced]))
    filled += step.produced
    if isExhausted, step.produced == 0, !step.isFinished {
      note(
        "gzip-truncated", input.offset,
        "gzip data ends early at byte \(input.offset); all whole lines before are kept")
      state = .done
      if input.passGap() { beginSearch(trailing: false) }
      return .cut
    }
    if step.isBroken {
      note("gzip-corrupt", input.offset, "gzip data is broken near byte \(input.offset)")
      input.rewind(to: max(memberStart + 1, input.offset > 65_536 ? input.offset - 65_536 : 0))
      beginSearch(trailing: false)
      return .corrupt
    }
    if step.isFinished {
      input.position -= step.unused
      return try finishMember(wholeInHand: memberCount <= UInt64(filled))
    }
    return nil
  }

  private func account(_ bytes: UnsafeRawBufferPointer) {
    crc = inflater.crc(crc, bytes)
    memberCount &+= UInt64(bytes.count)
  }

  /// Reads and checks the trailer of a member whose data has ended.
  private func finishMember(wholeInHand: Bool) throws(IntakeError) -> StretchEnd? {
    guard let trailer = try readTrailer() else {
      note(
        "gzip-truncated", input.offset,
        "gzip data ends early at byte \(input.offset): the checksum is missing, the content unchecked")
      state = .done
      if input.passGap() { beginSearch(trailing: false) }
      return nil
    }
    state = .header
    defer { noteRubbishAhead() }
    if trailer.crc == crc, trailer.count == UInt32(truncatingIfNeeded: memberCount) { return nil }
    note(
      "gzip-crc", memberStart,
      "checksum of the gzip member at byte \(memberStart) is wrong: its content is kept but not to be trusted"
    )
    // A wrong length says that the content is wrong, not just the checksum.
    return wholeInHand && trailer.count != UInt32(truncatingIfNeeded: memberCount) ? .corrupt : nil
  }

  private func noteRubbishAhead() {
    cleared = max(cleared, input.offset)
    // A member may follow right here: its header is no surprise.
    if let next = input.suspects.first(where: { $0.constant == nil && $0.range.lowerBound == input.offset }) {
      cleared = max(cleared, next.range.upperBound)
    }
  }

  private func readTrailer() throws(IntakeError) -> (crc: UInt32, count: UInt32)? {
    var words: [UInt32] = [0, 0]
    for index in 0..<8 {
      guard let byte = try input.next() else { return nil }
      words[index / 4] |= UInt32(byte) << UInt32(index % 4 * 8)
    }
    return (words[0], words[1])
  }

  /// Inflates what comes after a suspicious place without handing it on, and decides.
  private func resolve(_ suspect: Suspect) throws(IntakeError) -> StretchEnd? {
    let countBefore = memberCount
    let crcBefore = crc
    var doubt = Doubt(
      suspect: suspect, probeEnd: min(suspect.range.upperBound, suspect.range.lowerBound + Self.runProbe))
    cleared = suspect.range.upperBound
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    var isWhole = false
    while true {
      let isExhausted = try !input.hasInput()
      let stop = doubt.isProbed ? UInt64.max : doubt.probeEnd
      let step = buffer.withUnsafeMutableBytes { bytes in
        let step = inflater.inflate(input.bytes(until: stop), into: bytes)
        account(UnsafeRawBufferPointer(rebasing: bytes[..<step.produced]))
        return step
      }
      input.position += step.consumed
      doubt.bytes.append(contentsOf: buffer[..<step.produced])
      if step.isBroken || (isExhausted && step.produced == 0 && !step.isFinished) { break }
      if step.isFinished {
        input.position -= step.unused
        let end = input.offset
        guard let trailer = try readTrailer() else { break }
        isWhole = trailer.crc == crc && trailer.count == UInt32(truncatingIfNeeded: memberCount)
        if isWhole { state = .header; noteRubbishAhead() } else { input.rewind(to: end) }
        break
      }
      if !doubt.isProbed, input.offset >= doubt.probeEnd || doubt.bytes.count > Self.holdLimit {
        doubt.isProbed = true
        if doubt.isHonest(consumed: input.offset - suspect.range.lowerBound) {
          isWhole = true
          break
        }
      }
      if doubt.bytes.count > Self.holdLimit { break }
    }
    if isWhole {
      held = doubt.bytes
      heldOffset = 0
      return nil
    }
    memberCount = countBefore
    crc = crcBefore
    let place = suspect.range.lowerBound
    note(
      "gzip-corrupt", place,
      "gzip data is broken from byte \(place) on; whole lines before are kept, what follows is not trusted")
    input.rewind(to: place)
    beginSearch(trailing: false)
    return .cut
  }

  private func beginSearch(trailing: Bool) {
    state = .search
    searchStart = input.offset
    searchIsTrailing = trailing
    sawRubbish = false
  }

  /// Looks for the next member that inflates.
  private func findMember() throws(IntakeError) {
    while true {
      if input.available < 64 << 10 { _ = try input.fill() }
      let bytes = input.bytes()
      if bytes.isEmpty {
        if input.passGap() { continue }
        state = .done
        noteTrailing(until: input.offset)
        return
      }
      guard let hit = memchr(bytes.baseAddress!, 0x1F, bytes.count) else {
        skip(bytes.count, of: bytes)
        continue
      }
      skip(hit - UnsafeMutableRawPointer(mutating: bytes.baseAddress!), of: bytes)
      if input.available < 64 << 10 { _ = try input.fill() }
      if GzipHeader.isPlausible(input.bytes()), try trialSucceeds() {
        noteTrailing(until: input.offset)
        cleared = max(cleared, input.offset + 10)
        state = .header
        return
      }
      skip(1, of: input.bytes())
    }
  }

  private func skip(_ count: Int, of bytes: UnsafeRawBufferPointer) {
    if searchIsTrailing, !sawRubbish {
      sawRubbish = bytes.prefix(count).contains { $0 != 0 }
    }
    input.position += count
  }

  /// Zeros after the last member are padding, as `gzip` sees it; anything else is said.
  private func noteTrailing(until end: UInt64) {
    guard searchIsTrailing, sawRubbish else { return }
    damage.append(
      Damage(
        kind: "gzip-trailing", offset: searchStart, length: end - searchStart, inContainer: true,
        note: "\(end - searchStart) bytes after the end of gzip data at byte \(searchStart) are no gzip data")
    )
  }

  /// True when a member that begins here inflates as far as the bytes at hand go.
  private func trialSucceeds() throws(IntakeError) -> Bool {
    let start = input.offset
    let header = try GzipHeader(&input)
    defer { input.rewind(to: start) }
    guard header != nil else { return false }
    trial.reset()
    var scratch = [UInt8](repeating: 0, count: 64 << 10)
    let step = scratch.withUnsafeMutableBytes { trial.inflate(input.bytes(), into: $0) }
    return !step.isBroken && (step.produced > 0 || step.isFinished)
  }

  private func note(_ kind: String, _ offset: UInt64, _ words: String) {
    damage.append(Damage(kind: kind, offset: offset, length: nil, inContainer: true, note: words))
  }

  /// Watches for a bomb. True when the stream was ended because of it.
  private func noteRun(_ bytes: UnsafeRawBufferPointer) -> Bool {
    run.add(bytes, input: input.offset)
    guard run.count >= limits.constantRun, run.count / max(1, input.offset - run.inputStart) >= 100 else {
      return false
    }
    note(
      "limit-ratio", run.inputStart,
      "from byte \(run.inputStart) on the gzip data unfolds to nothing but the byte \(run.value): stopped after "
        + "\(run.count) of them")
    state = .done
    return true
  }
}

/// What was inflated after a suspicious place.
private struct Doubt {
  let suspect: Suspect
  let probeEnd: UInt64
  var isProbed = false
  var bytes: [UInt8] = []

  /// True where the run explains itself: text that repeats itself (it unfolds to far more), or stored as it is.
  func isHonest(consumed: UInt64) -> Bool {
    guard let constant = suspect.constant else { return false }
    if UInt64(bytes.count) >= consumed * 32 { return true }
    return !bytes.isEmpty && UInt64(bytes.count) + 64 >= consumed && bytes.allSatisfy { $0 == constant }
  }
}

/// A run of one byte value at the end of what has been inflated so far.
struct ConstantRun {
  var value: UInt8 = 0
  var count: UInt64 = 0
  /// Offset of the compressed input when it began.
  var inputStart: UInt64 = 0

  mutating func add(_ bytes: UnsafeRawBufferPointer, input: UInt64) {
    guard let first = bytes.first, let last = bytes.last, let start = bytes.baseAddress else { return }
    let isConstant =
      first == last && bytes[bytes.count / 2] == first && memcmp(start, start + 1, bytes.count - 1) == 0
    if isConstant, count > 0, value == first {
      count += UInt64(bytes.count)
    } else {
      value = last
      count = isConstant ? UInt64(bytes.count) : 0
      inputStart = input
    }
  }
}
