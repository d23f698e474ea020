import ConsoleOutput
import Glibc
import IncidentModel
import PlaybookModel
import PlaybookRunner

/// Can approvals be given and checked, offline? Are the keys of those who sign playbooks here?
struct SignersCheck: DoctorCheck {
  static let name = "signers"

  static func run(_ context: DoctorContext) async -> [DoctorFinding] {
    var findings: [DoctorFinding] = []
    if let path = context.options.allowedSigners {
      findings += allowed(path, context)
    } else {
      findings.append(
        .warning(
          "approvals",
          "no file of allowed signers was given: plans that need approval can only be run by breaking the glass",
          "--allowed-signers FILE, a line for each person: NAME namespaces=\"\(PlanApproval.namespace)\" KEY")
      )
    }
    for path in context.options.signers { findings += pinned(path, context) }
    let signed = context.playbooks.filter { $0.root?["signatures"] != nil }
    if context.options.signers.isEmpty, !signed.isEmpty {
      findings.append(
        .warning(
          "playbooks", "\(signed.count) are signed and no key is pinned: nobody checks the signatures",
          "--signer KEY.pem"))
    }
    return findings
  }

  private struct Signer {
    var principals: [String]
    var key: String
    var options: String
  }

  private static func allowed(_ path: String, _ context: DoctorContext) -> [DoctorFinding] {
    let subject = Sanitizer.escape(path)
    var status = stat()
    guard stat(path, &status) == 0, let bytes = try? PlaybookFiles.read(path) else {
      return [
        .failure(
          subject, "cannot be read: \(String(cString: strerror(errno)))",
          "approvals cannot be checked without it")
      ]
    }
    var findings: [DoctorFinding] = []
    if status.st_mode & 0o022 != 0 || (status.st_uid != 0 && status.st_uid != geteuid()) {
      findings.append(
        .failure(subject, "others can write it: whoever does approves everything", "chown root, chmod 644"))
    }
    if let casePath = context.casePath, path.hasPrefix(casePath + ".runs/") {
      findings.append(
        .failure(
          subject, "lies with the case: whoever hands the case over names the approvers", "keep it elsewhere")
      )
    }
    var signers: [Signer] = []
    for (index, line) in String(decoding: bytes, as: UTF8.self).split(
      separator: "\n", omittingEmptySubsequences: false
    )
    .enumerated() {
      if line.isEmpty || line.hasPrefix("#") { continue }
      guard let signer = read(String(line)) else {
        findings.append(
          .failure(
            subject, "line \(index + 1) is no signer: \(Sanitizer.escape(String(line.prefix(40))))",
            "NAME TYPE KEY"))
        continue
      }
      signers.append(signer)
    }
    let today = String(context.now.rfc3339(fractionDigits: 0).prefix(10)).filter(\.isNumber)
    let expired = signers.filter { signer in
      guard let range = signer.options.firstRange(of: "valid-before=\"") else { return false }
      let until = signer.options[range.upperBound...].prefix { $0.isNumber }
      return String(until.prefix(8)) < today
    }
    if !expired.isEmpty {
      findings.append(
        .warning(
          subject, "\(expired.count) keys are no longer valid: \(names(expired))", "put their new keys in"))
    }
    let usable = signers.filter { signer in
      !expired.contains { $0.key == signer.key }
        && (!signer.options.contains("namespaces=") || signer.options.contains(PlanApproval.namespace))
    }
    let byKey = Dictionary(grouping: usable, by: \.key)
    for (_, same) in byKey where Set(same.flatMap(\.principals)).count > 1 {
      findings.append(
        .failure(
          subject, "\(names(same)) have the same key: one person could approve twice",
          "each person needs a key of their own"))
    }
    let people = Set(usable.flatMap(\.principals)).count
    let text = "\(people) \(people == 1 ? "person" : "people") may approve: \(names(usable))"
    switch min(people, byKey.count) {
    case 0: findings.append(.failure(subject, "nobody in it may approve plans", "a line for each person"))
    case 1:
      findings.append(
        .warning(subject, text, "plans that need two approvals cannot be run: add another person"))
    default: findings.append(.ok(subject, text))
    }
    return findings
  }

  private static func names(_ signers: [Signer]) -> String {
    let all = signers.flatMap(\.principals)
    return Sanitizer.escape(all.prefix(5).joined(separator: ", ") + (all.count > 5 ? ", …" : ""))
  }

  /// A line of allowed signers (ssh-keygen(1), ALLOWED SIGNERS): principals, options, key type, key.
  private static func read(_ line: String) -> Signer? {
    let words = line.split(separator: " ").map(String.init)
    let types = ["ssh-", "sk-ssh-", "ecdsa-", "sk-ecdsa-"]
    guard words.count >= 3,
      let type = words.indices.dropFirst().first(where: { index in
        types.contains { words[index].hasPrefix($0) }
      }),
      type + 1 < words.count, words[type + 1].hasPrefix("AAAA")
    else { return nil }
    return Signer(
      principals: words[0].split(separator: ",").map(String.init), key: words[type + 1],
      options: words[1..<type].joined(separator: " "))
  }

  private static func pinned(_ path: String, _ context: DoctorContext) -> [DoctorFinding] {
    let subject = Sanitizer.escape(path)
    guard let bytes = try? PlaybookFiles.read(path) else {
      return [
        .failure(
          subject, "cannot be read: \(String(cString: strerror(errno)))", "signatures by it are not checked")
      ]
    }
    let key = PlaybookSignature.PinnedKey(name: path, text: String(decoding: bytes, as: UTF8.self))
    var good = 0
    var bad: [String] = []
    for entry in context.playbooks {
      guard let root = entry.root else { continue }
      for verdict in PlaybookSignature.verify(root, keys: [key], now: context.now.nanoseconds) {
        switch verdict {
        case .good: good += 1
        case .bad: bad.append(entry.name)
        case .unverified: break
        }
      }
    }
    if !bad.isEmpty {
      return [
        .failure(
          subject, "a signature is not good: \(bad.joined(separator: ", "))", "do not run what was altered")
      ]
    }
    return [.ok(subject, "pinned; \(good) \(good == 1 ? "playbook is" : "playbooks are") signed by it")]
  }
}
