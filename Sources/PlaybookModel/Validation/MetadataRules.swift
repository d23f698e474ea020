/// Rules on the playbook's own properties (CACAO 2.0, 3.1).
extension DocumentChecker {
  mutating func checkMetadata() {
    checkSpecVersion()
    checkTimes()
    checkUniqueUUIDs()
    checkPairs()
    checkSummary()
    checkExternalReferences(root, .root)
  }

  private mutating func checkSpecVersion() {
    guard let node = root["spec_version"] else { return }
    let here = DocumentPointer.root.appending("spec_version")
    guard let text = node.text else {
      return report(
        "metadata.spec-version", .error, here, node.line, "'spec_version' must be the string 'cacao-2.0'")
    }
    if text != "cacao-2.0" {
      let hint =
        ["1.0", "1.1", "cacao-1.0", "cacao-1.1"].contains(text)
        ? "; CACAO 1.x documents differ in steps, variables and targets and must be converted first" : ""
      report(
        "metadata.spec-version", .error, here, node.line,
        "'spec_version' must be 'cacao-2.0', not '\(text)'\(hint)")
    }
  }

  /// The time a property holds; nil when absent or not readable (reported elsewhere).
  func time(_ node: DocumentNode?) -> Int64? {
    node?.text.flatMap { DocumentTimestamp.parse($0)?.nanoseconds }
  }

  private mutating func checkTimes() {
    checkOrder(root, .root, "created", "modified", mayBeEqual: true)
    checkOrder(root, .root, "valid_from", "valid_until", mayBeEqual: false)
    if root["revoked"]?.flag == true {
      let here = DocumentPointer.root.appending("revoked")
      report(
        "run.revoked", .notRunnable, here, root["revoked"]?.line ?? 0,
        "the playbook is revoked by its creator and must not be run")
      return
    }
    if let from = root["valid_from"], let time = time(from), time > now {
      report(
        "run.not-yet-valid", .notRunnable, .root.appending("valid_from"), from.line,
        "the playbook is not valid before \(from.text ?? "")")
    }
    if let until = root["valid_until"], let time = time(until), time <= now {
      report(
        "run.expired", .notRunnable, .root.appending("valid_until"), until.line,
        "the playbook is not valid since \(until.text ?? "")")
    }
  }

  /// Checks that one time of an object is not after (or is before) another.
  mutating func checkOrder(
    _ object: DocumentNode, _ pointer: DocumentPointer, _ first: String, _ second: String, mayBeEqual: Bool
  ) {
    guard let a = time(object[first]), let b = time(object[second]), let node = object[second] else { return }
    if mayBeEqual ? b < a : b <= a {
      report(
        "timestamp.order", .error, pointer.appending(second), node.line,
        "'\(second)' must \(mayBeEqual ? "not be before" : "be after") '\(first)'")
    }
  }

  /// The UUID of an object must not be reused for an object of another type (10.10).
  private mutating func checkUniqueUUIDs() {
    var typesOfUUID: [String: String] = [:]
    func note(_ text: String, _ here: DocumentPointer, _ line: Int) -> (String, DocumentPointer, Int)? {
      guard let identifier = ObjectIdentifier(text) else { return nil }
      if let other = typesOfUUID[identifier.uuid], other != identifier.type {
        return ("the UUID of '\(text)' is used for a \(other) already", here, line)
      }
      typesOfUUID[identifier.uuid] = identifier.type
      return nil
    }
    var clashes: [(String, DocumentPointer, Int)] = []
    if let id = root["id"], let text = id.text, let clash = note(text, .root.appending("id"), id.line) {
      clashes.append(clash)
    }
    for name in [
      "workflow", "agent_definitions", "target_definitions", "authentication_info_definitions",
      "extension_definitions", "data_marking_definitions",
    ] {
      for member in dictionary(name) {
        if let clash = note(member.name, pointer(name, member.name), member.line) { clashes.append(clash) }
      }
    }
    for (message, here, line) in clashes { report("identifier.uuid-reused", .error, here, line, message) }
    if let text = root["id"]?.text, let identifier = ObjectIdentifier(text),
      ![4, 5].contains(identifier.version)
    {
      report(
        "identifier.version", .note, .root.appending("id"), root["id"]?.line ?? 0,
        "identifiers should use UUIDs of version 4 (playbooks also 5), not \(identifier.version)")
    }
  }

  /// playbook_types demand activities (3.1.2).
  private mutating func checkPairs() {
    let types = (root["playbook_types"]?.items ?? []).compactMap(\.text)
    guard !types.isEmpty, let node = root["playbook_types"] else { return }
    let here = DocumentPointer.root.appending("playbook_types")
    guard let activities = root["playbook_activities"]?.items?.compactMap(\.text), !activities.isEmpty else {
      report(
        "activity.missing", .error, here, node.line,
        "a playbook with 'playbook_types' must have at least one of 'playbook_activities'")
      return
    }
    for type in types {
      for activity in Vocabulary.requiredActivities[type] ?? [] where !activities.contains(activity) {
        report(
          "activity.required", .error, here, node.line,
          "a playbook of type '\(type)' must have the activity '\(activity)'")
      }
    }
  }

  /// The summary must agree with the playbook: people decide by it without reading further.
  private mutating func checkSummary() {
    guard let summary = root["playbook_processing_summary"], summary.members != nil else { return }
    let steps = dictionary("workflow").map(\.value)
    func has(_ type: String) -> Bool { steps.contains { $0["type"]?.text == type } }
    let signatures = root["signatures"]?.items ?? []
    let actions = steps.filter { $0["type"]?.text == "action" }
    let commands = actions.flatMap { $0["commands"]?.items ?? [] }
    let facts: [(String, Bool)] = [
      ("manual_playbook", !commands.isEmpty && commands.allSatisfy { $0["type"]?.text == "manual" }),
      ("external_playbooks", has("playbook-action")), ("parallel_processing", has("parallel")),
      ("if_logic", has("if-condition")), ("while_logic", has("while-condition")),
      ("switch_logic", has("switch-condition")),
      ("temporal_logic", steps.contains { $0["delay"] != nil || $0["timeout"] != nil }),
      ("data_markings", root["markings"] != nil), ("digital_signatures", !signatures.isEmpty),
      ("countersigned_signatures", signatures.contains { $0["signature"] != nil }),
      ("extensions", !dictionary("extension_definitions").isEmpty),
    ]
    for (name, fact) in facts {
      guard let flag = summary[name], let claimed = flag.flag, claimed != fact else { continue }
      report(
        "metadata.summary", .warning, .root.appending("playbook_processing_summary").appending(name),
        flag.line,
        "the summary says \(claimed), the playbook says \(fact)")
    }
  }

  /// An external reference needs more than a name (10.9). Walks the whole document, for they stand in many places.
  private mutating func checkExternalReferences(_ node: DocumentNode, _ here: DocumentPointer) {
    for member in node.members ?? [] {
      let inner = here.appending(member.name)
      if member.name == "external_references" {
        for (index, item) in (member.value.items ?? []).enumerated() where item.members != nil {
          let kinds = ["description", "source", "url", "external_id", "reference_id"]
          if !kinds.contains(where: { item[$0] != nil }) {
            report(
              "reference.empty", .error, inner.appending(index), item.line,
              "an external reference must have one of \(kinds.joined(separator: ", "))")
          }
        }
      } else if !member.name.hasSuffix("_extensions") {
        checkExternalReferences(member.value, inner)
      }
    }
    for (index, item) in (node.items ?? []).enumerated() {
      checkExternalReferences(item, here.appending(index))
    }
  }

  /// Each activity of the playbook must be that of a command (3.1).
  mutating func checkActivities() {
    guard let items = root["playbook_activities"]?.items else { return }
    var present: Set<String> = []
    for step in dictionary("workflow").map(\.value) {
      for command in step["commands"]?.items ?? [] {
        if let activity = command["playbook_activity"]?.text { present.insert(activity) }
      }
    }
    for (index, item) in items.enumerated() {
      guard let activity = item.text, !present.contains(activity) else { continue }
      report(
        "activity.unused", .error, .root.appending("playbook_activities").appending(index), item.line,
        "the activity '\(activity)' must be the 'playbook_activity' of a command, and is that of none")
    }
  }
}
