import IncidentModel

/// A record that stands for those in a list of it: `{"site":"x1","gateway":"gw-7","readings":[{"ts":…,"sensor":"t-1"},{…}]}`. Each object of the list is
/// an event, and what stands beside the list is said of all of them.
///
/// Many records hold lists and are events all the same: those that have a message, or a time and a severity of their own. The others are opened where
/// each object of their one list of objects has a stamp, or names a device and the record does not; a list of gateways that heard a device is none.
final class JSONInnerList {
  /// A member of the record beside the list.
  private struct Member {
    var start: Int
    var end: Int
    var keyEnd: Int
    /// What the record's events take from it where they have none themselves.
    var role: FieldRole
  }

  private let elements: JSONObjectReader
  private let outerObjects: JSONObjectReader
  @exclusivity(unchecked) private var probe = Reading()
  @exclusivity(unchecked) private var outer = Reading()
  /// The record without its list.
  @exclusivity(unchecked) private var outerText: [UInt8] = []
  private var members: [Member] = []

  /// Objects of a list that are looked at.
  private static let limit = 64

  init(traits: SourceTraits) {
    elements = JSONObjectReader(traits: traits)
    outerObjects = JSONObjectReader(traits: traits)
  }

  // MARK: Whether

  /// The offset of the first object where the record at `start` stands for those in its list; nil where it is an event. `objects` has read it into
  /// `reading`.
  func firstElement(
    _ record: UnsafeRawBufferPointer, from start: Int, to end: Int, read objects: JSONObjectReader,
    _ reading: borrowing Reading
  ) -> Int? {
    let list = objects.list
    let message = objects[.message].pointee
    guard !(message.rank < 255 && FieldNames.namesMessage(rank: message.rank)),
      reading.kind == .none || reading.severity > 7
    else { return nil }
    let first = JSONText.skipSpace(record, from: list.value &+ 1)
    guard let found = look(record, from: first), found.haveTimes || found.haveDevices,
      !(found.haveDevices && found.areRelays)
    else { return nil }
    if !found.haveTimes {
      let isOwn = !reading.device.isEmpty && !Self.isRelay(objects, .device)
      guard !isOwn, message.rank == 255, reading.severity > 7 else { return nil }
    }
    keepOuter(record, from: start, to: end, list)
    return first
  }

  /// What the objects of a list have in common; nil where they are not objects.
  private func look(
    _ record: UnsafeRawBufferPointer, from first: Int
  ) -> (haveTimes: Bool, haveDevices: Bool, areRelays: Bool)? {
    var found = (haveTimes: true, haveDevices: true, areRelays: false)
    var i = first
    for _ in 0..<Self.limit {
      guard i < record.count, record[i] == 0x7B else { return nil }
      probe.reset()
      guard case .success(let end) = elements.read(record, at: i, into: &probe) else { return nil }
      let time = elements[.time].pointee
      let isTime =
        time.rank < JSONObjectReader.learnedRank && time.entry >= 0
        && JSONObjectReader.likelihood(elements.keys.key(time.entry)) >= JSONObjectReader.likely
      switch probe.kind {
      case .absolute, .noZone, .noYear:
        if !isTime, elements[.date].pointee.rank == 255 { found.haveTimes = false }
      default: found.haveTimes = false
      }
      if probe.device.isEmpty || elements[.device].pointee.rank >= JSONObjectReader.learnedRank {
        found.haveDevices = false
      } else if Self.isRelay(elements, .device) {
        found.areRelays = true
      }
      guard found.haveTimes || found.haveDevices else { return nil }
      i = JSONText.skipSpace(record, from: end)
      guard i < record.count, record[i] == 0x2C else { break }
      i = JSONText.skipSpace(record, from: i &+ 1)
    }
    return found
  }

  /// True where the name of the device says that it hands on what others say.
  private static func isRelay(_ objects: JSONObjectReader, _ role: FieldRole) -> Bool {
    let entry = objects[role].pointee.entry
    guard entry >= 0 else { return false }
    return DeviceWords.words(objects.keys.key(entry)).contains(where: relays.contains)
  }

  private static let relays: Set<String> = [
    "gateway", "gateways", "gw", "hub", "bridge", "concentrator", "router", "aggregator", "collector", "edge",
  ]

  // MARK: What stands beside the list

  private func keepOuter(
    _ record: UnsafeRawBufferPointer, from start: Int, to end: Int,
    _ list: (member: Int, value: Int, end: Int, count: Int)
  ) {
    var before = list.member
    var behind = JSONText.skipSpace(record, from: list.end)
    if record[behind] == 0x2C {
      behind &+= 1
    } else {
      while before > start &+ 1, record[before &- 1] <= 0x20 { before &-= 1 }
      if record[before &- 1] == 0x2C { before &-= 1 }
    }
    outerText.removeAll(keepingCapacity: true)
    outerText.append(contentsOf: record[start..<before])
    outerText.append(contentsOf: record[behind..<end])
    members.removeAll(keepingCapacity: true)
    outer.reset()
    outerText.withUnsafeBytes { text in
      guard case .success(let end) = outerObjects.read(text, at: 0, into: &outer), end == text.count else {
        outer.reset()
        return
      }
      listMembers(text)
    }
  }

  private func listMembers(_ text: UnsafeRawBufferPointer) {
    var i = JSONText.skipSpace(text, from: 1)
    while i < text.count, text[i] == 0x22 {
      var escaped = false
      let keyEnd = JSONText.stringEnd(text, from: i &+ 1, escaped: &escaped)
      guard keyEnd > 0, let value = JSONText.memberValue(text, i) else { return }
      let end = JSONText.valueEnd(text, from: value)
      guard end > value else { return }
      var member = Member(start: i, end: end, keyEnd: keyEnd &+ 1, role: .other)
      for role in [FieldRole.time, .date, .timeOfDay, .device, .severity, .message]
      where outerObjects[role].pointee.rank < 255 && outerObjects[role].pointee.memberStart == i
        && outerObjects.cuts.holds(i, end)
      {
        member.role = role
      }
      members.append(member)
      i = JSONText.skipSpace(text, from: end)
      guard i < text.count, text[i] == 0x2C else { return }
      i = JSONText.skipSpace(text, from: i &+ 1)
    }
  }

  /// Adds to an event of the list what the record says of all of them: what the event does not say itself.
  func inherit(_ element: UnsafeRawBufferPointer, into reading: inout Reading) {
    outerText.withUnsafeBytes { inherit(element, from: $0, into: &reading) }
  }

  private func inherit(
    _ element: UnsafeRawBufferPointer, from text: UnsafeRawBufferPointer, into reading: inout Reading
  ) {
    let takesTime = reading.kind == .none && !reading.flags.contains(.badStamp)
    if takesTime, outer.kind != .none {
      reading.kind = outer.kind
      reading.time = outer.time
      reading.resolution = outer.resolution
      reading.stamp = reading.appendSlice(outer.bytes(outer.stamp, of: text))
      reading.flags.formUnion(outer.flags.subtracting(.more))
      reading.swapDays = outer.swapDays
      reading.zoneOffset = outer.zoneOffset
    }
    let takesDevice = reading.device.isEmpty
    if takesDevice, !outer.device.isEmpty {
      reading.device = reading.appendSlice(outer.bytes(outer.device, of: text))
      reading.basis = outer.basis
    }
    let takesSeverity = reading.severity > 7
    if takesSeverity { reading.severity = outer.severity }
    if reading.program.isEmpty, !outer.program.isEmpty {
      reading.program = reading.appendSlice(outer.bytes(outer.program, of: text))
    }
    let takesMessage = reading.message.isEmpty
    if takesMessage, !outer.message.isEmpty {
      reading.message = reading.appendSlice(outer.bytes(outer.message, of: text))
    }
    let isValid = Bytes.isValidUTF8(text)
    reading.reopenFields()
    for member in members {
      switch member.role {
      case .time, .date, .timeOfDay: if takesTime { continue }
      case .device: if takesDevice { continue }
      case .severity: if takesSeverity { continue }
      case .message: if takesMessage { continue }
      default: break
      }
      // What the event says under the same name is more than what is said of all.
      guard !Self.holds(element, Bytes.part(text, member.start, member.keyEnd)) else { continue }
      outerObjects.append(text, member.start, member.end, isValid, into: &reading)
    }
    reading.endFields()
  }

  /// True where an object has a member of this name, given in its quotes.
  private static func holds(_ object: UnsafeRawBufferPointer, _ name: UnsafeRawBufferPointer) -> Bool {
    var i = JSONText.skipSpace(object, from: 1)
    while i < object.count, object[i] == 0x22, let value = JSONText.memberValue(object, i) {
      if i &+ name.count <= object.count, Bytes.areSame(Bytes.part(object, i, i &+ name.count), name) {
        return true
      }
      let end = JSONText.valueEnd(object, from: value)
      guard end > value else { return false }
      i = JSONText.skipSpace(object, from: end)
      guard i < object.count, object[i] == 0x2C else { return false }
      i = JSONText.skipSpace(object, from: i &+ 1)
    }
    return false
  }
}
