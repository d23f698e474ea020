import CZlib
import IncidentModel

/// A zip archive (PKWARE APPNOTE 6.3, without zip64): members deflated, already compressed ones stored.
struct Zip: Container {
  private var output: [UInt8] = []
  private var directory: [UInt8] = []
  private var members: UInt16 = 0

  mutating func add(_ path: String, modified: Int64, _ bytes: [UInt8]) throws(SimulationError) {
    let stored = path.hasSuffix(".gz")
    var body = bytes
    var checksum: UInt = 0
    if !stored {
      let deflater = try Deflater(.raw)
      var failure: SimulationError?
      bytes.withUnsafeBytes { raw in
        do throws(SimulationError) { try deflater.write(raw) } catch { failure = error }
      }
      if let failure { throw failure }
      body = try deflater.finish()
    }
    bytes.withUnsafeBufferPointer { checksum = crc32(0, $0.baseAddress, UInt32($0.count)) }
    guard body.count < 1 << 31, bytes.count < 1 << 31, output.count < 1 << 31, members < .max else {
      throw SimulationError(.cannotWrite, "too large for zip: \(path)", path: path)
    }
    // Version, flags, method, DOS time and date, CRC, sizes, name length: shared by both headers.
    var common: [UInt8] = []
    Zip.put(&common, 20, 2)
    Zip.put(&common, 0, 2)
    Zip.put(&common, stored ? 0 : 8, 2)
    let (time, date) = Zip.dosTime(modified)
    Zip.put(&common, time, 2)
    Zip.put(&common, date, 2)
    Zip.put(&common, UInt64(checksum), 4)
    Zip.put(&common, UInt64(body.count), 4)
    Zip.put(&common, UInt64(bytes.count), 4)
    Zip.put(&common, UInt64(path.utf8.count), 2)
    // Info-ZIP's extended timestamp carries UTC seconds; the DOS fields are local and even.
    var extra: [UInt8] = []
    Zip.put(&extra, 0x5455, 2)
    Zip.put(&extra, 5, 2)
    Zip.put(&extra, 1, 1)
    Zip.put(&extra, UInt64(modified / 1_000_000_000), 4)
    let offset = output.count
    Zip.put(&output, 0x0403_4B50, 4)
    output += common
    Zip.put(&output, UInt64(extra.count), 2)
    output += Array(path.utf8)
    output += extra
    output += body
    Zip.put(&directory, 0x0201_4B50, 4)
    Zip.put(&directory, 0x0314, 2)
    directory += common
    Zip.put(&directory, UInt64(extra.count), 2)
    Zip.put(&directory, 0, 2)
    Zip.put(&directory, 0, 2)
    Zip.put(&directory, 0, 2)
    Zip.put(&directory, 0o100640 << 16, 4)
    Zip.put(&directory, UInt64(offset), 4)
    directory += Array(path.utf8)
    directory += extra
    members += 1
  }

  mutating func finish() throws(SimulationError) -> [UInt8] {
    let start = output.count
    output += directory
    Zip.put(&output, 0x0605_4B50, 4)
    Zip.put(&output, 0, 4)
    Zip.put(&output, UInt64(members), 2)
    Zip.put(&output, UInt64(members), 2)
    Zip.put(&output, UInt64(directory.count), 4)
    Zip.put(&output, UInt64(start), 4)
    Zip.put(&output, 0, 2)
    return output
  }

  private static func put(_ out: inout [UInt8], _ value: UInt64, _ width: Int) {
    for index in 0..<width { out.append(UInt8(truncatingIfNeeded: value >> UInt64(8 * index))) }
  }

  /// MS-DOS time and date of an instant, taken as UTC.
  private static func dosTime(_ nanoseconds: Int64) -> (time: UInt64, date: UInt64) {
    let seconds = nanoseconds / 1_000_000_000
    let date = CivilDate(daysSinceEpoch: seconds / 86_400)
    let rest = seconds % 86_400
    let time = UInt64(rest / 3600) << 11 | UInt64(rest / 60 % 60) << 5 | UInt64(rest % 60 / 2)
    return (time, UInt64(max(0, date.year - 1980)) << 9 | UInt64(date.month) << 5 | UInt64(date.day))
  }
}
