import ConsoleOutput
import IncidentModel
import TimelineStore

/// Roles of a trace that later evidence may have made wrong.
enum StaleTraces {
  /// Says where an expression goes by a trace that does not know all of the evidence.
  static func warn(_ expression: QueryExpression, _ reader: CaseReader) throws {
    for one in try reader.evidence(newerThanTracesOf: expression) {
      Console.warn(
        "trace \(one.trace), made at \(one.madeAt.rfc3339(fractionDigits: 0)), does not know the "
          + "\(Figures.counted(one.events, "event")) added since: run 'firebreak trace' for a new one")
    }
  }
}
