import IncidentModel
import TimelineStore

/// A hint at the end of an ingest: a source whose device is named by its path alone, though its lines hold what the inventory
/// knows a device by.
struct PathNames {
  /// Sources that are looked at, and events of each: a hint must cost nothing.
  private static let mostSources = 50
  private static let events = 8
  /// Devices of an inventory beyond which no hint is worth a table of its values.
  private static let mostDevices = 100_000

  private let inventory: Inventory
  /// By value: row and column of the only device that has it; nil where several have.
  private let places: [String: (row: Int, column: Int)?]

  private init(_ inventory: Inventory) {
    self.inventory = inventory
    var places: [String: (row: Int, column: Int)?] = [:]
    for (row, device) in inventory.devices.enumerated() {
      var own: [(value: String, column: Int)] = [(device, -1)]
      for column in inventory.attributes.indices {
        own.append((inventory.value(row: row, attribute: column), column))
      }
      for (value, column) in own where Self.isTelling(value) {
        if let known = places[value] {
          if known?.row != row { places[value] = .some(nil) }
        } else {
          places[value] = .some((row, column))
        }
      }
    }
    self.places = places
  }

  /// True for what may name a device: one word with a digit in it, and not a number or a date.
  private static func isTelling(_ value: String) -> Bool {
    let bytes = value.utf8
    return (4...80).contains(bytes.count) && bytes.allSatisfy(isPart)
      && bytes.contains { (0x30...0x39).contains($0) } && Double(value) == nil
      && !bytes.allSatisfy { (0x30...0x39).contains($0) || $0 == 0x2D }
  }

  /// Letters, digits and what stands inside of names and addresses.
  private static func isPart(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
      || "-_.:".utf8.contains(byte)
  }

  /// The hint, in one sentence; nil where there is nothing to say. `loaded` are the sources of this ingest.
  static func hint(_ inventory: Inventory, _ loaded: [SourceAccount], case path: String) throws -> String? {
    guard inventory.count <= mostDevices else { return nil }
    let own = Set(loaded.lazy.filter { $0.events > 0 }.map(\.sha256))
    let reader = try CaseReader(path: path)
    var names: PathNames?
    var found: [(source: String, words: String, device: String)] = []
    for source in try reader.sources().filter({ own.contains($0.sha256) }).prefix(mostSources) {
      let events = reader.events(of: source)
      var texts: [String] = []
      var name = ""
      while texts.count < Self.events, let event = try events.next() {
        guard event.basis == .path, let device = event.device, inventory.rowOfDevice[device] == nil else {
          break
        }
        name = device
        texts.append(event.message + " " + (event.fields ?? ""))
      }
      guard !texts.isEmpty else { continue }
      let table = names ?? PathNames(inventory)
      names = table
      guard let (row, column, value) = table.only(in: texts) else { continue }
      let device = inventory.devices[row]
      let what = column < 0 ? "the name" : "the '\(inventory.attributes[column])'"
      found.append(
        (source.name, "'\(name)' by its path, and its lines hold '\(value)', \(what) of '\(device)'", device))
    }
    guard let first = found.first else { return nil }
    let more = found.count == 1 ? "" : " (and \(found.count - 1) more like it)"
    return
      "'\(first.source)' is called \(first.words) in the inventory\(more): if it is that device, read it into another case with "
      + "--device '\(first.source)=\(first.device)'"
  }

  /// The one device of which at least half of some texts hold a value, and that value.
  private func only(in texts: [String]) -> (row: Int, column: Int, value: String)? {
    var counts: [Int: Int] = [:]
    var values: [Int: (Int, String)] = [:]
    for text in texts {
      var rows: Set<Int> = []
      for word in text.utf8.split(whereSeparator: { !Self.isPart($0) }) {
        var word = word
        while let last = word.last, ".:-".utf8.contains(last) { word.removeLast() }
        guard var value = String(word) else { continue }
        // An address may stand with its port.
        if places[value] == nil, let colon = value.firstIndex(of: ":") { value = String(value[..<colon]) }
        guard let place = places[value] ?? nil else { continue }
        rows.insert(place.row)
        values[place.row] = values[place.row] ?? (place.column, value)
      }
      for row in rows { counts[row, default: 0] += 1 }
    }
    let often = counts.filter { $0.value * 2 >= texts.count }
    guard often.count == 1, let row = often.keys.first, let (column, value) = values[row] else { return nil }
    return (row, column, value)
  }
}
