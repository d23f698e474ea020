/// Rules on variables (CACAO 2.0, 10.18): declared where they are used, well formed, constants left alone.
extension DocumentChecker {
  mutating func checkVariables() {
    checkDeclarations(root["playbook_variables"], .root.appending("playbook_variables"), inStep: false)
    for step in dictionary("workflow") {
      let here = pointer("workflow", step.name)
      checkDeclarations(step.value["step_variables"], here.appending("step_variables"), inStep: true)
      checkArguments(step.value, here)
    }
    checkUses()
  }

  private func playbookVariables() -> Set<String> {
    Set((root["playbook_variables"]?.members ?? []).map(\.name))
  }

  private func stepVariables(_ step: DocumentNode) -> Set<String> {
    var names = Set((step["step_variables"]?.members ?? []).map(\.name))
    // The variables that the rollout extension binds for each device.
    let bindings = step["step_extensions"]?[RolloutPolicy.extensionIdentifier]?["bindings"]?.members ?? []
    names.formUnion(bindings.map(\.name))
    return names
  }

  private mutating func checkDeclarations(_ node: DocumentNode?, _ here: DocumentPointer, inStep: Bool) {
    guard let node else { return }
    guard let members = node.members else {
      return report(
        "shape.type", .error, here, node.line, "variables must be an object, not \(node.kindInWords)")
    }
    let global = playbookVariables()
    for member in members {
      let inner = here.appending(member.name)
      if !VariableName.isWellFormed(member.name) {
        let hint = member.name.hasPrefix("$$") ? "; '$$name$$' is the notation of CACAO 1.x" : ""
        report(
          "variable.name", .error, inner, member.line,
          "'\(member.name)' is no name of a variable (__name__, a letter first)\(hint)")
      }
      check(member.value, inner, is: PlaybookShapes.variable)
      if inStep && global.contains(member.name) {
        report(
          "variable.shadowed", .warning, inner, member.line,
          "'\(member.name)' is a variable of the playbook too")
      }
      if inStep && member.value["external"]?.flag == true {
        report(
          "variable.external", .warning, inner, member.line,
          "'external' is for variables of the playbook only")
      }
      checkValue(member, inner)
    }
  }

  private mutating func checkValue(_ member: DocumentNode.Member, _ here: DocumentPointer) {
    let variable = member.value
    let type = variable["type"]?.text
    if let type, !type.isEmpty, !Vocabulary.variableTypes.contains(type) {
      report(
        "vocabulary.open", .note, here.appending("type"), variable["type"]?.line ?? 0,
        "'\(type)' is not in the standard's vocabulary of variable types")
    }
    guard let value = variable["value"] else {
      if variable["constant"]?.flag == true && variable["external"]?.flag != true {
        report(
          "variable.constant", .warning, here, member.line, "a constant without value can never have one")
      }
      return
    }
    let place = here.appending("value")
    switch value.value {
    case .null: break
    case .string(let text):
      if let type, VariableReference.all(in: text).isEmpty, !VariableValue.fits(text, type: type) {
        report("variable.value", .warning, place, value.line, "'\(text)' is no value of type '\(type)'")
      }
    case .object where type == "dictionary":
      report(
        "variable.value", .warning, place, value.line, "a dictionary should be written as a string of JSON")
    default:
      report(
        "variable.value", .error, place, value.line,
        "a value must be a string or null (numbers and booleans as strings), not \(value.kindInWords)")
    }
  }

  private mutating func checkArguments(_ step: DocumentNode, _ here: DocumentPointer) {
    let known = playbookVariables().union(stepVariables(step))
    for name in ["in_args", "out_args"] {
      for (index, item) in (step[name]?.items ?? []).enumerated() {
        guard let text = item.text, VariableName.isWellFormed(text) else { continue }
        let inner = here.appending(name).appending(index)
        if !known.contains(text) {
          report("variable.undeclared", .error, inner, item.line, "the variable '\(text)' is not declared")
        } else if name == "out_args" {
          let declaration = step["step_variables"]?[text] ?? root["playbook_variables"]?[text]
          if declaration?["constant"]?.flag == true {
            report(
              "variable.constant", .error, inner, item.line, "'\(text)' is a constant and must not be changed"
            )
          }
        }
      }
    }
  }

  private mutating func checkUses() {
    let global = playbookVariables()
    var scopesOfDefinition: [String: [Set<String>]] = [:]
    for step in dictionary("workflow") {
      let scope = global.union(stepVariables(step.value))
      let here = pointer("workflow", step.name)
      for member in step.value.members ?? []
      where member.name != "step_variables" && member.name != "description" {
        checkTexts(member.value, here.appending(member.name), scope)
      }
      let references = [step.value["agent"]] + (step.value["targets"]?.items ?? [])
      for reference in references.compactMap({ $0?.text }) {
        scopesOfDefinition[reference, default: []].append(scope)
      }
    }
    for name in ["agent_definitions", "target_definitions"] {
      for member in dictionary(name) {
        for scope in scopesOfDefinition[member.name] ?? [global] {
          checkTexts(member.value, pointer(name, member.name), scope)
        }
        if let authentication = member.value["authentication_info"]?.text {
          scopesOfDefinition[authentication, default: []] += scopesOfDefinition[member.name] ?? [global]
        }
      }
    }
    for member in dictionary("authentication_info_definitions") {
      for scope in scopesOfDefinition[member.name] ?? [global] {
        checkTexts(member.value, pointer("authentication_info_definitions", member.name), scope)
      }
    }
  }

  /// Checks every text below a node for uses of variables outside their scope.
  private mutating func checkTexts(_ node: DocumentNode, _ here: DocumentPointer, _ scope: Set<String>) {
    switch node.value {
    case .string(let text):
      var texts = [text]
      if here.description.hasSuffix("_b64"), let bytes = Base64Text.decode(text),
        let inner = String(validating: bytes, as: UTF8.self)
      {
        texts = [inner]
      }
      for text in texts {
        for use in VariableReference.all(in: text) where !scope.contains(use.name) {
          let finding = Finding(
            pointer: here.description, line: node.line, rule: "variable.undeclared", level: .error,
            message: "the variable '\(use.name)' is used and not declared")
          if !findings.contains(finding) { append(finding) }
        }
        for name in VariableReference.oldStyleNames(in: text) {
          report(
            "variable.old-notation", .error, here, node.line,
            "'\(name)' is the notation of CACAO 1.x; write '__name__:value' and declare the variable")
        }
      }
    case .array(let items):
      for (index, item) in items.enumerated() { checkTexts(item, here.appending(index), scope) }
    case .object(let members):
      for member in members { checkTexts(member.value, here.appending(member.name), scope) }
    default: break
    }
  }
}

/// Values of the standard's variable types.
public enum VariableValue {
  /// True when a text is a value of a type; always true for types outside the vocabulary.
  public static func fits(_ text: String, type: String) -> Bool {
    func hexadecimal(_ count: Int?) -> Bool {
      text.allSatisfy { $0.isASCII && $0.isHexDigit }
        && (count.map { text.utf8.count == $0 } ?? !text.isEmpty)
    }
    return switch type {
    case "bool": text == "true" || text == "false"
    case "integer", "long": Int64(text) != nil
    case "float": Double(text).map(\.isFinite) ?? false
    case "ipv4-addr": NetworkText.isIPv4(text)
    case "ipv6-addr": NetworkText.isIPv6(text)
    case "mac-addr": NetworkText.isMAC(text)
    case "hexstring": hexadecimal(nil)
    case "md5-hash": hexadecimal(32)
    case "sha256-hash": hexadecimal(64)
    case "uuid": ObjectIdentifier("any--" + text) != nil
    default: true
    }
  }
}
