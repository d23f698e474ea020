import Glibc

/// Frames of LZ4 (its frame format, 1.6). A block that is cut gives what it holds up to the cut.
final class LZ4Decoder: FrameDecoder {
  private enum State { case header, size, block, checksum, skip, ended }

  let unit = "frame"
  let firstByte: UInt8 = 0x04
  private var state = State.header
  /// Bytes of the part that is being read, and how many make it whole.
  private var part: [UInt8] = []
  private var needed = 4
  private var flags: UInt8 = 0
  private var blockLimit = 0
  private var isStored = false
  private var toSkip = 0
  private var hash = XXHash32()
  /// Up to 64 KiB of content before the block, and the block's.
  private var window: UnsafeMutableRawBufferPointer
  private var ready = 0..<0
  /// Why no more will come; said behind what came before.
  private var failure: FrameStep.Event?

  private static let historyLimit = 64 << 10
  private static let largestBlock = 4 << 20

  init() { window = .allocate(byteCount: Self.historyLimit, alignment: 64) }

  deinit { window.deallocate() }

  func begins(_ bytes: UnsafeRawBufferPointer) -> Bool {
    bytes.starts(with: [0x04, 0x22, 0x4D, 0x18])
      || ContentKind.beginsSkippable(bytes)
  }

  func start() {
    expect(.header, 7)
    hash = XXHash32()
    failure = nil
    ready = 0..<0
  }

  private func expect(_ next: State, _ count: Int) {
    state = next
    needed = count
    part.removeAll(keepingCapacity: true)
  }

  func step(
    _ input: UnsafeRawBufferPointer, isAtEnd: Bool, into target: UnsafeMutableRawBufferPointer
  ) -> FrameStep {
    var step = FrameStep()
    while true {
      if !ready.isEmpty {
        let count = min(target.count - step.produced, ready.count)
        UnsafeMutableRawBufferPointer(rebasing: target[step.produced...]).copyMemory(
          from: UnsafeRawBufferPointer(rebasing: window[ready.lowerBound..<ready.lowerBound + count]))
        step.produced += count
        ready = ready.lowerBound + count..<ready.upperBound
        if !ready.isEmpty || step.produced == target.count { return step }
      }
      if let failure {
        step.event = failure
        return step
      }
      let count = min(needed - part.count, input.count - step.consumed)
      part.append(contentsOf: input[step.consumed..<step.consumed + count])
      step.consumed += count
      if state == .skip {
        toSkip -= part.count
        if toSkip > 0, part.isEmpty { return step }
        expect(.skip, min(toSkip, 64 << 10))
        guard toSkip == 0 else { continue }
        step.event = .finished
        return step
      }
      guard part.count == needed else {
        if isAtEnd, step.produced == 0 { takeCutBlock() }
        if ready.isEmpty { return step }
        continue
      }
      switch advance() {
      case .none: continue
      case let event:
        step.event = event
        return step
      }
    }
  }

  /// A part is whole.
  private func advance() -> FrameStep.Event {
    switch state {
    case .header: return readHeader()
    case .size:
      let size = word(part, 0)
      if size == 0 {
        guard flags & 4 != 0 else { return .finished }
        expect(.checksum, 4)
        return .none
      }
      isStored = size & 0x8000_0000 != 0
      let count = Int(size & 0x7FFF_FFFF)
      guard count <= blockLimit else {
        return .broken("a block of \(count) bytes, more than the frame may have", isProven: false)
      }
      expect(.block, count + (flags & 0x10 != 0 ? 4 : 0))
      return .none
    case .block: return readBlock()
    case .checksum: return word(part, 0) == hash.value ? .finished : .wrongChecksum
    case .skip, .ended: return .finished
    }
  }

  private func readHeader() -> FrameStep.Event {
    if part[0] & 0xF0 == 0x50 {
      // A frame of somebody else's, to be passed over.
      if part.count < 8 {
        needed = 8
        return .none
      }
      toSkip = Int(word(part, 4))
      if toSkip == 0 { return .finished }
      expect(.skip, min(toSkip, 64 << 10))
      return .none
    }
    flags = part[4]
    let count = 7 + (flags & 8 != 0 ? 8 : 0) + (flags & 1 != 0 ? 4 : 0)
    if part.count < count {
      needed = count
      return .none
    }
    let code = Int(part[5] >> 4)
    let checksum = part.withUnsafeBytes {
      XXHash32.of(UnsafeRawBufferPointer(rebasing: $0[4..<count - 1]))
    }
    guard flags >> 6 == 1, flags & 2 == 0, part[5] & 0x8F == 0, code >= 4,
      UInt8(truncatingIfNeeded: checksum >> 8) == part[count - 1]
    else { return .broken("its header is damaged", isProven: true) }
    guard flags & 1 == 0 else { return .broken("it needs a dictionary", isProven: true) }
    blockLimit = min(Self.largestBlock, 1 << (2 * code + 8))
    if window.count < Self.historyLimit + blockLimit {
      window.deallocate()
      window = .allocate(byteCount: Self.historyLimit + blockLimit, alignment: 64)
    }
    expect(.size, 4)
    return .none
  }

  private func readBlock() -> FrameStep.Event {
    let hasChecksum = flags & 0x10 != 0
    let count = part.count - (hasChecksum ? 4 : 0)
    let isRight =
      !hasChecksum
      || part.withUnsafeBytes { XXHash32.of(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
        == word(part, count)
    guard isRight else { return .broken("the checksum of a block is wrong", isProven: true) }
    if !unpack(count) { failure = .broken("a block that no content gives", isProven: false) }
    expect(.size, 4)
    return .none
  }

  /// The input has ended inside a block.
  private func takeCutBlock() {
    guard state == .block, !part.isEmpty else { return }
    _ = unpack(part.count)
    state = .ended
    needed = .max
    part = []
  }

  /// Unpacks the first bytes of the part into the window. False where they are no whole block.
  private func unpack(_ count: Int) -> Bool {
    guard let base = window.baseAddress else { return false }
    // What came before moves to the front.
    let before = ready.upperBound
    let kept = flags & 0x20 != 0 ? 0 : min(Self.historyLimit, before)
    if kept > 0 { memmove(base, base + before - kept, kept) }
    let (made, isWhole) = part.withUnsafeBytes { bytes -> (Int, Bool) in
      let source = UnsafeRawBufferPointer(rebasing: bytes[..<count])
      guard !isStored else {
        let stored = min(count, blockLimit)
        if let from = source.baseAddress { memcpy(base + kept, from, stored) }
        return (stored, true)
      }
      return Self.unpack(source, into: base + kept, room: blockLimit, history: kept)
    }
    ready = kept..<kept + made
    if flags & 4 != 0 { hash.add(UnsafeRawBufferPointer(start: base + kept, count: made)) }
    return isWhole
  }

  /// One block (LZ4's block format): bytes made, and whether it ends as blocks do. `history` bytes before `target` may be referred to.
  static func unpack(
    _ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawPointer, room: Int, history: Int
  ) -> (made: Int, isWhole: Bool) {
    guard let from = source.baseAddress else { return (0, false) }
    var i = 0
    var made = 0
    /// A length of 15 and more goes on in further bytes.
    func length(_ start: Int) -> Int? {
      var length = start
      guard start == 15 else { return length }
      while i < source.count {
        let byte = source[i]
        i &+= 1
        length &+= Int(byte)
        if byte != 255 { return length }
      }
      return nil
    }
    while i < source.count {
      let token = source[i]
      i &+= 1
      guard let literals = length(Int(token >> 4)) else { return (made, false) }
      let taken = min(literals, source.count &- i, room &- made)
      memcpy(target + made, from + i, taken)
      made &+= taken
      i &+= taken
      guard taken == literals else { return (made, false) }
      // The last sequence is literals only.
      if i == source.count { return (made, true) }
      guard source.count &- i >= 2 else { return (made, false) }
      let distance = Int(source[i]) | Int(source[i &+ 1]) << 8
      i &+= 2
      guard distance > 0, distance <= made &+ history, let copied = length(Int(token & 15)) else {
        return (made, false)
      }
      let run = min(copied &+ 4, room &- made)
      var done = 0
      while done < run {
        // What has been copied repeats itself where it reaches into itself.
        let piece = min(run &- done, distance &+ done)
        memcpy(target + made + done, target + (made &- distance), piece)
        done &+= piece
      }
      made &+= run
      guard run == copied &+ 4 else { return (made, false) }
    }
    return (made, false)
  }

  private func word(_ bytes: [UInt8], _ at: Int) -> UInt32 {
    UInt32(bytes[at]) | UInt32(bytes[at + 1]) << 8 | UInt32(bytes[at + 2]) << 16 | UInt32(bytes[at + 3]) << 24
  }
}
