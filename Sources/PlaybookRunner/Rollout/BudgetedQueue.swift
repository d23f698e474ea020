import PlaybookModel

/// The devices of a wave in the order they begin: as the plan has them, but none before its gateway has room for it.
///
/// Taking one and giving one back costs the logarithm of the number of gateways, however many wait.
struct BudgetedQueue {
  enum Next {
    case target(ExecutionPlan.Target)
    /// Every gateway with waiting devices has spent its bytes until this monotonic time.
    case wait(until: Int64)
    /// Every gateway with waiting devices is full: one must finish first.
    case blocked
    case empty
  }

  private struct Gateway {
    var waiting: [Int] = []
    var next = 0
    var inFlight = 0
    var freeAt: Int64 = .min
    var isListed = false
  }

  private let targets: [ExecutionPlan.Target]
  private let budget: RolloutPolicy.GatewayBudget?
  private let gatewayOf: (ExecutionPlan.Target) -> String
  private let bytesOf: (ExecutionPlan.Target) -> Int
  private var position = 0
  private var gateways: [Gateway] = []
  private var numbers: [String: Int] = [:]
  /// Gateways that may have room, in turn.
  private var ready: [Int] = []
  private var readyHead = 0
  /// Gateways that have spent their bytes, by when they have new ones: a binary heap.
  private var resting: [(time: Int64, gateway: Int)] = []
  /// Devices that have not begun.
  private(set) var left: Int

  init(_ targets: [ExecutionPlan.Target], _ budget: RolloutPolicy.GatewayBudget?, _ plan: ExecutionPlan) {
    self.targets = targets
    self.budget = budget
    left = targets.count
    let index = budget.flatMap { plan.columns.firstIndex(of: $0.attribute) }
    let bytes = budget?.bytesAttribute.flatMap { plan.columns.firstIndex(of: $0) }
    let standard = budget?.bytesPerDevice ?? 0
    gatewayOf = { target in index.map { target.values[$0] } ?? "" }
    bytesOf = { target in bytes.flatMap { Int(target.values[$0]) } ?? standard }
    guard budget != nil else { return }
    for (index, target) in targets.enumerated() {
      let number = number(gatewayOf(target))
      gateways[number].waiting.append(index)
    }
    ready = Array(gateways.indices)
    for index in gateways.indices { gateways[index].isListed = true }
  }

  private mutating func number(_ name: String) -> Int {
    if let known = numbers[name] { return known }
    numbers[name] = gateways.count
    gateways.append(Gateway())
    return gateways.count - 1
  }

  mutating func next(now: Int64) -> Next {
    guard left > 0 else { return .empty }
    guard let budget else {
      defer {
        position += 1
        left -= 1
      }
      return .target(targets[position])
    }
    while let first = resting.first, first.time <= now {
      popResting()
      list(first.gateway)
    }
    while readyHead < ready.count {
      let number = ready[readyHead]
      readyHead += 1
      if readyHead > 4096 && readyHead * 2 > ready.count {
        ready.removeFirst(readyHead)
        readyHead = 0
      }
      gateways[number].isListed = false
      let gateway = gateways[number]
      guard gateway.next < gateway.waiting.count else { continue }
      // A full gateway is listed again when one of its devices is done.
      if let most = budget.maximumInFlight, gateway.inFlight >= most { continue }
      if gateway.freeAt > now {
        pushResting(gateway.freeAt, number)
        continue
      }
      let target = targets[gateway.waiting[gateway.next]]
      gateways[number].next += 1
      gateways[number].inFlight += 1
      if let rate = budget.bytesPerSecond {
        let cost = Double(bytesOf(target)) / Double(rate) * 1e9
        gateways[number].freeAt = max(now, gateway.freeAt) + Int64(min(cost, 1e17))
      }
      left -= 1
      list(number)
      return .target(target)
    }
    if let first = resting.first { return .wait(until: first.time) }
    return .blocked
  }

  /// A device is done: its gateway has room again.
  mutating func finished(_ target: ExecutionPlan.Target) {
    guard budget != nil, let number = numbers[gatewayOf(target)] else { return }
    gateways[number].inFlight -= 1
    list(number)
  }

  private mutating func list(_ number: Int) {
    guard !gateways[number].isListed, gateways[number].next < gateways[number].waiting.count else { return }
    gateways[number].isListed = true
    ready.append(number)
  }

  private mutating func pushResting(_ time: Int64, _ gateway: Int) {
    gateways[gateway].isListed = true
    resting.append((time, gateway))
    var child = resting.count - 1
    while child > 0, resting[(child - 1) / 2].time > resting[child].time {
      resting.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  private mutating func popResting() {
    gateways[resting[0].gateway].isListed = false
    resting.swapAt(0, resting.count - 1)
    resting.removeLast()
    var parent = 0
    while true {
      var least = parent
      for child in [2 * parent + 1, 2 * parent + 2] where child < resting.count {
        if resting[child].time < resting[least].time { least = child }
      }
      guard least != parent else { return }
      resting.swapAt(parent, least)
      parent = least
    }
  }
}
