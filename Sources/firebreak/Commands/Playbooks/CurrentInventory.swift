import ArgumentParser
import ConsoleOutput
import IncidentModel
import PlaybookModel
import PlaybookRunner
import TimelineStore

/// The case's inventory as it is now, for interlocks, for where the devices of a plan are, and for which of them must not be
/// touched by now.
struct CurrentInventory: InventorySource {
  private let path: String
  private let plan: ExecutionPlan
  private let isForUndo: Bool
  private let mark: CaseMark
  private let inventory: Inventory
  private let columns: [String: Int]
  private let places: SharedPlaces
  private let protections: [String: String]

  /// `isForUndo` leaves away what only those ask who act.
  init(case path: String, plan: ExecutionPlan, isForUndo: Bool = false) throws {
    self.path = path
    self.plan = plan
    self.isForUndo = isForUndo
    let reader = try CaseReader(path: path)
    // Before anything that it stands for is read.
    mark = try reader.mark()
    if isForUndo {
      inventory = try reader.inventory()
      protections = [:]
    } else {
      let fleet = try CaseFleet(reader)
      inventory = fleet.inventory
      protections = try Protection.ofTargets(plan, fleet, case: path)
    }
    places = SharedPlaces(plan, inventory: inventory)
    columns = Dictionary(
      inventory.attributes.enumerated().map { ($0.element, $0.offset) }, uniquingKeysWith: { a, _ in a })
  }

  func contains(_ device: String) -> Bool { inventory.rowOfDevice[device] != nil }

  func value(_ column: String, of device: String) -> String? {
    guard let row = inventory.rowOfDevice[device], let index = columns[column] else { return nil }
    let value = inventory.value(row: row, attribute: index)
    return value.isEmpty ? nil : value
  }

  func devices(at host: String) -> [String] { inventory.devices(at: host) }

  var columnNames: [String] { inventory.attributes }

  func sharer(of device: String, placesOnly: Bool) -> SharedPlaces.Sharer? {
    places.sharer(of: device, placesOnly: placesOnly)
  }

  func protection(of device: String) -> String? { protections[device] }

  func renewed() throws -> (any InventorySource)? {
    guard let now = try mark.renewed(at: path) else {
      throw CommandError("'\(path)' is another case, or an older copy, than when this command began")
    }
    return now == mark ? nil : try CurrentInventory(case: path, plan: plan, isForUndo: isForUndo)
  }
}

/// How old the inventory may be.
struct InventoryAgeOption: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "How old the inventory may be where interlocks rest on it.", valueName: "hours"))
  var maxInventoryAge: Double = 24

  /// Throws when interlocks of a plan, or with `forUndo` those that its undo asks, rest on an inventory that is too old.
  func check(_ plan: ExecutionPlan, case path: String, forUndo: Bool = false) throws {
    let rests = plan.actionSteps.contains { entry in
      guard let rollout = entry.action.rollout else { return false }
      return !(forUndo ? rollout.undoInterlocks : rollout.interlocks).isEmpty
    }
    guard rests else { return }
    try InventoryAge.check(case: path, limit: maxInventoryAge)
  }
}

/// How old the inventory of a case is.
enum InventoryAge {
  /// Hours since it was entered; nil when the case does not say. Negative when a clock is wrong.
  static func hours(_ reader: CaseReader, now: Int64) throws -> Double? {
    let entries = try reader.custody().map(\.entry)
    // Cases from before there was an entry for it: an inventory comes with evidence.
    let entered =
      entries.last { $0.action == InventoryRecord.action } ?? entries.last { $0.action == "ingest" }
    return entered.map { Double(now - $0.at.nanoseconds) / 3.6e12 }
  }

  /// Throws when it is older than so many hours, unknown, or from the future.
  static func check(case path: String, limit: Double) throws {
    let again = "ingest a new one"
    let advice = "\(again), or say --max-inventory-age HOURS"
    guard let hours = try hours(try CaseReader(path: path), now: SystemClock().wallTime()) else {
      throw CommandError(
        "nobody knows how old the inventory of '\(path)' is, and interlocks rest on it; \(advice)")
    }
    guard hours > -0.1 else {
      throw CommandError(
        "the inventory of '\(path)' was given \(Figures.duration(seconds: -hours * 3600)) from now: a clock was wrong then, or is now; "
          + "set it right, and \(again)")
    }
    guard hours <= limit else {
      throw CommandError(
        "the inventory of '\(path)' is \(Int(hours)) hours old, more than \(limit.formatted), and interlocks rest on it; \(advice)"
      )
    }
  }
}

extension Double {
  /// Without a fraction where it has none.
  fileprivate var formatted: String { self == rounded() ? String(Int(self)) : String(self) }
}
