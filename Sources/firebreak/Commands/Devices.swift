import ArgumentParser
import ConsoleOutput
import IncidentModel
import TimelineStore

/// `firebreak devices`: who speaks, who is only listed, who is in trouble.
struct Devices: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "devices",
    abstract: "List the devices of a case with their attributes, first and last event, and errors.",
    discussion: """
      Devices that the inventory lists and that say nothing have 0 events; devices that speak and are not listed are marked. \
      NAME may hold * and ?.

      --aliases lists which names are of one device and why: from the inventory's columns, DHCP leases, what brokers say of \
      connections, lines that state a hardware address, ids in fields, and the path of a source with one host name. \
      'note --reject alias:NAME=OTHER' takes a join apart; 'query identity:NAME' finds a device by any of its names.
      """)

  @Argument(help: "Only devices of this name.")
  var name: String?

  @OptionGroup var caseOption: CaseOption

  @Flag(
    help:
      "The names of each device: client ids, addresses, host names, paths, each with the events that join them."
  )
  var aliases = false

  @Option(help: "At most this many.")
  var limit: Int?

  @Option(help: "Order: name, errors, events, first-error.")
  var sort: SortOrder = .name

  @Option(help: "Output: table, json, jsonl or csv.")
  var format: OutputFormat = .table

  enum SortOrder: String, CaseIterable, ExpressibleByArgument {
    case name, errors, events
    case firstError = "first-error"
  }

  func validate() throws {
    if let limit, limit < 1 { throw ValidationError("--limit is 1 or more") }
  }

  func run() throws {
    let reader = try caseOption.openReader()
    if aliases {
      let (found, notKept) = try DeviceAliases.current(reader)
      Findings.warn(notKept)
      guard found.write(matching: name, limit: limit, as: format, reader) else {
        Console.note("no evidence joins two names of one device")
        throw ExitStatus.no
      }
      return
    }
    var devices = try reader.devices(matching: name)
    let all = devices.count
    switch sort {
    case .name: break
    case .errors: devices.sort { ($1.errors, $0.name) < ($0.errors, $1.name) }
    case .events: devices.sort { ($1.events, $0.name) < ($0.events, $1.name) }
    case .firstError:
      devices.sort {
        ($0.firstErrorTime?.nanoseconds ?? .max, $0.name) < ($1.firstErrorTime?.nanoseconds ?? .max, $1.name)
      }
    }
    if let limit { devices = Array(devices.prefix(limit)) }
    let attributes = reader.attributes
    let isTable = format == .table
    var rows = ResultRows(
      schema: "firebreak.devices/1",
      columns: [
        .init("device"), .init("events", alignsRight: true),
        .init("errors", alignsRight: true),
        .init("first"), .init("last"), .init("first error"), .init("listed"),
      ]
        + (isTable
          ? [.init("attributes", wraps: true)]
          : attributes.map { .init($0) } + [.init("first_error_event")]),
      keys: ["device", "events", "errors", "first", "last", "first_error", "listed"]
        + attributes.map { "attr.\($0)" } + [
          "first_error_event"
        ])
    rows.extra = [("case", .string(reader.path)), ("devices", .int(Int64(all)))]
    let cell = NarrowTable.timeFormat(devices.flatMap { [$0.firstTime, $0.lastTime, $0.firstErrorTime] })
    func time(_ instant: Instant?) -> JSONValue {
      guard let instant else { return .null }
      return .string(isTable ? cell(instant) : instant.rfc3339(fractionDigits: 9))
    }
    for device in devices {
      var row: [JSONValue] = [
        .string(device.name), .int(device.events), .int(device.errors), time(device.firstTime),
        time(device.lastTime),
        time(device.firstErrorTime),
        isTable ? .string(device.isListed ? "yes" : "no") : .bool(device.isListed),
      ]
      if isTable {
        let known = zip(attributes, device.attributes).filter { !$0.1.isEmpty }.map { "\($0.0)=\($0.1)" }
        row.append(.string(known.joined(separator: " ")))
      } else {
        row += device.attributes.map { $0.isEmpty ? .null : .string($0) }
        row.append(device.firstError.map { .int($0.rawValue) } ?? .null)
      }
      rows.rows.append(row)
    }
    if isTable, devices.allSatisfy(\.isListed) || devices.allSatisfy({ !$0.isListed && attributes.isEmpty }) {
      rows.drop("listed")
    }
    if isTable, !rows.rows.contains(where: { $0.last?.cellText.isEmpty == false }) { rows.drop("attributes") }
    rows.write(as: format)
    if devices.count < all {
      Console.note(
        "\(Figures.grouped(all - devices.count)) more \(all - devices.count == 1 ? "device" : "devices") (--limit)"
      )
    }
    if devices.isEmpty {
      if isTable {
        Console.note(
          name.map { "no device is called '\(Sanitizer.escape($0))', and none fits it as a pattern" }
            ?? "no device speaks in this case, and none is listed")
      }
      throw ExitStatus.no
    }
  }
}

extension ResultRows {
  /// Takes a column of a table away.
  mutating func drop(_ title: String) {
    guard let index = columns.firstIndex(where: { $0.title == title }) else { return }
    var rest = columns
    rest.remove(at: index)
    var kept = ResultRows(schema: schema, columns: rest, keys: keys, rows: rows, extra: extra)
    for row in kept.rows.indices { kept.rows[row].remove(at: index) }
    self = kept
  }
}
