/// Variables that steps give a value while a run goes on (`out_args`), and the steps on devices that would take them.
///
/// A plan shows what is done to whom before anything is done, asks the interlocks of it, and holds its inverse. So what a step
/// does to a device must not hang on an answer that comes only later: the plan, `undo` and `undo.sh` would tell of another act.
enum RunTimeValues {
  /// A use of such a variable by a step on devices.
  struct Use {
    /// Id of the step in its document.
    var step: String
    /// What it is called.
    var title: String
    /// Where the use stands.
    var pointer: DocumentPointer
    /// 1-based line; 0 when unknown.
    var line: Int
    /// The variable's name.
    var variable: String
  }

  /// What to write instead.
  static let wayOut =
    "take it from 'bindings' (a column of the inventory), or ask first and give the plan the answer with --set"

  /// The names that steps of a document give values to. What a step on devices would give is dropped, and refused elsewhere.
  static func given(in root: DocumentNode) -> Set<String> {
    var names: Set<String> = []
    for step in root["workflow"]?.members ?? [] where !isOnDevices(step.value) {
      names.formUnion((step.value["out_args"]?.items ?? []).compactMap(\.text))
    }
    return names
  }

  /// Uses of some variables by steps on devices, one for each step and variable, in the order of the document.
  static func uses(of names: Set<String>, in root: DocumentNode) -> [Use] {
    guard !names.isEmpty else { return [] }
    var uses: [Use] = []
    for step in root["workflow"]?.members ?? [] where isOnDevices(step.value) {
      // What the device brings, or the step has of its own, stands over the playbook's.
      let rollout = step.value["step_extensions"]?[RolloutPolicy.extensionIdentifier]
      var changing = names.subtracting((rollout?["bindings"]?.members ?? []).map(\.name))
      for variable in step.value["step_variables"]?.members ?? [] where variable.value["value"]?.text != nil {
        changing.remove(variable.name)
      }
      var seen: Set<String> = []
      func look(_ node: DocumentNode, _ here: DocumentPointer) {
        switch node.value {
        case .string(let text):
          let isEncoded = here.description.hasSuffix("_b64")
          let plain =
            isEncoded ? Base64Text.decode(text).map { String(decoding: $0, as: UTF8.self) } ?? text : text
          for use in VariableReference.all(in: plain)
          where changing.contains(use.name) && seen.insert(use.name).inserted {
            uses.append(
              Use(
                step: step.name, title: step.value["name"]?.text ?? step.name, pointer: here, line: node.line,
                variable: use.name))
          }
        case .array(let items):
          for (index, item) in items.enumerated() { look(item, here.appending(index)) }
        case .object(let members):
          for member in members { look(member.value, here.appending(member.name)) }
        default: break
        }
      }
      let here = DocumentPointer.root.appending("workflow").appending(step.name)
      for name in ["commands", "step_extensions"] {
        if let node = step.value[name] { look(node, here.appending(name)) }
      }
      for id in (step.value["targets"]?.items ?? []).compactMap(\.text) {
        guard let target = root["target_definitions"]?[id] else { continue }
        look(target, DocumentPointer.root.appending("target_definitions").appending(id))
        guard let info = target["authentication_info"]?.text,
          let node = root["authentication_info_definitions"]?[info]
        else { continue }
        look(node, DocumentPointer.root.appending("authentication_info_definitions").appending(info))
      }
    }
    return uses
  }

  private static func isOnDevices(_ step: DocumentNode) -> Bool {
    step["step_extensions"]?[RolloutPolicy.extensionIdentifier] != nil
  }
}

extension DocumentChecker {
  /// The document is sound, and what was done by it before can be looked at and taken back; it is not run.
  mutating func checkRunTimeValues() {
    for use in RunTimeValues.uses(of: RunTimeValues.given(in: root), in: root) {
      report(
        "rollout.run-time-value", .notRunnable, use.pointer, use.line,
        "'\(use.variable)' gets its value while the run goes on ('out_args'), and what is done to devices must stand in the plan: "
          + RunTimeValues.wayOut)
    }
    for step in dictionary("workflow") {
      guard let names = step.value["out_args"],
        step.value["step_extensions"]?[RolloutPolicy.extensionIdentifier] != nil
      else { continue }
      report(
        "rollout.out-args", .notRunnable, pointer("workflow", step.name).appending("out_args"), names.line,
        "a step on devices gives no values to variables: each device has an answer of its own, and none is kept; "
          + "leave 'out_args' out, or ask in a step that goes out once")
    }
  }
}

extension Playbook {
  /// Variables by scope that get values while a run goes on: what steps of that playbook give, and what the caller hands on of
  /// its own such variables. The empty scope is that of the playbook itself.
  public var runTimeVariables: [String: Set<String>] {
    var given = ["": RunTimeValues.given(in: document)]
    // Callers stand before those that they call.
    for inner in called {
      var names = RunTimeValues.given(in: inner.playbook.document)
      if let step = steps[inner.scope], case .playbook(_, _, let inArgs, _) = step.kind {
        let outer = given[Self.scope(of: inner.scope)] ?? []
        names.formUnion(inArgs.filter { outer.contains($0) && step.variables[$0]?.value == nil })
      }
      given[inner.scope] = names
    }
    return given
  }

  /// Why a step on devices would do something else than a plan of the playbook shows, with all that it calls; nil where none
  /// would.
  public var runTimeValueProblem: String? {
    let given = runTimeVariables
    let documents = [("", document, "")] + called.map { ($0.scope, $0.playbook.document, $0.playbook.name) }
    for (scope, document, name) in documents {
      guard let use = RunTimeValues.uses(of: given[scope] ?? [], in: document).first else { continue }
      return
        "the step '\(use.title)'\(name.isEmpty ? "" : " of the called playbook '\(name)'") acts on devices with '\(use.variable)', "
        + "which gets its value while the run goes on: no plan could show what is done to whom; \(RunTimeValues.wayOut)"
    }
    return nil
  }
}
