import ArgumentParser
import CascadeAnalysis
import ConsoleOutput
import IncidentModel

/// `firebreak what-if`: what another rollout, an earlier halt, or a cut link would have spared.
struct WhatIfCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "what-if",
    abstract: "Simulate what another rollout, an earlier halt or a cut link would have spared.",
    discussion: """
      The delay from change to failure and the share that fails are taken from the incident itself, with what was not
      seen to fail by the end as censored. Intervals come from resampling its entities.
      """)

  @OptionGroup var location: CaseOption

  @Option(help: ArgumentHelp("Cumulative shares of the target (default: 1%,10%,100%).", valueName: "shares"))
  var waves: String?

  @Option(help: ArgumentHelp("Waiting time after each wave, e.g. 90s, 30m (default: 1h).", valueName: "time"))
  var soak: String?

  @Option(
    help: ArgumentHelp(
      "Halt when more than this share of the changed has failed (default: 5%).", valueName: "share"))
  var haltAbove: String?

  @Option(help: ArgumentHelp("Instead: halt this long after the first receipt.", valueName: "time"))
  var haltAfter: String?

  @Option(help: ArgumentHelp("Instead: the link between two entities carries nothing.", valueName: "a,b"))
  var cut: String?

  @Option(help: "Draws behind the interval.")
  var simulations = 200

  @Option(help: "Output.")
  var format: DocumentFormat = .table

  func validate() throws {
    guard (1...100_000).contains(simulations) else {
      throw ValidationError("--simulations must be 1 to 100000")
    }
    guard haltAfter == nil || cut == nil else {
      throw ValidationError("give --halt-after or --cut, not both")
    }
    guard haltAfter == nil && cut == nil || waves == nil && soak == nil && haltAbove == nil else {
      throw ValidationError(
        "\(cut == nil ? "--halt-after" : "--cut") stands instead of a rollout: leave --waves, --soak and --halt-above out"
      )
    }
    _ = try policy()
    if let cut, cut.split(separator: ",", omittingEmptySubsequences: false).count != 2 {
      throw ValidationError("--cut takes two entities as A,B, not '\(cut)'")
    }
    if let haltAfter { _ = try Self.seconds(haltAfter) }
  }

  func run() throws {
    let session = try TraceSession(path: try location.announcedPath())
    try session.requireEvents()
    let trace = session.trace()
    guard let incident = trace.incidents.first else {
      throw CommandError("nothing to simulate: no cascade was found in this case", .no)
    }
    let outcome: Counterfactual
    if let cut {
      let known = Set(incident.onsets.map(\.device) + incident.edges.map(\.from))
      let names = EntityNames(known)
      let ends = cut.split(separator: ",", omittingEmptySubsequences: false).map { names.name(String($0)) }
      if let unknown = ends.first(where: { !known.contains($0) }) {
        throw CommandError(
          "cannot cut '\(cut)': '\(unknown)' is no entity of the incident"
            + (names.suggestion(for: unknown).map { "; did you mean '\($0)'?" } ?? "; see 'firebreak trace'"),
          .no)
      }
      guard (incident.edges + incident.alternatives).contains(where: { Set([$0.from, $0.to]) == Set(ends) })
      else {
        throw CommandError(
          "cannot cut '\(cut)': nothing was seen to pass between the two; see 'firebreak trace --format json'",
          .no)
      }
      outcome = WhatIf.cut(from: ends[0], to: ends[1], in: incident, draws: simulations)
    } else {
      guard let whatIf = WhatIf(trace: trace, incident: incident) else {
        throw CommandError(
          "no change caused this incident, so no rollout can be simulated; --cut A,B still can", .no)
      }
      if let haltAfter {
        outcome = whatIf.halted(after: try Self.seconds(haltAfter))
      } else {
        outcome = whatIf.rollout(try policy(), draws: simulations)
      }
    }
    show(outcome)
  }

  private func show(_ outcome: Counterfactual) {
    guard format == .table else {
      guard case .object(let members) = TraceDocument.counterfactual(outcome) else { return }
      Console.print(JSONValue.object([("schema", .string("firebreak.what-if/1"))] + members).prettyText())
      return
    }
    Console.print(Console.style.bold(Sanitizer.escape(outcome.policy)))
    let actual = Figures.grouped(outcome.failedActual)
    Console.print("  failed in fact:      \(actual)")
    let low = Figures.decimal(outcome.interval.lowerBound, 0)
    let high = Figures.decimal(outcome.interval.upperBound, 0)
    Console.print(
      "  would have failed:   \(Figures.decimal(outcome.failed, 0))  (90 % interval \(low) to \(high))")
    Console.print(
      "  halted:              "
        + (outcome.haltedAfter.map { "after \(Figures.duration(seconds: $0))" } ?? "no"))
    Console.print("  assumed:")
    for line in outcome.assumptions {
      for (index, part) in DisplayWidth.wrap(Sanitizer.escape(line), 74).enumerated() {
        Console.print((index == 0 ? "    - " : "      ") + part)
      }
    }
  }

  private func policy() throws -> WhatIfPolicy {
    let usual = WhatIfPolicy()
    let shares = try waves.map(Self.shares) ?? usual.waves
    guard !shares.isEmpty, zip(shares, shares.dropFirst()).allSatisfy({ $0 < $1 }), shares[0] > 0 else {
      throw ValidationError("--waves must rise, e.g. 1%,10%,100%")
    }
    return WhatIfPolicy(
      waves: shares, soak: try soak.map(Self.seconds) ?? usual.soak,
      haltAbove: try haltAbove.map { try Self.share($0) } ?? usual.haltAbove)
  }

  /// Shares as people write them, `1%,10%,100%` or `0.01,0.1,1`, and as trace prints them, `1, 10, 100 %`: a sign at the end is
  /// for all that have none.
  static func shares(_ text: String) throws -> [Double] {
    var parts = text.split(separator: ",", omittingEmptySubsequences: false).map { part in
      String(part.filter { !$0.isWhitespace })
    }
    let bare = parts.dropLast().allSatisfy { !$0.hasSuffix("%") }
    if bare, parts.last?.hasSuffix("%") == true { parts = parts.map { $0.hasSuffix("%") ? $0 : $0 + "%" } }
    // Beside fractions a 1 is the whole; alone it may be meant for 1 %.
    let hasFraction = parts.contains { part in Double(part).map { $0 > 0 && $0 < 1 } == true }
    return try parts.map { try share($0, isWhole: hasFraction) }
  }

  /// One share: a number with %, or a fraction.
  static func share(_ text: String, isWhole: Bool = false) throws -> Double {
    let isPercent = text.hasSuffix("%")
    let digits = isPercent ? String(text.dropLast().filter { $0 != " " }) : text
    guard let value = Double(digits), value >= 0, value <= (isPercent ? 100 : 1) else {
      throw ValidationError(
        Double(digits) == nil || isPercent
          ? "'\(text)' is no share: write 5% or 0.05"
          : "'\(text)' is no share: write \(text)% or a fraction such as 0.05")
    }
    if !isPercent, value == 1, !isWhole {
      throw ValidationError("'\(text)' could be 1 % or all: write 1% or 100%")
    }
    return isPercent ? value / 100 : value
  }

  private static func seconds(_ text: String) throws -> Double {
    let units: [Character: Double] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
    guard let last = text.last, let unit = units[last], let value = Double(text.dropLast()), value >= 0,
      value.isFinite
    else { throw ValidationError("'\(text)' is no length of time: write 90s, 30m, 1h or 2d") }
    return value * unit
  }
}
