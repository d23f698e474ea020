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
    Codec.prepare()
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
    _ = try unpack(file, names: [], modified: nil, depth: 0, seekable: canSeek ? input : nil)
    try send(.finish, [])
  }

  /// Unpacks what a stream holds; a stream that holds no container is sent as a member. `entry` is the stream where it is an
  /// archive's.
  private mutating func unpack(
    _ stream: any ByteStream, names: [String], modified: Int64?, depth: Int, seekable: Int32?,
    entry: EntryStream? = nil
  ) throws(IntakeError) {
    let digest = DigestStream(stream)
    var current: any ByteStream = digest
    var taken: [String] = []
    var decompressors: [any Decompressor] = []
    var archive: ContentKind?
    // What a compression holds may begin so far in that the first bytes do not show it: it is looked at again.
    while archive == nil {
      let head = try readHead(current)
      current = PrefixedStream(prefix: head.bytes, rest: PrefixedGap.wrap(head.end, current))
      let limit = limits.nesting - depth - taken.count
      let layers = Self.layers(of: head.bytes, limit: limit)
      guard let inner = layers.last, inner.isArchive || layers.contains(where: \.isForeignCompression) else {
        break
      }
      guard limit > 0 else {
        try say(
          "limit-nesting", names, "containers are nested more than \(limits.nesting) deep: not unpacked")
        break
      }
      for kind in layers where !kind.isArchive {
        let layer: (any Decompressor)? =
          kind == .gzip ? GzipStream(current, limits: limits) : CompressedFrames(kind, current)
        guard let layer else {
          try say("unsupported-compression", names, "this build cannot read \(kind.name) data")
          return
        }
        decompressors.append(layer)
        current = layer
        taken.append(kind.name)
      }
      if inner.isArchive { archive = inner }
    }
    guard let archive else {
      return try sendMember(
        current, MemberInfo(names: names, modified: modified, compression: taken),
        digest: taken.isEmpty ? nil : digest, decompressors, entry)
    }
    if taken.isEmpty, seekable != nil { _ = lseek(seekable ?? -1, 0, SEEK_SET) }
    let links = try unpackArchive(
      archive, current, names: names, depth: depth + 1, seekable: taken.isEmpty ? seekable : nil)
    if taken.isEmpty, let seekable {
      // What libarchive skipped must still be in the hash: the parent hashes files that can seek itself.
      _ = lseek(seekable, 0, SEEK_END)
    } else {
      try drain(current)
    }
    try drain(digest)
    for damage in Self.damage(decompressors, names) { try send(.damage, damage.frame) }
    if let entry, let words = entry.wrongChecksum {
      try say(
        "archive-member", names,
        "its checksum is wrong (\(words)): what it holds is kept but not to be trusted")
    }
    let info = ContainerInfo(
      names: names, format: archive.name, compression: taken, sha256: digest.hexDigest(),
      storedBytes: digest.count, modified: modified, links: links)
    try send(.container, info.frame)
  }

  /// What is wrong with the compressions of a source, for its account.
  private static func damage(_ decompressors: [any Decompressor], _ names: [String]) -> [ContainerDamage] {
    decompressors.flatMap(\.damage).map {
      ContainerDamage(names: names, kind: $0.kind, offset: $0.offset, length: $0.length, note: $0.note)
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
      case .skipped(let range, let words):
        let length = range.upperBound - range.lowerBound
        let what =
          length > 0
          ? "bytes \(range.lowerBound) to \(range.upperBound)" : "what lies at byte \(range.lowerBound)"
        let note = "\(what) of the \(kind.name) archive cannot be read as a member (\(words)): it is left out"
        let damage = ContainerDamage(
          names: names, kind: "archive-corrupt", offset: range.lowerBound, length: length > 0 ? length : nil,
          note: note)
        try send(.damage, damage.frame)
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
          entry, names: names + [name], modified: modified, depth: depth, seekable: nil, entry: entry)
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
        kind == .gzip ? GzipStream(source, limits: IntakeLimits()) : CompressedFrames(kind, source)
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
    _ stream: any ByteStream, _ info: MemberInfo, digest: DigestStream?, _ decompressors: [any Decompressor],
    _ entry: EntryStream?
  ) throws(IntakeError) {
    try send(.member, info.frame)
    var end = MemberEnd(isCut: false, storedSHA256: "", storedBytes: 0)
    var sent: UInt64 = 0
    var run = ConstantRun()
    while true {
      let stretch = try stream.read(into: buffer.bytes)
      if stretch.end != .none { try send(.gap, [stretch.end.gap]) }
      if stretch.count > 0 || stretch.end != .none {
        try send(.data, UnsafeRawBufferPointer(rebasing: buffer.bytes[..<stretch.count]))
        sent += UInt64(stretch.count)
        run.add(UnsafeRawBufferPointer(rebasing: buffer.bytes[..<stretch.count]), input: sent)
      }
      if stretch.isLast { break }
      if sent >= limits.sourceBytes || run.count >= limits.constantRun {
        end.isCut = true
        break
      }
    }
    if let digest {
      try drain(digest)
      end.storedSHA256 = digest.hexDigest()
      end.storedBytes = digest.count
    }
    end.damage = Self.damage(decompressors, info.names)
    if let entry, let words = entry.fault {
      end.damage.append(
        ContainerDamage(
          names: info.names, kind: "member-truncated", offset: entry.count,
          note: "the member breaks off after \(entry.count) bytes (\(words)); whole lines before are kept"))
    }
    if let entry, let words = entry.wrongChecksum {
      end.damage.append(
        ContainerDamage(
          names: info.names, kind: "member-checksum", offset: 0,
          note: "the checksum of the member is wrong (\(words)): its content is kept but not to be trusted"))
    }
    try send(.end, end.frame)
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
