public import IncidentModel
public import PostmortemReport
public import TimelineStore

/// The bytes of a record as they lie in the evidence, or why they are not to be had.
public enum RawLine: Sendable {
  /// Read back and checked against the SHA-256 of the source.
  case read([UInt8])
  /// One sentence.
  case missing(String)
}

/// What the pages need and only the program can give: who sits here, hashes, evidence outside the case, and work that is
/// done in a process of its own.
public protocol DeskServices: Sendable {
  /// Program and version.
  var toolVersion: String { get }
  /// Who writes notes here.
  var author: String { get }
  /// Wall clock.
  var now: Instant { get }
  /// SHA-256 as hex, for the custody log.
  var digest: SHA256Function { get }
  /// What people have provided for the report.
  func annotations(_ reader: CaseReader) throws -> Annotations
  /// Where a playbook run stands, by the records of its journal: what is in force is counted in one place, which is not the page.
  func state(ofRun records: [JournalRow], case path: String) -> RunState
  /// Throws one sentence where a report has no such value or it does not fit.
  func checkReportField(key: String, value: String) throws
  /// The value of the report's field `clocks` with one more answer in it: JSON.
  func clockAnswers(_ reader: CaseReader, clock: String, applies: Bool, awareAt: String?) throws -> String
  /// An event's record as it lies in the evidence.
  func rawLine(of event: TimelineEvent, source: SourceEntry?, in reader: CaseReader) -> RawLine
  /// Makes a trace of the case anew and keeps it there; throws one sentence where that fails.
  func retrace(path: String) throws
  /// The report for an audience as one HTML document of the report's renderer.
  func report(path: String, audience: Audience) throws -> String
}
