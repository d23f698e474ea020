/// Rules on signatures (CACAO 2.0, 10.15). Whether a signature verifies is asked elsewhere, with pinned keys.
extension DocumentChecker {
  mutating func checkSignatures() {
    guard let node = root["signatures"] else { return }
    let here = DocumentPointer.root.appending("signatures")
    guard let items = node.items else {
      return report(
        "shape.type", .error, here, node.line, "'signatures' must be a list, not \(node.kindInWords)")
    }
    if items.isEmpty {
      report("shape.too-few", .error, here, node.line, "'signatures' must have at least 1 entry, not 0")
    }
    for (index, item) in items.enumerated() { checkSignature(item, here.appending(index)) }
  }

  private mutating func checkSignature(_ node: DocumentNode, _ here: DocumentPointer) {
    guard check(node, here, is: PlaybookShapes.signature) else { return }
    let sources = ["public_key", "public_cert_chain", "cert_url", "thumbprint"].filter { node[$0] != nil }
    if sources.count != 1 {
      report(
        "signature.key", .error, here, node.line,
        "a signature must have exactly one of public_key, public_cert_chain, cert_url, thumbprint, not \(sources.count)"
      )
    }
    checkOrder(node, here, "created", "modified", mayBeEqual: true)
    checkOrder(node, here, "valid_from", "valid_until", mayBeEqual: false)
    for (name, other) in [("related_to", "id"), ("related_version", "modified")] {
      if let mine = node[name], let theirs = root[other], mine.text != nil, mine.text != theirs.text {
        report(
          "signature.related", .error, here.appending(name), mine.line,
          "'\(name)' must be the playbook's '\(other)', '\(theirs.text ?? "")'")
      }
    }
    if let algorithm = node["algorithm"], let text = algorithm.text, text.hasPrefix("HS") {
      report(
        "signature.algorithm", .warning, here.appending("algorithm"), algorithm.line,
        "'\(text)' is symmetric: whoever can check it can forge it")
    }
    if let value = node["value"], let text = value.text, text.isEmpty || Base64Text.decodeURL(text) == nil {
      report(
        "signature.value", .error, here.appending("value"), value.line,
        "'value' is not base64url without padding")
    }
    if let inner = node["signature"] { checkSignature(inner, here.appending("signature")) }
  }
}
