import Crypto
import EvidenceIntake
import Glibc
import IncidentModel
import Synchronization
import TimelineStore

/// Reads records back from the evidence, which lies outside the case.
protocol RawEvidence {
  /// Where the source's file lies, if not at its path.
  var location: String? { get set }
  /// Bytes of a source, `offset` counted in the uncompressed source. Throws when the source is gone, changed (its SHA-256
  /// is another), or cannot be read back.
  func bytes(of source: SourceDescription, sha256: String, offset: UInt64, length: Int)
    throws(RawEvidenceError) -> [UInt8]
}

/// Why a record cannot be read back.
enum RawEvidenceError: Error {
  /// There is no such file any more.
  case gone(String)
  /// The file's SHA-256 is another than at ingest.
  case changed
  /// It lies inside something that cannot be read back.
  case unsupported(String)

  /// One sentence.
  var words: String {
    switch self {
    case .gone(let reason): "the evidence is gone (\(reason)); this is what the case has"
    case .changed: "the evidence has changed since ingest (its SHA-256 differs); this is what the case has"
    case .unsupported(let reason): "the raw line cannot be read back: \(reason)"
    }
  }
}

/// Whatever the intake can read: compressed files and members of archives are unpacked again, taken as lines of text.
/// Line ends are not kept; a record that is not made of lines cannot be read back this way.
struct UnpackedEvidence: RawEvidence {
  var location: String?

  func bytes(
    of source: SourceDescription, sha256: String, offset: UInt64, length: Int
  ) throws(RawEvidenceError) -> [UInt8] {
    guard source.path != "-" else { throw .unsupported("it came from standard input") }
    let place = SourceDescription(path: location ?? source.path, members: source.members)
    guard access(place.path, R_OK) == 0 else { throw .gone(String(cString: strerror(errno))) }
    var options = IntakeOptions()
    options.formats = [SourceRule(parsing: "text")]
    options.mayBeKnown = false
    let collector = LineCollector(source: place, bytes: offset..<offset &+ UInt64(max(1, length)))
    do {
      _ = try Intake.run([place.path], options: options, into: collector)
    } catch {
      throw .unsupported("\(error)")
    }
    let found = collector.found.withLock { $0 }
    guard let now = found.sha256 else {
      throw .gone("\(source.path) no longer holds \(source.memberName)")
    }
    guard now == sha256 else { throw .changed }
    guard !found.lines.isEmpty else { throw .unsupported("it is not made of lines") }
    return Array(found.lines.joined(separator: [UInt8(ascii: "\n")]))
  }

  /// Keeps the lines of one source that overlap a range of bytes.
  private final class LineCollector: EventSink {
    struct Found {
      var lines: [[UInt8]] = []
      var sha256: String?
    }
    let source: SourceDescription
    let bytes: Range<UInt64>
    let found = Mutex(Found())

    init(source: SourceDescription, bytes: Range<UInt64>) {
      self.source = source
      self.bytes = bytes
    }

    func contains(sha256: String) throws -> Bool { false }
    func openLane(order: Int) throws -> any EventLane { Lane(self) }

    private final class Lane: EventLane {
      let collector: LineCollector
      var isWanted = false
      init(_ collector: LineCollector) { self.collector = collector }

      func beginSource(_ source: SourceDescription) throws { isWanted = source == collector.source }
      func append(_ batch: borrowing EventBatch) throws {
        guard isWanted else { return }
        let wanted = collector.bytes
        for record in batch.records
        where record.byteOffset < wanted.upperBound
          && record.byteOffset + UInt64(record.byteLength) > wanted.lowerBound
        {
          let range = Int(record.message.start)..<Int(record.message.start) + Int(record.message.count)
          let line = Array(batch.arena[range])
          collector.found.withLock { $0.lines.append(line) }
        }
      }
      func finishSource(_ account: SourceAccount, adjustments: [TimeAdjustment]) throws {
        if isWanted { collector.found.withLock { $0.sha256 = account.sha256 } }
        isWanted = false
      }
      func discardSource() throws { isWanted = false }
      func close() throws {}
    }
  }
}

/// Plain, uncompressed files.
struct PlainFiles: RawEvidence {
  var location: String?

  func bytes(
    of source: SourceDescription, sha256: String, offset: UInt64, length: Int
  ) throws(RawEvidenceError) -> [UInt8] {
    guard source.members.isEmpty, source.path != "-" else {
      throw .unsupported(source.path == "-" ? "it came from standard input" : "it lies inside \(source.path)")
    }
    guard let file = fopen(location ?? source.path, "rb") else {
      throw .gone(String(cString: strerror(errno)))
    }
    defer { fclose(file) }
    var hash = SHA256()
    var wanted: [UInt8] = []
    var position: UInt64 = 0
    let end = offset &+ UInt64(length)
    var buffer = [UInt8](repeating: 0, count: 1 << 18)
    while true {
      let count = fread(&buffer, 1, buffer.count, file)
      if count == 0 { break }
      hash.update(data: buffer[..<count])
      let next = position + UInt64(count)
      if position < end, next > offset {
        let from = offset > position ? Int(offset - position) : 0
        let to = end < next ? Int(end - position) : count
        wanted += buffer[from..<to]
      }
      position = next
    }
    guard ferror(file) == 0 else { throw .gone("it cannot be read: \(String(cString: strerror(errno)))") }
    guard hash.finalize().hexText == sha256 else { throw .changed }
    return wanted
  }
}

/// A file that the case holds itself (`ingest --embed`), written out to be read and gone afterwards.
final class EmbeddedCopy {
  let path: String

  /// nil when the case does not hold the file that this source came from. Of a file that it holds as it was at several times,
  /// the one with the source's SHA-256.
  convenience init?(of source: SourceDescription, sha256: String, in reader: CaseReader) throws {
    guard let digest = try reader.embeddedDigest(path: source.path, preferring: sha256) else { return nil }
    try self.init(sha256: digest, in: reader)
  }

  /// - Parameter digest: Of a file that the case holds.
  init(sha256 digest: String, in reader: CaseReader) throws {
    // The ending of the name may tell the format.
    let folder = Console.environment["TMPDIR"].flatMap { $0.isEmpty ? nil : $0 } ?? "/tmp"
    var template = Array("\(folder)/firebreak-evidence-XXXXXX".utf8CString)
    let descriptor = mkstemp(&template)
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    guard descriptor >= 0 else {
      throw CommandError("cannot write a temporary file in '\(folder)': \(String(cString: strerror(errno)))")
    }
    defer { close(descriptor) }
    try reader.readEmbedded(sha256: digest) { bytes in
      var rest = bytes
      while !rest.isEmpty {
        let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
        guard count > 0 else {
          throw CommandError(
            "cannot write a temporary file in '\(folder)': \(String(cString: strerror(errno)))")
        }
        rest = UnsafeRawBufferPointer(rebasing: rest[count...])
      }
      return true
    }
  }

  deinit { unlink(path) }
}

extension Digest {
  /// Lower-case hex digits.
  var hexText: String { map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() }
}
