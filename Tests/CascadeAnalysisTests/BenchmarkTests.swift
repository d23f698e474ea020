import CascadeAnalysis
import Foundation
import IncidentModel
import Testing

/// The shared incidents, as given and written otherwise. They are to measure with; nothing in the module knows them.
@Suite struct BenchmarkTests {
  static let folder: String? = {
    let environment = ProcessInfo.processInfo.environment
    let package = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
    let places = [environment["FIREBREAK_SHARED"], "/\(package)/../shared"].compactMap { $0 }
    return places.map { $0 + "/cascade/cases" }.first { !CaseFolder.names(in: $0).isEmpty }
  }()

  private static func means(_ transformation: Transformation) throws -> [String: Double]? {
    guard let folder else {
      if ProcessInfo.processInfo.environment["CI"] == "true" {
        Issue.record("the shared incidents are missing: set FIREBREAK_SHARED")
      } else {
        print("skipped: no ../shared beside the package and FIREBREAK_SHARED is not set")
      }
      return nil
    }
    return CaseScore.means(
      try CaseFolder.names(in: folder).map { name in
        let given = try CaseFolder(path: "\(folder)/\(name)", transformation)
        return CaseScore(
          CascadeTracer().trace(given.evidence), truth: given.truth, rename: transformation.name)
      })
  }

  private static func check(_ means: [String: Double], onsetSlack: Double, oneCaseFewer: Bool) {
    // One case fewer, per rate, by the number of cases that have it (16; 11 with a common cause; 4 with phases).
    func floor(_ name: String, _ value: Double, _ cases: Double) {
      let bound = value - (oneCaseFewer ? 1 / cases : 0)
      #expect((means[name] ?? 0) >= bound - 1e-9, "\(name) is \(means[name] ?? 0), must be \(bound)")
    }
    func ceiling(_ name: String, _ value: Double) {
      #expect(
        (means[name] ?? .infinity) <= value + 1e-9, "\(name) is \(means[name] ?? 0), must be ≤ \(value)")
    }
    floor("origin_top1", 0.99, 16)
    floor("origin_top3", 0.98, 16)
    floor("onset_recall", 0.99, 16)
    floor("edge_prec", 0.88, 16)
    floor("edge_recall", 0.82, 16)
    floor("cc_found", 1, 11)
    floor("cc_exact", 1, 11)
    floor("phase_recall", 1, 4)
    ceiling("onset_mae", 11 + onsetSlack)
    ceiling("cc_false_alarm", 0)
    ceiling("decoy_in_top3", 0)
    ceiling("decoy_in_onsets", 0.05)
    ceiling("skew_mae", 0.5 + onsetSlack / 2)
    ceiling("phase_mae", 20)
    ceiling("what_if", 0.05)
  }

  @Test func reachesTheFiguresOnTheSharedIncidents() throws {
    guard let means = try Self.means(.asGiven) else { return }
    Self.check(means, onsetSlack: 0, oneCaseFewer: false)
  }

  @Test func wordingNamesAndFieldsDoNotMatterInRFC5424() throws {
    guard let means = try Self.means(.rfc5424) else { return }
    Self.check(means, onsetSlack: 0, oneCaseFewer: true)
  }

  @Test func stampsOfOneSecondCostAtMostASecondInRFC3164() throws {
    guard let means = try Self.means(.rfc3164) else { return }
    Self.check(means, onsetSlack: 1, oneCaseFewer: true)
  }

  @Test func withoutAnySeverityMostOriginsAreStillFound() throws {
    guard let means = try Self.means(.bare) else { return }
    #expect((means["origin_top1"] ?? 0) >= 0.85)
    #expect((means["onset_recall"] ?? 0) >= 0.95)
    #expect((means["edge_prec"] ?? 0) >= 0.8)
  }
}
