import Crypto

/// The hash chain of a run's journal: each record's hash covers the record and, through the hash before it,
/// everything earlier. Deleting, changing, inserting or reordering a record breaks the chain from there on.
///
/// Cutting off the end cannot be seen by the chain alone; signed checkpoints and the finish record are for that.
public enum JournalChain {
  /// The hash before the first record: 64 zeros.
  public static let start = String(repeating: "0", count: 64)

  /// The record with its hash set.
  public static func link(_ record: RunRecord, after previous: String) -> RunRecord {
    var record = record
    record.hash = hash(of: record, after: previous)
    return record
  }

  /// SHA-256 (hex) of `previous`, a line feed, and the record's canonical form.
  public static func hash(of record: RunRecord, after previous: String) -> String {
    var bytes = Array(previous.utf8)
    bytes.append(10)
    appendCanonicalForm(of: record, to: &bytes)
    return HexText.lower(SHA256.hash(data: bytes))
  }

  /// The first place where a run's records do not hold together, or nil when they do.
  public static func firstProblem(in records: some Sequence<RunRecord>) -> String? {
    var previous = start
    var expected = 1
    var run: String?
    for record in records {
      if let run, record.run != run {
        return "record \(expected) belongs to run '\(record.run)', not '\(run)'"
      }
      run = record.run
      if record.sequence != expected {
        return "record \(expected) is missing (the next one is number \(record.sequence))"
      }
      if record.hash != hash(of: record, after: previous) {
        return "record \(expected) does not have the hash of its contents and predecessors"
      }
      previous = record.hash
      expected += 1
    }
    return nil
  }

  /// The record as RFC 8785 canonical JSON without `hash`; 64-bit times are strings, since JSON numbers
  /// cannot hold them.
  static func appendCanonicalForm(of record: RunRecord, to bytes: inout [UInt8]) {
    var first = true
    func put(_ name: StaticString, _ value: String?) {
      guard let value else { return }
      name.withUTF8Buffer { buffer in
        bytes.append(contentsOf: first ? [0x7B, 0x22] : [0x2C, 0x22])
        bytes.append(contentsOf: buffer)
        bytes.append(contentsOf: [0x22, 0x3A])
      }
      first = false
      CanonicalJSON.append(string: value, to: &bytes)
    }
    func put(_ name: StaticString, number: Int?) {
      guard let number else { return }
      name.withUTF8Buffer { buffer in
        bytes.append(contentsOf: first ? [0x7B, 0x22] : [0x2C, 0x22])
        bytes.append(contentsOf: buffer)
        bytes.append(contentsOf: [0x22, 0x3A])
      }
      first = false
      bytes.append(contentsOf: String(number).utf8)
    }
    put("action", record.action?.rawValue)
    put("detail", record.detail)
    put("kind", record.kind.rawValue)
    put("monotonicTime", String(record.monotonicTime))
    put("outcome", record.outcome?.rawValue)
    put("reason", record.reason)
    put("run", record.run)
    put("sequence", number: record.sequence)
    put("step", record.step)
    put("target", record.target)
    put("wallTime", String(record.wallTime))
    put("wave", number: record.wave)
    bytes.append(0x7D)
  }
}

/// Hexadecimal text.
public enum HexText {
  private static let digits = Array("0123456789abcdef".utf8)

  /// Lower-case hexadecimal digits of some bytes.
  public static func lower(_ bytes: some Sequence<UInt8>) -> String {
    var text: [UInt8] = []
    for byte in bytes {
      text.append(digits[Int(byte >> 4)])
      text.append(digits[Int(byte & 15)])
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// SHA-256 of some bytes as 64 lower-case hexadecimal digits.
  public static func sha256(_ bytes: some Sequence<UInt8>) -> String {
    lower(SHA256.hash(data: Array(bytes)))
  }
}
