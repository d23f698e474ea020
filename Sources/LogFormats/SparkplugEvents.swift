import IncidentModel

/// A Sparkplug topic, `spBv1.0/GROUP/TYPE/NODE[/DEVICE]`, as stretches of the text that it was found in.
struct SparkplugTopic {
  private(set) var group = Slice.empty
  private(set) var type = Slice.empty
  private(set) var node = Slice.empty
  private(set) var device = Slice.empty

  private static let types: [StaticString] = [
    "NBIRTH", "NDEATH", "DBIRTH", "DDEATH", "NDATA", "DDATA", "NCMD", "DCMD",
  ]
  /// Endings of the names of files that hold payloads.
  private static let endings: [StaticString] = [".bin", ".pb", ".payload", ".raw"]

  /// The topic in a text whose levels are divided by slashes, or, as in file names, by points.
  init?(_ text: UnsafeRawBufferPointer) {
    guard let namespace = Bytes.find("spBv1.0", text), namespace + 8 < text.count else { return nil }
    for separator in [UInt8(ascii: "/"), UInt8(ascii: ".")] where find(text, from: namespace + 8, separator) {
      return
    }
    return nil
  }

  private mutating func find(_ text: UnsafeRawBufferPointer, from first: Int, _ separator: UInt8) -> Bool {
    var start = first
    while true {
      let end = Bytes.findNear(separator, text, from: start, to: text.count)
      guard end < text.count else { return false }
      let level = Bytes.part(text, start, end)
      if Self.types.contains(where: { Bytes.areSame($0, level) }) {
        guard start > first else { return false }
        group = .record(first, start - 1 - first)
        type = .record(start, end - start)
        start = end + 1
        break
      }
      start = end + 1
    }
    var last = text.count
    if separator == UInt8(ascii: ".") {
      if let ending = Self.endings.first(where: { Bytes.end(text, with: $0) }) {
        last -= ending.utf8CodeUnitCount
        // The ending is all that stands behind the type: there is no node.
        guard last >= start else { return false }
      }
    }
    let nodeEnd = Bytes.findNear(separator, text, from: start, to: last)
    node = .record(start, nodeEnd - start)
    device = nodeEnd < last ? .record(nodeEnd + 1, last - nodeEnd - 1) : .empty
    guard separator == UInt8(ascii: "/") else { return true }
    for ending in Self.endings {
      let count = UInt32(ending.utf8CodeUnitCount)
      if Bytes.end(Bytes.part(text, device.start, device.end), with: ending) {
        device.count -= count
      } else if device.isEmpty, Bytes.end(Bytes.part(text, node.start, node.end), with: ending) {
        node.count -= count
      }
    }
    return true
  }
}

/// Makes events of payloads, one for each metric. Aliases stand for the names that the last BIRTH of the same edge node gave.
struct SparkplugEvents {
  private var payload = SparkplugPayload()
  private var aliases = SparkplugAliases()
  private var topic: SparkplugTopic?
  private var node: Int?
  private var position = 0

  /// True while there are events of the message read last.
  var hasMore: Bool { position < max(payload.metrics.count, 1) }

  /// Reads a message; false where the bytes are no payload. `scratch` is changed and says nothing.
  mutating func open(
    _ bytes: UnsafeRawBufferPointer, _ topic: SparkplugTopic?, in text: UnsafeRawBufferPointer,
    scratch: inout Reading
  ) -> Bool {
    guard payload.read(bytes) else { return false }
    self.topic = topic
    position = 0
    let type = topic.map { Bytes.part(text, $0.type.start, $0.type.end) }
    scratch.reset()
    if let topic {
      scratch.append(text, topic.group.start, topic.group.end)
      scratch.append(0x2F)
      scratch.append(text, topic.node.start, topic.node.end)
    }
    let name = UnsafeRawBufferPointer(start: scratch.buffer, count: scratch.scratchCount)
    let isBirth = type.map { Bytes.end($0, with: "BIRTH") } ?? true
    node = aliases.node(name, isNew: isBirth)
    if let node, let type, Bytes.areSame("NBIRTH", type) { aliases.forget(node) }
    if let node, isBirth {
      for metric in payload.metrics {
        guard let alias = metric.alias, !metric.name.isEmpty else { continue }
        aliases.set(alias, Bytes.part(bytes, metric.name.start, metric.name.end), node)
      }
    }
    return true
  }

  /// True where the payload read last says anything.
  var saysSomething: Bool { payload.timestamp != nil || !payload.metrics.isEmpty }

  /// Reads the next event of the message into a reading that was reset.
  mutating func next(
    _ bytes: UnsafeRawBufferPointer, in text: UnsafeRawBufferPointer, basis: IdentityBasis,
    into reading: inout Reading
  ) -> Verdict {
    guard hasMore else { return .structure }
    let metric = payload.metrics.isEmpty ? nil : payload.metrics[position]
    position += 1
    reading.program = reading.appendText("sparkplug")
    reading.severity = 6
    if let topic {
      let type = Bytes.part(text, topic.type.start, topic.type.end)
      if Bytes.end(type, with: "DEATH") { reading.severity = 4 }
      let start = reading.scratchCount
      reading.append(text, topic.node.start, topic.node.end)
      if !topic.device.isEmpty {
        reading.append(0x2F)
        reading.append(text, topic.device.start, topic.device.end)
      }
      reading.device = .scratch(start, reading.scratchCount - start)
      if !reading.device.isEmpty { reading.basis = basis }
    }
    setTime(metric?.timestamp ?? payload.timestamp, &reading)
    let name = appendMessage(metric, bytes, text, &reading)
    appendFields(metric, name, bytes, text, &reading)
    if hasMore { reading.flags.insert(.more) }
    return .event
  }

  private func setTime(_ milliseconds: UInt64?, _ reading: inout Reading) {
    guard let milliseconds, milliseconds < 9_000_000_000_000,
      StampReader.isDate(Int64(milliseconds) * 1_000_000)
    else { return }
    reading.kind = .absolute
    reading.time = Int64(milliseconds) * 1_000_000
    reading.resolution = 1_000_000
    let start = reading.scratchCount
    reading.appendDecimal(magnitude: milliseconds)
    reading.stamp = .scratch(start, reading.scratchCount - start)
  }

  /// Sets the message, `TYPE METRIC`; gives where in scratch the metric's name stands.
  private func appendMessage(
    _ metric: SparkplugPayload.Metric?, _ bytes: UnsafeRawBufferPointer, _ text: UnsafeRawBufferPointer,
    _ reading: inout Reading
  ) -> Slice {
    let start = reading.scratchCount
    if let topic { reading.append(text, topic.type.start, topic.type.end) }
    if metric != nil, reading.scratchCount > start { reading.append(0x20) }
    let nameStart = reading.scratchCount
    if let metric {
      if !metric.name.isEmpty {
        reading.append(bytes, metric.name.start, metric.name.end)
      } else if let alias = metric.alias {
        let isKnown = aliases.withName(of: alias, node) { reading.append($0) }
        if !isKnown {
          reading.append("alias ")
          reading.appendDecimal(magnitude: alias)
        }
      }
    }
    reading.message = .scratch(start, reading.scratchCount - start)
    return .scratch(nameStart, reading.scratchCount - nameStart)
  }

  private func appendFields(
    _ metric: SparkplugPayload.Metric?, _ name: Slice, _ bytes: UnsafeRawBufferPointer,
    _ text: UnsafeRawBufferPointer, _ reading: inout Reading
  ) {
    reading.beginFields()
    if let topic {
      reading.key("group")
      reading.appendJSONString(Bytes.part(text, topic.group.start, topic.group.end))
      reading.key("type")
      reading.appendJSONString(Bytes.part(text, topic.type.start, topic.type.end))
    }
    if let metric {
      reading.key("metric")
      // The name lies in the buffer that is written to: room first.
      reading.reserve(6 * Int(name.count) + 2)
      reading.appendJSONString(
        UnsafeRawBufferPointer(start: reading.buffer + name.start, count: Int(name.count)))
      if let alias = metric.alias {
        reading.key("alias")
        reading.appendDecimal(magnitude: alias)
      }
      if metric.datatype > 0 {
        reading.key("datatype")
        reading.append(0x22)
        if let known = SparkplugPayload.typeName(metric.datatype) {
          reading.append(known)
        } else {
          reading.appendDecimal(magnitude: metric.datatype)
        }
        reading.append(0x22)
      }
      reading.key("value")
      reading.appendValue(of: metric, in: bytes)
      if metric.isHistorical { reading.field("historical", true) }
    }
    if let sequence = payload.sequence {
      reading.key("seq")
      reading.appendDecimal(magnitude: sequence)
    }
    reading.endFields()
  }
}

/// Which metric an alias stands for, by edge node.
struct SparkplugAliases {
  private struct Name {
    var text: [UInt8]
    /// The BIRTH that gave it.
    var generation: Int
  }

  private struct Node {
    var name: [UInt8]
    /// The node before it with the same hash; -1 for none.
    var next: Int
    var generation = 0
    var names: [Name] = []
    /// Numbers of the aliases' names: these are put in place, where a dictionary's values would be lent by way of the allocator.
    var numbers: [UInt64: Int] = [:]
  }

  private var nodes: [Node] = []
  /// The last node of a hash.
  private var byHash: [Int: Int] = [:]

  /// Nodes of one source.
  private static let nodeLimit = 10_000
  /// Aliases that are kept through a BIRTH, so that the same names need not be copied again.
  private static let kept = 10_000

  /// The node of a name; a new one where `isNew` says so and there are not too many.
  mutating func node(_ name: UnsafeRawBufferPointer, isNew: Bool) -> Int? {
    var hasher = Hasher()
    hasher.combine(bytes: name)
    let hash = hasher.finalize()
    let last = byHash[hash] ?? -1
    var index = last
    while index >= 0 {
      if nodes[index].name.elementsEqual(name) { return index }
      index = nodes[index].next
    }
    guard isNew, nodes.count < Self.nodeLimit else { return nil }
    nodes.append(Node(name: Array(name), next: last))
    byHash[hash] = nodes.count - 1
    return nodes.count - 1
  }

  /// Forgets the aliases of a node.
  mutating func forget(_ node: Int) {
    nodes[node].generation += 1
    if nodes[node].names.count > Self.kept {
      nodes[node].names.removeAll()
      nodes[node].numbers.removeAll()
    }
  }

  /// Names an alias.
  mutating func set(_ alias: UInt64, _ name: UnsafeRawBufferPointer, _ node: Int) {
    let generation = nodes[node].generation
    guard let number = nodes[node].numbers[alias] else {
      nodes[node].numbers[alias] = nodes[node].names.count
      nodes[node].names.append(Name(text: Array(name), generation: generation))
      return
    }
    if !nodes[node].names[number].text.elementsEqual(name) { nodes[node].names[number].text = Array(name) }
    nodes[node].names[number].generation = generation
  }

  /// Calls `body` with the name of an alias; false where it has none.
  func withName(of alias: UInt64, _ node: Int?, _ body: (UnsafeRawBufferPointer) -> Void) -> Bool {
    guard let node, let number = nodes[node].numbers[alias],
      nodes[node].names[number].generation == nodes[node].generation
    else { return false }
    nodes[node].names[number].text.withUnsafeBytes(body)
    return true
  }
}
