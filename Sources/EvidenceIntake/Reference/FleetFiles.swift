public import IncidentModel
import LogFormats

/// Reads what is known of the fleet apart from its logs: inventory and topology as CSV with a header line.
public enum FleetFiles {
  /// Bytes that such a file may have: a million devices with ten columns are 100 MB.
  private static let sizeLimit: UInt64 = 1 << 30
  /// Names listed in a note, and contradictions named one by one.
  static let listed = 5

  /// Reads an inventory: a column `device` and any others, each of which becomes an attribute.
  ///
  /// A device may have several rows. Where they contradict each other in a column, the device has no value there: nobody
  /// knows which row is right, and an interlock holds back what is not known.
  ///
  /// - Returns: the inventory, and notes on rows that were left out and on those that contradict each other.
  /// - Throws: `IntakeError` when the file cannot be read, has no column `device`, or is no CSV.
  public static func inventory(_ path: String) throws(IntakeError) -> (inventory: Inventory, notes: [String])
  {
    var reader = CSVReader(try contents(path))
    guard let header = try row(&reader, path) else {
      throw bad(path, "is empty: an inventory needs a column 'device'")
    }
    let names = header.map(trimmed)
    guard let key = names.firstIndex(where: { $0.lowercased() == "device" }) else {
      throw bad(
        path,
        "has no column 'device'; its columns are \(names.map { "'\($0)'" }.joined(separator: ", ")): "
          + "name the column with the devices' names 'device'")
    }
    try refuseDoubles(names, path)
    let attributes = names.indices.filter { $0 != key }
    var inventory = Inventory(attributes: attributes.map { names[$0] })
    var repeated = RepeatedRows()
    var nameless = 0
    var ragged = RaggedRows()
    while let cells = try row(&reader, path) {
      if cells.count == 1, cells[0].isEmpty { continue }
      let device = key < cells.count ? trimmed(cells[key]) : ""
      if device.isEmpty {
        nameless += 1
        continue
      }
      // A cell too many: somewhere a comma stands without quotes, and what stands behind it is in the wrong column.
      let isShifted = cells.dropFirst(names.count).contains { !trimmed($0).isEmpty }
      if cells.count < names.count { ragged.short += 1 }
      if isShifted { ragged.shifted.append((reader.line, device)) }
      let values = attributes.map { $0 < cells.count && !isShifted ? trimmed(cells[$0]) : "" }
      if inventory.append(device: device, row: values) {
        repeated.first(line: reader.line)
      } else {
        repeated.merge(device, values, line: reader.line, into: &inventory)
      }
    }
    var notes = repeated.notes(path)
    if inventory.devices.isEmpty {
      notes.append("'\(path)' has no row with a device: nothing is known of the fleet by it")
    }
    if nameless > 0 { notes.append("'\(path)': \(nameless) rows without a device's name were left out") }
    notes += ragged.notes(path)
    return (inventory, notes)
  }

  /// Reads a topology: columns `from`, `to` and `kind` (which may be absent: `link`).
  ///
  /// - Parameter known: names of devices; links to others are kept and said. Empty: nothing to compare with.
  /// - Returns: the links, and notes on rows that were left out and on unknown names.
  /// - Throws: `IntakeError` when the file cannot be read, lacks a column, or is no CSV.
  public static func topology(
    _ path: String, known: Set<String>
  ) throws(IntakeError) -> (topology: Topology, notes: [String]) {
    var reader = CSVReader(try contents(path))
    guard let header = try row(&reader, path) else {
      throw bad(path, "is empty: a topology needs the columns from,to,kind")
    }
    let names = header.map { trimmed($0).lowercased() }
    guard let from = names.firstIndex(of: "from"), let to = names.firstIndex(of: "to") else {
      throw bad(
        path,
        "has no columns 'from' and 'to'; its columns are "
          + header.map { "'\($0)'" }.joined(separator: ", ") + ": the header must be from,to,kind")
    }
    let kind = names.firstIndex(of: "kind")
    var links: [Topology.Link] = []
    var seen: Set<Topology.Link> = []
    var unknown: [String] = []
    var unknownSeen: Set<String> = []
    var doubles = 0
    var incomplete = 0
    while let cells = try row(&reader, path) {
      if cells.count == 1, cells[0].isEmpty { continue }
      func cell(_ index: Int?) -> String { index.map { $0 < cells.count ? trimmed(cells[$0]) : "" } ?? "" }
      let word = cell(kind)
      let link = Topology.Link(from: cell(from), to: cell(to), kind: word.isEmpty ? "link" : word)
      if link.from.isEmpty || link.to.isEmpty {
        incomplete += 1
        continue
      }
      guard seen.insert(link).inserted else {
        doubles += 1
        continue
      }
      if !known.isEmpty {
        for name in [link.from, link.to] where !known.contains(name) && unknownSeen.insert(name).inserted {
          unknown.append(name)
        }
      }
      links.append(link)
    }
    var notes: [String] = []
    if !unknown.isEmpty {
      notes.append(
        "'\(path)': \(unknown.count) names are not in the inventory; their links are kept: \(list(unknown))")
    }
    if doubles > 0 { notes.append("'\(path)': \(doubles) links are listed twice") }
    if incomplete > 0 { notes.append("'\(path)': \(incomplete) rows without from or to were left out") }
    return (Topology(links: links), notes)
  }

  private static func contents(_ path: String) throws(IntakeError) -> [UInt8] {
    let file = try FileStream(path: path)
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 16)
    defer { buffer.deallocate() }
    var bytes: [UInt8] = []
    while true {
      let stretch = try file.read(into: buffer)
      if stretch.count == 0 { return withLineFeeds(bytes) }
      bytes.append(contentsOf: buffer[..<stretch.count])
      guard UInt64(bytes.count) <= sizeLimit else { throw bad(path, "is larger than 1 GiB") }
    }
  }

  /// A table whose lines end by carriage returns alone, as spreadsheets for old Macintoshes write it, is one line otherwise.
  private static func withLineFeeds(_ bytes: [UInt8]) -> [UInt8] {
    let feed = UInt8(ascii: "\n")
    return bytes.contains(feed) ? bytes : bytes.map { $0 == UInt8(ascii: "\r") ? feed : $0 }
  }

  private static func row(_ reader: inout CSVReader, _ path: String) throws(IntakeError) -> [String]? {
    do throws(CSVReader.Failure) {
      return try reader.next()
    } catch {
      throw bad(path, "is no CSV: \(error)")
    }
  }

  private static func refuseDoubles(_ names: [String], _ path: String) throws(IntakeError) {
    var seen: [String: String] = [:]
    for name in names {
      // Two exports joined: what asks for the one does not see the other.
      guard let other = seen.updateValue(name, forKey: name.lowercased()) else { continue }
      throw bad(
        path,
        other == name
          ? "has two columns '\(name)'"
          : "has the columns '\(other)' and '\(name)', which differ in the letters' case alone: which one counts is not known; keep one, or "
            + "rename one")
    }
  }

  private static func bad(_ path: String, _ words: String) -> IntakeError {
    IntakeError(.badReference, words, place: path)
  }

  static func list(_ names: [String]) -> String {
    names.prefix(listed).joined(separator: ", ") + (names.count > listed ? ", …" : "")
  }

  private static func trimmed(_ text: String) -> String {
    let part = text.drop { $0 == " " || $0 == "\t" }
    let tail = part.reversed().prefix { $0 == " " || $0 == "\t" }.count
    return String(part.dropLast(tail))
  }
}
