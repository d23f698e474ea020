public import PlaybookModel

/// One command as it goes to one place: the template, and the values of its variables.
public struct CommandCall: Sendable {
  /// What a fleet's calls have in common: copied a dozen times for each of a million devices, it is shared instead.
  private final class Route: Sendable {
    let command: PlaybookCommand
    let target: AgentTarget?
    let authentication: AuthenticationInfo?
    let timeout: Int64
    let secrets: [String: String]

    init(
      _ command: PlaybookCommand, _ target: AgentTarget?, _ authentication: AuthenticationInfo?,
      _ timeout: Int64, _ secrets: [String: String]
    ) {
      self.command = command
      self.target = target
      self.authentication = authentication
      self.timeout = timeout
      self.secrets = secrets
    }
  }
  private let route: Route
  /// Values of all variables in scope, by name.
  public var values: [String: String]
  /// The fleet's device it is about; nil for steps that run once.
  public var device: String?

  /// The command as written.
  public var command: PlaybookCommand { route.command }
  /// The target it goes to; nil when the step names none.
  public var target: AgentTarget? { route.target }
  /// Authentication of the target; nil for none.
  public var authentication: AuthenticationInfo? { route.authentication }
  /// Time after which the answer counts as missing, in nanoseconds.
  public var timeout: Int64 { route.timeout }
  /// Variables whose values are secrets, with the names that the secret store has for them. They are resolved by the
  /// executor when it sends the command, and by nothing before.
  public var secrets: [String: String] { route.secrets }

  /// A call from its parts.
  public init(
    command: PlaybookCommand, values: [String: String], target: AgentTarget? = nil,
    authentication: AuthenticationInfo? = nil, device: String? = nil, timeout: Int64 = 10_000_000_000,
    secrets: [String: String] = [:]
  ) {
    route = Route(command, target, authentication, timeout, secrets)
    self.values = values
    self.device = device
  }

  /// True when a secret is a part of what is sent, not only of other commands of its step.
  var sendsSecret: Bool {
    guard !secrets.isEmpty else { return false }
    let headers = command.headers.flatMap(\.values)
    return ([command.text, command.content ?? ""] + headers).contains { text in
      VariableReference.all(in: text).contains { secrets[$0.name] != nil }
    }
  }

  /// The call as people see it: secrets are `***`.
  public var masked: CommandCall {
    var call = self
    for name in secrets.keys { call.values[name] = "***" }
    return call
  }

  /// The call with its secrets filled in. Throws when one is missing or not kept safely.
  public func resolved(_ store: SecretStore) throws(RunnerError) -> CommandCall {
    var call = self
    for (name, source) in secrets.sorted(by: { $0.key < $1.key }) {
      call.values[name] = try store.credential(source, device: device).secret
    }
    return call
  }

  /// The answer without the secrets of this call, whatever the other side repeats.
  func hiding(_ store: SecretStore, in answer: CommandAnswer) -> CommandAnswer {
    // What proves us to one device alone is not known to the store's masker.
    let own = authentication?.storeName.flatMap { store.isPerDevice($0) ? $0 : nil }
    guard !secrets.isEmpty || own != nil, let call = try? resolved(store) else { return answer }
    let masker = SecretMasker()
    for name in secrets.keys { masker.add(call.values[name] ?? "") }
    if let own, let credential = try? store.credential(own, device: device) { masker.add(credential) }
    var result = answer
    result.text = masker.mask(answer.text)
    result.detail = masker.mask(answer.detail)
    if result.text != answer.text { result.json = nil }
    return result
  }
}

/// What came of a call.
public struct CommandAnswer: Sendable, Hashable {
  /// What is known about the effect.
  public enum Effect: String, Sendable {
    /// It was carried out, and the other side says so.
    case done
    /// The other side refused it; nothing was changed, unless `isPartly` says that something may have been.
    case refused
    /// The other side could not be reached; nothing was sent.
    case unreachable
    /// It was sent, or may have been, and nobody knows whether it was carried out.
    case unknown
  }
  /// What is known about the effect.
  public var effect: Effect
  /// The answer's text: bounded, control characters escaped.
  public var text: String
  /// The answer as JSON; nil when it is none.
  public var json: DocumentNode?
  /// One sentence for the journal.
  public var detail: String
  /// True when what was refused may have been done in part: a script that ended with an error.
  public var isPartly = false
  /// The exit code of a script that ended; nil for everything else.
  public var exitCode: Int32?
  /// True when the other side said more than is kept: what `text` does not hold may have been said.
  public var isCut = false

  /// An answer from its parts.
  public init(_ effect: Effect, text: String = "", json: DocumentNode? = nil, detail: String) {
    self.effect = effect
    self.text = text
    self.json = json
    self.detail = detail
  }
}

/// Runs the commands of one type. One file per conformance, listed in `AllExecutors.swift`.
public protocol CommandExecutor: Sendable {
  /// The type.
  static var type: CommandType { get }

  /// The exact command for people, secrets masked. Throws when a value does not fit where it goes: nothing is sent
  /// that could not be shown before.
  func planText(_ call: CommandCall) throws(RunnerError) -> String

  /// Carries the command out. Never throws: what went wrong is part of the answer.
  func execute(_ call: CommandCall) async -> CommandAnswer

  /// True when what was sent may go on at the other side after nobody waits for its answer any more: a look that finds nothing
  /// soon afterwards proves nothing.
  var mayGoOnUnseen: Bool { get }

  /// How to see that a command is in force, where the type knows by itself; nil where the playbook must say.
  func verification(of command: PlaybookCommand) -> RolloutPolicy.Verification?

  /// The inverse of a command, where the type knows by itself; nil where the playbook must say.
  func inverse(of command: PlaybookCommand) -> PlaybookCommand?

  /// What does the same in a POSIX shell without us, secrets left out; nil where nothing does. `textName` is the shell
  /// variable that will hold its `text`.
  func scripted(_ call: CommandCall, textName: String) -> ScriptedCommand?

  /// The same for a command that looks, with what its answer must be; nil where a shell cannot tell.
  func scriptedLook(
    _ call: CommandCall, _ expectation: RolloutPolicy.Expectation, textName: String
  ) -> ScriptedLook?
}

extension CommandExecutor {
  /// What is sent to a broker, or done by a program of this machine, whose end is waited for, does not.
  public var mayGoOnUnseen: Bool { false }

  /// Most types do not know.
  public func verification(of command: PlaybookCommand) -> RolloutPolicy.Verification? { nil }
  /// Most types do not know.
  public func inverse(of command: PlaybookCommand) -> PlaybookCommand? { nil }
  /// Most types have none.
  public func scripted(_ call: CommandCall, textName: String) -> ScriptedCommand? { nil }
  /// Most types have none.
  public func scriptedLook(
    _ call: CommandCall, _ expectation: RolloutPolicy.Expectation, textName: String
  ) -> ScriptedLook? { nil }
}

/// Answers of other machines are bounded and made harmless before anything looks at them.
///
/// The rule for variables (`out_args`): the answer's text without white space at both ends, at most 4,096 bytes,
/// valid UTF-8, control characters other than line feed and tab replaced by `\xNN`.
public enum RemoteText {
  /// Most bytes that are kept of an answer.
  public static let limit = 65_536
  /// Most bytes that become a variable's value.
  public static let valueLimit = 4096

  /// The harmless form of an answer.
  public static func bounded(_ bytes: some Collection<UInt8>, limit: Int = limit) -> String {
    let text = String(decoding: bytes.prefix(limit), as: UTF8.self)
    var result = ""
    for scalar in text.unicodeScalars {
      if scalar == "\t" || scalar == "\n" || !isHarmful(scalar) {
        result.unicodeScalars.append(scalar)
        continue
      }
      let digits = String(scalar.value, radix: 16)
      result += scalar.value < 0x100 ? "\\x" + (digits.count == 1 ? "0" : "") + digits : "\\u{\(digits)}"
    }
    return result
  }

  /// True for what a terminal acts on, and for what is not seen or changes the order of what is: control characters (C0,
  /// DEL, C1), controls of the direction of writing, and other format characters without a shape (CWE-150).
  static func isHarmful(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x20...0x7E: false
    case 0...0x9F, 0xAD, 0x61C, 0x180E, 0x200B...0x200F, 0x2028...0x202E, 0x2060...0x206F, 0xFEFF,
      0xFFF9...0xFFFB, 0xE0000...0xE0FFF:
      true
    default: false
    }
  }

  /// The form that becomes a variable's value.
  public static func value(_ text: String) -> String {
    var bytes = Array(text.utf8)
    while let last = bytes.last, last <= 0x20 { bytes.removeLast() }
    let start = bytes.firstIndex { $0 > 0x20 } ?? bytes.endIndex
    var kept = bytes[start...].prefix(valueLimit)
    // A cut never leaves half a character, nor white space at the end.
    if kept.count < bytes.endIndex - start {
      while let last = kept.last, last & 0xC0 == 0x80 { kept.removeLast() }
      if let last = kept.last, last >= 0xC0 { kept.removeLast() }
      while let last = kept.last, last <= 0x20 { kept.removeLast() }
    }
    return String(decoding: kept, as: UTF8.self)
  }

  /// At most so many characters on one line, for details in the journal.
  public static func excerpt(_ text: String, _ count: Int = 200) -> String {
    // Most texts are short lines of ASCII, where a byte is a character.
    if text.utf8.count <= count, text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x80 }) { return text }
    let line = text.map { $0.isNewline || $0 == "\t" ? " " : String($0) }.joined()
    return line.count <= count ? line : line.prefix(count) + "…"
  }
}

/// Putting values into templates.
enum Template {
  /// The text with each use of a variable replaced by `transform(value)`. Throws when a value is missing.
  static func fill(
    _ text: String, _ values: [String: String],
    _ transform: (_ name: String, _ value: String) throws(RunnerError) -> String
  ) throws(RunnerError) -> String {
    let uses = VariableReference.all(in: text)
    guard !uses.isEmpty else { return text }
    let bytes = Array(text.utf8)
    var result: [UInt8] = []
    var position = 0
    for use in uses {
      guard let value = values[use.name] else {
        throw RunnerError(.badArgument, "the variable '\(use.name)' has no value")
      }
      result += bytes[position..<use.range.lowerBound]
      result += Array(try transform(use.name, value).utf8)
      position = use.range.upperBound
    }
    result += bytes[position...]
    return String(decoding: result, as: UTF8.self)
  }

  /// For people: values as they are.
  static func plain(_ text: String, _ values: [String: String]) throws(RunnerError) -> String {
    try fill(text, values) { (_, value) throws(RunnerError) in value }
  }

  /// The JSON document with uses replaced inside its strings: a value can never become structure.
  static func json(_ node: DocumentNode, _ values: [String: String]) throws(RunnerError) -> DocumentNode {
    switch node.value {
    case .string(let text): return .string(try plain(text, values))
    case .array(let items):
      var filled: [DocumentNode] = []
      for item in items { filled.append(try json(item, values)) }
      return .array(filled)
    case .object(let members):
      var filled: [(String, DocumentNode?)] = []
      for member in members { filled.append((member.name, try json(member.value, values))) }
      return .object(filled)
    default: return node
    }
  }
}
