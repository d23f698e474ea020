import Glibc
import IncidentModel

/// Makes small incidents of three families with random settings, and knows what really happened.
///
/// Everything differs from one seed to the next: sizes, rates, delays, losses, links kept, unrelated failures, words.
struct IncidentForge {
  var evidence = IncidentEvidence()
  /// Names that are right as origin.
  var origins: Set<String> = []
  /// Right edges as `from>to`.
  var edges: Set<String> = []
  /// Names that failed in the incident.
  var failed: Set<String> = []

  private var dice: Dice
  private var builder = EvidenceBuilder()
  private var missing: Double
  private let span: Double
  private let devices: Int
  private var onset: [Int: Double] = [:]
  private let began: Double

  enum Family: CaseIterable { case contact, change, dependency }

  init(seed: UInt64, family: Family? = nil) {
    dice = Dice(state: seed &* 0x9E37_79B9_7F4A_7C15 &+ 12_345)
    for _ in 0..<5 { _ = dice.next() }
    devices = 40 + Int(dice.unit() * 160)
    span = 3600 + dice.unit() * 7200
    missing = dice.unit() * 0.4
    began = span * (0.35 + 0.25 * dice.unit())
    let family = family ?? Family.allCases[Int(dice.next() % 3)]
    everydayLife()
    switch family {
    case .contact: contact()
    case .change: change()
    case .dependency: dependency()
    }
    unrelatedFailures()
    evidence = builder.finish()
  }

  private func name(_ device: Int) -> String { "n\(device)k" }

  private mutating func say(_ who: String, _ seconds: Double, _ text: String, _ severity: UInt8) {
    guard seconds < span, dice.unit() >= missing else { return }
    builder.event(
      time: 1_600_000_000_000_000_000 + Int64(seconds * 1e9), device: who, severity: severity,
      message: "\(text) \(10 + dice.next() % 99_990)")
  }

  private mutating func exponential(_ mean: Double) -> Double { -mean * log(1 - dice.unit()) }

  private mutating func everydayLife() {
    var rows = "device,sort,make,release,plot\n"
    for device in 0..<devices {
      rows += "\(name(device)),thing,m\(dice.next() % 3),r\(dice.next() % 4),p\(device / 12)\n"
    }
    let hubs = max(2, devices / 15)
    for hub in 0..<hubs { rows += "hub\(hub)h,node,-,-,-\n" }
    rows += "console1c,office,-,-,-\n"
    builder.inventory(csv: rows)
    let pause = 150 + dice.unit() * 400
    for device in 0..<devices {
      for words in ["pulse fine", "value kept"] {
        var time = exponential(pause)
        while time < span {
          say(name(device), time, words, 6)
          time += exponential(pause)
        }
      }
      if dice.unit() < 0.3 { say(name(device), dice.unit() * span, "odd reading", 4) }
    }
  }

  private mutating func fails(_ who: String, _ time: Double, _ words: [String]) {
    failed.insert(who)
    var moment = time + exponential(2)
    for _ in 0..<(2 + Int(dice.next() % 4)) {
      say(who, moment, words[Int(dice.next() % UInt64(words.count))], 3)
      moment += exponential(30)
    }
  }

  private mutating func contact() {
    // A ring with chords: each device has two to six neighbours.
    var neighbours = [Set<Int>](repeating: [], count: devices)
    let kept = 0.7 + 0.3 * dice.unit()
    for device in 0..<devices {
      var others = [(device + 1) % devices]
      if dice.unit() < 0.6 { others.append(Int(dice.next() % UInt64(devices))) }
      for other in others where other != device {
        neighbours[device].insert(other)
        neighbours[other].insert(device)
        if dice.unit() < kept { builder.link(name(device), name(other), "beside") }
      }
    }
    let pace = 40 + dice.unit() * 200
    let first = Int(dice.next() % UInt64(devices))
    var due: [(time: Double, device: Int, from: Int)] = [(began, first, -1)]
    origins = [name(first)]
    while let next = due.min(by: { $0.time < $1.time }), next.time < span * 0.95 {
      due.removeAll { $0.device == next.device }
      onset[next.device] = next.time
      if next.from >= 0 { edges.insert("\(name(next.from))>\(name(next.device))") }
      fails(name(next.device), next.time, ["strange process", "checks differ", "many calls"])
      for other in neighbours[next.device].sorted() where onset[other] == nil {
        due.append((next.time + 5 + exponential(pace), other, next.device))
      }
    }
  }

  private mutating func change() {
    hubs()
    say("console1c", began, "plan opened", 6)
    // The announcement survives in most cases only.
    origins = ["console1c"]
    let hit = 0.3 + 0.6 * dice.unit()
    let delay = 30 + dice.unit() * 400
    var first: (Double, String)?
    for device in 0..<devices where dice.unit() < 0.6 {
      let at = began + 10 + dice.unit() * span * 0.2
      say(name(device), at, "now on release", 6)
      guard dice.unit() < hit else { continue }
      let time = at + exponential(delay)
      guard time < span * 0.97 else { continue }
      fails(name(device), time, ["stopped at", "starts again"])
      edges.insert("console1c>\(name(device))")
      if first == nil || time < first!.0 { first = (time, name(device)) }
    }
    if let first { origins.insert(first.1) }
  }

  private mutating func hubs() {
    let count = max(2, devices / 15)
    for device in 0..<devices { builder.link("hub\(device % count)h", name(device), "feeds") }
    for hub in 0..<count { builder.link("console1c", "hub\(hub)h", "runs") }
  }

  private mutating func dependency() {
    hubs()
    let count = max(2, devices / 15)
    let hub = Int(dice.next() % UInt64(count))
    origins = ["hub\(hub)h"]
    if dice.unit() < 0.7 { fails("hub\(hub)h", began, ["inside trouble", "backlog at"]) }
    let share = 0.5 + 0.5 * dice.unit()
    let spread = 10 + dice.unit() * 120
    for device in 0..<devices where device % count == hub && dice.unit() < share {
      fails(name(device), began + 2 + exponential(spread), ["no answer", "buffer at"])
      edges.insert("hub\(hub)h>\(name(device))")
    }
  }

  private mutating func unrelatedFailures() {
    for _ in 0..<Int(dice.next() % 5) {
      let device = name(Int(dice.next() % UInt64(devices)))
      guard !failed.contains(device) else { continue }
      let words = ["cell low", "card worn", "probe cut"][Int(dice.next() % 3)]
      let time = dice.unit() * span
      for turn in 0..<3 { say(device, time + Double(turn) * 20, words, 3) }
    }
  }
}
