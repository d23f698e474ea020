/// Writes what stands beside the evidence: inventory, topology, truth, manifest.
struct Documents {
  let fleet: Fleet
  let course: Course
  let chance: Chance
  let output: OutputFolder
  /// Modification time of all of them.
  let modified: Int64

  func writeInventory() throws(SimulationError) {
    var stream = try output.open("inventory.csv")
    var out = ByteBuffer()
    out.put("device,role,site,region,gateway,model,hardware,firmware,ring,criticality,life_safety\n")
    for entity in 0..<fleet.count {
      fleet.putName(entity, &out)
      switch fleet.role(entity) {
      case .device:
        let gateway = fleet.gateway(of: entity)
        place(gateway, "device", &out)
        fleet.putName(gateway, &out)
        out.put(",")
        out.put(text: Fleet.products[Int(fleet.model[entity])].model)
        out.put(",r")
        out.putDecimal(Int(fleet.hardware[entity]))
        out.put(",")
        out.put(text: fleet.firmwareVersion(entity))
        out.put(",")
        out.put(text: Fleet.rings[Int(fleet.ring[entity])])
        out.put(",")
        out.put(text: Fleet.criticalities[min(1, Int(fleet.criticality[entity]))])
        out.put(fleet.criticality[entity] == 2 ? ",yes\n" : ",no\n")
      case .gateway:
        place(entity, "gateway", &out)
        out.put(",edge-3,,9.4.2,,high,no\n")
      case .broker:
        out.put(",broker,,")
        out.put(text: Fleet.regionNames[entity - fleet.brokers.lowerBound])
        out.put(",,,,,,high,no\n")
      case .updateService: out.put(",update-service,,,,,,,,high,no\n")
      case .cloud: out.put(",session-service,,,,,,,,high,no\n")
      case .monitor: out.put(",monitor,,,,,,,,high,no\n")
      case .identity: out.put(",token-issuer,,,,,,,,high,no\n")
      }
      try stream.drain(&out)
    }
    try stream.drain(&out, above: 0)
    try stream.close(modified: modified)
  }

  private func place(_ gateway: Int, _ role: StaticString, _ out: inout ByteBuffer) {
    let site = fleet.site(ofGateway: gateway)
    out.put(",")
    out.put(role)
    out.put(",")
    fleet.putSiteName(site, &out)
    out.put(",")
    out.put(text: Fleet.regionNames[fleet.region(ofSite: site)])
    out.put(",")
  }

  /// Links, provider first. `kept` is the share of links between devices and gateways that somebody wrote down.
  func writeTopology(kept: Double) throws(SimulationError) {
    var stream = try output.open("topology.csv")
    var out = ByteBuffer()
    out.put("from,to,kind\n")
    func link(_ from: Int, _ to: Int, _ kind: StaticString) {
      fleet.putName(from, &out)
      out.put(",")
      fleet.putName(to, &out)
      out.put(",")
      out.put(kind)
      out.put("\n")
    }
    for service in [fleet.updateService, fleet.monitor] { link(fleet.cloud, service, "used-by") }
    link(fleet.identity, fleet.cloud, "used-by")
    for broker in fleet.brokers { link(fleet.cloud, broker, "used-by") }
    for gateway in fleet.gateways {
      link(fleet.broker(of: gateway), gateway, "carries")
      for device in fleet.devices(of: gateway) where chance.unit(device, .topology) < kept {
        link(gateway, device, "carries")
      }
      try stream.drain(&out)
    }
    let directed = course.mode.contains(.degraded)
    for (a, b) in course.links where chance.unit(Int(a) &* 0x10_0001 ^ Int(b), .topology, 1) < kept {
      link(Int(a), Int(b), directed ? "feeds" : "adjacent")
      try stream.drain(&out)
    }
    try stream.drain(&out, above: 0)
    try stream.close(modified: modified)
  }

  /// What a truth needs to know beyond the course.
  struct Facts {
    var caseName: String
    var scenario: Scenario
    var observable: [Int]
    var events: Int
    var missing: Double
    var maximumSkew: Double
    var topologyKept: Double
    var seed: UInt64
    /// Failures under each policy.
    var counterfactuals: [(policy: RolloutPolicy, failed: Int)]
  }

  func writeTruth(_ facts: Facts) throws(SimulationError) {
    var stream = try output.open("truth.json")
    var out = ByteBuffer()
    let failed = (0..<fleet.count).filter { course.failed($0) }
    var json = JSONText(fleet: fleet)
    out.put("{\"case\":\"")
    out.put(text: facts.caseName)
    out.put("\",\n\"family\":\"")
    out.put(text: facts.scenario.family)
    out.put("\",\n\"scenario\":\"")
    out.put(text: facts.scenario.name)
    out.put("\",\n\"notes\":\"synthetic; modelled on ")
    out.put(text: facts.scenario.modelledOn)
    out.put("\",\n\"n\":")
    out.putDecimal(fleet.count)
    out.put(",\n\"n_failed\":")
    out.putDecimal(failed.count)
    out.put(",\n\"events\":")
    out.putDecimal(facts.events)
    json.names("origins", course.origins, &out)
    out.put(",\n\"primary_origin\":")
    if let origin = course.primaryOrigin { json.name(origin, &out) } else { out.put("null") }
    json.names("first_wave", course.firstWave, &out)
    try stream.drain(&out)

    json.open("onsets", "{", &out)
    for entity in failed {
      json.next(&out)
      json.time(entity, course.onset[entity], &out)
      try stream.drain(&out)
    }
    out.put("}")
    json.names("observable", facts.observable, &out)
    json.open("edges", "[", &out)
    for entity in failed where course.parent[entity] >= 0 {
      json.next(&out)
      out.put("{\"from\":")
      json.name(Int(course.parent[entity]), &out)
      out.put(",\"to\":")
      json.name(entity, &out)
      out.put("}")
      try stream.drain(&out)
    }
    out.put("]")
    json.open("acceptable_parents", "{", &out)
    for (child, parents) in course.acceptableParents {
      json.next(&out)
      json.name(child, &out)
      out.put(":[")
      for (index, parent) in parents.enumerated() {
        if index > 0 { out.put(",") }
        json.name(parent, &out)
      }
      out.put("]")
      try stream.drain(&out)
    }
    out.put("}")
    out.put(",\n\"common_cause\":")
    if course.commonCause.isEmpty {
      out.put("null")
    } else {
      for (index, cause) in course.commonCause.enumerated() {
        out.put(index == 0 ? "[{\"attribute\":\"" : ",{\"attribute\":\"")
        out.put(text: cause.attribute)
        out.put("\",\"value\":\"")
        out.put(text: cause.value)
        out.put("\"}")
      }
      out.put("]")
    }
    json.open("decoys", "{", &out)
    for (device, time) in course.decoys {
      json.next(&out)
      json.time(device, time, &out)
      try stream.drain(&out)
    }
    out.put("}")
    json.open("skews", "{", &out)
    for entity in 0..<fleet.count where fleet.skewMilliseconds[entity] != 0 {
      json.next(&out)
      json.name(entity, &out)
      out.put(":")
      json.thousandths(Int(fleet.skewMilliseconds[entity]), &out)
      try stream.drain(&out)
    }
    out.put("}")
    let hops = Documents.hops(course)
    json.open("hops", "{", &out)
    for entity in 0..<fleet.count where hops[entity] >= 0 {
      json.next(&out)
      json.name(entity, &out)
      out.put(":")
      out.putDecimal(Int(hops[entity]))
      try stream.drain(&out)
    }
    out.put("}")
    if !course.phases.isEmpty {
      json.open("phases", "[", &out)
      for (name, start) in course.phases {
        json.next(&out)
        out.put("{\"name\":\"")
        out.put(text: name)
        out.put("\",\"start\":\"")
        CalendarText.putRFC3339(start, &out)
        out.put("\"}")
      }
      out.put("]")
    }
    if !course.rolloutOrder.isEmpty {
      let own = (0..<fleet.deviceCount).filter { course.failed($0) && course.mode[$0] != .deprived }
      json.names("cohort", own, &out)
      json.names("victims", (0..<fleet.deviceCount).filter { course.mode[$0] == .deprived }, &out)
    }
    writeCounterfactuals(facts, failed.count, &json, &out)
    out.put(",\n\"params\":{\"missing\":")
    json.thousandths(Int((facts.missing * 1000).rounded()), &out)
    out.put(",\"skew\":")
    json.thousandths(Int((facts.maximumSkew * 1000).rounded()), &out)
    out.put(",\"decoys\":")
    out.putDecimal(course.decoys.count)
    out.put(",\"topology_kept\":")
    json.thousandths(Int((facts.topologyKept * 1000).rounded()), &out)
    out.put(",\"devices\":")
    out.putDecimal(fleet.deviceCount)
    out.put(",\"seed\":")
    out.put(text: String(facts.seed))
    out.put("}}\n")
    try stream.drain(&out, above: 0)
    try stream.close(modified: modified)
  }

  private func writeCounterfactuals(
    _ facts: Facts, _ failed: Int, _ json: inout JSONText, _ out: inout ByteBuffer
  ) {
    guard let first = facts.counterfactuals.first else { return }
    func members(_ policy: RolloutPolicy, _ count: Int) {
      out.put("{\"policy\":{\"waves\":[")
      for (index, share) in policy.waves.enumerated() {
        if index > 0 { out.put(",") }
        json.thousandths(Int((share * 1000).rounded()), &out)
      }
      out.put("],\"soak\":")
      out.putDecimal(Int(policy.soak))
      out.put(",\"halt_above\":")
      json.thousandths(Int((policy.haltAbove * 1000).rounded()), &out)
      out.put("},\"failed_actual\":")
      out.putDecimal(failed)
      out.put(",\"failed_counterfactual\":")
      out.putDecimal(count)
      out.put("}")
    }
    out.put(",\n\"counterfactual\":")
    members(first.policy, first.failed)
    json.open("counterfactuals", "[", &out)
    for entry in facts.counterfactuals {
      json.next(&out)
      members(entry.policy, entry.failed)
    }
    out.put("]")
  }

  /// Steps from the origins along the spread; -1 for whoever did not fail.
  static func hops(_ course: Course) -> [Int32] {
    var hops = Array(repeating: Int32(-1), count: course.onset.count)
    for origin in course.origins { hops[origin] = 0 }
    for entity in course.onset.indices where course.failed(entity) {
      var chain: [Int] = []
      var node = entity
      while hops[node] < 0, course.parent[node] >= 0, chain.count < course.onset.count {
        chain.append(node)
        node = Int(course.parent[node])
      }
      if hops[node] < 0 { hops[node] = 0 }
      for step in chain.reversed() {
        hops[step] = hops[node] + 1
        node = step
      }
    }
    return hops
  }
}

/// Pieces of JSON: members on lines of their own, names of entities, times.
struct JSONText {
  let fleet: Fleet
  private var first = true

  init(fleet: Fleet) { self.fleet = fleet }

  /// Begins a member that holds a list or an object.
  mutating func open(_ key: StaticString, _ bracket: StaticString, _ out: inout ByteBuffer) {
    out.put(",\n\"")
    out.put(key)
    out.put("\":")
    out.put(bracket)
    first = true
  }

  /// A comma, except before the first.
  mutating func next(_ out: inout ByteBuffer) {
    if !first { out.put(",") }
    first = false
  }

  func name(_ entity: Int, _ out: inout ByteBuffer) {
    out.put("\"")
    fleet.putName(entity, &out)
    out.put("\"")
  }

  func time(_ entity: Int, _ nanoseconds: Int64, _ out: inout ByteBuffer) {
    name(entity, &out)
    out.put(":\"")
    CalendarText.putRFC3339(nanoseconds, &out)
    out.put("\"")
  }

  mutating func names(_ key: StaticString, _ entities: [Int], _ out: inout ByteBuffer) {
    open(key, "[", &out)
    for entity in entities {
      next(&out)
      name(entity, &out)
    }
    out.put("]")
  }

  func thousandths(_ value: Int, _ out: inout ByteBuffer) {
    if value < 0 { out.put("-") }
    out.putDecimal(abs(value) / 1000)
    out.put(".")
    out.putPadded(abs(value) % 1000, 3)
  }
}
