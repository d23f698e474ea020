import Glibc
public import IncidentModel
import LogFormats

/// The first bytes of a source, unpacked.
public struct SourceBeginning: Sendable {
  /// What the bytes are.
  public enum Content: Sendable, Hashable {
    /// Records that a format may read.
    case records
    /// A systemd journal; `bytes` are its entries, one JSON object a line, as the format `journald-json` reads them.
    case journal
    /// No text: the ingest keeps it as one refused record.
    case binary
    /// Something that is no log; the words say what to do with it.
    case foreign(String)
  }

  /// Which source.
  public var description: SourceDescription
  /// Compressions that were taken off, outermost first.
  public var compression: [String]
  /// Its first bytes.
  public var bytes: [UInt8]
  /// True where the source goes on beyond them.
  public var isCut: Bool
  /// What the bytes are.
  public var content: Content
  /// What is wrong with its container or its compression as far as it was read, one sentence each.
  public var faults: [String]
}

/// Walks through what a path holds as `Intake.run` does, and gives the beginning of each source; for `firebreak formats test`.
public struct SourceBeginnings {
  private let path: String
  private let limit: Int
  private let options: IntakeOptions

  /// - Parameters:
  ///   - path: A file, or `-` for standard input.
  ///   - bytes: Bytes of each source, at most.
  public init(of path: String, bytes: Int, options: IntakeOptions = IntakeOptions()) {
    self.path = path
    limit = bytes
    self.options = options
  }

  /// Hands the sources out in the order in which they are stored, until `visit` says false. `isWanted` decides by path and
  /// members; what it does not want is passed over. Returns what is wrong with the containers, one sentence each.
  ///
  /// - Throws: `IntakeError` where the path cannot be read; whatever `visit` throws.
  @discardableResult
  public func visit(
    where isWanted: (SourceDescription) -> Bool = { _ in true },
    _ visit: (SourceBeginning) throws -> Bool
  ) throws -> [String] {
    let file: FileStream
    if path == "-" {
      file = FileStream(descriptor: STDIN_FILENO, place: "standard input", closes: false)
    } else {
      var info = stat()
      guard stat(path, &info) == 0 else { throw IntakeError.system(path, errno) }
      if info.st_mode & S_IFMT == S_IFDIR {
        throw IntakeError(.specialFile, "is a folder: give one of its files", place: path)
      }
      file = try FileStream(path: path)
    }
    let head = try Self.read(file, 64 << 10).bytes
    let layers = Unpacker.layers(of: head, limit: options.limits.nesting)
    guard layers.contains(where: { $0.isArchive || $0.isForeignCompression }) else {
      let whole = PrefixedStream(prefix: head, rest: file)
      let source = SourceDescription(path: path)
      if isWanted(source) { _ = try visit(beginning(whole, source, [])) }
      return []
    }
    let archive: ArchiveStream
    if path != "-", lseek(file.descriptor, 0, SEEK_SET) == 0 {
      archive = try ArchiveStream(
        file: file.descriptor, isolation: options.isolation, limits: options.limits)
    } else {
      archive = try ArchiveStream(
        stream: PrefixedStream(prefix: head, rest: file), isolation: options.isolation,
        limits: options.limits)
    }
    var faults: [String] = []
    while true {
      switch try archive.next() {
      case .member(let info):
        let source = SourceDescription(path: path, members: info.names)
        guard isWanted(source) else { continue }
        var found = try beginning(MemberStream(archive), source, info.compression)
        found.faults += archive.lastEnd?.damage.map(\.note) ?? []
        guard try visit(found) else { return faults }
      case .damage(let damage): faults.append(damage.note)
      case .container: continue
      case .finished: return faults
      case .crashed(let words):
        return faults + ["the process that unpacks archives ended (\(words)): further members are lost"]
      }
    }
  }

  /// Takes compressions off and reads the first bytes.
  private func beginning(
    _ stored: any ByteStream, _ source: SourceDescription, _ taken: [String]
  ) throws -> SourceBeginning {
    var found = SourceBeginning(
      description: source, compression: taken, bytes: [], isCut: false, content: .records, faults: [])
    var stream = stored
    var layers: [any Decompressor] = []
    while true {
      let head = try Self.read(stream, 64 << 10)
      let kind = head.bytes.withUnsafeBytes { ContentKind($0) }
      let rest = PrefixedStream(prefix: head.bytes, rest: PrefixedGap.wrap(head.end, stream))
      guard layers.count < options.limits.nesting, let layer = kind.layer(over: rest, limits: options.limits)
      else {
        let (bytes, _) = try Self.read(rest, limit + 1)
        found.bytes = Array(bytes.prefix(limit))
        found.isCut = bytes.count > limit
        found.faults = layers.flatMap(\.damage).map(\.note)
        describe(kind, &found)
        return found
      }
      layers.append(layer)
      found.compression.append(kind.name)
      stream = layer
    }
  }

  private func describe(_ kind: ContentKind, _ found: inout SourceBeginning) {
    if kind == .journal {
      found.content = .journal
      found.bytes = found.bytes.withUnsafeBytes(Self.entries)
    } else if let hint = kind.hint {
      found.content = .foreign(hint)
    } else if kind != .other
      || found.bytes.withUnsafeBytes({
        options.catalog.election(head: UnsafeRawBufferPointer(rebasing: $0.prefix(64 << 10))).isBinary
      })
    {
      found.content = .binary
    }
  }

  /// The entries of a journal's beginning as lines of JSON.
  private static func entries(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
    guard var journal = JournalFile(bytes) else { return [] }
    var text: [UInt8] = []
    var json: [UInt8] = []
    while let entry = journal.next(), text.count < 8 << 20 {
      journal.write(entry, into: &json)
      text += json
      text.append(0x0A)
    }
    return text
  }

  /// At most `count` bytes, and how they ended where it was not by the count.
  private static func read(
    _ stream: any ByteStream, _ count: Int
  ) throws(IntakeError) -> (bytes: [UInt8], end: StretchEnd) {
    let room = UnsafeMutableRawBufferPointer.allocate(byteCount: min(count, 256 << 10), alignment: 16)
    defer { room.deallocate() }
    var bytes: [UInt8] = []
    var isTorn = false
    while bytes.count < count {
      let target = UnsafeMutableRawBufferPointer(
        rebasing: room[..<min(room.count, count - bytes.count)])
      let stretch = try stream.read(into: target)
      bytes += room[..<stretch.count]
      // What is missing before the first byte ends nothing, but leaves a part of a line.
      if bytes.isEmpty, stretch.end != .none {
        isTorn = isTorn || stretch.end == .torn
        continue
      }
      if isTorn, let feed = bytes.firstIndex(of: 0x0A) {
        bytes.removeFirst(feed + 1)
        isTorn = false
      }
      if stretch.count == 0 || stretch.end != .none { return (bytes, stretch.end) }
    }
    return (bytes, .none)
  }
}
