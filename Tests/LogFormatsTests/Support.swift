import IncidentModel
@testable import LogFormats

/// A reproducible source of test data (SplitMix64).
struct Seeded: RandomNumberGenerator {
  var state: UInt64
  init(_ seed: UInt64) { state = seed }
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

/// What the miner makes of a message, as strings.
struct Mined: Equatable {
  var template: String
  var variables: [String]
  var id: UInt64
}

func mine(_ message: [UInt8], program: String = "") -> (template: [UInt8], variables: [[UInt8]], id: UInt64) {
  var miner = TemplateMiner()
  return message.withUnsafeBytes { bytes in
    Array(program.utf8).withUnsafeBytes { program in
      miner.mine(message: bytes, program: program)
      let variables = (0..<miner.variableCount).map { index in
        let (start, count) = miner.variable(index)
        return Array(bytes[start..<start + count])
      }
      return (Array(miner.templateText()), variables, miner.template.rawValue)
    }
  }
}

func mine(_ message: String, program: String = "") -> Mined {
  let (template, variables, id) = mine(Array(message.utf8), program: program)
  return Mined(
    template: String(decoding: template, as: UTF8.self),
    variables: variables.map { String(decoding: $0, as: UTF8.self) }, id: id)
}

/// The events of a text, as the format that is elected reads them.
func events(_ text: String) -> [FormatTrial.Row] {
  Array(text.utf8).withUnsafeBytes { FormatTrial(catalog: FormatCatalog(), bytes: $0) }.rows
    .filter { $0.verdict == "event" }
}
