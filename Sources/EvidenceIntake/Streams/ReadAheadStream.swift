import Glibc

/// Reads a stream on a thread of its own, a few stretches ahead of whoever takes them. The streams below belong to that thread
/// until `stop`.
final class ReadAheadStream: ByteStream {
  private static let stretchBytes = 256 << 10
  private static let stretches = 3

  /// One stretch that was read: its buffer, and how it ended.
  private struct Ready {
    var buffer: Int
    var end: Result<Stretch, IntakeError>
  }
  private struct State {
    var free: [Int]
    var ready: [Ready] = []
    var mustStop = false
    var hasEnded = false
  }
  private let state: Monitor<State>
  private let buffers: UnsafeMutableRawPointer
  /// The stretch that is being handed on, and how much of it has been.
  private var current: Ready?
  private var taken = 0

  init(_ upstream: any ByteStream) {
    // The thread is the stream's only user until it has ended.
    struct Handed: @unchecked Sendable {
      let stream: any ByteStream
      let buffers: UnsafeMutableRawPointer
    }
    buffers = .allocate(byteCount: Self.stretches * Self.stretchBytes, alignment: 64)
    state = Monitor(State(free: Array(0..<Self.stretches)))
    let handed = Handed(stream: upstream, buffers: buffers)
    detachThread { [state] in Self.pump(handed.stream, handed.buffers, state) }
  }

  deinit {
    stop()
    buffers.deallocate()
  }

  private static func pump(
    _ stream: any ByteStream, _ buffers: UnsafeMutableRawPointer, _ state: Monitor<State>
  ) {
    var goesOn = true
    while goesOn {
      let free: Int = state.wait { $0.mustStop ? -1 : $0.free.popLast() }
      guard free >= 0 else { break }
      let target = UnsafeMutableRawBufferPointer(
        start: buffers + free * stretchBytes, count: stretchBytes)
      let end: Result<Stretch, IntakeError>
      do throws(IntakeError) {
        let stretch = try stream.read(into: target)
        goesOn = !stretch.isLast
        end = .success(stretch)
      } catch {
        goesOn = false
        end = .failure(error)
      }
      state.change { $0.ready.append(Ready(buffer: free, end: end)) }
    }
    state.change { $0.hasEnded = true }
  }

  func read(into target: UnsafeMutableRawBufferPointer) throws(IntakeError) -> Stretch {
    let ready = current ?? state.wait { $0.ready.isEmpty ? nil : $0.ready.removeFirst() }
    current = ready
    let stretch = try ready.end.get()
    // The end, once seen, is seen again.
    if stretch.isLast { return stretch }
    let count = min(stretch.count - taken, target.count)
    if count > 0, let start = target.baseAddress {
      memcpy(start, buffers + ready.buffer * Self.stretchBytes + taken, count)
    }
    taken += count
    guard taken == stretch.count else { return Stretch(count: count) }
    current = nil
    taken = 0
    state.change { $0.free.append(ready.buffer) }
    return Stretch(count: count, end: stretch.end)
  }

  /// Ends the thread; what it has read and nobody has taken is dropped. The streams below may be used again.
  func stop() {
    state.change { $0.mustStop = true }
    state.wait { $0.hasEnded ? () : nil }
  }
}
