import ArgumentParser
import ConsoleOutput
import Glibc
import IncidentModel
import IncidentSimulation

/// `firebreak simulate`: makes the evidence of an incident that never happened.
struct Simulate: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "simulate",
    abstract: "Make a synthetic incident: evidence of a believable fleet, and the truth about it.",
    discussion: """
      Scenarios:
      \(Scenario.all.map { "  \($0.name): \($0.summary)" }.joined(separator: "\n"))

      The same arguments give the same bytes. DIR gets evidence/ (to ingest), inventory.csv, topology.csv, \
      truth.json (what really happened) and manifest.json (each log file with its lines).
      """)

  @Option(help: "One of: \(Scenario.all.map(\.name).joined(separator: ", ")).")
  var scenario: String

  @Option(help: "Number of devices; gateways and services come on top.")
  var devices: Int

  @Option(help: "Seed of all chance.")
  var seed: UInt64

  @Option(help: ArgumentHelp("A new or empty folder.", valueName: "dir"))
  var output: String

  @Option(help: "About how many events to write (default: 60 per device).")
  var events: Int?

  @Option(help: "Length of the recorded window, e.g. 90m, 3h, 2d (default: the scenario's own).")
  var duration: SimulatedDuration?

  @Option(
    help: "Start of the window, RFC 3339 in UTC, e.g. 2025-02-22T01:30:00Z (default: the scenario's own).")
  var start: SimulatedStart?

  @Option(help: "Share of messages that got lost, 0 to 0.5 (default: drawn, 0 to 0.3).")
  var missing: Double?

  @Option(help: "Largest clock error of a device in seconds (default: drawn, 0 to 240).")
  var skew: Double?

  @Option(help: "Share of links that the topology lists, 0 to 1 (default: drawn, 0.5 to 1).")
  var topology: Double?

  @Flag(help: "Damage some files: a truncated gzip, a wrong checksum, a torn line.")
  var damage = false

  @Option(help: "Output.")
  var format: DocumentFormat = .table

  func run() throws {
    var settings = SimulationSettings(scenario: scenario, devices: devices, seed: seed)
    settings.events = events
    settings.duration = duration?.seconds
    settings.start = start?.instant
    settings.missing = missing
    settings.maximumSkew = skew
    settings.topologyKept = topology
    settings.damage = damage
    let simulation: Simulation
    do {
      simulation = try Simulation(settings)
    } catch {
      throw CommandError(error.description, error.code == .invalidSetting ? .usage : .couldNot)
    }
    let showsProgress = isatty(STDERR_FILENO) == 1
    Interrupt.listen()
    let summary: SimulationSummary
    do {
      summary = try simulation.write(
        to: output,
        progress: { share in
          if showsProgress { showProgress("\rsimulating \(Figures.percent(share)) ") }
          return !Interrupt.isRequested
        })
    } catch {
      if showsProgress { showProgress("\r                    \r") }
      if error.code == .stopped { throw ExitStatus.interrupted }
      throw CommandError(error.description)
    }
    if showsProgress { showProgress("\r                    \r") }
    report(summary)
  }

  /// Writes to standard error without a line end.
  private func showProgress(_ text: String) {
    var text = text
    text.withUTF8 { _ = Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
  }

  private func report(_ summary: SimulationSummary) {
    if format == .json {
      Console.print(
        JSONValue.object([
          ("schema", .string("firebreak.simulate/1")), ("scenario", .string(scenario)),
          ("output", .string(output)), ("entities", .int(Int64(summary.entities))),
          ("failed", .int(Int64(summary.failed))), ("events", .int(Int64(summary.events))),
          ("files", .int(Int64(summary.files))), ("bytes", .int(Int64(summary.bytes))),
        ]).prettyText())
      return
    }
    let folder = Sanitizer.escape(output)
    Console.print(
      "\(scenario): \(Figures.grouped(summary.entities)) entities, \(Figures.grouped(summary.failed)) failed, "
        + "\(Figures.grouped(summary.events)) events in \(Figures.grouped(summary.files)) log files "
        + "(\(Figures.bytes(UInt64(summary.bytes)))); synthetic data")
    Console.noteVerbatim(
      "next: firebreak ingest \(folder)/evidence --inventory \(folder)/inventory.csv "
        + "--topology \(folder)/topology.csv --case incident.firebreak")
  }
}

/// A length of time on the command line: a number and s, m, h or d.
struct SimulatedDuration: ExpressibleByArgument {
  let seconds: Int

  init?(argument: String) {
    let units: [Character: Int] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
    guard let unit = argument.last.flatMap({ units[$0] }), let number = Int(argument.dropLast()), number > 0,
      number < 100_000_000
    else { return nil }
    seconds = number * unit
  }
}

/// `2025-02-22T01:30:00Z` on the command line.
struct SimulatedStart: ExpressibleByArgument {
  let instant: Instant

  init?(argument: String) {
    let parts = argument.split(whereSeparator: { "-T:Z".contains($0) }).compactMap { Int($0) }
    guard argument.hasSuffix("Z"), argument.utf8.count == 20, parts.count == 6,
      (1970...2099).contains(parts[0]),
      (1...12).contains(parts[1]), (1...31).contains(parts[2]), parts[3] < 24, parts[4] < 60, parts[5] < 60
    else { return nil }
    let date = CivilDate(year: parts[0], month: parts[1], day: parts[2])
    guard CivilDate(daysSinceEpoch: date.daysSinceEpoch) == date else { return nil }
    let seconds = date.daysSinceEpoch * 86_400 + Int64(parts[3] * 3600 + parts[4] * 60 + parts[5])
    instant = Instant(nanoseconds: seconds * 1_000_000_000)
  }
}
