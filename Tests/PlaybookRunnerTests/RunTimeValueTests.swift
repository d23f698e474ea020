import PlaybookModel
import PlaybookRunner
import Testing

/// What is done to devices stands in the plan: no answer of a run changes it.
@Suite struct RunTimeValueTests {
  private let variables =
    "{__place__: {type: string, value: here}, __other__: {type: string}, __device__: {type: string}}"

  /// A step that asks, and one on devices with these words in its commands and rollout.
  private func flow(
    _ command: String, _ rollout: String, asks: String = "out_args: [__place__]", extra: String = "",
    more: String = ""
  ) -> String {
    WorkflowText.text(
      """
        START: {type: start, on_completion: action--@1}
        action--@1: {type: action, AGENT, on_success: action--@2, \(asks), commands: [{type: bash, command: ask}]}
        action--@2: {type: action, name: shut, AGENT, on_success: end--@3, \(extra) commands: [\(command)], ON_DEVICES(\(rollout))}
        end--@3: {type: end}
      """, variables: variables, more: more)
  }

  private func rules(_ text: String) -> Set<String> {
    Set(WorkflowText.document(text).findings.filter { $0.level == .notRunnable }.map(\.rule))
  }

  private let plain = "{type: bash, command: do it}"

  @Test func aStepOnDevicesTakesNothingThatARunFindsOut() {
    let use = "{type: bash, command: do __place__:value}"
    let target = "ssh--11111111-1111-4111-8111-111111111111"
    let info = "user-auth--11111111-1111-4111-8111-111111111112"
    for text in [
      flow(use, "no_undo: never"),
      flow("{type: bash, command_b64: ZG8gX19wbGFjZV9fOnZhbHVl}", "no_undo: never"),
      flow(plain, "no_undo: never, verify: {commands: [\(use)]}"),
      flow(plain, "no_undo: never, verify: {commands: [\(plain)], expect: {contains: \"__place__:value\"}}"),
      flow(plain, "undo: {commands: [\(use)]}"),
      flow(plain, "undo: {commands: [\(plain)], verify: {commands: [\(use)]}}"),
      flow(
        "{type: ssh, command: do}", "no_undo: never", extra: "targets: [\(target)],",
        more: "target_definitions: {\(target): {type: ssh, name: x, address: {ipv4: [\"__place__:value\"]}}}"),
      flow(
        "{type: ssh, command: do}", "no_undo: never", extra: "targets: [\(target)],",
        more: """
          target_definitions: {\(target): {type: ssh, name: x, address: {ipv4: [192.0.2.1]}, authentication_info: \(info)}}
          authentication_info_definitions: {\(info): {type: user-auth, name: x, username: "__place__:value", kms: true, kms_key_identifier: k}}
          """),
    ] {
      #expect(rules(text) == ["rollout.run-time-value"], "\(WorkflowText.document(text).findings)")
      #expect(throws: Playbook.LoadError.self) { try Support.playbook(text: text) }
    }
  }

  /// What the device brings, what the step has of its own, and what nobody changes is known beforehand.
  @Test func whatIsKnownBeforehandMayBeUsed() throws {
    let use = "{type: bash, command: do __place__:value}"
    for text in [
      flow(use, "no_undo: never, bindings: {__place__: device}"),
      flow(use, "no_undo: never", extra: "step_variables: {__place__: {type: string, value: there}},"),
      flow(use, "no_undo: never", asks: "out_args: [__other__]"),
    ] {
      #expect(rules(text).isEmpty, "\(WorkflowText.document(text).findings)")
    }
    #expect(
      rules(flow(use, "no_undo: never", extra: "step_variables: {__place__: {type: string}},"))
        == ["rollout.run-time-value"])
  }

  @Test func aStepOnDevicesGivesNoValues() throws {
    let text = flow(plain, "no_undo: never", asks: "delay: 1", extra: "out_args: [__place__],")
    #expect(rules(text) == ["rollout.out-args"], "\(WorkflowText.document(text).findings)")
    // What was done by it before is still taken back.
    #expect(throws: Never.self) { try Playbook(WorkflowText.document(text), evenIfNotRunnable: true) }
  }

  private func caller(_ asks: String, extra: String = "") -> String {
    WorkflowText.text(
      """
        START: {type: start, on_completion: action--@1}
        action--@1: {type: action, AGENT, on_success: playbook-action--@2, \(asks), commands: [{type: bash, command: ask}]}
        playbook-action--@2: {type: playbook-action, playbook_id: \(WorkflowText.playbookID)2, in_args: [__place__], \(extra) on_success: end--@3}
        end--@3: {type: end}
      """, variables: variables)
  }

  private func linked(_ caller: String) throws -> Playbook {
    let called = WorkflowText.text(
      """
        START: {type: start, on_completion: action--@1}
        action--@1: {type: action, name: shut, AGENT, on_success: end--@3, commands: [{type: bash, command: do __place__:value}], ON_DEVICES(undo: {commands: [{type: bash, command: un __place__:value}]})}
        end--@3: {type: end}
      """, variables: "{__place__: {type: string, value: x, external: true}}", number: 2)
    return try Support.playbook(text: caller).linked { (_) throws(LinkError) in
      do { return (try Support.playbook(text: called), nil) } catch { throw LinkError("\(error)") }
    }
  }

  @Test func norDoesACalledPlaybookThatIsGivenIt() throws {
    let executors = ExecutorSet([BashExecutor()])
    let error = #expect(throws: RunnerError.self) {
      try WorkflowText.plan(try linked(caller("out_args: [__place__]")), executors, ["d-1"])
    }
    #expect(
      error?.description.contains("'shut' of the called playbook 'flow 2'") == true,
      "\(String(describing: error))")
    #expect(throws: Never.self) {
      try WorkflowText.plan(try linked(caller("out_args: [__other__]")), executors, ["d-1"])
    }
  }

  /// A calling step's own value is given, in the plan as in the run.
  @Test func aCallingStepsOwnValueStandsInThePlan() async throws {
    let fleet = StepFleet()
    let shown = ExecutorSet([BashExecutor()])
    let playbook = try linked(
      caller("out_args: [__place__]", extra: "step_variables: {__place__: {type: string, value: there}},"))
    let plan = try WorkflowText.plan(playbook, shown, ["d-1"])
    let step = try #require(plan.actionSteps.first { $0.step.id.contains("/") })
    #expect(plan.values(step: step.step, rollout: step.action.rollout, target: nil)["__place__"] == "there")
    _ = try await PlaybookRun(
      plan, environment: RunEnvironment(executors: fleet.executors, journal: MemoryJournal()), run: "r"
    ).execute()
    #expect(fleet.count("do __place__:value d-1") == 1)
  }

  /// A step that goes out once may hang on an answer; the plan says so.
  @Test func thePlanSaysWhatAnAnswerChanges() throws {
    let text = WorkflowText.text(
      """
        START: {type: start, on_completion: action--@1}
        action--@1: {type: action, AGENT, on_success: action--@2, out_args: [__place__], commands: [{type: bash, command: ask}]}
        action--@2: {type: action, AGENT, on_success: end--@3, commands: [{type: bash, command: tell __place__:value}]}
        end--@3: {type: end}
      """, variables: variables)
    let executors = ExecutorSet([BashExecutor()])
    let plan = try WorkflowText.plan(try Support.playbook(text: text), executors, [])
    let shown = Planner(executors: executors).commands(plan, target: nil).map(\.text)
    #expect(shown.count == 2 && !shown[0].contains("as before the run"), "\(shown)")
    #expect(
      shown.last?.contains("__place__ as before the run: a step gives it another value") == true, "\(shown)")
  }
}
