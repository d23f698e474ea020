public import PlaybookModel

/// `http-api`: a request to a web service.
///
/// The host comes from the step's target, never from the start line: `address.url` gives scheme, host, port and the
/// beginning of the path; an address without a scheme is `http` on port 80 (CACAO's default) and `https` on every other.
///
/// Success: a status of 200 to 299. Failure: another one that says nothing was done (3xx, 4xx, 501, 505), or a peer
/// whose certificate does not fit. Unreachable: the request did not go out. Unknown: it went out and no whole answer
/// came, or the status says that somebody failed in the middle (500, 502, 503, 504).
///
/// Redirects: only those of GET and HEAD to the same scheme, host and port are followed, at most five. A command is never
/// sent to a place that an answer names.
///
/// Authentication: `http-basic` and `user-auth` by user and password, `oauth2` by a token in `oauth_header` (default
/// `Authorization: Bearer`). A secret in PEM (certificate chain and private key) is a client certificate; else that of
/// `TransportSecurity` is shown, where there is one.
public struct HTTPExecutor: CommandExecutor {
  /// The type.
  public static let type = CommandType.httpAPI
  /// A server may carry on with a request that nobody waits for.
  public var mayGoOnUnseen: Bool { true }
  private let secrets: SecretStore
  private let transport: TransportSecurity

  /// An executor that takes credentials from this store. Where `transport` has no authorities those of the system are
  /// trusted.
  public init(secrets: SecretStore, transport: TransportSecurity = TransportSecurity()) {
    self.secrets = secrets
    self.transport = transport
  }

  private struct Request {
    var method: String
    var version: HTTPTransfer.HTTPVersion
    var place: URLParts
    var target: String
    var headers: [(name: String, value: String)]
    var body: String
    /// Scheme, host and port as in a URL.
    var origin: String {
      let host = place.host.contains(":") ? "[\(place.host)]" : place.host
      return "\(place.scheme)://\(host)" + (place.port.map { ":\($0)" } ?? "")
    }
    var url: String { origin + target }
  }

  private func request(_ call: CommandCall) throws(RunnerError) -> Request {
    guard let line = HTTPStartLine(call.command.text) else {
      throw RunnerError(
        .badArgument, "'\(RemoteText.excerpt(call.command.text))' is no start line ('METHOD /path HTTP/1.1')")
    }
    let version: HTTPTransfer.HTTPVersion
    switch line.version {
    case "HTTP/1.0": version = .http10
    case "HTTP/1.1": version = .http11
    case "HTTP/2", "HTTP/2.0": version = .http2
    default: throw RunnerError(.unsupported, "\(line.version) is not supported; write HTTP/1.1 or HTTP/2")
    }
    guard !["CONNECT", "TRACE"].contains(line.method) else {
      throw RunnerError(.unsupported, "requests with \(line.method) are not sent")
    }
    let place = try self.place(call)
    let target = try HTTPRequestText.target(line.target, call.values)
    guard target.hasPrefix("/") else {
      throw RunnerError(
        .badArgument,
        "'\(RemoteText.excerpt(target))' must be a path: the host comes from the target's address")
    }
    var headers: [(name: String, value: String)] = []
    for header in call.command.headers {
      for value in header.values {
        headers.append((header.name, try HTTPRequestText.header(header.name, value, call.values)))
      }
    }
    let mediaType = headers.first { $0.name.lowercased() == "content-type" }?.value
    let body = try MessageText.filled(call.command.content ?? "", mediaType: mediaType, call.values)
    if !body.isEmpty && mediaType == nil {
      let isJSON = body.first.map { "{[".contains($0) } ?? false
      headers.append(("Content-Type", isJSON ? "application/json" : "application/octet-stream"))
    }
    // `https://host/api/` and `/v1/x` make one path.
    var base = place.path
    while base.hasSuffix("/") { base.removeLast() }
    guard !base.contains("?"), !base.contains("#") else {
      throw RunnerError(.badArgument, "the target's address may have a path, and no query")
    }
    return Request(
      method: line.method, version: version, place: place, target: base + target, headers: headers, body: body
    )
  }

  private func place(_ call: CommandCall) throws(RunnerError) -> URLParts {
    guard let target = call.target else {
      throw RunnerError(.badArgument, "an http-api command needs a target with the service's address")
    }
    if let url = target.address["url"]?.first {
      let text = try Template.plain(url, call.values)
      guard let parts = URLParts(text), parts.scheme == "http" || parts.scheme == "https" else {
        throw RunnerError(
          .badArgument, "the service's address must be 'https://host:port', not '\(RemoteText.excerpt(text))'"
        )
      }
      return parts
    }
    guard let written = ["dname", "ipv4", "ipv6"].compactMap({ target.address[$0]?.first }).first else {
      throw RunnerError(.badArgument, "the target '\(target.name)' has no address for a web service")
    }
    let host = try Template.plain(written, call.values)
    let port = try Template.plain(target.port ?? "80", call.values)
    guard NetworkText.isHostName(host), let number = Int(port), (1...65_535).contains(number) else {
      throw RunnerError(
        .badArgument, "'\(RemoteText.excerpt("\(host):\(port)"))' is no address of a web service")
    }
    let shown = host.contains(":") ? "[\(host)]" : host
    guard let parts = URLParts("\(number == 80 ? "http" : "https")://\(shown):\(number)") else {
      throw RunnerError(
        .badArgument, "'\(RemoteText.excerpt("\(host):\(port)"))' is no address of a web service")
    }
    return parts
  }

  private enum Proof {
    case none
    case basic(Credential)
    case header(String)
    case certificate(String)
  }

  private func proof(_ call: CommandCall) throws(RunnerError) -> Proof {
    guard let authentication = call.authentication else { return .none }
    let credential: Credential
    if let name = authentication.storeName {
      credential = try secrets.credential(name, device: call.device)
    } else {
      credential = Credential(
        user: try Template.plain(authentication.user ?? "", call.values),
        secret: try Template.plain(authentication.secret ?? "", call.values))
      secrets.masker.add(credential)
    }
    if credential.isPEM { return .certificate(credential.secret) }
    guard !credential.secret.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }),
      !credential.user.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F || $0 == 0x3A })
    else {
      throw RunnerError(
        .secret, "the secret of '\(authentication.id)' holds characters that no header can carry")
    }
    if authentication.type == "oauth2" || credential.user.isEmpty {
      let header = authentication.header ?? "Authorization: Bearer"
      guard !header.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) else {
        throw RunnerError(.badArgument, "'oauth_header' holds control characters")
      }
      // `Authorization: Bearer` or only the name of a header.
      return .header(
        header.contains(":") ? "\(header) \(credential.secret)" : "\(header): \(credential.secret)")
    }
    return .basic(credential)
  }

  /// Method, URL, names of headers and the body; what proves who we are is not shown.
  public func planText(_ call: CommandCall) throws(RunnerError) -> String {
    let request = try request(call.masked)
    if request.place.scheme == "https", transport != TransportSecurity() {
      try transport.checkFiles()
    }
    var text = "\(request.method) \(request.url)"
    for header in request.headers {
      let isSecret = ["authorization", "cookie", "proxy-authorization", "x-api-key"].contains(
        header.name.lowercased())
      text += " \(header.name): \(isSecret ? "***" : header.value);"
    }
    if !request.body.isEmpty {
      text += " body \(RemoteText.excerpt(RemoteText.bounded(Array(request.body.utf8))))"
    }
    if call.authentication != nil && request.place.scheme == "http" && !Self.isLoopback(request.place.host) {
      text += " (the credential goes over the network in clear)"
    }
    return text
  }

  private static func isLoopback(_ host: String) -> Bool {
    host == "localhost" || host == "::1" || (NetworkText.isIPv4(host) && host.hasPrefix("127."))
  }

  /// Sends it and waits for the answer.
  public func execute(_ call: CommandCall) async -> CommandAnswer {
    var transfer: HTTPTransfer
    let request: Request
    do {
      let call = try call.resolved(secrets)
      request = try self.request(call)
      transfer = HTTPTransfer(
        method: request.method, url: request.url, version: request.version,
        headers: request.headers.map { "\($0.name): \($0.value)" }, body: Array(request.body.utf8),
        authorities: transport.authorities, timeout: call.timeout)
      transfer.certificateFile = transport.certificate
      transfer.keyFile = transport.key
      switch try proof(call) {
      case .none: break
      case .basic(let credential): transfer.basic = credential
      case .header(let line): transfer.headers.append(line)
      case .certificate(let text): transfer.clientCertificate = text
      }
    } catch {
      return CommandAnswer(.refused, detail: error.description)
    }
    var hops = 0
    while true {
      let attempt = transfer
      let outcome = await withCheckedContinuation {
        (done: CheckedContinuation<HTTPTransfer.Outcome, Never>) in
        BlockingWork.run { done.resume(returning: attempt.perform()) }
      }
      if case .answered(let status, let location?, _) = outcome, (301...308).contains(status), attempt.isSafe,
        hops < 5, let next = Self.sameOrigin(location, request)
      {
        hops += 1
        transfer.url = next
        continue
      }
      return call.hiding(secrets, in: Self.answer(outcome, request, isSafe: attempt.isSafe))
    }
  }

  /// The URL of a redirect that stays where it is; nil for every other.
  private static func sameOrigin(_ location: String, _ request: Request) -> String? {
    if location.hasPrefix("/") && !location.hasPrefix("//") {
      return location.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) ? request.origin + location : nil
    }
    guard let parts = URLParts(location), parts.scheme == request.place.scheme,
      parts.host.lowercased() == request.place.host.lowercased()
    else { return nil }
    let standard = parts.scheme == "https" ? 443 : 80
    return (parts.port ?? standard) == (request.place.port ?? standard) ? location : nil
  }

  private static func answer(
    _ outcome: HTTPTransfer.Outcome, _ request: Request, isSafe: Bool
  ) -> CommandAnswer {
    switch outcome {
    case .notSent(let why): return CommandAnswer(.unreachable, detail: "\(request.origin): \(why)")
    case .untrusted(let why):
      return CommandAnswer(.refused, detail: "\(request.origin) is not trusted: \(why)")
    case .lost(let why):
      return CommandAnswer(.unknown, detail: "\(request.origin): the request went out and \(why)")
    case .answered(let status, let location, let body):
      let text = RemoteText.bounded(body)
      // The document is read from the bytes: escaping comes after it, where its texts are used.
      // "No content" is an answer: there is nothing.
      let json =
        status == 204
        ? DocumentNode.object([])
        : (try? ReadDocument.read(body)).flatMap { $0.notation == .json ? $0.root : nil }
      let effect: CommandAnswer.Effect
      switch status {
      case 200...299: effect = .done
      case 303 where !isSafe: effect = .unknown
      case 500, 502, 504, 506...599: effect = .unknown
      case 503: effect = isSafe ? .unknown : .refused
      default: effect = .refused
      }
      var detail = "HTTP status \(status)"
      if (300...399).contains(status) {
        detail += ": a redirect to '\(RemoteText.excerpt(location ?? "nowhere"))' is not followed"
      } else if !text.isEmpty {
        detail += " \(RemoteText.excerpt(text))"
      }
      var answer = CommandAnswer(effect, text: text, json: json, detail: detail)
      answer.isCut = body.count >= RemoteText.limit
      return answer
    }
  }

  /// The same by curl; what proves who we are comes from where the run had it, or from `~/.netrc` (mode 0600).
  public func scripted(_ call: CommandCall, textName: String) -> ScriptedCommand? {
    guard !call.sendsSecret, let request = try? request(call) else { return nil }
    var words = ["--max-time", "\(ScriptedCommand.seconds(call))", "-X", request.method]
    for (option, file) in [
      ("--cacert", transport.authorities), ("--cert", transport.certificate), ("--key", transport.key),
    ] {
      if let file { words += [option, ScriptedCommand.absolute(file)] }
    }
    for header in request.headers { words += ["-H", "\(header.name): \(header.value)"] }
    if !request.body.isEmpty { words += ["--data-binary", request.body] }
    words.append(request.url)
    // What the playbook itself says of a secret would stand in the script.
    let authentication = call.authentication
    let name = authentication?.storeName ?? ""
    let login = [
      name, secrets.place(name) ?? "", call.device ?? "", authentication?.header ?? "Authorization: Bearer",
      authentication?.type == "oauth2" ? "1" : "",
    ]
    return ScriptedCommand(
      line: "request " + (login + words).map { ShellQuote.visible($0) }.joined(separator: " "))
  }

  /// What a document says, by jq.
  public func scriptedLook(
    _ call: CommandCall, _ expectation: RolloutPolicy.Expectation, textName: String
  ) -> ScriptedLook? {
    guard var question = scripted(call, textName: textName) else { return nil }
    if expectation == .success { return ScriptedLook(question: question, words: "success") }
    guard let words = UndoScriptLook.documentWords(expectation) else { return nil }
    question.line =
      "[ -n \"$scratch\" ] || return 2; body=$scratch/body; \(question.line); code=$?; body=''; cat \"$scratch/body\"; return $code"
    return ScriptedLook(question: question, words: words)
  }
}
