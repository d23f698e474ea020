import Crypto
import Glibc
import IncidentModel

/// Reads records back from the evidence, which lies outside the case.
protocol RawEvidence {
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

/// Plain, uncompressed files.
struct PlainFiles: RawEvidence {
  func bytes(
    of source: SourceDescription, sha256: String, offset: UInt64, length: Int
  ) throws(RawEvidenceError) -> [UInt8] {
    guard source.members.isEmpty, source.path != "-" else {
      throw .unsupported(source.path == "-" ? "it came from standard input" : "it lies inside \(source.path)")
    }
    guard let file = fopen(source.path, "rb") else { throw .gone(String(cString: strerror(errno))) }
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

extension Digest {
  /// Lower-case hex digits.
  var hexText: String { map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() }
}
