/// A playbook that passed validation, in types.
public struct Playbook: Sendable {
  /// The playbook's id.
  public var id: String
  /// Its name.
  public var name: String
  /// Its version: `modified` as written.
  public var version: String
  /// Variables of the playbook, by name.
  public var variables: [String: PlaybookVariable]
  /// Id of the step to begin with.
  public var start: String
  /// Id of the step for failures that no step handles.
  public var exception: String?
  /// The steps, by id.
  public var steps: [String: WorkflowStep]
  /// The steps' ids in the order of the document.
  public var stepOrder: [String]
  /// Agents, by id.
  public var agents: [String: AgentTarget]
  /// Targets, by id.
  public var targets: [String: AgentTarget]
  /// Authentication, by id.
  public var authentication: [String: AuthenticationInfo]
  /// 0 to 100: blast radius of running this playbook, as its author judges it; nil when not said.
  public var impact: Int?
  /// The playbooks that it calls, after `linked`; empty before.
  public var called: [CalledPlaybook] = []
  /// The document.
  public var document: DocumentNode
  /// SHA-256 of the document's canonical form, without signatures: adding one is no new version.
  public var sha256: String

  /// Why a document is not loaded.
  public struct LoadError: Error, CustomStringConvertible {
    /// The verdict.
    public var verdict: Verdict
    /// What was found.
    public var findings: [Finding]
    /// The first thing that is wrong, and how many more.
    public var description: String {
      let bad = findings.filter { $0.level == .error || $0.level == .notRunnable }
      guard let first = bad.first else { return "the playbook is not valid" }
      let more = bad.count > 1 ? " (and \(bad.count - 1) more; see 'firebreak playbook validate')" : ""
      // What the reader of the notation says names its place itself.
      if first.message.hasPrefix("line ") { return first.message + more }
      let place = [first.line > 0 ? "line \(first.line)" : "", first.pointer].filter { !$0.isEmpty }
      return (place.isEmpty ? "" : place.joined(separator: " ") + ": ") + first.message + more
    }
  }

  /// The playbook of a checked document. Throws when the verdict is invalid, or, unless `evenIfNotRunnable`, not runnable.
  public init(_ document: PlaybookDocument, evenIfNotRunnable: Bool = false) throws(LoadError) {
    let verdict = document.verdict
    guard let root = document.root, verdict == .valid || (verdict == .notRunnable && evenIfNotRunnable) else {
      throw LoadError(verdict: verdict, findings: document.findings)
    }
    id = root["id"]?.text ?? ""
    name = root["name"]?.text ?? ""
    version = root["modified"]?.text ?? ""
    variables = Self.variables(root["playbook_variables"])
    start = root["workflow_start"]?.text ?? ""
    exception = root["workflow_exception"]?.text
    let workflow = root["workflow"]?.members ?? []
    stepOrder = workflow.map(\.name)
    steps = Dictionary(
      uniqueKeysWithValues: workflow.map { ($0.name, WorkflowStep(id: $0.name, checked: $0.value)) })
    func definitions<T>(_ name: String, _ make: (String, DocumentNode) -> T) -> [String: T] {
      Dictionary(uniqueKeysWithValues: (root[name]?.members ?? []).map { ($0.name, make($0.name, $0.value)) })
    }
    agents = definitions("agent_definitions", AgentTarget.init(id:checked:))
    targets = definitions("target_definitions", AgentTarget.init(id:checked:))
    authentication = definitions("authentication_info_definitions", AuthenticationInfo.init(id:checked:))
    impact = root["impact"]?.integer
    self.document = root
    sha256 = Self.contentHash(of: root)
  }

  /// Queries for devices that the fleet steps never touch, in the order of the steps.
  public var excludedTargets: [String] {
    stepOrder.compactMap { id in
      guard case .action(let action) = steps[id]?.kind else { return nil }
      return action.rollout?.exclude
    }
  }

  /// SHA-256 of a document's canonical form without its signatures.
  public static func contentHash(of root: DocumentNode) -> String {
    guard let members = root.members else { return CanonicalJSON.sha256(of: root) }
    return CanonicalJSON.sha256(of: DocumentNode(.object(members.filter { $0.name != "signatures" })))
  }

  static func variables(_ node: DocumentNode?) -> [String: PlaybookVariable] {
    Dictionary(
      uniqueKeysWithValues: (node?.members ?? []).map { member in
        (
          member.name,
          PlaybookVariable(
            type: member.value["type"]?.text ?? "string", value: member.value["value"]?.text,
            isConstant: member.value["constant"]?.flag ?? false,
            isExternal: member.value["external"]?.flag ?? false,
            description: member.value["description"]?.text)
        )
      })
  }
}

/// A variable's declaration.
public struct PlaybookVariable: Sendable, Hashable {
  /// The type's name.
  public var type: String
  /// The initial value; nil for null.
  public var value: String?
  /// True when it must not be changed.
  public var isConstant: Bool
  /// True when the caller must give the initial value.
  public var isExternal: Bool
  /// For people.
  public var description: String?
}

/// A step of the workflow.
public struct WorkflowStep: Sendable {
  /// The step's id.
  public var id: String
  /// For people; nil when not given.
  public var name: String?
  /// For people; nil when not given.
  public var description: String?
  /// What the step does.
  public var kind: Kind
  /// Wait before it begins, in milliseconds.
  public var delayMilliseconds: Int
  /// Time after which it has failed, in milliseconds; nil for the engine's own limit.
  public var timeoutMilliseconds: Int?
  /// Variables of the step.
  public var variables: [String: PlaybookVariable]
  /// The next step whatever the outcome.
  public var onCompletion: String?
  /// The next step after success.
  public var onSuccess: String?
  /// The next step after failure.
  public var onFailure: String?

  /// The types of steps, with what is theirs.
  public enum Kind: Sendable {
    case start
    case end
    case action(ActionStep)
    case playbook(id: String, version: String?, inArgs: [String], outArgs: [String])
    case parallel([String])
    case ifCondition(Condition, onTrue: String, onFalse: String?)
    case whileCondition(Condition, onTrue: String)
    case switchCondition(variable: String, cases: [(value: String, step: String)])
  }

  init(id: String, checked node: DocumentNode) {
    self.id = id
    name = node["name"]?.text
    description = node["description"]?.text
    delayMilliseconds = node["delay"]?.integer ?? 0
    timeoutMilliseconds = node["timeout"]?.integer
    variables = Playbook.variables(node["step_variables"])
    onCompletion = node["on_completion"]?.text
    onSuccess = node["on_success"]?.text
    onFailure = node["on_failure"]?.text
    func names(_ name: String) -> [String] { (node[name]?.items ?? []).compactMap(\.text) }
    // A checked document's condition reads; `unreachable` stands for what cannot be.
    let condition =
      (try? Condition(parsing: node["condition"]?.text ?? "")) ?? .exists(variable: "__unreachable__")
    switch node["type"]?.text {
    case "start": kind = .start
    case "action":
      kind = .action(
        ActionStep(
          commands: (node["commands"]?.items ?? []).map(PlaybookCommand.init(checked:)),
          agent: node["agent"]?.text ?? "", targets: names("targets"), inArgs: names("in_args"),
          outArgs: names("out_args"),
          rollout: node["step_extensions"]?[RolloutPolicy.extensionIdentifier].map(
            RolloutPolicy.init(checked:)),
          unknownExtensions: (node["step_extensions"]?.members ?? []).map(\.name).filter {
            $0 != RolloutPolicy.extensionIdentifier
          }))
    case "playbook-action":
      kind = .playbook(
        id: node["playbook_id"]?.text ?? "", version: node["playbook_version"]?.text,
        inArgs: names("in_args"),
        outArgs: names("out_args"))
    case "parallel": kind = .parallel(names("next_steps"))
    case "if-condition":
      kind = .ifCondition(condition, onTrue: node["on_true"]?.text ?? "", onFalse: node["on_false"]?.text)
    case "while-condition": kind = .whileCondition(condition, onTrue: node["on_true"]?.text ?? "")
    case "switch-condition":
      kind = .switchCondition(
        variable: VariableReference.all(in: node["switch"]?.text ?? "").first?.name ?? "",
        cases: (node["cases"]?.members ?? []).map { ($0.name, $0.value.text ?? "") })
    default: kind = .end
    }
  }
}

/// What an action step does.
public struct ActionStep: Sendable, Hashable {
  /// The commands, in order.
  public var commands: [PlaybookCommand]
  /// Id of the agent that executes.
  public var agent: String
  /// Ids of the targets.
  public var targets: [String]
  /// Names of variables that go in.
  public var inArgs: [String]
  /// Names of variables that come out.
  public var outArgs: [String]
  /// How the commands go out to a fleet; nil when they are run once.
  public var rollout: RolloutPolicy?
  /// Identifiers of step extensions that nothing here acts on.
  public var unknownExtensions: [String]

  /// True where every command says by its activity that it looks and changes nothing.
  public var onlyLooks: Bool {
    !commands.isEmpty
      && commands.allSatisfy { $0.activity.map(Vocabulary.lookingActivities.contains) ?? false }
  }
}

/// A type of command. CACAO's vocabulary is open, so this is no enumeration.
public struct CommandType: Sendable, Hashable {
  /// The name in documents.
  public var name: String
  /// A type by name.
  public init(_ name: String) { self.name = name }
  /// For a person.
  public static let manual = CommandType("manual")
  /// A local shell.
  public static let bash = CommandType("bash")
  /// A remote shell.
  public static let ssh = CommandType("ssh")
  /// A request to a web service.
  public static let httpAPI = CommandType("http-api")
  /// A message to a broker, or a command to mosquitto's dynamic security.
  public static let mqtt = CommandType("mqtt")
  /// A change of nftables sets.
  public static let nft = CommandType("nft")
}

/// One command.
public struct PlaybookCommand: Sendable, Hashable {
  /// The type.
  public var type: CommandType
  /// The text (decoded when it stood in base64), with uses of variables.
  public var text: String
  /// Body, payload or arguments; nil when absent.
  public var content: String?
  /// HTTP headers, in order.
  public var headers: [Header]
  /// The activity; nil when not said.
  public var activity: String?
  /// For people; nil when not given.
  public var description: String?

  /// One HTTP header.
  public struct Header: Sendable, Hashable {
    /// The name.
    public var name: String
    /// Its values.
    public var values: [String]
  }

  init(checked node: DocumentNode) {
    type = CommandType(node["type"]?.text ?? "")
    text = CommandText.decoded(node, "command", "command_b64") ?? ""
    content = CommandText.decoded(node, "content", "content_b64")
    headers = (node["headers"]?.members ?? []).map {
      Header(name: $0.name, values: ($0.value.items ?? []).compactMap(\.text))
    }
    activity = node["playbook_activity"]?.text
    description = node["description"]?.text
  }
}

/// Who executes, or on what.
public struct AgentTarget: Sendable, Hashable {
  /// The definition's id.
  public var id: String
  /// `ssh`, `http-api`, `net-address`, `individual`…
  public var type: String
  /// For people; may use variables.
  public var name: String
  /// Addresses by kind (`dname`, `ipv4`, `url`…); may use variables.
  public var address: [String: [String]]
  /// The port; may use variables; nil for the type's default.
  public var port: String?
  /// Id of the authentication info; nil for none.
  public var authentication: String?

  init(id: String, checked node: DocumentNode) {
    self.id = id
    type = node["type"]?.text ?? ""
    name = node["name"]?.text ?? ""
    address = Dictionary(
      uniqueKeysWithValues: (node["address"]?.members ?? []).map {
        ($0.name, ($0.value.items ?? []).compactMap { $0.text ?? $0.integer.map(String.init) })
      })
    port = node["port"]?.text
    authentication = node["authentication_info"]?.text
  }
}

/// How to prove who we are.
public struct AuthenticationInfo: Sendable, Hashable {
  /// The definition's id.
  public var id: String
  /// `user-auth`, `http-basic`, `oauth2`.
  public var type: String
  /// User name; may use variables; nil when in the secret store.
  public var user: String?
  /// Password or token; may use variables; nil when in the secret store.
  public var secret: String?
  /// `oauth_header`.
  public var header: String?
  /// Name in the secret store; nil when not stored there.
  public var storeName: String?

  init(id: String, checked node: DocumentNode) {
    self.id = id
    type = node["type"]?.text ?? ""
    user = node["username"]?.text ?? node["user_id"]?.text
    secret = node["password"]?.text ?? node["token"]?.text
    header = node["oauth_header"]?.text
    storeName = node["kms"]?.flag == true ? node["kms_key_identifier"]?.text : nil
  }
}
