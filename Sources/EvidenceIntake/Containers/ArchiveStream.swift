import CArchive
import Glibc
import Synchronization

/// The reading end of the helper process: members one after the other, as streams.
final class ArchiveStream {
  /// What comes next.
  enum Event {
    case member(MemberInfo)
    case damage(ContainerDamage)
    case container(ContainerInfo)
    /// The helper has said everything.
    case finished
    /// The helper ended before it had said everything, with these words on how.
    case crashed(String)
  }

  private let isolation: ArchiveIsolation
  private var output: Int32 = -1
  private var process: pid_t = 0
  private var feeder: Feeder?
  private var left = 0
  private var memberIsOpen = false
  /// How the next bytes of the member end.
  private var gap = StretchEnd.none
  /// How the member read last ended.
  private(set) var lastEnd: MemberEnd?

  /// Longest frame that is believed: names may be long, data frames are 256 KiB.
  private static let frameLimit = 4 << 20

  /// Starts the helper on an open file, whose descriptor stays the caller's.
  init(file descriptor: Int32, isolation: ArchiveIsolation, limits: IntakeLimits) throws(IntakeError) {
    self.isolation = isolation
    try start(input: descriptor, closeInput: false, limits)
  }

  /// Starts the helper on bytes that cannot be opened again.
  init(stream: any ByteStream, isolation: ArchiveIsolation, limits: IntakeLimits) throws(IntakeError) {
    self.isolation = isolation
    let ends = try Self.makePipe()
    try start(input: ends[0], closeInput: true, limits)
    feeder = Feeder(stream, output: ends[1])
    feeder?.start()
  }

  deinit { shutDown() }

  private static func failure(_ what: String, _ number: Int32) -> IntakeError {
    IntakeError(
      .archiveHelper, "cannot start the process that unpacks archives: \(what) failed",
      underlying: String(cString: strerror(number)))
  }

  /// A roomy pipe: reading end, writing end.
  private static func makePipe() throws(IntakeError) -> [Int32] {
    var ends: [Int32] = [0, 0]
    guard fb_pipe(&ends) == 0 else { throw failure("pipe", errno) }
    return ends
  }

  private func start(input: Int32, closeInput: Bool, _ limits: IntakeLimits) throws(IntakeError) {
    let ends = try Self.makePipe()
    output = ends[0]
    switch isolation {
    case .thread:
      let source = closeInput ? input : dup(input)
      let sink = ends[1]
      detachThread {
        _ = ArchiveHelper.serve(input: source, output: sink, limits: limits)
        close(source)
        close(sink)
      }
    case .process(let executable, let arguments):
      defer {
        close(ends[1])
        if closeInput { close(input) }
      }
      process = try Self.spawn(executable, arguments, input: input, output: ends[1])
    }
  }

  private static func spawn(
    _ executable: String, _ arguments: [String], input: Int32, output: Int32
  ) throws(IntakeError) -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, input, 0)
    posix_spawn_file_actions_adddup2(&actions, output, 1)
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
    fb_close_from(&actions, 3)
    var words: [UnsafeMutablePointer<CChar>?] = ([executable] + arguments).map { strdup($0) } + [nil]
    // Times in zip files are local to nowhere; and no crash report of the helper's is wanted.
    var settings = ["TZ=UTC", "SWIFT_BACKTRACE=enable=no"]
    if let path = getenv("LD_LIBRARY_PATH") { settings.append("LD_LIBRARY_PATH=" + String(cString: path)) }
    var environment: [UnsafeMutablePointer<CChar>?] = settings.map { strdup($0) } + [nil]
    defer { for text in words + environment { free(text) } }
    var pid: pid_t = 0
    let code = posix_spawn(&pid, executable, &actions, nil, &words, &environment)
    guard code == 0 else { throw failure("posix_spawn", code) }
    return pid
  }

  /// What comes next. Whatever is left of the member before is skipped.
  func next() throws(IntakeError) -> Event {
    if let event = held.popLast() { return event }
    if memberIsOpen { try skipMember() }
    let event = try nextFrame()
    switch event {
    case .finished, .crashed:
      // What the helper took for a truncated archive may be bytes that could not be read: their own reason is said first.
      guard let failure = feeder?.failure else { return event }
      held = [event]
      return .damage(failure)
    default: return event
    }
  }

  private var held: [Event] = []

  private func nextFrame() throws(IntakeError) -> Event {
    guard let header = try readHeader() else { return .crashed(waitForEnd()) }
    switch header.kind {
    case .member:
      guard let bytes = try readBytes(header.count), let info = MemberInfo(frame: bytes) else { break }
      memberIsOpen = true
      lastEnd = nil
      left = 0
      gap = .none
      return .member(info)
    case .damage:
      guard let bytes = try readBytes(header.count), let damage = ContainerDamage(frame: bytes) else { break }
      return .damage(damage)
    case .container:
      guard let bytes = try readBytes(header.count), let info = ContainerInfo(frame: bytes) else { break }
      return .container(info)
    case .finish:
      _ = waitForEnd()
      return .finished
    case .data, .gap, .end: break
    }
    return .crashed(waitForEnd())
  }

  /// Bytes of the open member.
  func readMember(into target: UnsafeMutableRawBufferPointer) throws(IntakeError) -> Stretch {
    guard memberIsOpen else { return Stretch(count: 0) }
    while left == 0 {
      guard let header = try readHeader() else {
        memberIsOpen = false
        return Stretch(count: 0, end: .cut)
      }
      if header.kind == .data {
        left = header.count
        if left == 0 { return Stretch(count: 0, end: takeGap()) }
      } else if header.kind == .gap, let bytes = try readBytes(header.count), bytes.count == 1 {
        gap = StretchEnd(gap: bytes[0])
      } else {
        memberIsOpen = false
        guard header.kind == .end, let bytes = try readBytes(header.count), let end = MemberEnd(frame: bytes)
        else {
          return Stretch(count: 0, end: .cut)
        }
        lastEnd = end
        return Stretch(count: 0, end: end.isCut ? .cut : .none)
      }
    }
    var count = 0
    // What stands before a gap is handed on as a whole, since some of it may be wrong.
    repeat {
      let got = try readSome(
        UnsafeMutableRawBufferPointer(rebasing: target[count..<min(target.count, count + left)]))
      if got == 0 {
        memberIsOpen = false
        return Stretch(count: count, end: .cut)
      }
      left -= got
      count += got
    } while gap != .none && left > 0 && count < target.count
    return Stretch(count: count, end: left == 0 ? takeGap() : .none)
  }

  /// How the bytes of the open member end that are handed on.
  private func takeGap() -> StretchEnd {
    defer { gap = .none }
    return gap
  }

  private func skipMember() throws(IntakeError) {
    let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)
    defer { scratch.deallocate() }
    while memberIsOpen { _ = try readMember(into: scratch) }
  }

  private func readHeader() throws(IntakeError) -> (kind: FrameKind, count: Int)? {
    guard let bytes = try readBytes(5), let kind = FrameKind(rawValue: bytes[0]) else { return nil }
    let count = Int(bytes[1]) | Int(bytes[2]) << 8 | Int(bytes[3]) << 16 | Int(bytes[4]) << 24
    return count <= Self.frameLimit ? (kind, count) : nil
  }

  private func readBytes(_ count: Int) throws(IntakeError) -> [UInt8]? {
    let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 8)
    defer { bytes.deallocate() }
    var filled = 0
    while filled < count {
      let got = try readSome(UnsafeMutableRawBufferPointer(rebasing: bytes[filled...]))
      if got == 0 { return nil }
      filled += got
    }
    return Array(bytes)
  }

  private func readSome(_ target: UnsafeMutableRawBufferPointer) throws(IntakeError) -> Int {
    try FileStream(descriptor: output, place: "archive helper", closes: false).read(into: target).count
  }

  /// Waits for the helper and says how it ended.
  private func waitForEnd() -> String {
    guard process > 0 else { return "the unpacking ended early" }
    kill(process, SIGKILL)
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0, errno == EINTR {}
    process = 0
    let number = status & 0x7F
    if number != 0, number != SIGKILL { return "signal \(number), \(String(cString: strsignal(number)))" }
    return "exit code \((status >> 8) & 0xFF)"
  }

  private func shutDown() {
    if output >= 0 { close(output) }
    output = -1
    feeder?.cancel()
    if process > 0 { _ = waitForEnd() }
  }
}

/// The open member of an archive as a stream.
final class MemberStream: ByteStream {
  private let archive: ArchiveStream
  init(_ archive: ArchiveStream) { self.archive = archive }
  func read(into target: UnsafeMutableRawBufferPointer) throws(IntakeError) -> Stretch {
    try archive.readMember(into: target)
  }
}

/// Pumps a stream into the helper's standard input, on a thread of its own.
private final class Feeder: @unchecked Sendable {
  // @unchecked: the stream is used by the pumping thread alone; what the others ask for is behind a lock.
  private let stream: any ByteStream
  private let output: Int32
  private let lost = Mutex<ContainerDamage?>(nil)

  /// Why not all bytes could be pumped; nil where they could, or where the helper did not want more.
  var failure: ContainerDamage? { lost.withLock { $0 } }

  init(_ stream: any ByteStream, output: Int32) {
    self.stream = stream
    self.output = output
  }

  func start() {
    detachThread { [self] in
      let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 64)
      defer {
        buffer.deallocate()
        close(output)
      }
      var offset: UInt64 = 0
      while true {
        let stretch: Stretch
        do throws(IntakeError) {
          stretch = try stream.read(into: buffer)
        } catch {
          let reason = "\(error.what)\(error.underlying.isEmpty ? "" : ": \(error.underlying)")"
          let damage = ContainerDamage(
            names: [], kind: "archive-read", offset: offset,
            note: "the archive could not be read beyond byte \(offset) (\(reason)): what lies behind is lost")
          lost.withLock { $0 = damage }
          return
        }
        if stretch.isLast { return }
        offset += UInt64(stretch.count)
        if Unpacker.writeAll(output, UnsafeRawBufferPointer(rebasing: buffer[..<stretch.count])) != nil {
          return
        }
      }
    }
  }

  /// The pump ends by itself: the helper's end of the pipe is gone.
  func cancel() {}
}

/// Runs work on a detached thread that a closed pipe does not kill.
func detachThread(_ work: @escaping @Sendable () -> Void) {
  final class Box {
    let work: @Sendable () -> Void
    init(_ work: @escaping @Sendable () -> Void) { self.work = work }
  }
  var thread = pthread_t()
  let context = Unmanaged.passRetained(Box(work)).toOpaque()
  pthread_create(
    &thread, nil,
    { context in
      blockPipeSignal()
      guard let context else { return nil }
      Unmanaged<Box>.fromOpaque(context).takeRetainedValue().work()
      return nil
    }, context)
  pthread_detach(thread)
}

/// A write to a closed pipe becomes an error instead of the end of the process.
func blockPipeSignal() {
  var set = sigset_t()
  sigemptyset(&set)
  sigaddset(&set, SIGPIPE)
  pthread_sigmask(SIG_BLOCK, &set, nil)
}
