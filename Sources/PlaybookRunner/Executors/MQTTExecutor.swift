public import PlaybookModel
import Synchronization

/// `mqtt`: a message to a broker, or a command to mosquitto's dynamic security.
///
/// - `DYNSEC command` with the arguments as a JSON object in `content`. Success: the plugin's answer has no `error`.
///   Failure: it has one. Unknown: the command went out and no answer came.
/// - `PUBLISH topic` with the payload in `content`. Success: the broker confirmed it (QoS 1). That says nothing about
///   who received it: verify.
///
/// The broker is the step's target: `address.url` as `mqtt://host:port`, or `mqtts://host:port` with TLS: then only a
/// certificate of the given authority that names the host is trusted, and there is no way to trust another.
public struct MQTTExecutor: CommandExecutor {
  /// The type.
  public static let type = CommandType.mqtt
  private let secrets: SecretStore
  private let transport: TransportSecurity
  private let pool: BrokerPool
  private let contents = ParsedContents()
  /// Parts of the addresses that were read last: a fleet has one broker and a million commands.
  private let urls = ParsedURLs()

  /// An executor that takes credentials from this store.
  public init(secrets: SecretStore, transport: TransportSecurity = TransportSecurity()) {
    self.secrets = secrets
    self.transport = transport
    pool = BrokerPool()
  }

  private struct Message {
    var topic: String
    var payload: [UInt8]
    var shown: String
    var correlation: String
    var isCommand: Bool
  }

  private func message(_ call: CommandCall, correlation: String) throws(RunnerError) -> Message {
    let text = try Template.fill(call.command.text, call.values) { (name, value) throws(RunnerError) in
      guard
        !value.utf8.contains(where: { $0 < 0x21 || $0 == 0x7F }) && !value.contains("+")
          && !value.contains("#")
          && !value.contains("/") && !value.isEmpty
      else {
        throw RunnerError(
          .badArgument, "the value of '\(name)' cannot be a level of a topic (no white space, + # /)")
      }
      return value
    }
    if let problem = MQTTCommandText.problem(in: text) { throw RunnerError(.badArgument, problem) }
    guard let (verb, rest) = MQTTCommandText.parts(of: text) else {
      throw RunnerError(.badArgument, "'\(text)' is no mqtt command")
    }
    let place = try address(call)
    if verb == "PUBLISH" {
      let payload = try MessageText.filled(call.command.content ?? "", mediaType: nil, call.values)
      return Message(
        topic: String(rest), payload: Array(payload.utf8),
        shown: "PUBLISH \(rest) to \(place.shown) payload \(RemoteText.excerpt(payload))",
        correlation: correlation, isCommand: false)
    }
    let arguments: DocumentNode
    do {
      arguments = try contents.document(call.command.content ?? "{}")
    } catch {
      throw RunnerError(.badArgument, "the arguments of '\(text)' are no JSON: \(error)")
    }
    guard var members = try Template.json(arguments, call.values).members else {
      throw RunnerError(.badArgument, "the arguments of '\(text)' must be a JSON object")
    }
    for member in members {
      guard let value = member.value.text else { continue }
      if value.isEmpty || value.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) {
        throw RunnerError(.badArgument, "'\(member.name)' of '\(text)' is empty or holds control characters")
      }
    }
    members.removeAll { ["command", "correlationData"].contains($0.name) }
    let shown = DocumentWriter.json(
      DocumentNode(
        .object(
          members.map {
            Self.secretNames.contains($0.name) ? .init(name: $0.name, value: .string("***")) : $0
          })),
      pretty: false)
    let shownText = "DYNSEC \(rest) \(shown) at \(place.shown)"
    guard !correlation.isEmpty else {
      return Message(
        topic: BrokerConnection.dynsecTopic, payload: [], shown: shownText, correlation: "", isCommand: true)
    }
    let request = DocumentNode.object([
      (
        "commands",
        .array([
          DocumentNode(
            .object(
              [
                .init(name: "command", value: .string(String(rest))),
                .init(name: "correlationData", value: .string(correlation)),
              ] + members))
        ])
      )
    ])
    return Message(
      topic: BrokerConnection.dynsecTopic, payload: Array(DocumentWriter.json(request, pretty: false).utf8),
      shown: shownText, correlation: correlation, isCommand: true)
  }

  private static let secretNames: Set<String> = ["password"]

  private struct Place {
    var host: String
    var port: Int
    var isEncrypted = false
    var shown: String { "\(host):\(port)\(isEncrypted ? " by TLS" : "")" }
  }

  private func address(_ call: CommandCall) throws(RunnerError) -> Place {
    guard let target = call.target else {
      throw RunnerError(.badArgument, "an mqtt command needs a target with the broker's address")
    }
    if let url = target.address["url"]?.first {
      let text = try Template.plain(url, call.values)
      guard let parts = urls.parts(text), parts.scheme == "mqtt" || parts.scheme == "mqtts" else {
        throw RunnerError(
          .badArgument,
          "the broker's address must be 'mqtt://host:port' or 'mqtts://host:port', not '\(text)'")
      }
      let isEncrypted = parts.scheme == "mqtts"
      if isEncrypted { try transport.check(for: text) }
      return Place(
        host: parts.host, port: parts.port ?? (isEncrypted ? 8883 : 1883), isEncrypted: isEncrypted)
    }
    let kinds = ["dname", "ipv4", "ipv6"]
    guard let host = kinds.compactMap({ target.address[$0]?.first }).first else {
      throw RunnerError(.badArgument, "the target '\(target.name)' has no address for a broker")
    }
    let name = try Template.plain(host, call.values)
    let port =
      try target.port.map { (text) throws(RunnerError) in try Template.plain(text, call.values) } ?? "1883"
    guard NetworkText.isHostName(name), let number = Int(port), (1...65_535).contains(number) else {
      throw RunnerError(.badArgument, "'\(name):\(port)' is no address of a broker")
    }
    return Place(host: name, port: number)
  }

  private func credential(_ call: CommandCall) throws(RunnerError) -> Credential {
    guard let authentication = call.authentication else { return Credential(user: "", secret: "") }
    if let name = authentication.storeName { return try secrets.credential(name, device: call.device) }
    let user = try Template.plain(authentication.user ?? "", call.values)
    let secret = try Template.plain(authentication.secret ?? "", call.values)
    secrets.masker.add(secret)
    return Credential(user: user, secret: secret)
  }

  /// The command, its arguments and the broker; passwords masked.
  public func planText(_ call: CommandCall) throws(RunnerError) -> String {
    try message(call.masked, correlation: "").shown
  }

  /// Sends it and waits for the answer.
  public func execute(_ call: CommandCall) async -> CommandAnswer {
    let message: Message
    let address: BrokerConnection.Address
    let secret: Credential
    do {
      let correlation =
        String(UInt64.random(in: .min ... .max), radix: 16)
        + String(UInt64.random(in: .min ... .max), radix: 16)
      message = try self.message(try call.resolved(secrets), correlation: correlation)
      let place = try self.address(call)
      secret = try credential(call)
      address = .init(
        host: place.host, port: place.port, user: secret.user, transport: place.isEncrypted ? transport : nil)
    } catch {
      return CommandAnswer(.refused, detail: error.description)
    }
    let connection: BrokerConnection
    switch await pool.connection(
      address, secret: secret.secret, listens: message.isCommand, timeout: call.timeout)
    {
    case .success(let open): connection = open
    case .failure(let failure):
      return CommandAnswer(failure.reached ? .refused : .unreachable, detail: failure.reason)
    }
    let reply = await connection.send(
      topic: message.topic, payload: message.payload, correlation: message.correlation,
      wantsAnswer: message.isCommand, timeout: call.timeout)
    return call.hiding(secrets, in: Self.answer(to: reply))
  }

  private static func answer(to reply: BrokerConnection.Reply) -> CommandAnswer {
    switch reply {
    case .confirmed: return CommandAnswer(.done, detail: "confirmed by the broker")
    case .refused(let reason): return CommandAnswer(.refused, detail: reason)
    case .lost(let reason): return CommandAnswer(.unknown, detail: reason)
    case .notSent(let reason): return CommandAnswer(.unreachable, detail: reason)
    case .answer(let response):
      if let error = response["error"]?.text {
        return CommandAnswer(
          .refused, json: response,
          detail: "the broker says: \(RemoteText.excerpt(RemoteText.bounded(Array(error.utf8))))")
      }
      let data = response["data"] ?? .object([])
      let text = RemoteText.bounded(Array(DocumentWriter.json(data, pretty: false).utf8))
      return CommandAnswer(.done, text: text, json: data, detail: "the broker answered")
    }
  }

  /// Commands of dynamic security that have an inverse which needs no memory of what was before.
  private static let inverses = [
    "disableClient": "enableClient", "enableClient": "disableClient", "addGroupClient": "removeGroupClient",
    "removeGroupClient": "addGroupClient",
  ]

  /// `enableClient` for `disableClient`, and the like.
  public func inverse(of command: PlaybookCommand) -> PlaybookCommand? {
    let parts = command.text.split(separator: " ", maxSplits: 1)
    guard parts.count == 2, parts[0] == "DYNSEC", let inverse = Self.inverses[String(parts[1])] else {
      return nil
    }
    var result = command
    result.text = "DYNSEC \(inverse)"
    return result
  }

  /// `getClient` for `disableClient` and `enableClient`.
  public func verification(of command: PlaybookCommand) -> RolloutPolicy.Verification? {
    guard command.text == "DYNSEC disableClient" || command.text == "DYNSEC enableClient" else { return nil }
    var question = command
    question.text = "DYNSEC getClient"
    return RolloutPolicy.Verification(
      commands: [question],
      expectation: command.text == "DYNSEC disableClient"
        ? .equals(pointer: "/client/disabled", text: "true") : .absent(pointer: "/client/disabled"))
  }

  /// Commands of dynamic security as `mosquitto_ctrl` has them: the members of the JSON object in the order of its words.
  private static let words: [String: [String]] = [
    "getClient": ["username"], "enableClient": ["username"], "disableClient": ["username"],
    "deleteClient": ["username"],
    "addGroupClient": ["groupname", "username"], "removeGroupClient": ["groupname", "username"],
    "addClientRole": ["username", "rolename"], "removeClientRole": ["username", "rolename"],
    "addGroupRole": ["groupname", "rolename"], "removeGroupRole": ["groupname", "rolename"],
    "deleteGroup": ["groupname"], "deleteRole": ["rolename"],
  ]

  /// The same by mosquitto_ctrl or mosquitto_pub, whose exit codes are 0 on errors too, so that their words are looked at. Who logs in
  /// is said by a file that the script makes of the secret where that lies, and takes away again.
  public func scripted(_ call: CommandCall, textName: String) -> ScriptedCommand? {
    guard !call.sendsSecret, let place = try? address(call) else { return nil }
    let name = call.authentication?.storeName
    let login = [
      name ?? "", name.flatMap(secrets.place) ?? "", call.device ?? "",
      String(ScriptedCommand.seconds(call)),
    ].map { ScriptedCommand.word($0) }.joined(separator: " ")
    let broker = brokerWords(place).map { ScriptedCommand.word($0) }.joined(separator: " ")
    if call.command.text.hasPrefix("DYNSEC ") {
      return controlWords(call).map { ScriptedCommand(line: "dynsec \(login) \(broker) dynsec \($0)") }
    }
    guard let message = try? message(call, correlation: ""), !message.isCommand,
      let user = try? Template.plain(call.authentication?.user ?? "", call.values)
    else { return nil }
    let payload = ShellQuote.visible(String(decoding: message.payload, as: UTF8.self), keepsLines: true)
    // A password that stands in the playbook would stand in the script: then both are those of the user's own file.
    let hasPassword = call.authentication?.secret != nil
    let words = (user.isEmpty || hasPassword ? [] : ["-u", user]) + ["-t", message.topic]
    return ScriptedCommand(
      line: "publish \(login) \(payload) \(broker) "
        + words.map { ShellQuote.visible($0) }.joined(separator: " "))
  }

  /// Whether a client is disabled: what mosquitto_ctrl shows of it.
  public func scriptedLook(
    _ call: CommandCall, _ expectation: RolloutPolicy.Expectation, textName: String
  ) -> ScriptedLook? {
    guard call.command.text == "DYNSEC getClient", var question = scripted(call, textName: textName) else {
      return nil
    }
    question.line = "client" + question.line.dropFirst("dynsec".count)
    switch expectation {
    case .equals("/client/disabled", "true"): return ScriptedLook(question: question, words: "disabled 0")
    case .absent("/client/disabled"): return ScriptedLook(question: question, words: "disabled 1")
    default: return nil
    }
  }

  /// Options of mosquitto's programs that lead to a broker.
  private func brokerWords(_ place: Place) -> [String] {
    var words = ["-h", place.host, "-p", String(place.port)]
    if place.isEncrypted {
      for (option, file) in [
        ("--cafile", transport.authorities), ("--cert", transport.certificate), ("--key", transport.key),
      ] {
        if let file { words += [option, ScriptedCommand.absolute(file)] }
      }
    }
    return words
  }

  /// A command of dynamic security with its arguments, as mosquitto_ctrl has them; nil where it has not.
  private func controlWords(_ call: CommandCall) -> String? {
    guard let arguments = try? contents.document(call.command.content ?? "{}"),
      let filled = try? Template.json(arguments, call.values)
    else { return nil }
    let command = String(call.command.text.dropFirst(7))
    // A member that its words have no place for (a priority) would be lost.
    guard let names = Self.words[command], filled.members?.count == names.count else { return nil }
    let values = names.compactMap { filled[$0]?.text }
    guard values.count == names.count else { return nil }
    return ([ScriptedCommand.word(command)] + values.map { ShellQuote.visible($0) }).joined(separator: " ")
  }

  /// Ends all connections.
  public func close() async { await pool.close() }
}

/// Documents of commands' contents: a playbook has a handful, and a fleet asks for each of them a million times.
private final class ParsedContents: Sendable {
  private let known = Mutex<[String: DocumentNode]>([:])

  func document(_ text: String) throws -> DocumentNode {
    if let node = known.withLock({ $0[text] }) { return node }
    let node = try ReadDocument.read(Array(text.utf8)).root
    known.withLock { if $0.count < 1000 { $0[text] = node } }
    return node
  }
}

/// Addresses as they were read; of the latest ones.
private final class ParsedURLs: Sendable {
  private let known = Mutex<[String: URLParts]>([:])

  func parts(_ text: String) -> URLParts? {
    if let parts = known.withLock({ $0[text] }) { return parts }
    guard let parts = URLParts(text) else { return nil }
    known.withLock { if $0.count < 1000 { $0[text] = parts } }
    return parts
  }
}

/// Open connections by broker and user. Those that listen to the answers of dynamic security are others than those that
/// only publish: the latter's users need not be administrators.
private actor BrokerPool {
  struct Failure: Error {
    var reason: String
    /// True when the broker answered and said no; false when nothing answered.
    var reached: Bool
  }
  private struct Key: Hashable {
    var address: BrokerConnection.Address
    var listens: Bool
  }
  private var open: [Key: BrokerConnection] = [:]
  private var opening: [Key: Task<Result<BrokerConnection, Failure>, Never>] = [:]

  func connection(
    _ address: BrokerConnection.Address, secret: String, listens: Bool, timeout: Int64
  ) async -> Result<BrokerConnection, Failure> {
    let key = Key(address: address, listens: listens)
    if let known = open[key] {
      if known.isUp { return .success(known) }
      open[key] = nil
      await known.close()
    }
    if let running = opening[key] { return await running.value }
    let task = Task<Result<BrokerConnection, Failure>, Never> {
      do throws(RunnerError) {
        let connection = try BrokerConnection(address, secret: secret)
        var failure = await connection.connect(address, timeout: timeout)
        if failure == nil, listens { failure = await connection.listen(address, timeout: timeout) }
        if let failure { return .failure(Failure(reason: failure.reason, reached: failure.reached)) }
        return .success(connection)
      } catch {
        return .failure(Failure(reason: error.description, reached: error.code != .unsupported))
      }
    }
    opening[key] = task
    let result = await task.value
    opening[key] = nil
    if case .success(let connection) = result { open[key] = connection }
    return result
  }

  // Whoever forgot to close: the connections end all the same.
  deinit {
    for connection in open.values { Task { await connection.close() } }
  }

  func close() async {
    for connection in open.values { await connection.close() }
    open = [:]
  }
}
