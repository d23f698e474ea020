/// Checks one document against the rules of CACAO 2.0 (sections in parentheses in the rules' files).
///
/// The official JSON schemas let most mistakes pass (unknown properties, dangling references, commands of the wrong
/// form), so the rules stand here in code.
struct DocumentChecker {
  /// The document.
  let root: DocumentNode
  /// Nanoseconds since the epoch that count as now.
  let now: Int64
  /// What was found, in the order of checking.
  private(set) var findings: [Finding] = []

  init(root: DocumentNode, now: Int64) {
    self.root = root
    self.now = now
  }

  /// Keeps a finding.
  mutating func report(
    _ rule: String, _ level: Finding.Level, _ pointer: DocumentPointer, _ line: Int, _ message: String
  ) {
    findings.append(
      Finding(pointer: pointer.description, line: line, rule: rule, level: level, message: message))
  }

  /// Keeps a finding.
  mutating func append(_ finding: Finding) { findings.append(finding) }

  /// Checks everything.
  mutating func run() {
    guard check(root, .root, is: PlaybookShapes.playbook) else { return }
    checkMetadata()
    checkDefinitions()
    checkWorkflow()
    checkVariables()
    checkRunTimeValues()
    checkActivities()
    checkSignatures()
  }

  /// The members of a dictionary of the playbook; empty when it is absent or no object.
  func dictionary(_ name: String) -> [DocumentNode.Member] { root[name]?.members ?? [] }

  /// The pointer to an entry of a dictionary of the playbook.
  func pointer(_ dictionary: String, _ key: String) -> DocumentPointer {
    DocumentPointer.root.appending(dictionary).appending(key)
  }

  /// The keys of a dictionary of the playbook.
  func keys(_ name: String) -> Set<String> { Set(dictionary(name).map(\.name)) }

  /// Checks that a key of a dictionary is an identifier; returns it.
  @discardableResult
  mutating func checkKey(_ member: DocumentNode.Member, _ here: DocumentPointer) -> ObjectIdentifier? {
    guard let identifier = ObjectIdentifier(member.name) else {
      report(
        "identifier.format", .error, here, member.line,
        "the key '\(member.name)' must be an identifier as type--UUID (RFC 4122, versions 1 to 5)")
      return nil
    }
    return identifier
  }
}

extension PlaybookDocument {
  /// What the rules say of a document at a point in time.
  static func findings(in root: DocumentNode, now: Int64) -> [Finding] {
    var checker = DocumentChecker(root: root, now: now)
    checker.run()
    return checker.findings
  }
}
