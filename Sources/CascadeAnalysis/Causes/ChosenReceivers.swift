internal import IncidentModel

/// Whether what the early failures share only tells whom a change was brought to first: where receivers that lack it failed as
/// often, the change explains them all, and whoever made it went through a list.
enum ChosenReceivers {
  /// Fewer receivers that lack it tell nothing.
  private static let fewest = 5

  static func explain(
    _ cause: CommonCause, _ inventory: Inventory, _ fleet: Fleet, received: some Sequence<Int>,
    failed: Set<Int>
  ) -> Bool {
    let terms = cause.terms.compactMap { term -> (column: Int, code: Int32)? in
      guard let column = inventory.attributes.firstIndex(of: term.attribute),
        let code = inventory.values[column].firstIndex(of: term.value)
      else { return nil }
      return (column, Int32(code))
    }
    var inside = (all: 0, failed: 0)
    var outside = inside
    for device in received where fleet.row[device] >= 0 {
      let row = Int(fleet.row[device])
      let hit = failed.contains(device) ? 1 : 0
      if terms.allSatisfy({ inventory.code(row: row, attribute: $0.column) == $0.code }) {
        inside = (inside.all + 1, inside.failed + hit)
      } else {
        outside = (outside.all + 1, outside.failed + hit)
      }
    }
    return outside.all >= fewest && outside.failed * inside.all * 5 >= inside.failed * outside.all * 4
  }
}
