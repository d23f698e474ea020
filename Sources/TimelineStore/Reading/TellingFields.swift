import IncidentModel

/// Fields that say more of an event than its message does, told by what they are called, whoever writes them: the reason it
/// gives (`disconnectReason`, `reason_code`, `errorCode`, `cause`) and who brought it about (`actor`, `changedBy`, what
/// stands in a `userIdentity`).
///
/// Events of one message with different reasons are of different kinds, so each reason has a template of its own.
struct TellingFields {
  /// What a field is for; of several actors the least rank counts.
  private enum Role {
    case reason
    case actor(rank: Int)
  }

  /// The reason and the actor of the event at hand; empty for none.
  private(set) var reason: [UInt8] = []
  private(set) var actor: [UInt8] = []
  private var actorRank = Int.max
  private var templates: [UInt64: Int32] = [:]
  private var reasonsOf: [Int32: Int] = [:]
  /// A name in lower case without `_` and `-`, and where words begin in it.
  private var name: [UInt8] = []
  private var beginsWord: [Bool] = []

  /// More reasons of one message are no reasons but texts.
  private static let mostReasons = 16
  private static let longestReason = 48
  private static let longestActor = 256
  private static let reasons = ["reason", "reasoncode", "reasonstring", "errorcode", "cause"]
    .map { Array($0.utf8) }
  private static let actorName = Array("actor".utf8)
  /// `changedBy`, `requested_by`.
  private static let doneBy = Array("edby".utf8)
  private static let identity = Array("userIdentity".utf8)
  private static let identityNames = ["arn", "username", "principalid"].map { Array($0.utf8) }

  /// Begins with another event.
  mutating func reset() {
    reason.removeAll(keepingCapacity: true)
    actor.removeAll(keepingCapacity: true)
    actorRank = .max
  }

  /// Looks at a member of an event's fields.
  mutating func see(_ leaf: FieldReader.Leaf) {
    switch role(leaf) {
    case .reason: if reason.isEmpty, Self.isCode(leaf.value) { reason += leaf.value }
    case .actor(let rank):
      guard rank < actorRank, (1...Self.longestActor).contains(leaf.value.count) else { return }
      actor.removeAll(keepingCapacity: true)
      actor += leaf.value
      actorRank = rank
    case nil: break
    }
  }

  private mutating func role(_ leaf: FieldReader.Leaf) -> Role? {
    // Most names are told by their last letter.
    guard let last = leaf.name.last, (3...40).contains(leaf.name.count) else { return nil }
    switch last | 0x20 {
    case UInt8(ascii: "n"), UInt8(ascii: "e"), UInt8(ascii: "g"), UInt8(ascii: "y"), UInt8(ascii: "r"),
      UInt8(ascii: "d"):
      break
    default: return nil
    }
    normalise(leaf.name)
    if Self.reasons.contains(where: { ends(with: $0) && beginsWord[name.count - $0.count] }) {
      return .reason
    }
    guard leaf.isText else { return nil }
    if name == Self.actorName { return .actor(rank: 1) }
    if ends(with: Self.doneBy) { return .actor(rank: 2) }
    guard leaf.path.suffix(Self.identity.count).elementsEqual(Self.identity),
      let place = Self.identityNames.firstIndex(of: name)
    else { return nil }
    return .actor(rank: place == 0 ? 0 : 2 + place)
  }

  private mutating func normalise(_ text: UnsafeBufferPointer<UInt8>) {
    name.removeAll(keepingCapacity: true)
    beginsWord.removeAll(keepingCapacity: true)
    var isAfterMark = true
    var isAfterCapital = false
    for byte in text {
      if byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-") {
        isAfterMark = true
        continue
      }
      let isCapital = byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z")
      name.append(isCapital ? byte | 0x20 : byte)
      beginsWord.append(isAfterMark || isCapital && !isAfterCapital)
      (isAfterMark, isAfterCapital) = (false, isCapital)
    }
  }

  private func ends(with tail: [UInt8]) -> Bool { name.suffix(tail.count).elementsEqual(tail) }

  /// One word or a short number, not a sentence, a stamp or an id.
  private static func isCode(_ value: UnsafeBufferPointer<UInt8>) -> Bool {
    guard (1...longestReason).contains(value.count) else { return false }
    var digits = 0
    for byte in value {
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digits += 1
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"),
        UInt8(ascii: "-"), UInt8(ascii: "."):
        break
      default: return false
      }
    }
    return digits * 2 <= value.count || digits == value.count && digits <= 5
  }

  /// The template of a message with the reason at hand, which is made where it is new; nil where there are too many.
  mutating func template(of message: Int32, _ evidence: inout IncidentEvidence) -> Int32? {
    let hash = reason.withUnsafeBytes { ContentHash.of($0) }
    let key = hash ^ (UInt64(UInt32(bitPattern: message)) &* 0x9E37_79B9_7F4A_7C15)
    if let known = templates[key] { return known }
    guard reasonsOf[message, default: 0] < Self.mostReasons else { return nil }
    reasonsOf[message, default: 0] += 1
    let made = Int32(evidence.templateTexts.count)
    let text = evidence.templateTexts[Int(message)]
    evidence.templateTexts.append((text.isEmpty ? "" : text + " ") + String(decoding: reason, as: UTF8.self))
    let program = evidence.templatePrograms[Int(message)]
    evidence.templatePrograms.append(program)
    templates[key] = made
    return made
  }
}
