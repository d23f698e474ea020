import PlaybookModel
import Testing

@Suite struct ValidationTests {
  private func rules(_ text: String, now: Int64 = june) -> Set<String> {
    Set(document(text, now: now).findings.map(\.rule))
  }

  @Test func theSampleIsValid() {
    #expect(document(sample()).verdict == .valid, "\(document(sample()).findings)")
  }

  @Test(arguments: [
    ("priority: 101", "shape.range"), ("severity: -1", "shape.range"), ("impact: \"5\"", "shape.type"),
    ("labels: []", "shape.too-few"),
    ("markings: [marking-tlp--0879f642-6bfe-4648-b78a-84efb3d31bcd]", "reference.dangling"),
    ("valid_from: 2026-01-02T00:00:00Z\nvalid_until: 2026-01-02T00:00:00Z", "timestamp.order"),
    ("valid_from: 2026-02-30T00:00:00Z", "timestamp.format"),
    ("derived_from: [identity--0306626d-3ed4-48ec-a1b5-7c811e511d72]", "identifier.type"),
    ("playbook_types: [mitigation]", "activity.missing"), ("playbook_activities: []", "shape.too-few"),
    ("playbook_activities: [eliminate-risk]", "activity.unused"),
    ("external_references: [{name: x}]", "reference.empty"), ("target_definitions: {}", "shape.too-few"),
    ("workflow_exception: end--11111111-1111-4111-8111-111111111111", "reference.dangling"),
    (
      "playbook_extensions: {extension-definition--11111111-1111-4111-8111-111111111111: {}}",
      "reference.dangling"
    ),
    (
      "extension_definitions: {extension-definition--11111111-1111-4111-8111-111111111111: {type: extension-definition}}",
      "shape.missing"
    ),
    (
      "data_marking_definitions: {marking-tlp--11111111-1111-4111-8111-111111111111: {type: marking-tlp, id: marking-tlp--21111111-1111-4111-8111-111111111111, created_by: identity--0306626d-3ed4-48ec-a1b5-7c811e511d72, created: 2026-01-01T00:00:00.000Z, tlpv2_level: \"TLP:RED\"}}",
      "identifier.mismatch"
    ),
    (
      "data_marking_definitions: {marking-tlp--11111111-1111-4111-8111-111111111111: {type: marking-tlp, id: marking-tlp--11111111-1111-4111-8111-111111111111, created_by: identity--0306626d-3ed4-48ec-a1b5-7c811e511d72, created: 2026-01-01T00:00:00.000Z, tlpv2_level: \"TLP:WHITE\"}}",
      "vocabulary.closed"
    ),
    (
      "authentication_info_definitions: {oauth2--11111111-1111-4111-8111-111111111111: {type: oauth2, oauth_header: Bearer}}",
      "shape.missing"
    ),
    (
      "authentication_info_definitions: {user-auth--11111111-1111-4111-8111-111111111111: {type: user-auth, kms_key_identifier: x}}",
      "authentication.kms"
    ),
    (
      "authentication_info_definitions: {user-auth--11111111-1111-4111-8111-111111111111: {type: user-auth, kms: true}}",
      "authentication.kms"
    ),
    (
      "target_definitions: {ssh--11111111-1111-4111-8111-111111111111: {type: ssh, name: x, address: {fax: [\"1\"]}}}",
      "shape.unknown-property"
    ),
    (
      "target_definitions: {ssh--11111111-1111-4111-8111-111111111111: {type: ssh, name: x}}", "shape.missing"
    ),
    (
      "target_definitions: {ssh--11111111-1111-4111-8111-111111111111: {type: ssh, name: x, address: {ipv4: [999.1.1.1]}}}",
      "address.format"
    ),
    (
      "target_definitions: {ssh--11111111-1111-4111-8111-111111111111: {type: ssh, name: x, address: {dname: [h]}, port: \"99999\"}}",
      "address.port"
    ),
    ("signatures: [{type: jss}]", "shape.missing"), ("on-completion: x", "shape.unknown-property"),
    (
      "target_definitions: {ssh--e042eeb5-e2b1-4b8e-b116-6922a21299ed: {type: ssh, name: x, address: {dname: [h]}}}",
      "identifier.uuid-reused"
    ),
  ])
  func refusesAFaultyHead(head: String, rule: String) {
    #expect(rules(sample(head: head)).contains(rule), "\(document(sample(head: head)).findings)")
    #expect(document(sample(head: head)).verdict == .invalid)
  }

  @Test(arguments: [
    ("{type: teleport, command: x}", "command.unknown-type"),
    ("{type: kestrel, command_b64: eA==}", "command.unsupported"),
    ("{type: openc2-http, command: POST / HTTP/1.1, content_b64: eA==}", "command.unsupported"),
    ("{type: bash}", "command.missing"), ("{type: bash, command: a, command_b64: YQ==}", "command.both"),
    ("{type: bash, command_b64: YQ}", "command.base64"),
    ("{type: http-api, command: GET /}", "command.start-line"),
    ("{type: http-api, command: \"GET /a b HTTP/1.1\"}", "command.start-line"),
    ("{type: http-api, command: GET / HTTP/1.1, content: a, content_b64: YQ==}", "command.both"),
    ("{type: http-api, command: GET / HTTP/1.1, headers: {A: b}}", "shape.type"),
    ("{type: mqtt, command: DYNSEC explode}", "command.mqtt"),
    ("{type: mqtt, command: PUBLISH a/#}", "command.mqtt"),
    ("{type: bash, command: \"echo __x__:value\"}", "variable.undeclared"),
    ("{type: bash, command: \"echo $$x$$\"}", "variable.old-notation"),
    ("{type: manual, command: x, retry: 3}", "shape.unknown-property"),
  ])
  func refusesAFaultyCommand(command: String, rule: String) {
    #expect(rules(sample(command: command)).contains(rule), "\(document(sample(command: command)).findings)")
    #expect(document(sample(command: command)).verdict == .invalid)
  }

  @Test(arguments: [
    ("timeout: -1", "shape.range"), ("delay: 1.5", "shape.type"), ("targets: []", "shape.too-few"),
    ("targets: [ssh--11111111-1111-4111-8111-111111111111]", "reference.dangling"),
    ("in_args: [__nope__]", "variable.undeclared"), ("out_args: [\"__a__:value\"]", "variable.name"),
    ("on_failure: end--3bfb7410-8c2c-4db0-92b1-4388fab0844b", "step.successor"),
    ("step_variables: {__a__: {type: string, value: 5}}", "variable.value"),
    ("step_variables: {$$a$$: {type: string}}", "variable.name"),
    ("step_variables: {__1a__: {type: string}}", "variable.name"),
    ("step_extensions: {}", "shape.too-few"),
    ("owner: playbook--0306626d-3ed4-48ec-a1b5-7c811e511d72", "identifier.type"),
  ])
  func refusesAFaultyStep(extra: String, rule: String) {
    #expect(
      rules(sample(actionExtra: extra)).contains(rule), "\(document(sample(actionExtra: extra)).findings)")
    #expect(document(sample(actionExtra: extra)).verdict == .invalid)
  }

  @Test func constantsAreNotOutArguments() {
    let text = sample(
      actionExtra: "out_args: [__a__]", variables: "{__a__: {type: string, value: x, constant: true}}")
    #expect(rules(text).contains("variable.constant"))
  }

  @Test func aDocumentOutsideItsTimeIsNotRunnable() {
    #expect(document(sample(head: "valid_until: 2026-02-01T00:00:00Z")).verdict == .notRunnable)
    #expect(document(sample(head: "valid_from: 2026-12-01T00:00:00Z")).verdict == .notRunnable)
    #expect(
      document(sample(head: "revoked: true\nvalid_until: 2026-02-01T00:00:00Z")).findings.map(\.rule)
        .contains("run.revoked"))
    #expect(throws: Playbook.LoadError.self) { try Playbook(document(sample(head: "revoked: true"))) }
    #expect(throws: Never.self) {
      try Playbook(document(sample(head: "revoked: true")), evenIfNotRunnable: true)
    }
  }

  @Test func unknownStepExtensionsAreKeptAndWarnedOf() throws {
    let id = "extension-definition--11111111-1111-4111-8111-111111111111"
    let text = sample(
      head:
        "extension_definitions: {\(id): {type: extension-definition, name: x, created_by: identity--0306626d-3ed4-48ec-a1b5-7c811e511d72, schema: s, version: 1.0.0}}",
      actionExtra: "step_extensions: {\(id): {layout: {x_pos: 1}}}")
    let read = document(text)
    #expect(
      read.verdict == .valid && read.findings.contains { $0.rule == "extension.unknown" }, "\(read.findings)")
    let root = try #require(read.root)
    #expect(DocumentWriter.yaml(root).contains("x_pos"))
  }

  @Test func hintsAtTheNameThatWasMeant() {
    let found = document(sample(actionExtra: "on-failure: x")).findings
    #expect(found.contains { $0.message.contains("did you mean 'on_failure'") }, "\(found)")
  }
}

@Suite struct ConditionTests {
  private func holds(_ text: String, _ values: [String: String]) throws -> Bool {
    try Condition(parsing: text).evaluate { values[$0] }
  }

  @Test(arguments: [
    ("__a__:value = 'x'", true), ("__a__:value == 'x'", true), ("__a__:value != 'x'", false),
    ("__n__:value > 3", true),
    ("__n__:value >= 10", true), ("__n__:value < 9", false), ("__n__:value <= 10.0", true),
    ("__a__:value = 'x' AND __n__:value > 3", true), ("__a__:value = 'y' OR __n__:value > 3", true),
    ("NOT __a__:value = 'y'", true), ("NOT (__a__:value = 'x' AND __n__:value = 10)", false),
    ("__a__:value = 'y' OR __a__:value = 'x' AND __n__:value = 10", true), ("__a__:value IN ('y','x')", true),
    ("__a__:value NOT IN ('y','x')", false), ("__b__:value = true", true), ("__b__:value = 'true'", true),
    ("EXISTS __a__:value", true), ("EXISTS __none__:value", false), ("__a__:value = __c__:value", true),
    ("__q__:value = 'it\\'s'", true), ("__n__:value = 10", true), ("__n__:value = '10'", true),
  ])
  func evaluates(text: String, expected: Bool) throws {
    let values = ["__a__": "x", "__n__": "10", "__b__": "true", "__c__": "x", "__q__": "it's"]
    #expect(try holds(text, values) == expected)
  }

  @Test(arguments: [
    "", "verdict == 'malicious'", "__a__ = 'x'", "__a__:value", "__a__:value = ", "__a__:value = x",
    "__a__:value = 'x",
    "(__a__:value = 'x'", "__a__:value LIKE 'x%'", "__a__:value MATCHES 'x'", "[__a__:value = 'x']",
    "__a__:value = t'2026'",
    "__a__:value = 'x' AND", "$$a$$ = 'x'", "__a__:value ISSUBSET '1.1.1.1'", "__a__:value = 1e",
    "__a__:value = 'x' 'y'",
  ])
  func refusesWhatItCannotRead(text: String) {
    #expect(throws: Condition.SyntaxError.self) { try Condition(parsing: text) }
  }

  @Test func noAnswerIsNeverFalse() {
    #expect(throws: Condition.EvaluationError.self) { try holds("__a__:value = 'x'", [:]) }
    #expect(throws: Condition.EvaluationError.self) { try holds("__a__:value > 3", ["__a__": "many"]) }
    #expect(throws: Condition.EvaluationError.self) {
      try holds("__b__:value = 'y' OR __a__:value > 3", ["__a__": "x", "__b__": "y"])
    }
  }
}

@Suite struct ShellTextTests {
  @Test(arguments: [
    ("echo __a__:value", "echo \"${X}\""), ("echo \"__a__:value\"", "echo \"${X}\""),
    ("echo 'a __a__:value b'", "echo 'a '\"${X}\"' b'"),
    ("x=$(f \"__a__:value\") '__a__:value'", "x=$(f \"${X}\") ''\"${X}\"''"),
    ("echo \"$(f '__a__:value')\"", "echo \"$(f ''\"${X}\"'')\""),
    ("a__a__:valueb", "a__a__:valueb"), ("echo plain # it's fine", "echo plain # it's fine"),
  ])
  func putsExpansionsIntoTheRightQuotes(text: String, expected: String) throws {
    #expect(try ShellText.replacing(in: text) { _ in "X" } == expected)
  }

  @Test(arguments: [
    "echo `f __a__:value`", "cat <<E\n__a__:value\nE", "echo $'__a__:value'", "echo x # __a__:value",
    "echo ${x:-__a__:value}",
    "echo '__a__:value", "echo \"__a__:value", "echo $((__a__:value + 1))", "echo \\__a__:value",
    "echo $(f __a__:value",
  ])
  func refusesPlacesWhereQuotingIsAnother(text: String) {
    #expect(ShellText.problem(in: text) != nil)
  }
}
