import CArchive
import Glibc
import IncidentModel

/// The process that unpacks archives: the only place where libarchive, which has a history of holes, sees evidence.
/// It reads standard input, writes frames to standard output, and can do nothing else once it has begun.
public enum ArchiveHelper {
  /// The hidden first argument that turns the executable into the helper.
  public static let word = "__unpack"

  /// True when the process was started as the helper: call `main` then, before anything else.
  public static func isWanted(_ arguments: [String]) -> Bool { arguments.dropFirst().first == word }

  /// Unpacks standard input until its end. Never returns.
  public static func main() -> Never {
    setlocale(LC_CTYPE, "C.UTF-8")
    let limits = IntakeLimits()
    _ = fb_sandbox(limits.helperMemory)
    let succeeded = serve(input: STDIN_FILENO, output: STDOUT_FILENO, limits: limits)
    exit(succeeded ? 0 : 1)
  }

  /// Unpacks one descriptor to another. False when the reader went away.
  static func serve(input: Int32, output: Int32, limits: IntakeLimits) -> Bool {
    var unpacker = Unpacker(output: output, limits: limits)
    do {
      try unpacker.unpackAll(input)
      return true
    } catch {
      return false
    }
  }
}

/// Walks through containers inside containers and sends every member that is none, front to back.
struct Unpacker {
  private let output: Int32
  private let limits: IntakeLimits
  private var members = 0
  private let buffer = Buffer()

  private final class Buffer {
    let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 64)
    deinit { bytes.deallocate() }
  }

  /// Bytes looked at to tell what something is.
  private static let headBytes = 64 << 10

  init(output: Int32, limits: IntakeLimits) {
    self.output = output
    self.limits = limits
  }

  mutating func unpackAll(_ input: Int32) throws(IntakeError) {
    let canSeek = lseek(input, 0, SEEK_CUR) >= 0
    let file = FileStream(descriptor: input, place: "", closes: false)
    _ = try unpack(
      file, names: [], modified: nil, compression: [], depth: 0, seekable: canSeek ? input : nil)
    try send(.finish, [])
  }

  /// Unpacks what a stream holds; a stream that holds no container is sent as a member.
  private mutating func unpack(
    _ stream: any ByteStream, names: [String], modified: Int64?, compression: [String], depth: Int,
    seekable: Int32?
  ) throws(IntakeError) {
    let digest = DigestStream(stream)
    let head = try readHead(digest)
    let layers = Self.layers(of: head.bytes, limit: limits.nesting - depth)
    guard let inner = layers.last, inner.isArchive || layers.contains(where: \.isForeignCompression),
      depth < limits.nesting
    else {
      if let kind = layers.last, kind.isArchive || kind.isForeignCompression {
        try say(
          "limit-nesting", names, "containers are nested more than \(limits.nesting) deep: not unpacked")
      }
      let whole = PrefixedStream(prefix: head.bytes, rest: head.end == .none ? digest : Ended(head.end))
      try sendMember(
        whole, MemberInfo(names: names, modified: modified, compression: compression), digest: nil)
      return
    }
    var current: any ByteStream = PrefixedStream(
      prefix: head.bytes, rest: head.end == .none ? digest : Ended(head.end))
    var taken: [String] = []
    var gzips: [GzipStream] = []
    for kind in layers {
      if kind == .gzip {
        let gzip = GzipStream(current, limits: limits)
        gzips.append(gzip)
        current = gzip
        taken.append(kind.name)
      } else if kind.isForeignCompression {
        guard let filter = FilterStream(kind, current) else {
          try say("unsupported-compression", names, "this build cannot read \(kind.name) data")
          return
        }
        current = filter
        taken.append(kind.name)
      }
    }
    if inner.isArchive {
      if taken.isEmpty, seekable != nil { _ = lseek(seekable ?? -1, 0, SEEK_SET) }
      let links = try unpackArchive(
        inner, current, names: names, depth: depth + 1, seekable: taken.isEmpty ? seekable : nil)
      if taken.isEmpty, let seekable {
        // What libarchive skipped must still be in the hash: the parent hashes files that can seek itself.
        _ = lseek(seekable, 0, SEEK_END)
      } else {
        try drain(current)
      }
      try drain(digest)
      for gzip in gzips {
        for damage in gzip.damage { try say(damage.kind, names, damage.note, damage.offset) }
      }
      let info = ContainerInfo(
        names: names, format: inner.name, compression: taken, sha256: digest.hexDigest(),
        storedBytes: digest.count, modified: modified, links: links)
      try send(.container, info.frame)
    } else {
      try sendMember(
        current, MemberInfo(names: names, modified: modified, compression: compression + taken),
        digest: digest)
      for gzip in gzips {
        for damage in gzip.damage { try say(damage.kind, names, damage.note, damage.offset) }
      }
    }
  }

  /// Sends all members of an archive. Returns the number of entries that are no files.
  private mutating func unpackArchive(
    _ kind: ContentKind, _ stream: any ByteStream, names: [String], depth: Int, seekable: Int32?
  ) throws(IntakeError) -> UInt64 {
    guard let reader = ArchiveReader(kind, stream: stream, seekable: seekable) else {
      try say("archive-corrupt", names, "the \(kind.name) archive cannot be opened")
      return 0
    }
    var links: UInt64 = 0
    while true {
      switch reader.next() {
      case .end:
        if reader.inputFailed {
          try say("archive-truncated", names, "the \(kind.name) archive ends early: further members are lost")
        }
        return links
      case .broken(let words):
        try say(
          reader.inputFailed ? "archive-truncated" : "archive-corrupt", names,
          "the \(kind.name) archive is broken after \(members) members: \(words)")
        return links
      case .folder: continue
      case .special:
        links += 1
        members += 1
      case .file(let name, let modified, let isEncrypted):
        members += 1
        if isEncrypted {
          try say("encrypted", names, "member '\(name)' is encrypted: unpack it and ingest the result")
          continue
        }
        if Self.isUnsafe(name) {
          try say(
            "\(kind.name)-unsafe-name", names,
            "member '\(name)' points outside the archive: read as a name only, nothing is written")
        }
        let entry = EntryStream(reader)
        try unpack(
          entry, names: names + [name], modified: modified, compression: [], depth: depth, seekable: nil)
        if let fault = entry.fault {
          try say("archive-member", names, "member '\(name)' is broken after \(entry.count) bytes: \(fault)")
        }
      }
      if members >= limits.members {
        try say("limit-members", names, "more than \(limits.members) members: the rest was not read")
        return links
      }
    }
  }

  /// True for names that would lead out of a folder they were unpacked into, as no honest archive has them. Absolute
  /// names are common and harmless here.
  static func isUnsafe(_ name: String) -> Bool {
    name.split(whereSeparator: { $0 == "/" || $0 == "\\" }).contains("..")
  }

  /// The layers around the content that these first bytes begin: compressions from outside to inside, and an archive
  /// at the end where there is one.
  static func layers(of head: [UInt8], limit: Int) -> [ContentKind] {
    var layers: [ContentKind] = []
    var bytes = head
    while layers.count < max(1, limit) {
      let kind = bytes.withUnsafeBytes { ContentKind($0) }
      if kind.isArchive { return layers + [kind] }
      guard kind == .gzip || kind.isForeignCompression else { break }
      layers.append(kind)
      let source = PrefixedStream(prefix: bytes, rest: Ended(.none))
      let inner: (any ByteStream)? =
        kind == .gzip ? GzipStream(source, limits: IntakeLimits()) : FilterStream(kind, source)
      guard let inner else { break }
      var next = [UInt8](repeating: 0, count: 32 << 10)
      var filled = 0
      while filled < 1024 {
        let got = next.withUnsafeMutableBytes { bytes -> Int in
          (try? inner.read(into: UnsafeMutableRawBufferPointer(rebasing: bytes[filled...])).count) ?? 0
        }
        if got == 0 { break }
        filled += got
      }
      bytes = Array(next[..<filled])
    }
    // Gzip around plain content is left to the reader, which is faster and keeps what damage leaves.
    while layers.last == .gzip { layers.removeLast() }
    return layers
  }

  private func readHead(_ stream: any ByteStream) throws(IntakeError) -> (bytes: [UInt8], end: StretchEnd) {
    var bytes = [UInt8](repeating: 0, count: Self.headBytes)
    var filled = 0
    var end = StretchEnd.none
    while filled < bytes.count, end == .none {
      let target = buffer.bytes
      let stretch = try stream.read(
        into: UnsafeMutableRawBufferPointer(rebasing: target[..<(bytes.count - filled)]))
      for index in 0..<stretch.count { bytes[filled + index] = target[index] }
      filled += stretch.count
      end = stretch.end
      if stretch.count == 0 { break }
    }
    bytes.removeLast(bytes.count - filled)
    return (bytes, end)
  }

  private func drain(_ stream: any ByteStream) throws(IntakeError) {
    while !(try stream.read(into: buffer.bytes)).isLast {}
  }

  /// Sends a member. `digest` is given where it is compressed inside: its bytes as stored.
  private func sendMember(
    _ stream: any ByteStream, _ info: MemberInfo, digest: DigestStream?
  ) throws(IntakeError) {
    try send(.member, info.frame)
    var isCut = false
    var sent: UInt64 = 0
    var run = ConstantRun()
    while true {
      let stretch = try stream.read(into: buffer.bytes)
      if stretch.count > 0 {
        try send(.data, UnsafeRawBufferPointer(rebasing: buffer.bytes[..<stretch.count]))
        sent += UInt64(stretch.count)
        run.add(UnsafeRawBufferPointer(rebasing: buffer.bytes[..<stretch.count]), input: sent)
      }
      if stretch.end != .none { isCut = true }
      if stretch.count == 0 { break }
      if sent >= limits.sourceBytes || run.count >= limits.constantRun {
        isCut = true
        break
      }
    }
    if let digest {
      try drain(digest)
      let end = MemberEnd(isCut: isCut, storedSHA256: digest.hexDigest(), storedBytes: digest.count)
      try send(.end, end.frame)
    } else {
      try send(.end, MemberEnd(isCut: isCut, storedSHA256: "", storedBytes: 0).frame)
    }
    if run.count >= limits.constantRun {
      try say(
        "limit-ratio", info.names,
        "'\(info.names.last ?? "the content")' holds nothing but the byte \(run.value) for \(run.count) bytes: the rest was not read",
        sent)
    }
  }

  private func say(_ kind: String, _ names: [String], _ note: String, _ offset: UInt64 = 0)
    throws(IntakeError)
  {
    try send(.damage, ContainerDamage(names: names, kind: kind, offset: offset, note: note).frame)
  }

  private func send(_ kind: FrameKind, _ bytes: [UInt8]) throws(IntakeError) {
    let failure = bytes.withUnsafeBytes { bytes -> IntakeError? in
      do throws(IntakeError) {
        try send(kind, bytes)
        return nil
      } catch { return error }
    }
    if let failure { throw failure }
  }

  private func send(_ kind: FrameKind, _ bytes: UnsafeRawBufferPointer) throws(IntakeError) {
    var header: [UInt8] = [kind.rawValue]
    withUnsafeBytes(of: UInt32(bytes.count).littleEndian) { header.append(contentsOf: $0) }
    let failure = header.withUnsafeBytes { Self.writeAll(output, $0) } ?? Self.writeAll(output, bytes)
    if let failure { throw failure }
  }

  static func writeAll(_ output: Int32, _ bytes: UnsafeRawBufferPointer) -> IntakeError? {
    var rest = bytes
    while !rest.isEmpty {
      let count = write(output, rest.baseAddress, rest.count)
      if count > 0 {
        rest = UnsafeRawBufferPointer(rebasing: rest[count...])
      } else if errno != EINTR {
        return IntakeError.system("archive helper", errno)
      }
    }
    return nil
  }
}

/// A stream that has ended already, perhaps with a gap.
final class Ended: ByteStream {
  private var end: StretchEnd
  init(_ end: StretchEnd) { self.end = end }
  func read(into target: UnsafeMutableRawBufferPointer) throws(IntakeError) -> Stretch {
    defer { end = .none }
    return Stretch(count: 0, end: end)
  }
}

/// One compressed stream through libarchive: bzip2, xz, zstd, lz4.
final class FilterStream: ByteStream {
  private let reader: ArchiveReader
  private let entry: EntryStream
  private var isOpen = false

  init?(_ kind: ContentKind, _ stream: any ByteStream) {
    guard let reader = ArchiveReader(kind, stream: stream, seekable: nil) else { return nil }
    self.reader = reader
    entry = EntryStream(reader)
  }

  func read(into target: UnsafeMutableRawBufferPointer) throws(IntakeError) -> Stretch {
    if !isOpen {
      isOpen = true
      guard case .file = reader.next() else { return Stretch(count: 0, end: .cut) }
    }
    return try entry.read(into: target)
  }
}
