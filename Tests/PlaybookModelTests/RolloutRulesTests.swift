import PlaybookModel
import Testing

@Suite struct RolloutRulesTests {
  private static let definition = "extension-definition--5d7b3f52-8c1e-4a64-9a0b-2f6d1c9e7a43"

  /// The rules that a rollout with this text breaks, notes left out.
  private func broken(_ rollout: String, interlocked: Bool = true) -> Set<String> {
    let lock = "interlocks: [{attribute: life_safety, require: [\"no\"]}]"
    let rollout = interlocked && !rollout.contains("interlocks:") ? "\(rollout), \(lock)" : rollout
    let text = sample(
      head: """
        extension_definitions: {\(Self.definition): {type: extension-definition, name: rollout, created_by: identity--0306626d-3ed4-48ec-a1b5-7c811e511d72, schema: x, version: 1.0.0}}
        """,
      command: "{type: bash, command: \"true\"}",
      actionExtra:
        "step_extensions: {\(Self.definition): {policy: contain, verify: {commands: [{type: bash, command: \"true\"}]}, \(rollout)}}"
    )
    return Set(document(text).findings.filter { $0.level != .note }.map(\.rule))
  }

  private let undo = "undo: {commands: [{type: bash, command: \"true\"}]}"

  @Test func aStepThatNothingHoldsBackIsWarnedOf() {
    #expect(broken(undo, interlocked: false) == ["rollout.no-interlock"])
    // Whom it reaches nobody can ask, so nothing of the inventory could hold it back.
    #expect(broken("\(undo), group: {reaches: everybody}", interlocked: false).isEmpty)
  }

  @Test func aSoundRolloutBreaksNoRule() {
    #expect(broken(undo).isEmpty)
    #expect(broken("no_undo: nothing is changed").isEmpty)
    #expect(broken("\(undo), group: {reaches: everybody on the port}").isEmpty)
    #expect(
      broken("\(undo), group: {members: {commands: [{type: bash, command: ls}], pointer: /a, name: b}}")
        .isEmpty)
    #expect(broken("\(undo), bindings: {__a__: device, __b__: inventory.x, __c__: secret.y}").isEmpty)
  }

  /// Of several commands the last one's answer is compared, or each one's, by a list of as many expectations.
  @Test func expectationsAreOneOrOneForEachCommand() {
    func undone(_ expect: String, _ count: Int) -> Set<String> {
      let commands = Array(repeating: "{type: bash, command: \"true\"}", count: count).joined(separator: ", ")
      return broken(
        "undo: {commands: [{type: bash, command: \"true\"}], verify: {commands: [\(commands)], expect: \(expect)}}"
      )
    }
    #expect(undone("{contains: a}", 2).isEmpty && undone("{contains: [a, b]}", 1).isEmpty)
    #expect(undone("[{contains: a}, {pointer: /b, equals: c}]", 2).isEmpty)
    #expect(undone("[{contains: a}]", 2) == ["rollout.expect"])
    #expect(undone("[{contains: a}, {contains: b}]", 1) == ["rollout.expect"])
    #expect(
      undone("{contains: []}", 1) == ["shape.too-few"] && undone("{contains: [1]}", 1) == ["shape.type"])
  }

  @Test func whatIsNotSaidOrContradictsItselfIsFound() {
    #expect(broken("max_in_flight: 1") == ["rollout.no-undo"])
    #expect(broken("\(undo), no_undo: never") == ["rollout.no-undo"])
    #expect(
      broken("no_undo: never, refusal_exit_code: 79, unreachable_exit_code: 79") == ["rollout.exit-code"])
    #expect(broken("no_undo: never, refusal_exit_code: 79, unreachable_exit_code: 78") == [])
    #expect(
      broken("\(undo), undo_is_safe: false").isEmpty && !broken("\(undo), undo_is_safe: perhaps").isEmpty)
    #expect(broken("\(undo), group: {}") == ["rollout.group-members"])
    #expect(
      broken("\(undo), group: {reaches: all}, bindings: {__a__: device}") == ["rollout.group"])
    // What only names the forbidden lets everything else through.
    #expect(
      broken("\(undo), interlocks: [{attribute: a, refuse: [\"yes\"]}]") == ["rollout.interlock-refuse"])
    #expect(broken("\(undo), interlocks: [{attribute: a, refuse: [\"yes\"], require: [\"no\"]}]").isEmpty)
    // When the plan was made is the same for all.
    #expect(broken("\(undo), group: {reaches: all}, bindings: {__a__: plan.created}").isEmpty)
    #expect(broken("\(undo), bindings: {__a__: secret.}") == ["rollout.binding"])
    #expect(broken("\(undo), bindings: {__a__: plan.creator}") == ["rollout.binding"])
    #expect(broken("\(undo), bindings: {__a__: plan.created}, makes_secrets: [b]").isEmpty)
    #expect(!broken("\(undo), makes_secrets: []").isEmpty)
    #expect(!broken("\(undo), group: {members: {pointer: /a}}").isEmpty)
    #expect(
      !broken("\(undo), group: {members: {commands: [{type: kestrel, command_b64: eA==}], pointer: /a}}")
        .isEmpty)
  }
}
