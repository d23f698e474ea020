import ConsoleOutput
import PlaybookRunner

/// What people read of an undo beside its outcome: who holds devices back, how that ends, and what still stands.
enum UndoWords {
  /// Other runs that are named one by one.
  private static let named = 3

  /// `went out once and stay: 2 (taken back by hand only; then 'playbook settle' says so)`.
  static func sentOnce(_ standing: RunHistory.Standing) -> String {
    "went out once and \(standing.sentOnce == 1 ? "stays" : "stay"): \(standing.sentOnce) (taken back by hand only; then 'playbook settle' "
      + "says so)"
  }

  /// What undo says of a run that only sent commands once: what they did stays, and how a person says that it does not any more; or
  /// that nobody knows whether one of them ran, which is to be settled first.
  static func onlyOnce(
    _ run: RunOverview, _ titles: [String], _ history: RunHistory, _ support: RunCommandSupport
  ) -> String {
    let settle = support.settle(run.run, history.openCommands.first?.command ?? "command 1")
    if !history.openCommands.isEmpty {
      return
        "nothing was taken back of \(RunLine.text(run)): what went out once has no inverse, and nobody knows whether "
        + "\(history.openCommands.map(\.command).joined(separator: ", ")) ran: look, and settle that first: '\(settle)', or --in-force"
    }
    return
      "nothing was taken back of \(RunLine.text(run)): what went out once has no inverse ('\(titles.joined(separator: "', '"))'), and "
      + "stays until somebody takes it back by hand and says so: '\(settle)'"
  }

  /// `a, b, c, d, e, …`
  static func names(_ devices: Set<String>) -> String {
    devices.sorted().prefix(5).joined(separator: ", ") + (devices.count > 5 ? ", …" : "")
  }

  /// How the holding of devices ends that later runs count on: a command for each of them, and the one that takes all back
  /// at once.
  static func waysOut(
    _ held: [UndoRun.Held], of run: String, among runs: [RunOverview], _ support: RunCommandSupport,
    mayOverride: Bool = true
  ) -> [String] {
    guard !held.isEmpty else { return [] }
    var ways: [String] = []
    for holder in runs where held.contains(where: { $0.run == holder.run }) {
      guard holder.isWhole else {
        ways.append("the journal of run \(holder.run) was altered: undo refuses it")
        continue
      }
      let what =
        holder.standing.isAny
        ? "takes back what that run changed itself (\(Figures.counted(holder.standing.changes, "change"))), and ends that"
        : "ends that (it changed nothing itself)"
      ways.append("'\(support.again("undo", holder.run))' \(what)")
    }
    if mayOverride {
      ways.append("'\(support.again("undo", run, "--include-held"))' takes them back all the same")
    }
    return ways
  }

  /// What is in force of other runs, with the commands that take it back; those first that have to do with `devices`.
  static func standing(
    _ others: [RunOverview], _ support: RunCommandSupport, on devices: Set<String> = []
  ) -> String {
    guard !others.isEmpty else { return "" }
    // Of those that share devices the newest is what stands.
    let sharing = others.filter { !$0.standing.devices.isDisjoint(with: devices) }.reversed()
    let rest = others.filter { $0.standing.devices.isDisjoint(with: devices) }.reversed()
    let ordered = Array(sharing) + Array(rest)
    let shown = ordered.prefix(named).map { other in
      let shared = other.standing.devices.intersection(devices).count
      return "\(other.standing.changes) of \(RunLine.text(other))"
        + (shared > 0 ? ", \(Figures.counted(shared, "device")) among these" : "")
        + ": take it back with '\(support.again("undo", other.run))'"
    }
    return "still in force: " + shown.joined(separator: "; ")
      + (ordered.count > named ? "; \(Figures.counted(ordered.count - named, "more run"))" : "")
      + "; all of it: '\(support.again("undo", "--all"))'"
  }

  /// After an undo: how to go on with what it left, and with devices that it left since the run had only found them so.
  static func goOn(
    after run: RunOverview, _ waysOut: [String], _ others: [RunOverview], _ support: RunCommandSupport
  ) {
    for way in waysOut { Console.note(Sanitizer.escape("left as they are: \(way)")) }
    for other in others.reversed() {
      let shared = other.standing.devices.intersection(run.standing.foundSo)
      guard !shared.isEmpty else { continue }
      Console.note(
        Sanitizer.escape(
          "\(Figures.counted(shared.count, "device")) that run \(run.run) had only found so "
            + "\(shared.count == 1 ? "stays as it is" : "stay as they are") (\(names(shared))): "
            + "'\(support.again("undo", other.run))' takes back what run \(other.run) did"))
    }
  }

  /// Runs that were left, with the command for each.
  static func left(_ runs: [RunOverview], _ support: RunCommandSupport) {
    for run in runs {
      Console.note(Sanitizer.escape("not taken back: '\(support.again("undo", run.run))' goes on with it"))
    }
  }
}
