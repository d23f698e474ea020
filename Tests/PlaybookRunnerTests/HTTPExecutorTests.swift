import Foundation
import PlaybookModel
import PlaybookRunner
import Testing

@Suite struct HTTPExecutorTests {
  /// A call with a command, a target address and, when named, a secret of the store.
  static func call(
    _ line: String, url: String, content: String? = nil, headers: [String: [String]] = [:],
    values: [String: String] = [:], secret: String? = nil, type: String = "user-auth",
    timeout: Int64 = 5_000_000_000
  ) throws -> CommandCall {
    var command: [(String, DocumentNode?)] = [("type", .string("http-api")), ("command", .string(line))]
    if let content { command.append(("content", .string(content))) }
    if !headers.isEmpty {
      command.append(
        (
          "headers",
          .object(
            headers.sorted { $0.key < $1.key }.map { ($0.key, .array($0.value.map(DocumentNode.string))) })
        ))
    }
    var target: [(String, DocumentNode?)] = [
      ("type", .string("http-api")), ("name", .string("service")),
      ("address", .object([("url", .array([.string(url)]))])),
    ]
    if secret != nil {
      target.append(("authentication_info", .string("user-auth--8c5d4e3f-6a17-4b28-9e0d-2f7a1b8c3d65")))
    }
    let start = "start--8dc72423-9759-4695-8190-cd7d30be6219"
    let action = "action--aa0d8228-f072-47c8-8eb9-4740cc1bc38e"
    let end = "end--3bfb7410-8c2c-4db0-92b1-4388fab0844b"
    let place = "http-api--7f3b2a1c-5d84-4e96-b0c7-1a8e9f6d4b54"
    var root: [(String, DocumentNode?)] = [
      ("type", .string("playbook")), ("spec_version", .string("cacao-2.0")),
      ("id", .string("playbook--e042eeb5-e2b1-4b8e-b116-6922a21299ed")), ("name", .string("web")),
      ("created_by", .string("identity--0306626d-3ed4-48ec-a1b5-7c811e511d72")),
      ("created", .string("2026-01-01T00:00:00.000Z")), ("modified", .string("2026-01-02T00:00:00.000Z")),
      ("workflow_start", .string(start)),
      (
        "playbook_variables",
        .object(values.keys.sorted().map { ($0, .object([("type", .string("string"))])) })
      ),
      (
        "workflow",
        .object([
          (start, .object([("type", .string("start")), ("on_completion", .string(action))])),
          (
            action,
            .object([
              ("type", .string("action")),
              ("agent", .string("individual--96f924ad-c7e5-4979-9038-394c9a6aeb99")),
              ("targets", .array([.string(place)])), ("on_completion", .string(end)),
              ("commands", .array([.object(command)])),
            ])
          ), (end, .object([("type", .string("end"))])),
        ])
      ),
      (
        "agent_definitions",
        .object([
          (
            "individual--96f924ad-c7e5-4979-9038-394c9a6aeb99",
            .object([("type", .string("individual")), ("name", .string("On-call"))])
          )
        ])
      ), ("target_definitions", .object([(place, .object(target))])),
    ]
    if let secret {
      root.append(
        (
          "authentication_info_definitions",
          .object([
            (
              "user-auth--8c5d4e3f-6a17-4b28-9e0d-2f7a1b8c3d65",
              .object([
                ("type", .string(type)), ("kms", .bool(true)), ("kms_key_identifier", .string(secret)),
                ("oauth_header", type == "oauth2" ? .string("Authorization: Bearer") : nil),
              ])
            )
          ])
        ))
    }
    let playbook = try Support.playbook(text: DocumentWriter.json(.object(root)))
    guard case .action(let step) = playbook.steps[action]?.kind, let written = step.commands.first,
      let destination = playbook.targets[place]
    else { throw RunnerError(.unsupported, "no action") }
    return CommandCall(
      command: written, values: values, target: destination,
      authentication: destination.authentication.flatMap { playbook.authentication[$0] }, timeout: timeout)
  }

  private func executor(_ sources: [String] = [], authorities: String? = nil) throws -> HTTPExecutor {
    HTTPExecutor(
      secrets: try SecretStore(sources: sources, environment: [:]),
      transport: TransportSecurity(authorities: authorities))
  }

  @Test func statusesTimeoutsAndDeadPeersHaveTheirOutcome() async throws {
    guard Support.has("python3") else { return }
    let service = try await WebService()
    let http = try executor()
    let url = "http://127.0.0.1:\(service.port)"
    for (line, effect) in [
      ("GET /echo HTTP/1.1", CommandAnswer.Effect.done), ("POST /status/201 HTTP/1.1", .done),
      ("POST /status/400 HTTP/1.1", .refused), ("POST /status/401 HTTP/1.1", .refused),
      ("DELETE /status/404 HTTP/1.1", .refused), ("POST /status/409 HTTP/1.1", .refused),
      ("POST /status/429 HTTP/1.1", .refused), ("POST /status/500 HTTP/1.1", .unknown),
      ("GET /status/500 HTTP/1.1", .unknown), ("POST /status/501 HTTP/1.1", .refused),
      ("POST /status/502 HTTP/1.1", .unknown), ("POST /status/503 HTTP/1.1", .refused),
      ("PUT /status/504 HTTP/1.1", .unknown), ("POST /drop HTTP/1.1", .unknown),
      ("POST /status/303 HTTP/1.1", .unknown), ("POST /here HTTP/1.1", .refused),
      ("GET /away HTTP/1.1", .refused), ("GET /port HTTP/1.1", .refused), ("GET /here HTTP/1.1", .done),
      ("GET /round HTTP/1.1", .refused), ("HEAD /echo HTTP/1.1", .done),
    ] {
      let answer = await http.execute(try Self.call(line, url: url))
      #expect(answer.effect == effect, "\(line): \(answer)")
    }
    let slow = await http.execute(try Self.call("POST /slow HTTP/1.1", url: url, timeout: 400_000_000))
    #expect(slow.effect == .unknown, "\(slow)")
    let gone = await http.execute(try Self.call("POST /x HTTP/1.1", url: "http://127.0.0.1:1"))
    #expect(gone.effect == .unreachable, "\(gone)")
    let name = await http.execute(try Self.call("POST /x HTTP/1.1", url: "http://no-such-host.invalid"))
    #expect(name.effect == .unreachable, "\(name)")
    // What an answer names was never asked for, and a command that got no answer was sent once.
    #expect(service.requests.filter { $0 == "POST /drop" }.count == 1)
    #expect(service.requests.filter { $0 == "POST /slow" }.count == 1)
    #expect(service.requests.filter { $0 == "GET /round" }.count == 6)
  }

  @Test func answersAreBoundedAndHarmless() async throws {
    guard Support.has("python3") else { return }
    let service = try await WebService()
    let url = "http://127.0.0.1:\(service.port)"
    let http = try executor()
    let flood = await http.execute(try Self.call("GET /flood HTTP/1.1", url: url))
    #expect(flood.effect == .done && flood.text.utf8.count == RemoteText.limit)
    let escape = await http.execute(try Self.call("GET /escape HTTP/1.1", url: url))
    #expect(escape.text == "a\\x1b[2Jb\\x00\u{FFFD}")
  }

  @Test func valuesNeverBecomeStructure() async throws {
    guard Support.has("python3") else { return }
    let service = try await WebService()
    let url = "http://127.0.0.1:\(service.port)/api/"
    let http = try executor()
    for value in ["a b", "x/../../admin", "?q=1&r=2", "#frag", "%2e%2e", "é", "a\"b\\c", "-n", "a;b"] {
      let call = try Self.call(
        "POST /devices/__d__:value/off?why=__d__:value HTTP/1.1", url: url,
        content: #"{"name":"__d__:value"}"#,
        headers: ["X-Device": ["<__d__:value>"]], values: ["__d__": value])
      let answer = await http.execute(call)
      #expect(answer.effect == .done, "\(value): \(answer)")
      let path = answer.json?["path"]?.text ?? ""
      #expect(path.hasPrefix("/api/devices/") && path.split(separator: "/").count == 4, "\(value): \(path)")
      #expect(path.filter { $0 == "?" }.count == 1 && path.filter { $0 == "&" }.isEmpty, "\(path)")
      let body = try ReadDocument.read(Array((answer.json?["body"]?.text ?? "").utf8)).root
      #expect(body["name"]?.text == value && body.members?.count == 1)
    }
    for value in ["a\r\nX-Evil: 1", "a\nb", "a\0b", ".", "..", "\u{7F}"] {
      let call = try Self.call("GET /d/__d__:value HTTP/1.1", url: url, values: ["__d__": value])
      #expect(throws: RunnerError.self, "\(value.debugDescription)") { try http.planText(call) }
      #expect(await http.execute(call).effect == .refused)
    }
    let header = try Self.call(
      "GET /d HTTP/1.1", url: url, headers: ["X-A": ["__d__:value"]], values: ["__d__": "1\r\nHost: evil"])
    #expect(throws: RunnerError.self) { try http.planText(header) }
    let framing = try Self.call("POST /d HTTP/1.1", url: url, headers: ["Transfer-Encoding": ["chunked"]])
    #expect(throws: RunnerError.self) { try http.planText(framing) }
    // Outside of quotes only what is a value of JSON by itself.
    for (value, fits) in [
      ("7", true), ("true", true), ("-1.5e3", true), ("7,\"x\":1", false), ("", false), ("[1]", false),
    ] {
      let call = try Self.call(
        "POST /d HTTP/1.1", url: url, content: #"{"id":__d__:value}"#, values: ["__d__": value])
      #expect(((try? http.planText(call)) != nil) == fits, "\(value)")
    }
    for path in ["/a/b?c=1", "//evil/x", "x", "/a b", "/a#b", "/a\r\nb"] {
      let call = try Self.call("GET __d__:value HTTP/1.1", url: url, values: ["__d__": path])
      #expect(((try? http.planText(call)) != nil) == (path == "/a/b?c=1"), "\(path)")
    }
  }

  @Test func mutualTLSWithAPrivateAuthorityAndNothingElse() async throws {
    guard Support.has("python3"), Support.has("openssl") else { return }
    let ours = try Certificates()
    let others = try Certificates(["client"])
    let service = try await WebService(certificates: ours)
    let url = "https://127.0.0.1:\(service.port)"
    let good = try executor(["cert=file:\(ours.path("client.pem"))"], authorities: ours.path("ca.pem"))
    let answer = await good.execute(try Self.call("GET /echo HTTP/1.1", url: url, secret: "cert"))
    #expect(answer.effect == .done, "\(answer)")
    // No certificate, one of another authority, a server of another authority, another name: nothing is done.
    let none = await good.execute(try Self.call("POST /one HTTP/1.1", url: url))
    #expect(none.effect != .done, "\(none)")
    let foreign = try executor(["cert=file:\(others.path("client.pem"))"], authorities: ours.path("ca.pem"))
    let refused = await foreign.execute(try Self.call("POST /two HTTP/1.1", url: url, secret: "cert"))
    // Depending on what the kernel hands over first, its words are "alert" or "broken pipe"; nothing arrived in any case.
    #expect(refused.effect != .done, "\(refused)")
    let system = try executor(["cert=file:\(ours.path("client.pem"))"])
    let untrusted = await system.execute(try Self.call("POST /three HTTP/1.1", url: url, secret: "cert"))
    #expect(untrusted.effect == .refused, "\(untrusted)")
    #expect(service.requests == ["GET /echo"])
  }

  @Test func provesWhoWeAreAndShowsNothingOfIt() async throws {
    guard Support.has("python3") else { return }
    let service = try await WebService()
    let folder = try TemporaryFolder()
    let basic = try folder.write("basic", "ops\nhunter2-hunter2\n")
    let token = try folder.write("token", "tok-0123456789\n")
    let http = try executor(["basic=file:\(basic)", "token=file:\(token)"])
    let url = "http://127.0.0.1:\(service.port)"
    for (secret, type, expected) in [
      ("basic", "http-basic", "Basic b3BzOmh1bnRlcjItaHVudGVyMg=="),
      ("token", "oauth2", "Bearer tok-0123456789"),
    ] {
      let call = try Self.call("GET /echo HTTP/1.1", url: url, secret: secret, type: type)
      let answer = await http.execute(call)
      #expect(answer.json?["headers"]?["Authorization"]?.text == expected, "\(answer)")
      let shown = try http.planText(call) + (http.scripted(call, textName: "t")?.line ?? "")
      #expect(!shown.contains("hunter2") && !shown.contains("tok-0123"))
    }
  }
}
