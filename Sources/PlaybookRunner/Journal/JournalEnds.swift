import Glibc
import PlaybookModel

/// Which records of a case's journals this machine signed, noted beside its key: who cuts a journal off right after a checkpoint
/// leaves a whole chain with good signatures, and cannot reach this.
///
/// A file for each run, to which a line is added for each checkpoint: its number, its hash, and the SHA-256 of the case's path,
/// since a copy of a case may go on by itself. What cannot be noted is no reason not to act.
public struct JournalEnds: Sendable {
  private let folder: String
  private let place: String

  /// Those of a case, beside a key file.
  public init(keyFile: String, case path: String) {
    folder = keyFile + ".ends"
    let resolved = realpath(path, nil)
    defer { free(resolved) }
    place = HexText.sha256((resolved.map { String(cString: $0) } ?? path).utf8)
  }

  /// The file of a run; nil for what is no id of one: a foreign case may name its runs as it likes.
  private func file(_ run: String) -> String? {
    let isID =
      !run.isEmpty && run.utf8.count <= 64
      && run.utf8.allSatisfy {
        (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0) || $0 == 0x2D
      }
    return isID ? "\(folder)/\(run)" : nil
  }

  /// Notes a checkpoint that is in the journal.
  func note(run: String, sequence: Int, hash: String) {
    guard let file = file(run) else { return }
    try? DurableFile.makeFolder(folder)
    let descriptor = open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    // A line that a power cut left half ends here.
    let line = Array("\n\(sequence) \(hash) \(place)\n".utf8)
    if write(descriptor, line, line.count) == line.count { fsync(descriptor) }
  }

  /// Hashes of the records that were noted of a run, by number.
  public func noted(run: String) -> [Int: String] {
    guard let file = file(run), let stream = fopen(file, "re") else { return [:] }
    defer { fclose(stream) }
    var noted: [Int: String] = [:]
    var line = [CChar](repeating: 0, count: 256)
    while fgets(&line, Int32(line.count), stream) != nil {
      let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      let words = text.split(whereSeparator: \.isWhitespace)
      guard words.count == 3, words[1].utf8.count == 64, words[2] == place, let sequence = Int(words[0])
      else { continue }
      noted[sequence] = String(words[1])
    }
    return noted
  }
}
