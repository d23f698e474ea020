import ArgumentParser
import ConsoleOutput
import Glibc
import IncidentModel
import PlaybookModel
import PlaybookRunner
import TimelineStore

/// What a plan is made from.
struct PlanOptions: ParsableArguments {
  @OptionGroup var chosenCase: CaseOption

  @Option(help: ArgumentHelp("Which devices of the inventory, as a query.", valueName: "query"))
  var targets: String?

  @Option(
    name: .customLong("set"),
    help: ArgumentHelp("Value of a variable of the playbook.", valueName: "name=value"))
  var values: [String] = []

  @Option(
    name: .customLong("protect"),
    help: ArgumentHelp(
      "A device that must not be touched: a broker, a gateway on the way, this machine.", valueName: "device")
  )
  var protected: [String] = []

  @Option(
    name: .customLong("include-gateway"),
    help: ArgumentHelp(
      "A device that others hang on and that is a target all the same, also with * and ?; repeat for several.",
      valueName: "device"))
  var gateways: [String] = []

  @Option(
    name: .customLong("include-life-safety"),
    help: ArgumentHelp(
      "A device whose column of life safety does not say no, of which no interlock of the playbook asks that, and that is a target all "
        + "the same, also with * and ?; repeat for several.", valueName: "device"))
  var lifeSafety: [String] = []

  @Flag(help: "Also devices that only self-asserted evidence selects; then two people must approve.")
  var includeSelfAsserted = false

  @OptionGroup var age: InventoryAgeOption

  /// The first option given that a plan is made by, which a plan that is made already cannot take; nil for none.
  var givenForPlanning: String? {
    [
      ("--targets", targets != nil), ("--set", !values.isEmpty), ("--protect", !protected.isEmpty),
      ("--include-gateway", !gateways.isEmpty), ("--include-life-safety", !lifeSafety.isEmpty),
      ("--include-self-asserted", includeSelfAsserted),
    ].first { $0.1 }?.0
  }

  /// Makes the plan of a playbook.
  func plan(_ name: String, executors: ExecutorSet, networkNamespace: String?) throws -> ExecutionPlan {
    let now = SystemClock().wallTime()
    let (playbook, path) = try PlaybookFiles.load(name, now: now)
    for sentence in SignatureWords.warnings(playbook, now: now) { Console.warn(Sanitizer.escape(sentence)) }
    var variables: [String: String] = [:]
    for text in values {
      guard let equals = text.firstIndex(of: "=") else { throw ValidationError("--set wants NAME=VALUE") }
      var variable = String(text[..<equals])
      // `broker` is short for `__broker__`.
      if !variable.hasPrefix("__") { variable = "__\(variable)__" }
      try RepeatedOptions.add(
        variable, String(text[text.index(after: equals)...]), to: &variables, option: "--set")
    }
    var selection: TargetSelection?
    if let targets {
      var selected = try PlaybookTargets.select(targets, case: try chosenCase.announcedPath())
      for name in gateways {
        let pattern = GlobPattern(wildcards: name)
        guard selected.inventory.devices.contains(where: { Glob.fits($0, pattern) }) else {
          throw ValidationError("--include-gateway '\(name)': the inventory does not list it")
        }
        selected.protected = selected.protected.filter { !Glob.fits($0.key, pattern) }
      }
      for name in lifeSafety {
        let pattern = GlobPattern(wildcards: name)
        guard selected.inventory.devices.contains(where: { Glob.fits($0, pattern) }) else {
          throw ValidationError("--include-life-safety '\(name)': the inventory does not list it")
        }
      }
      for name in protected where selected.inventory.rowOfDevice[name] == nil {
        throw ValidationError(
          "--protect '\(name)': the inventory does not list it\(selected.inventory.nearest(to: name))")
      }
      let standing = Protection.devices(
        named: protected, workingThrough: WorkingPlaces.hosts(playbook, variables: variables),
        inventory: selected.inventory)
      selected.protected.merge(standing) { $1 }
      for query in playbook.excludedTargets {
        for device in try PlaybookTargets.select(query, case: try chosenCase.existingPath()).devices {
          selected.protected[device.device] = "the playbook excludes '\(query)'"
        }
      }
      selection = selected
    }
    let file = targets == nil ? nil : try chosenCase.existingPath()
    let earlier: @Sendable (ExecutionPlan) throws -> [EarlierActs] = { plan in
      try file.map { try EarlierRuns.beside(plan, case: $0) } ?? []
    }
    var options = Planner.Options(
      variables: variables, includesSelfAsserted: includeSelfAsserted,
      playbookPath: path == "-" ? nil : Self.absolute(path), networkNamespace: networkNamespace,
      earlier: earlier)
    options.inventory = try inventoryOfCase(selection)
    options.protected = Set(protected)
    let named = lifeSafety.map { GlobPattern(wildcards: $0) }
    options.includesLifeSafety = { device in named.contains { Glob.fits(device, $0) } }
    let plan = try Planner(executors: executors).plan(
      playbook, selection: selection, options: options, now: now)
    if targets != nil { try age.check(plan, case: try chosenCase.existingPath()) }
    return plan
  }

  /// The case's inventory, where no targets are selected of it and there is a case: what a step that goes out once reaches may be one of
  /// its devices.
  private func inventoryOfCase(_ selection: TargetSelection?) throws -> Inventory? {
    guard selection == nil, let path = try? chosenCase.existingPath(), access(path, F_OK) == 0 else {
      return nil
    }
    return try CaseReader(path: path).inventory()
  }

  private static func absolute(_ path: String) -> String {
    guard let resolved = realpath(path, nil) else { return path }
    defer { free(resolved) }
    return String(cString: resolved)
  }
}

/// `firebreak playbook plan`.
struct PlaybookPlan: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan",
    abstract: "Show what a playbook would do: targets, exact commands, how each is taken back, and a hash.",
    discussion: """
      Above the playbook's 'max_targets' or 'max_percent' two people must sign. What other runs of the case did in the last 24 \
      hours, or may still do, without two people's signatures counts, too (the same policy, devices once): the plan names them. \
      'run' counts again.
      """)

  @Argument(help: ArgumentHelp("A file or a playbook's name.", valueName: "playbook"))
  var name: String

  @OptionGroup var options: PlanOptions
  @OptionGroup var execution: ExecutionOptions

  @Option(help: ArgumentHelp("Write the plan to this file, to be approved and run.", valueName: "file"))
  var output: String?

  @Flag(help: "Show the commands of every target, not only of the first ones.")
  var all = false

  @Option(help: "table or json.")
  var format: ReportFormat = .table

  func run() throws {
    let (_, executors) = try execution.make()
    let plan = try options.plan(
      name, executors: executors, networkNamespace: execution.networkNamespace)
    if let output {
      // A plan may not be overwritten: somebody may have approved it.
      try OutputPlace.requireNew(output, "a plan is never overwritten")
      try DurableFile.write(output, mode: 0o600) { sink in try plan.write { try sink($0) } }
    }
    let report = PlanReport(plan, planner: Planner(executors: executors))
    switch format {
    case .json: Console.write(report.json(limit: nil))
    case .table: for line in report.lines(limit: all ? nil : 10, width: Console.width) { Console.print(line) }
    }
    let steps = Planner.approvalSteps(plan.approval, file: output ?? "p.plan")
    if let output {
      Console.note("plan written: '\(output)'")
      if steps.isEmpty {
        let words =
          ["firebreak playbook run \(ExecutionOptions.word(output))"]
          + (options.chosenCase.given.map { ["--case \(ExecutionOptions.word($0))"] } ?? [])
          + (execution.words.isEmpty ? [] : [execution.words])
        Console.note("run it with: " + Sanitizer.escape(words.joined(separator: " ")))
      }
    } else if !steps.isEmpty {
      Console.note("write the plan with --output p.plan; then")
    }
    for step in steps { Console.noteVerbatim(step) }
  }
}

/// A plan for people and programs.
struct PlanReport {
  private let plan: ExecutionPlan
  private let planner: Planner

  init(_ plan: ExecutionPlan, planner: Planner) {
    self.plan = plan
    self.planner = planner
  }

  /// Lines for a terminal; commands of the first `limit` targets.
  /// No line is wider than `width` where there is one.
  func lines(limit: Int?, width: Int?) -> [String] {
    var lines: [String] = []
    func put(_ text: String) { lines += Paragraph.lines(Sanitizer.escape(text), width: width) }
    put("Playbook  \(plan.playbook.name)  version \(plan.playbook.version)")
    for sentence in SignatureWords.sentences(plan.playbook, now: SystemClock().wallTime()) {
      put("          \(sentence)")
    }
    if !plan.expression.isEmpty { put("Targets   \(plan.expression)") }
    put(
      "          \(plan.targets.count) of \(Figures.counted(plan.fleetSize, "device")), \(plan.refused.count) refused"
    )
    if let namespace = plan.networkNamespace { put("Network   nft works in the namespace '\(namespace)'") }
    if plan.carried > 0 {
      let cuts = plan.actionSteps.contains { $0.action.rollout?.kind == .contain }
      put("          \(cuts ? "cuts off" : "and touches") \(plan.carried) more that hang on them")
    }
    if !plan.lifeSafety.isEmpty {
      let names = plan.lifeSafety.prefix(5).joined(separator: ", ") + (plan.lifeSafety.count > 5 ? ", …" : "")
      put("          lives may hang on \(plan.lifeSafety.count) that it hits, as you named them: \(names)")
    }
    for earlier in plan.earlier { put("          counted with \(earlier.words)") }
    for (title, counts) in [("basis", plan.countsByBasis())]
      + ["model", "site", "criticality"].map({ ($0, plan.counts(by: $0)) })
    where !counts.isEmpty {
      let shown = counts.prefix(8).map { "\($0.value.isEmpty ? "(unknown)" : $0.value) \($0.count)" }
      put("  by \(title): " + shown.joined(separator: ", ") + (counts.count > 8 ? ", …" : ""))
    }
    for (step, action) in plan.actionSteps {
      if let rollout = action.rollout {
        let sizes = WaveSchedule.sizes(rollout.waves, count: plan.targets.count)
        let pace =
          rollout.group != nil
          ? "once for \(plan.targets.count == 1 ? "the one device" : "all \(plan.targets.count) devices together")"
          : "waves \(sizes.map(String.init).joined(separator: " + ")), "
            + "\(rollout.maximumInFlight) at a time, \(rollout.ratePerSecond)/s"
        put("Step      \(step.name ?? step.id): \(rollout.kind.rawValue), \(pace)")
        if let reaches = rollout.group?.reaches { put("  reaches: \(reaches)") }
        if rollout.group != nil {
          put("  no canary: nothing is proven on one device before the action hits all of them")
        }
        if let time = plan.timeToLive(step, rollout) {
          put(
            "  ends: \(Self.duration(time)) after it was begun it is to be taken back ('firebreak playbook undo --expired', 'resume')"
          )
        }
        if let final = rollout.noUndo { put("  no undo: \(final)") }
        if let fallback = rollout.manualFallback { put("  by hand: \(fallback)") }
        for condition in planner.conditions(of: step, action, in: plan) { put("  \(condition)") }
      } else {
        put("Step      \(step.name ?? step.id): goes out once")
        for place in plan.oncePlaces where place.step == step.id {
          put(
            place.device.map {
              "  warning: reaches '\($0)' of the inventory (\(place.host)): no canary, no interlock but that of life safety, no undo"
            } ?? "  reaches \(place.host), which no inventory known here lists")
        }
      }
      for unknown in action.unknownExtensions {
        put("  warning: the extension \(unknown) is not known here; nothing acts on it")
      }
    }
    for command in planner.commands(plan, target: nil) {
      let place = command.role == "gate" ? " of '\(command.step)':" : ""
      put("  \(command.role)\(place) \(command.text)")
    }
    for target in plan.targets.prefix(limit ?? Int.max) {
      put("  \(target.device)")
      for command in planner.commands(plan, target: target) {
        put("    \(command.role.padded(6)) \(command.text)")
      }
    }
    if let limit, plan.targets.count > limit {
      put("  … and \(plan.targets.count - limit) more (--all shows them)")
    }
    if !plan.refused.isEmpty {
      let counts = plan.refusedByCode().map { "\($0.count) \($0.value)" }.joined(separator: ", ")
      put("Refused   \(plan.refused.count): \(counts)")
      for refusal in plan.refused.prefix(limit ?? Int.max) {
        put("  \(refusal.device): \(refusal.reason) [\(refusal.code)]")
      }
      if let limit, plan.refused.count > limit { put("  … and \(plan.refused.count - limit) more") }
    }
    put("Time      at least \(Int(plan.estimatedSeconds.rounded(.up))) s")
    let reasons = plan.approvalReasons.isEmpty ? "" : " (\(plan.approvalReasons.joined(separator: "; ")))"
    put("Approval  \(plan.approval.rawValue)\(reasons)")
    put("Hash      \(plan.hash)")
    return lines
  }

  /// `90 min`, `4 h`: the largest unit that leaves no rest.
  private static func duration(_ nanoseconds: Int64) -> String {
    let milliseconds = nanoseconds / 1_000_000
    for (unit, size) in [("d", Int64(86_400_000)), ("h", 3_600_000), ("min", 60_000), ("s", 1000)]
    where milliseconds % size == 0 {
      return "\(milliseconds / size) \(unit)"
    }
    return "\(milliseconds) ms"
  }

  /// The plan as `firebreak.plan-report/1`.
  func json(limit: Int?) -> String {
    func commands(_ target: ExecutionPlan.Target?) -> DocumentNode {
      .array(
        planner.commands(plan, target: target).map {
          .object([("step", .string($0.step)), ("role", .string($0.role)), ("command", .string($0.text))])
        })
    }
    func counts(_ list: [(value: String, count: Int)]) -> DocumentNode {
      .object(list.map { ($0.value, .number($0.count)) })
    }
    let report = DocumentNode.object([
      ("schema", .string("firebreak.plan-report/1")), ("hash", .string(plan.hash)),
      (
        "playbook",
        .object([
          ("id", .string(plan.playbook.id)), ("name", .string(plan.playbook.name)),
          ("version", .string(plan.playbook.version)), ("sha256", .string(plan.playbook.sha256)),
        ])
      ),
      ("case", .string(plan.caseDigest)), ("query", .string(plan.expression)),
      ("target_count", .number(plan.targets.count)), ("carried_count", .number(plan.carried)),
      (
        "life_safety",
        plan.lifeSafety.isEmpty ? nil : .array(plan.lifeSafety.map(DocumentNode.string))
      ),
      ("network_namespace", plan.networkNamespace.map(DocumentNode.string)),
      ("fleet_size", .number(plan.fleetSize)),
      (
        "counts",
        .object([
          ("basis", counts(plan.countsByBasis())), ("model", counts(plan.counts(by: "model"))),
          ("site", counts(plan.counts(by: "site"))), ("criticality", counts(plan.counts(by: "criticality"))),
        ])
      ),
      (
        "once",
        .array(
          plan.oncePlaces.map {
            .object([
              ("step", .string(plan.playbook.steps[$0.step]?.name ?? $0.step)), ("host", .string($0.host)),
              ("device", $0.device.map(DocumentNode.string)),
            ])
          })
      ),
      ("approval", .string(plan.approval.rawValue)),
      ("approval_reasons", .array(plan.approvalReasons.map(DocumentNode.string))),
      (
        "earlier",
        .array(
          plan.earlier.map {
            .object([
              ("kind", .string($0.kind.rawValue)), ("devices", .number($0.devices)),
              ("runs", .array($0.runs.map(DocumentNode.string))),
            ])
          })
      ),
      ("seconds", .number(Int(plan.estimatedSeconds.rounded(.up)))),
      (
        "steps",
        .array(
          plan.actionSteps.map { step, action in
            .object([
              ("step", .string(step.name ?? step.id)),
              ("conditions", .array(planner.conditions(of: step, action, in: plan).map(DocumentNode.string))),
              (
                "time_to_live_ms",
                action.rollout.flatMap { plan.timeToLive(step, $0) }.map { .number(Int($0 / 1_000_000)) }
              ),
            ])
          })
      ),
      ("commands", commands(nil)),
      (
        "targets",
        .array(
          plan.targets.prefix(limit ?? Int.max).map {
            .object([
              ("device", .string($0.device)), ("basis", .string($0.basis)), ("commands", commands($0)),
            ])
          })
      ),
      (
        "refused",
        .array(
          plan.refused.prefix(limit ?? Int.max).map {
            .object([
              ("device", .string($0.device)), ("code", .string($0.code)), ("reason", .string($0.reason)),
            ])
          })
      ),
    ])
    return DocumentWriter.json(report)
  }
}

extension String {
  /// The text with spaces up to a width.
  fileprivate func padded(_ width: Int) -> String {
    self + String(repeating: " ", count: max(0, width - count))
  }
}

extension Inventory {
  /// `; did you mean 'NAME'?`, or nothing where no name is near.
  func nearest(to name: String) -> String {
    Suggestion.nearest(to: name, among: devices).map { "; did you mean '\($0)'?" } ?? ""
  }
}
