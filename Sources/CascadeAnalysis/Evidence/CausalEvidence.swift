internal import IncidentModel

/// A possible parent of a failure.
struct ParentCandidate {
  var parent: Int
  /// Relative plausibility among all candidates of the same child, from all kinds of evidence.
  var weight: Double
  var kind: SpreadEdge.Kind
  /// How sure it is at most, whatever rivals it has: an only candidate may still be none.
  var most = 1.0
  /// Whether nothing known ties the two.
  var isGuess = false
}

/// What the kinds of causal evidence look at: who failed when, and how the fleet hangs together.
struct Scene {
  let fleet: Fleet
  /// Onset per entity, corrected seconds; infinite where there is none in this incident.
  let time: [Double]
  /// Half-width of an onset's uncertainty that the order of two events must exceed, in seconds.
  var slack = 20.0
  /// Probability that an entity's own change made it fail, rather than something around it.
  var cohort: [Double]
  /// Who announced the change.
  var actor: Int?
  /// The provider that took all along in one moment.
  var culprit: Int?
  /// The spread over links, where it was fitted.
  var contact: ContactCause?
  /// How trouble runs along links, where only numbers tell of it.
  var telemetry: MetricCause?
  /// Entities that an entity's own messages name as it fails.
  var named: [Int: [Int32]] = [:]

  /// How many of those that hang directly on an entity failed soon after it; empty where nobody counted.
  private(set) var followers: [Int32] = []

  /// Seconds after a provider's failure within which those that hang on it mostly fail of it.
  static let soon = 300.0

  func hasFailed(_ device: Int) -> Bool { time[device] < .infinity }

  /// Counts them among some entities.
  mutating func countFollowers(_ members: [Int]) {
    followers = [Int32](repeating: 0, count: time.count)
    for device in members {
      for provider in fleet.providers[device] {
        let lead = time[device] - time[Int(provider)]
        if lead >= -slack, lead <= Self.soon { followers[Int(provider)] += 1 }
      }
    }
  }
}

/// One kind of reason why one failure may have caused another. One file per kind, listed in `allCausalEvidence`.
protocol CausalEvidence: SendableMetatype {
  /// What an edge of this kind runs over.
  static var kind: SpreadEdge.Kind { get }
  /// A small situation with the parent that this kind must name; a test runs it.
  static var example: WorkedExample { get }
  /// Possible parents of a child.
  static func parents(of child: Int, in scene: Scene) -> [ParentCandidate]
}

/// Every kind of causal evidence.
let allCausalEvidence: [any CausalEvidence.Type] = [
  SharedChange.self, FailedProvider.self, OverloadFromBelow.self, FailedNeighbour.self, NamedCulprit.self,
  SynchronousFailure.self, DriftedNeighbour.self,
]

/// A situation for one kind of evidence, in names.
struct WorkedExample {
  /// The situation in words.
  var words: String
  var links: [(from: String, to: String, kind: String)] = []
  /// Seconds of onset by name.
  var onsets: [(name: String, seconds: Double)]
  /// Names whose own change made them fail.
  var cohort: [String] = []
  var actor: String?
  /// Who took all along in one moment.
  var culprit: String?
  /// Whether the onsets are those of numbers.
  var isTelemetry = false
  /// Who names whom as it fails.
  var naming: [(speaker: String, named: String)] = []
  var child: String
  var parent: String

  /// The scene, and the indices of child and parent in it.
  func scene() -> (scene: Scene, child: Int, parent: Int) {
    var evidence = IncidentEvidence()
    var index: [String: Int] = [:]
    for name in onsets.map(\.name) + links.flatMap({ [$0.from, $0.to] }) + [actor].compactMap({ $0 })
    where index[name] == nil {
      index[name] = evidence.devices.count
      evidence.devices.append(name)
    }
    evidence.topology.links = links.map { .init(from: $0.from, to: $0.to, kind: $0.kind) }
    let fleet = Fleet(evidence)
    var time = [Double](repeating: .infinity, count: evidence.devices.count)
    var cohort = [Double](repeating: 0, count: evidence.devices.count)
    for (name, seconds) in onsets { time[index[name]!] = seconds }
    for name in self.cohort { cohort[index[name]!] = 1 }
    var findings = [Onsets.Finding?](repeating: nil, count: time.count)
    for device in time.indices where time[device] < .infinity {
      findings[device] = Onsets.Finding(
        time: time[device], earliest: time[device], latest: time[device], probability: 1, kind: .log)
    }
    let contact = ContactCause(
      fleet, Onsets(findings: findings), Array(time.indices), end: 1e4, isSusceptible: { _ in true })
    var scene = Scene(
      fleet: fleet, time: time, cohort: cohort, actor: actor.flatMap { index[$0] },
      culprit: culprit.flatMap { index[$0] }, contact: contact)
    if isTelemetry {
      scene.contact = nil
      scene.telemetry = MetricCause(
        evidence, fleet, Onsets(findings: findings), time.indices.filter { time[$0] < .infinity },
        MetricOnsets())
    }
    for (speaker, named) in naming { scene.named[index[speaker]!, default: []].append(Int32(index[named]!)) }
    return (scene, index[child]!, index[parent]!)
  }
}
