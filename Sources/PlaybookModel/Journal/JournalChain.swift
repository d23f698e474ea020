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
    var bytes: [UInt8] = []
    bytes.reserveCapacity(768)
    bytes.append(contentsOf: previous.utf8)
    bytes.append(10)
    appendCanonicalForm(of: record, to: &bytes)
    return HexText.lower(SHA256.hash(data: bytes))
  }

  /// Checks a run's records one after the other.
  public struct Check: Sendable {
    /// The first place where the records do not hold together; nil while they do.
    public private(set) var problem: String?
    /// Records that hold together.
    public private(set) var count = 0
    /// The hash of the last of them.
    public private(set) var head = JournalChain.start
    private var run: String?

    /// A check of nothing yet.
    public init() {}

    /// The next record.
    public mutating func add(_ record: RunRecord) {
      guard problem == nil else { return }
      let expected = count + 1
      if let run, record.run != run {
        problem = "record \(expected) belongs to run '\(record.run)', not '\(run)'"
      } else if record.sequence != expected {
        problem = "record \(expected) is missing (the next one is number \(record.sequence))"
      } else if record.hash != JournalChain.hash(of: record, after: head) {
        problem = "record \(expected) does not have the hash of its contents and predecessors"
      } else {
        run = record.run
        head = record.hash
        count = expected
      }
    }
  }

  /// The first place where a run's records do not hold together, or nil when they do.
  public static func firstProblem(in records: some Sequence<RunRecord>) -> String? {
    var check = Check()
    for record in records { check.add(record) }
    return check.problem
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
    text.reserveCapacity(2 * bytes.underestimatedCount)
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
