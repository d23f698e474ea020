import IncidentModel

/// A worm that goes from device to device over the links they have, starting at one.
extension Scenario {
  static let worm = Scenario(
    name: "worm", family: "A",
    summary: "a worm logs in with default credentials and spreads over contact links from one device",
    modelledOn: """
      Mirai, August 2016 (from one host, doubling in 75 minutes) and the TR-069 worm at Deutsche Telekom, \
      27 to 29 November 2016. Synthetic data.
      """,
    start: Instant(nanoseconds: 1_754_006_400_000_000_000),  // 2025-08-01T00:00:00Z
    duration: 14_400,
    unfold: Worm.unfold, failuresUnderPolicy: nil)
}

/// The story behind `Scenario.worm`: susceptible–infected spread with an exponential delay per link, which is the
/// shortest path over random link lengths; the unit of time is chosen so that about half are infected at the end.
enum Worm {
  static func unfold(_ fleet: inout Fleet, _ window: Range<Int64>, _ chance: Chance) -> Course {
    let length = Double(window.upperBound - window.lowerBound) / 1e9
    let trigger = window.lowerBound + nanoseconds(length * chance.uniform(0.18..<0.30, -1, .story, 6))
    var course = Course(entities: fleet.count, window: window, trigger: trigger)
    course.addDecoys(fleet, chance)
    // Immune by luck of configuration, or out of order for another reason.
    let immune = (0..<fleet.deviceCount).map {
      course.mode[$0] == .unrelated || chance.unit($0, .susceptible) > 0.88
    }
    course.links = links(fleet, chance)
    let graph = Adjacency(course.links, nodes: fleet.deviceCount)
    var origin = chance.below(fleet.deviceCount, -1, .story, 1)
    let wanted = max(1, Int(Double(fleet.deviceCount) * chance.uniform(0.35..<0.6, -1, .story, 2)))
    var infected = spread(from: origin, graph, wanted: wanted, immune, chance)
    // A host with too few to talk to starts no epidemic; history tells of those that had enough.
    for attempt in 1..<20 where infected.count < wanted / 2 || immune[origin] {
      origin = chance.below(fleet.deviceCount, -1, .story, 100 + attempt)
      infected = spread(from: origin, graph, wanted: wanted, immune, chance)
    }
    let span = Double(window.upperBound - trigger) / 1e9 * 0.96
    let unit = infected.last.map { $0.time > 0 ? span / $0.time : 0 } ?? 0
    var infects = Array(repeating: false, count: fleet.deviceCount)
    for step in infected where step.parent >= 0 { infects[step.parent] = true }
    for step in infected {
      // The worm's attempts crash some devices, which then infect nobody.
      let crashes = !infects[step.node] && chance.unit(step.node, .mode) < 0.25
      course.fail(
        step.node, at: trigger + nanoseconds(step.time * unit), by: step.parent,
        mode: crashes ? .lastWord : .compromised)
    }
    course.origins = [origin]
    course.primaryOrigin = origin
    return course
  }

  /// Neighbours on the segment, a chord within it, and some that reach anywhere: two per segment and a few more.
  private static func links(_ fleet: Fleet, _ chance: Chance) -> [(Int32, Int32)] {
    var links: [(Int32, Int32)] = []
    links.reserveCapacity(fleet.deviceCount * 5 / 2)
    for gateway in fleet.gateways {
      let members = fleet.devices(of: gateway)
      for device in members {
        if device + 1 < members.upperBound { links.append((Int32(device), Int32(device + 1))) }
        let chord = members.lowerBound + chance.below(members.count, device, .link, 1)
        if abs(chord - device) > 1 { links.append((Int32(min(device, chord)), Int32(max(device, chord)))) }
        if device < members.lowerBound + 2 || chance.unit(device, .link, 2) < 0.08 {
          let far = chance.below(fleet.deviceCount, device, .link, 3)
          if abs(far - device) > 1 { links.append((Int32(min(device, far)), Int32(max(device, far)))) }
        }
      }
    }
    links.sort { ($0.0, $0.1) < ($1.0, $1.1) }
    var unique: [(Int32, Int32)] = []
    unique.reserveCapacity(links.count)
    for link in links {
      if let last = unique.last, last == link { continue }
      unique.append(link)
    }
    return unique
  }

  private struct Infection {
    let time: Double
    let node: Int
    let parent: Int
  }

  /// Dijkstra's algorithm over random delays, until enough are infected.
  private static func spread(
    from origin: Int, _ graph: Adjacency, wanted: Int, _ immune: [Bool], _ chance: Chance
  )
    -> [Infection]
  {
    var result: [Infection] = []
    result.reserveCapacity(wanted)
    var done = Array(repeating: false, count: graph.nodes)
    var queue = TimeQueue()
    queue.push(TimeQueue.Entry(time: 0, node: Int32(origin), parent: -1))
    while result.count < wanted, let next = queue.pop() {
      let node = Int(next.node)
      if done[node] { continue }
      done[node] = true
      result.append(Infection(time: next.time, node: node, parent: Int(next.parent)))
      for neighbour in graph.neighbours(of: node) where !done[Int(neighbour)] {
        if immune[Int(neighbour)] { continue }
        let pair = node &* 0x10_0001 ^ Int(neighbour)
        let delay = 0.05 + chance.exponential(pair, .linkDelay)
        queue.push(TimeQueue.Entry(time: next.time + delay, node: neighbour, parent: next.node))
      }
    }
    return result
  }
}

/// Neighbours by node, in one array.
struct Adjacency: Sendable {
  let nodes: Int
  private var first: [Int32]
  private var targets: [Int32]

  init(_ links: [(Int32, Int32)], nodes: Int) {
    self.nodes = nodes
    first = Array(repeating: 0, count: nodes + 2)
    for (a, b) in links {
      first[Int(a) + 2] += 1
      first[Int(b) + 2] += 1
    }
    for index in 2..<(nodes + 2) { first[index] += first[index - 1] }
    targets = Array(repeating: 0, count: links.count * 2)
    for (a, b) in links {
      targets[Int(first[Int(a) + 1])] = b
      first[Int(a) + 1] += 1
      targets[Int(first[Int(b) + 1])] = a
      first[Int(b) + 1] += 1
    }
  }

  func neighbours(of node: Int) -> ArraySlice<Int32> { targets[Int(first[node])..<Int(first[node + 1])] }
}

/// A binary heap by time; ties go to the smaller node, so that the order never depends on the heap's shape.
struct TimeQueue {
  struct Entry {
    let time: Double
    let node: Int32
    let parent: Int32
  }

  private var heap: [Entry] = []

  private static func precedes(_ a: Entry, _ b: Entry) -> Bool {
    (a.time, a.node, a.parent) < (b.time, b.node, b.parent)
  }

  mutating func push(_ entry: Entry) {
    heap.append(entry)
    var child = heap.count - 1
    while child > 0 {
      let parent = (child - 1) / 2
      guard TimeQueue.precedes(heap[child], heap[parent]) else { break }
      heap.swapAt(child, parent)
      child = parent
    }
  }

  mutating func pop() -> Entry? {
    guard let top = heap.first else { return nil }
    let last = heap.removeLast()
    guard !heap.isEmpty else { return top }
    heap[0] = last
    var parent = 0
    while true {
      var child = 2 * parent + 1
      guard child < heap.count else { break }
      if child + 1 < heap.count, TimeQueue.precedes(heap[child + 1], heap[child]) { child += 1 }
      guard TimeQueue.precedes(heap[child], heap[parent]) else { break }
      heap.swapAt(child, parent)
      parent = child
    }
    return top
  }
}
