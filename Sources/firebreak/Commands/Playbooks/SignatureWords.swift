import PlaybookModel

/// What is to be said of a playbook's signatures where nobody pinned a key: a signature that nobody checks looks like one that was.
enum SignatureWords {
  /// A sentence for each signature of a playbook and of those that it calls.
  static func sentences(_ playbook: Playbook, now: Int64) -> [String] {
    documents(playbook).flatMap { name, root in
      PlaybookSignature.unpinned(root, now: now).map { sentence($0, name) }
    }
  }

  /// Those of them that are not even what they say.
  static func warnings(_ playbook: Playbook, now: Int64) -> [String] {
    documents(playbook).flatMap { name, root in
      PlaybookSignature.unpinned(root, now: now).compactMap { verdict in
        if case .bad = verdict { sentence(verdict, name) } else { nil }
      }
    }
  }

  private static func documents(_ playbook: Playbook) -> [(name: String, root: DocumentNode)] {
    var seen: Set<String> = []
    return ([playbook] + playbook.called.map(\.playbook)).filter { seen.insert($0.id).inserted }
      .map { ($0.name, $0.document) }
  }

  /// One signature in words.
  static func sentence(_ verdict: PlaybookSignature.Verdict, _ name: String) -> String {
    let wayOn = "'firebreak playbook validate --signer KEY.pem' checks it against a key that you trust"
    return switch verdict {
    case .good: "'\(name)' has a signature that fits the key it brings itself, which proves nothing: \(wayOn)"
    case .bad(let why): "'\(name)' has a signature that is NOT GOOD: \(why)"
    case .unverified(let why): "'\(name)' has a signature that was not checked (\(why)): \(wayOn)"
    }
  }
}
