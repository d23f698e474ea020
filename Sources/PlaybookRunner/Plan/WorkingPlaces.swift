public import PlaybookModel

/// The machines that a playbook works through: brokers, gateways' and services' hosts that its commands go to for every device.
public enum WorkingPlaces {
  /// Their hosts in one form (`NetworkPlace.host`), of a playbook with what it calls, by the values of its variables: every URL
  /// among these, and every address of a target that no device brings.
  public static func hosts(_ playbook: Playbook, variables given: [String: String]) -> Set<String> {
    var values = given
    for variables in [playbook.variables] + playbook.called.map(\.playbook.variables) {
      for (name, variable) in variables where values[name] == nil { values[name] = variable.value }
    }
    // What a device brings is no value of the playbook's own.
    for step in playbook.steps.values {
      guard case .action(let action) = step.kind else { continue }
      for binding in action.rollout?.bindings ?? [] { values[binding.name] = nil }
    }
    var texts = values.values.filter { $0.contains("://") }
    for target in playbook.targets.values {
      for text in target.address.values.flatMap(\.self) {
        if let filled = try? Template.plain(text, values) { texts.append(filled) }
      }
    }
    return Set(texts.compactMap { NetworkPlace($0)?.host })
  }
}
