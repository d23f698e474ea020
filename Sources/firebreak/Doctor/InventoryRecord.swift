import Crypto
import Glibc
import IncidentModel
import TimelineStore

/// What the custody log says of an inventory that was read: when the file was last written, and how many devices it has.
/// Interlocks are only as good as the inventory is new.
struct InventoryRecord {
  static let action = "inventory"
  private static let mark = "as of "
  let file: String
  let devices: Int
  private let asOf: Instant
  private let sha256: String

  /// The record of a file that is there.
  init(file: String, devices: Int) throws {
    self.file = file
    self.devices = devices
    var status = stat()
    guard stat(file, &status) == 0 else {
      throw CommandError("cannot read '\(file)': \(String(cString: strerror(errno)))")
    }
    asOf = Instant(nanoseconds: Int64(status.st_mtim.tv_sec) * 1_000_000_000)
    sha256 = SHA256.hash(data: try PlaybookFiles.read(file)).hexText
  }

  /// The entry for the custody log.
  var entry: CustodyEntry {
    CustodyEntry(
      at: Person.now, actor: Person.current, action: Self.action, subject: file, sha256: sha256,
      detail:
        "firebreak \(Firebreak.version): \(devices) devices, \(Self.mark)\(asOf.rfc3339(fractionDigits: 0))")
  }

  /// When the newest inventory of a case was written, by its file and by the day it was read; nil when nothing says so.
  static func newest(_ records: [CustodyRecord]) -> (asOf: String, read: Instant)? {
    guard let last = records.last(where: { $0.entry.action == action }) else { return nil }
    guard let place = last.entry.detail.firstRange(of: mark) else { return nil }
    return (String(last.entry.detail[place.upperBound...]), last.entry.at)
  }
}
