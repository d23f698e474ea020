/// Rules on agents, targets, authentication, markings and extensions (CACAO 2.0, 6 to 9).
extension DocumentChecker {
  mutating func checkDefinitions() {
    for name in ["agent_definitions", "target_definitions"] {
      guard checkDictionary(name, mayBeEmpty: false) else { continue }
      for member in dictionary(name) { checkAgentTarget(member, pointer(name, member.name)) }
    }
    if checkDictionary("authentication_info_definitions", mayBeEmpty: false) {
      for member in dictionary("authentication_info_definitions") {
        checkAuthentication(member, pointer("authentication_info_definitions", member.name))
      }
    }
    if checkDictionary("data_marking_definitions", mayBeEmpty: true) {
      for member in dictionary("data_marking_definitions") {
        checkMarking(member, pointer("data_marking_definitions", member.name))
      }
    }
    if checkDictionary("extension_definitions", mayBeEmpty: true) {
      for member in dictionary("extension_definitions") {
        checkExtensionDefinition(member, pointer("extension_definitions", member.name))
      }
    }
    let markings = keys("data_marking_definitions")
    for (index, item) in (root["markings"]?.items ?? []).enumerated() {
      guard let text = item.text, !markings.contains(text) else { continue }
      report(
        "reference.dangling", .error, .root.appending("markings").appending(index), item.line,
        "the marking '\(text)' is not among data_marking_definitions")
    }
  }

  private mutating func checkDictionary(_ name: String, mayBeEmpty: Bool) -> Bool {
    guard let node = root[name] else { return false }
    let here = DocumentPointer.root.appending(name)
    guard let members = node.members else {
      report("shape.type", .error, here, node.line, "'\(name)' must be an object, not \(node.kindInWords)")
      return false
    }
    if members.isEmpty && !mayBeEmpty {
      report("shape.too-few", .error, here, node.line, "'\(name)' must not be empty when it is there")
    }
    return true
  }

  /// The type of a definition, checked against the prefix of its key.
  private mutating func type(
    of member: DocumentNode.Member, _ here: DocumentPointer, closed: Bool
  ) -> String? {
    let identifier = checkKey(member, here)
    guard let type = member.value["type"]?.text else { return nil }
    if let identifier, identifier.type != type {
      report(
        "identifier.type", closed ? .error : .warning, here, member.line,
        "the key '\(member.name)' does not begin with the object's type '\(type)'")
    }
    return type
  }

  private mutating func checkAgentTarget(_ member: DocumentNode.Member, _ here: DocumentPointer) {
    let node = member.value
    guard let type = type(of: member, here, closed: false) else {
      check(node, here, is: PlaybookShapes.agentTarget)
      return
    }
    guard let shape = PlaybookShapes.agentTarget(type) else {
      report(
        "vocabulary.open", .warning, here.appending("type"), node["type"]?.line ?? node.line,
        "agents and targets of type '\(type)' are not in the standard's vocabulary; nothing here acts on them"
      )
      for name in ["type", "name"] where node[name] == nil {
        report("shape.missing", .error, here, node.line, "an agent or target must have '\(name)'")
      }
      return
    }
    check(node, here, is: shape)
    if let name = node["name"], name.text == "" {
      report("shape.empty", .error, here.appending("name"), name.line, "'name' must be populated")
    }
    if let address = node["address"] { checkAddress(address, here.appending("address")) }
    if let port = node["port"], let text = port.text, VariableReference.all(in: text).isEmpty {
      if !(Int(text).map { (1...65_535).contains($0) && text.allSatisfy(\.isASCII) } ?? false) {
        report(
          "address.port", .error, here.appending("port"), port.line, "'\(text)' is no TCP port (1 to 65535)")
      }
    }
    if let reference = node["authentication_info"], let text = reference.text,
      !keys("authentication_info_definitions").contains(text)
    {
      report(
        "reference.dangling", .error, here.appending("authentication_info"), reference.line,
        "'\(text)' is not among authentication_info_definitions")
    }
    checkLocation(node["location"], here.appending("location"))
  }

  private mutating func checkAddress(_ node: DocumentNode, _ here: DocumentPointer) {
    guard let members = node.members else {
      return report(
        "shape.type", .error, here, node.line, "'address' must be an object, not \(node.kindInWords)")
    }
    if members.isEmpty { report("address.empty", .error, here, node.line, "'address' must hold an address") }
    for member in members {
      let inner = here.appending(member.name)
      guard ["dname", "ipv4", "ipv6", "l2mac", "vlan", "url"].contains(member.name) else {
        report(
          "shape.unknown-property", .error, inner, member.line,
          "'\(member.name)' is no kind of address (dname, ipv4, ipv6, l2mac, vlan, url)")
        continue
      }
      guard let items = member.value.items else {
        report("shape.type", .error, inner, member.line, "'\(member.name)' must be a list of strings")
        continue
      }
      if items.isEmpty {
        report("address.empty", .error, inner, member.line, "'\(member.name)' must not be empty")
      }
      for (index, item) in items.enumerated() {
        checkAddressText(item, inner.appending(index), member.name)
      }
    }
  }

  private mutating func checkAddressText(_ item: DocumentNode, _ here: DocumentPointer, _ kind: String) {
    if kind == "vlan", let number = item.integer {
      if !(0...4095).contains(number) {
        report("address.format", .error, here, item.line, "\(number) is no VLAN (0 to 4095)")
      }
      return
    }
    guard let text = item.text else {
      return report(
        "shape.type", .error, here, item.line, "an address must be a string, not \(item.kindInWords)")
    }
    guard VariableReference.all(in: text).isEmpty else { return }
    let fine =
      switch kind {
      case "ipv4": NetworkText.isIPv4(text)
      case "ipv6": NetworkText.isIPv6(text)
      case "l2mac": NetworkText.isMAC(text)
      case "vlan": Int(text).map { (0...4095).contains($0) } ?? false
      case "url": NetworkText.isURL(text)
      default: NetworkText.isHostName(text)
      }
    if !fine { report("address.format", .error, here, item.line, "'\(text)' is no \(kind) address") }
  }

  private mutating func checkLocation(_ node: DocumentNode?, _ here: DocumentPointer) {
    guard let node, node.members != nil else { return }
    let limits = [("latitude", 90.0), ("longitude", 180.0)]
    for (name, limit) in limits {
      guard let text = node[name]?.text else { continue }
      if !(Double(text).map { $0 <= limit && $0 > -limit } ?? false) {
        report(
          "location.range", .error, here.appending(name), node[name]?.line ?? node.line,
          "'\(name)' must be above -\(limit) and at most \(limit) degrees")
      }
    }
    let present = limits.filter { node[$0.0] != nil }.count
    if present == 1 || (node["precision"] != nil && present != 2) {
      report(
        "location.pair", .error, here, node.line,
        "latitude and longitude must be there both, and for a precision too")
    }
    if let country = node["country"]?.text, country.utf8.count != 2 {
      report(
        "location.country", .warning, here.appending("country"), node["country"]?.line ?? node.line,
        "'\(country)' is no ISO 3166-1 alpha-2 code")
    }
  }

  private mutating func checkAuthentication(_ member: DocumentNode.Member, _ here: DocumentPointer) {
    let node = member.value
    guard let type = type(of: member, here, closed: false) else {
      check(node, here, is: ObjectShape("authentication info", required: ["type"], ["type": .text]))
      return
    }
    guard let shape = PlaybookShapes.authentication(type) else {
      report(
        "vocabulary.open", .warning, here.appending("type"), node["type"]?.line ?? node.line,
        "authentication of type '\(type)' is not in the standard's vocabulary; nothing here can use it")
      return
    }
    check(node, here, is: shape)
    let secrets = ["password", "token", "username", "user_id"]
    let stored = node["kms"]?.flag == true
    if stored {
      if node["kms_key_identifier"] == nil {
        report(
          "authentication.kms", .error, here, node.line,
          "with 'kms' true there must be a 'kms_key_identifier'")
      }
      for name in secrets where node[name] != nil {
        report(
          "authentication.kms", .error, here.appending(name), node[name]?.line ?? node.line,
          "with 'kms' true '\(name)' must not be there")
      }
    } else {
      if let key = node["kms_key_identifier"] {
        report(
          "authentication.kms", .error, here.appending("kms_key_identifier"), key.line,
          "with 'kms_key_identifier' there must be 'kms' true")
      }
      if type == "oauth2" && node["token"] == nil {
        report("shape.missing", .error, here, node.line, "oauth2 must have 'token' (or 'kms')")
      }
    }
    for name in ["password", "token"] {
      guard !stored, let value = node[name], let text = value.text, VariableReference.all(in: text).isEmpty
      else {
        continue
      }
      report(
        "authentication.secret-in-clear", .warning, here.appending(name), value.line,
        "'\(name)' stands in the playbook for everybody to read; use a variable, or 'kms' and a secret store")
    }
  }

  private mutating func checkMarking(_ member: DocumentNode.Member, _ here: DocumentPointer) {
    let node = member.value
    guard let type = type(of: member, here, closed: true), let shape = PlaybookShapes.marking(type) else {
      return report(
        "vocabulary.closed", .error, here, member.line,
        "a data marking must have a type: \(Vocabulary.markingTypes.sorted().joined(separator: ", "))")
    }
    check(node, here, is: shape)
    if let id = node["id"], let text = id.text, text != member.name {
      report(
        "identifier.mismatch", .error, here.appending("id"), id.line,
        "the marking's id '\(text)' is not the key it stands under")
    }
    checkOrder(node, here, "valid_from", "valid_until", mayBeEqual: false)
    if let end = node["end_date"], end.value != .null {
      check(end, here.appending("end_date"), "end_date", .timestamp(milliseconds: false))
    }
  }

  private mutating func checkExtensionDefinition(_ member: DocumentNode.Member, _ here: DocumentPointer) {
    checkKey(member, here)
    if let identifier = ObjectIdentifier(member.name), identifier.type != "extension-definition" {
      report(
        "identifier.type", .error, here, member.line,
        "the key of an extension must begin with 'extension-definition--'")
    }
    check(member.value, here, is: PlaybookShapes.extensionDefinition)
    if let version = member.value["version"], let text = version.text {
      let parts = text.split(separator: ".", omittingEmptySubsequences: false)
      let core = parts.prefix(2) + parts.dropFirst(2).prefix(1).map { $0.prefix { $0 != "-" && $0 != "+" } }
      if parts.count < 3 || !core.allSatisfy({ !$0.isEmpty && $0.allSatisfy(\.isWholeNumber) }) {
        report(
          "extension.version", .warning, here.appending("version"), version.line,
          "'\(text)' is no semantic version (MAJOR.MINOR.PATCH)")
      }
    }
  }

  /// Extensions in use must be defined in the playbook, and hold an object each (9).
  mutating func checkExtensionUses(_ node: DocumentNode, _ here: DocumentPointer, _ name: String) {
    guard let members = node.members else {
      return report(
        "shape.type", .error, here, node.line, "'\(name)' must be an object, not \(node.kindInWords)")
    }
    if members.isEmpty {
      report("shape.too-few", .error, here, node.line, "'\(name)' must not be empty when it is there")
    }
    for member in members {
      let inner = here.appending(member.name)
      guard let identifier = ObjectIdentifier(member.name), identifier.type == "extension-definition" else {
        report(
          "identifier.type", .error, inner, member.line,
          "the key '\(member.name)' must be the identifier of an extension definition")
        continue
      }
      if !keys("extension_definitions").contains(member.name) {
        report(
          "reference.dangling", .error, inner, member.line,
          "'\(member.name)' is not among extension_definitions")
      }
      if member.value.members == nil {
        report("shape.type", .error, inner, member.line, "an extension must be an object")
      }
      if name == "step_extensions" && member.name != RolloutPolicy.extensionIdentifier {
        report(
          "extension.unknown", .warning, inner, member.line,
          "this extension is not known here; it is kept, and nothing acts on it")
      }
    }
  }
}
