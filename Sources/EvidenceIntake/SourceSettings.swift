import IncidentModel
import LogFormats

/// The user's rules with their values understood.
struct SourceSettings: Sendable {
  private let formats: [(rule: SourceRule, format: any LogFormat)]
  private let zones: [(rule: SourceRule, zone: TimeZoneRules)]
  private let years: [(rule: SourceRule, year: Int)]
  private let dateOrders: [(rule: SourceRule, order: DayOrderTracker.Order)]
  private let anchors: [AnchorRule]
  private let devices: [SourceRule]
  private let known: Set<String>
  private let shared: SharedFileNames

  /// - Parameter paths: Of all files that are read.
  ///
  /// Throws for a format, zone or year that there is not.
  init(_ options: IntakeOptions, paths: [String] = []) throws(IntakeError) {
    var formats: [(SourceRule, any LogFormat)] = []
    for rule in options.formats {
      guard let format = options.catalog.format(named: rule.value) else {
        let names = options.catalog.formats.map(\.name).sorted()
        let near = Spelling.nearest(to: rule.value, in: names)
        throw IntakeError(
          .badOption,
          "there is no input format '\(rule.value)'; "
            + (near.map { "did you mean '\($0)'? 'firebreak formats' lists them all" }
              ?? "there are \(names.joined(separator: ", "))"))
      }
      formats.append((rule, format))
    }
    var zones: [(SourceRule, TimeZoneRules)] = []
    for rule in options.timeZones {
      guard let zone = TimeZoneRules(name: rule.value) else {
        throw IntakeError(
          .badOption,
          "there is no time zone '\(rule.value)'; give an IANA name such as Europe/Berlin, or +02:00")
      }
      zones.append((rule, zone))
    }
    var years: [(SourceRule, Int)] = []
    for rule in options.years {
      guard let year = Int(rule.value), (1970...2261).contains(year) else {
        throw IntakeError(.badOption, "'\(rule.value)' is no year between 1970 and 2261")
      }
      years.append((rule, year))
    }
    var dateOrders: [(SourceRule, DayOrderTracker.Order)] = []
    for rule in options.dateOrders {
      guard let order = DayOrderTracker.Order(option: rule.value) else {
        throw IntakeError(
          .badOption, "'\(rule.value)' is no order of day and month: give day-first or month-first")
      }
      dateOrders.append((rule, order))
    }
    self.dateOrders = dateOrders
    self.formats = formats
    self.zones = zones
    self.years = years
    for rule in options.anchors where !(1...1_000_000).contains(rule.boot) {
      throw IntakeError(.badOption, "boots are numbered from 1, not \(rule.boot)")
    }
    anchors = options.anchors
    for rule in options.devices where rule.value.isEmpty {
      throw IntakeError(.badOption, "a device's name is not empty")
    }
    devices = options.devices
    known = options.knownDevices
    shared = SharedFileNames(paths.lazy.map { DeviceNaming.parts(SourceDescription(path: $0)) })
  }

  /// What a rule's pattern may match.
  private static func names(of source: SourceDescription) -> [String] {
    var names = [source.name, source.path]
    for name in [source.path] + source.members {
      names.append(name)
      if let last = name.split(separator: "/").last { names.append(String(last)) }
    }
    return names
  }

  /// What is said of patterns that no source has: a slip of the pen would leave a whole site in the wrong zone.
  static func unmatched(_ options: IntakeOptions, _ sources: [SourceDescription]) -> [String] {
    let rules: [(option: String, patterns: [String?])] = [
      ("--input-format", options.formats.map(\.pattern)), ("--timezone", options.timeZones.map(\.pattern)),
      ("--year", options.years.map(\.pattern)), ("--date-order", options.dateOrders.map(\.pattern)),
      ("--anchor", options.anchors.map(\.pattern)),
      ("--device", options.devices.map(\.pattern)),
    ]
    guard rules.contains(where: { $0.patterns.contains { $0 != nil } }) else { return [] }
    let names = sources.map(names(of:))
    return rules.flatMap { rule in
      rule.patterns.compactMap(\.self).filter { pattern in !names.contains { SourceRule.matches(pattern, $0) }
      }
      .map { "\(rule.option): no source is called '\($0)', so this had no effect" }
    }
  }

  /// What is known of one source before it is read.
  func setup(_ source: SourceDescription, bound: UpperBound?) -> SourceSetup {
    let names = Self.names(of: source)
    let choice = DeviceNaming.choose(
      source, given: devices.last { $0.matches(names) }?.value, known: known, shared: shared)
    var given: [Int: Int64] = [:]
    for rule in anchors where SourceRule.matches(rule.pattern, names) { given[rule.boot] = rule.instant }
    return SourceSetup(
      description: source, deviceName: choice.name, deviceBasis: choice.basis, deviceReason: choice.reason,
      known: known,
      format: formats.last { $0.rule.matches(names) }?.format,
      zone: zones.last { $0.rule.matches(names) }?.zone, year: years.last { $0.rule.matches(names) }?.year,
      bound: bound, anchors: given, dateOrder: dateOrders.last { $0.rule.matches(names) }?.order)
  }
}
