import Foundation
import PlaybookModel
@testable import PlaybookRunner
import Testing

/// Values that want to be more than values, at every place where a value goes.
@Suite struct ArgumentFuzzTests {
  private static let rounds = Int(ProcessInfo.processInfo.environment["FIREBREAK_FUZZ_ROUNDS"] ?? "") ?? 400

  private static let known = [
    "-oProxyCommand=touch /tmp/pwned", "--", "-", "-n", "host -p 1", "a;id", "$(id)", "`id`", "a|b", "a&b",
    "a>b", "a\nb",
    "a\r\nb", "a\0b", "../x", "..", ".", "*", "?", "[a]", "{a,b}", "~root", "#", "+", "a/b", "a+b", "a#b",
    "$SYS/x",
    "$CONTROL/dynamic-security/v1", "192.0.2.1/33", "192.0.2.1;flush ruleset",
    "192.0.2.1 }\nflush ruleset\nadd", "@set",
    "{ 1, 2 }", "0.0.0.0/0", "fe80::1%eth0", "::/0", "a\" b", "a\\", "\\\"", "'", "\u{202E}gnp", "\u{0}", "é",
    "😀",
    String(repeating: "a", count: 70_000), "a b", "\t", "", " ", "http://x@y", "[::1]:22", "x:22",
    "user@host", "%0d%0a",
    "__x__:value", "__x__", "1.2.3", "1.2.3.4.5", "01.2.3.4", "0x7f.1",
  ]

  private func values() -> [String] {
    let alphabet = Array("-./:;|&$`'\"\\{}()[]<>*?!#+~ %@=,\n\r\t\0aZ09_é\u{202E}")
    return Self.known
      + (0..<Self.rounds).map { _ in
        String((0..<Int.random(in: 1...16)).map { _ in alphabet.randomElement() ?? "x" })
      }
  }

  private func call(
    _ type: String, _ command: String, content: String? = nil, address: [(String, DocumentNode?)] = [],
    value: String, authentication: Bool = false
  ) throws -> CommandCall {
    let base = try HTTPExecutorTests.call(
      "GET / HTTP/1.1", url: "http://127.0.0.1", values: ["__v__": value],
      secret: authentication ? "key" : nil)
    var written = base.command
    written.type = CommandType(type)
    written.text = command
    written.content = content
    var target = base.target
    target?.address = Dictionary(
      uniqueKeysWithValues: address.map { ($0.0, ($0.1?.items ?? []).compactMap(\.text)) })
    target?.port = nil
    return CommandCall(
      command: written, values: base.values, target: target, authentication: base.authentication,
      device: base.device, timeout: base.timeout, secrets: base.secrets)
  }

  private func host(_ text: String) -> [(String, DocumentNode?)] { [("dname", .array([.string(text)]))] }

  @Test func aHostNameIsAHostNameOrNothing() throws {
    let store = try SecretStore(sources: [], environment: [:])
    let executors: [any CommandExecutor] = [
      SSHExecutor(secrets: store, knownHosts: "/dev/null"), HTTPExecutor(secrets: store),
      MQTTExecutor(secrets: store),
    ]
    let commands = ["true", "GET /x HTTP/1.1", "PUBLISH a/b"]
    for value in values() {
      for (executor, command) in zip(executors, commands) {
        let type = Swift.type(of: executor).type.name
        guard
          let shown = try? executor.planText(
            try call(type, command, address: host("__v__:value"), value: value))
        else { continue }
        // What is taken can be no option, no user, no second word.
        #expect(!value.hasPrefix("-") && !value.isEmpty, "\(type): \(value.debugDescription)")
        let plain = value.utf8.allSatisfy {
          switch $0 {
          case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x3A, 0x25: true
          default: false
          }
        }
        #expect(plain, "\(type): \(value.debugDescription) became \(shown)")
      }
    }
  }

  @Test func aTopicLevelStaysOneLevel() throws {
    let mqtt = MQTTExecutor(secrets: try SecretStore(sources: [], environment: [:]))
    for value in values() {
      let call = try call(
        "mqtt", "PUBLISH fleet/__v__:value/set", content: "x", address: host("b"), value: value)
      guard let shown = try? mqtt.planText(call) else { continue }
      #expect(!value.contains("/") && !value.contains("+") && !value.contains("#") && !value.isEmpty)
      #expect(
        shown.split(separator: " ")[1].split(separator: "/", omittingEmptySubsequences: false).count == 3)
    }
    // In JSON a value stays a string, whatever it is.
    for value in values() where !value.isEmpty && !value.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) {
      let call = try call(
        "mqtt", "DYNSEC disableClient", content: #"{"username":"__v__:value"}"#, address: host("b"),
        value: value)
      #expect(throws: Never.self, "\(value.debugDescription)") { try mqtt.planText(call) }
    }
  }

  /// What is published is JSON with one string in it, or plain words.
  @Test func aValueInAMessageIsNoStructure() throws {
    for value in values() + ["v\",\"do\":\"vent-open", "v\\06", "Room \"A\""] {
      let text = try? MessageText.filled(
        #" {"do": "standby", "who": "__v__:value"}"#, mediaType: nil, ["__v__": value])
      let members = try ReadDocument.read(Array(try #require(text).utf8)).root.members
      #expect(members?.map(\.name) == ["do", "who"], "\(value.debugDescription)")
      #expect(members?.last?.value.text == value && members?.first?.value.text == "standby")
      let words = try? MessageText.filled("hold __v__:value now", mediaType: nil, ["__v__": value])
      #expect(words?.contains(where: { "\"'\\{}<>;=\n\r".contains($0) }) != true, "\(value.debugDescription)")
    }
    let mqtt = MQTTExecutor(secrets: try SecretStore(sources: [], environment: [:]))
    let call = try call(
      "mqtt", "PUBLISH fleet/x", content: #"{"who":"__v__:value"}"#, address: host("b"),
      value: "v\",\"do\":\"vent-open")
    let shown = try mqtt.planText(call)
    #expect(shown.contains(#"{"who":"v\",\"do\":\"vent-open"}"#), "\(shown)")
  }

  @Test func aSetElementIsOneWordOfNft() throws {
    let nft = NFTExecutor()
    for value in values() {
      let call = try call("nft", "add element inet fleet blocked { __v__:value }", value: value)
      guard let shown = try? nft.planText(call) else { continue }
      #expect(shown == "nft add element inet fleet blocked { \(value) }")
      let safe = value.utf8.allSatisfy {
        switch $0 {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2E, 0x2F, 0x3A, 0x5F: true
        default: false
        }
      }
      #expect(safe && !value.hasPrefix("-"), "\(value.debugDescription)")
    }
  }

  @Test func aPathSegmentStaysOneSegment() throws {
    let http = HTTPExecutor(secrets: try SecretStore(sources: [], environment: [:]))
    for value in values() {
      let call = try HTTPExecutorTests.call(
        "GET /a/__v__:value/b?c=__v__:value HTTP/1.1", url: "http://127.0.0.1", values: ["__v__": value])
      guard let shown = try? http.planText(call), let url = shown.split(separator: " ").dropFirst().first
      else {
        // Only what no URL can carry is refused.
        #expect(value.utf8.contains { $0 < 0x20 || $0 == 0x7F } || value == "." || value == "..")
        continue
      }
      let path = url.split(separator: "?", omittingEmptySubsequences: false)
      #expect(path.count == 2 && path[0].filter { $0 == "/" }.count == 5, "\(value.debugDescription): \(url)")
      #expect(
        !path[0].contains("/../") && !path[0].contains("/./") && !url.contains("#") && !url.contains("&"))
      #expect(path[0].utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F })
    }
  }

  @Test func aShellWordStaysOneWordHereAndOverThere() async throws {
    let bash = BashExecutor()
    let marker = "/tmp/firebreak-fuzz-\(UUID().uuidString)"
    var list = values().filter { !$0.utf8.contains(0) && $0.utf8.count < 1000 }.shuffled().prefix(60)
    list += [
      "$(touch \(marker))", "`touch \(marker)`", "';touch \(marker);'", "\";touch \(marker);\"",
      "\ntouch \(marker)\n",
    ]
    for value in list {
      for template in [
        "printf %s __v__:value", "printf '%s' \"__v__:value\"", "x='__v__:value'; printf %s \"$x\"",
      ] {
        let answer = await bash.execute(try call("bash", template, value: value))
        #expect(
          answer.text == RemoteText.bounded(Array(value.utf8)),
          "\(template) with \(value.debugDescription): \(answer)")
      }
    }
    #expect(!FileManager.default.fileExists(atPath: marker))
  }

  @Test func whatAnAnswerSaysIsHarmlessBeforeItIsAValue() {
    for value in values() {
      let text = RemoteText.value(RemoteText.bounded(Array(value.utf8)))
      #expect(text.utf8.count <= RemoteText.valueLimit)
      for scalar in text.unicodeScalars {
        let isFine =
          scalar == "\n" || scalar == "\t"
          || (scalar.value >= 0x20 && !(0x7F...0x9F).contains(scalar.value)
            && !(0x202A...0x202E).contains(scalar.value))
        #expect(isFine, "\(value.debugDescription)")
      }
      #expect(text == RemoteText.value(text))
    }
    // A cut in the middle of a character leaves no half of it.
    let long = String(repeating: "é", count: 3000)
    #expect(RemoteText.value(long).utf8.count <= 4096)
  }
}
