/// A playbook document that was read and checked: CACAO 2.0, in JSON or YAML.
public struct PlaybookDocument: Sendable {
  /// The root; nil when the text could not be read at all.
  public var root: DocumentNode?
  /// The notation it is written in.
  public var notation: DocumentNotation
  /// What was found, errors first, then by line.
  public var findings: [Finding]

  /// Reads and checks a document. Nothing is thrown: what is wrong stands in `findings`.
  /// `now` is in nanoseconds since the epoch and decides about validity periods.
  public init(reading bytes: [UInt8], now: Int64) {
    do {
      let document = try ReadDocument.read(bytes)
      root = document.root
      notation = document.notation
      findings = document.findings + Self.findings(in: document.root, now: now)
    } catch {
      root = nil
      notation = .json
      findings = [
        Finding(
          pointer: "", line: error.line, rule: "encoding.syntax", level: .error, message: error.description)
      ]
    }
    let rank: (Finding.Level) -> Int = { Finding.Level.allCases.firstIndex(of: $0) ?? 0 }
    findings.sort { (rank($0.level), $0.line, $0.pointer) < (rank($1.level), $1.line, $1.pointer) }
  }

  /// The verdict that follows from the findings.
  public var verdict: Verdict {
    if findings.contains(where: { $0.level == .error }) { return .invalid }
    return findings.contains { $0.level == .notRunnable } ? .notRunnable : .valid
  }

  /// The findings as `firebreak.validate/1`.
  public var report: DocumentNode {
    .object([
      ("schema", .string("firebreak.validate/1")), ("verdict", .string(verdict.rawValue)),
      (
        "findings",
        .array(
          findings.map {
            .object([
              ("pointer", .string($0.pointer)), ("line", .number($0.line)), ("rule", .string($0.rule)),
              ("level", .string($0.level.rawValue)), ("message", .string($0.message)),
            ])
          })
      ),
    ])
  }
}

extension PlaybookDocument {
  /// A document whose root is known already, e.g. from a plan; check it with `recheck`.
  public init(root: DocumentNode, notation: DocumentNotation, findings: [Finding]) {
    self.root = root
    self.notation = notation
    self.findings = findings
  }

  /// Replaces the findings by those of this moment (nanoseconds since the epoch).
  public mutating func recheck(now: Int64) {
    guard let root else { return }
    findings = Self.findings(in: root, now: now)
  }
}
