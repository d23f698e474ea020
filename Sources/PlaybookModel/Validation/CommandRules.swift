/// Rules on commands (CACAO 2.0, 5): each command against the table of its own type.
extension DocumentChecker {
  mutating func checkCommands(_ step: DocumentNode, _ here: DocumentPointer) {
    guard let node = step["commands"] else { return }
    let place = here.appending("commands")
    guard let commands = node.items else {
      return report(
        "shape.type", .error, place, node.line, "'commands' must be a list, not \(node.kindInWords)")
    }
    if commands.isEmpty {
      report("shape.too-few", .error, place, node.line, "'commands' must have at least 1 entry, not 0")
    }
    for (index, command) in commands.enumerated() { checkCommand(command, place.appending(index)) }
  }

  /// Checks one command, of a step or of the rollout extension.
  mutating func checkCommand(_ command: DocumentNode, _ here: DocumentPointer) {
    guard command.members != nil else {
      return report(
        "shape.type", .error, here, command.line, "a command must be an object, not \(command.kindInWords)")
    }
    guard let typeNode = command["type"], let type = typeNode.text else {
      return report("shape.missing", .error, here, command.line, "a command must have a 'type'")
    }
    guard let shape = PlaybookShapes.command(type) else {
      return report(
        "command.unknown-type", .error, here.appending("type"), typeNode.line,
        "nothing here runs commands of type '\(type)'; they are refused, never skipped")
    }
    check(command, here, is: shape)
    if !Vocabulary.supportedCommandTypes.contains(type) {
      report(
        "command.unsupported", .error, here.appending("type"), typeNode.line,
        "commands of type '\(type)' are not supported "
          + "(only \(Vocabulary.supportedCommandTypes.sorted().joined(separator: ", ")))")
    }
    if command["playbook_activity"] == nil {
      report(
        "command.no-activity", .note, here, command.line, "a command should name its 'playbook_activity'")
    }
    switch type {
    case "manual", "bash", "ssh", "powershell", "caldera-cmd", "nft": checkCommandText(command, here, type)
    case "http-api", "openc2-http": checkRequest(command, here, type)
    case "mqtt":
      checkContent(command, here)
      if let node = command["command"], let text = node.text, !text.isEmpty {
        if let problem = MQTTCommandText.problem(in: text) {
          report("command.mqtt", .error, here.appending("command"), node.line, problem)
        }
      }
    default: break
    }
  }

  private mutating func checkCommandText(_ command: DocumentNode, _ here: DocumentPointer, _ type: String) {
    switch (command["command"], command["command_b64"]) {
    case (nil, nil):
      report(
        "command.missing", .error, here, command.line,
        "a \(type) command must have 'command' or 'command_b64'")
    case (.some, .some(let second)):
      report(
        "command.both", .error, here.appending("command_b64"), second.line,
        "a \(type) command must have either 'command' or 'command_b64', not both")
    default: break
    }
    if type == "bash", let text = CommandText.decoded(command, "command", "command_b64"),
      let problem = ShellText.problem(in: text)
    {
      let name = command["command"] == nil ? "command_b64" : "command"
      report("command.shell", .error, here.appending(name), command[name]?.line ?? command.line, problem)
    }
  }

  private mutating func checkContent(_ command: DocumentNode, _ here: DocumentPointer) {
    if command["content"] != nil, let second = command["content_b64"] {
      report(
        "command.both", .error, here.appending("content_b64"), second.line,
        "a command must have either 'content' or 'content_b64', not both")
    }
  }

  private mutating func checkRequest(_ command: DocumentNode, _ here: DocumentPointer, _ type: String) {
    checkContent(command, here)
    guard let node = command["command"], let text = node.text, !text.isEmpty else { return }
    let place = here.appending("command")
    guard let line = HTTPStartLine(text) else {
      return report(
        "command.start-line", .error, place, node.line,
        "'\(text)' is no HTTP start line ('METHOD /path HTTP/1.1')")
    }
    if type == "openc2-http" && line.method != "POST" {
      report(
        "command.start-line", .error, place, node.line, "the method of an openc2-http command must be POST")
    }
    if !line.target.hasPrefix("/") && !line.target.hasPrefix("__") && line.target != "*" {
      report(
        "command.start-line-host", .warning, place, node.line,
        "the host comes from the target's address; the start line should have a path only")
    }
  }
}

/// The start line of an HTTP request, as commands carry it.
public struct HTTPStartLine: Sendable, Hashable {
  /// `GET`, `POST`…
  public var method: String
  /// Path and query; may use variables.
  public var target: String
  /// `HTTP/1.1`…
  public var version: String

  /// The three parts; nil when the text has another form.
  public init?(_ text: String) {
    let parts = text.split(separator: " ", omittingEmptySubsequences: false)
    guard parts.count == 3, parts.allSatisfy({ !$0.isEmpty }) else { return nil }
    let token = Set(
      "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".unicodeScalars)
    guard parts[0].unicodeScalars.allSatisfy(token.contains), parts[0].first?.isLetter == true,
      parts[1].unicodeScalars.allSatisfy({ $0.value > 0x20 && $0.value < 0x7F })
    else { return nil }
    guard ["HTTP/1.0", "HTTP/1.1", "HTTP/2", "HTTP/2.0", "HTTP/3"].contains(String(parts[2])) else {
      return nil
    }
    method = String(parts[0])
    target = String(parts[1])
    version = String(parts[2])
  }
}

/// Texts of commands that may stand in base64.
public enum CommandText {
  /// The text of a property, or the decoded text of its base64 sibling; nil when absent or not UTF-8.
  public static func decoded(_ node: DocumentNode, _ plain: String, _ encoded: String) -> String? {
    if let text = node[plain]?.text { return text }
    guard let text = node[encoded]?.text, let bytes = Base64Text.decode(text) else { return nil }
    return String(validating: bytes, as: UTF8.self)
  }
}

/// The text of `mqtt` commands: `DYNSEC command` or `PUBLISH topic`.
public enum MQTTCommandText {
  /// Commands of mosquitto's dynamic security plugin (2.0.11).
  public static let dynsecCommands: Set<String> = [
    "addClientRole", "addGroupClient", "addGroupRole", "addRoleACL", "createClient", "createGroup",
    "createRole",
    "deleteClient", "deleteGroup", "deleteRole", "disableClient", "enableClient", "getAnonymousGroup",
    "getClient",
    "getDefaultACLAccess", "getGroup", "getRole", "listClients", "listGroups", "listRoles", "modifyClient",
    "modifyGroup", "modifyRole", "removeClientRole", "removeGroupClient", "removeGroupRole", "removeRoleACL",
    "setAnonymousGroup", "setClientId", "setClientPassword", "setDefaultACLAccess",
  ]

  /// What stands before and behind the first space; nil where there is none.
  public static func parts(of text: String) -> (verb: Substring, rest: Substring)? {
    guard let space = text.utf8.firstIndex(of: 0x20) else { return nil }
    return (text[..<space], text[text.utf8.index(after: space)...])
  }

  /// What is wrong with a text, or nil.
  public static func problem(in text: String) -> String? {
    guard let (verb, rest) = parts(of: text), !rest.isEmpty else {
      return "an mqtt command is 'DYNSEC command' or 'PUBLISH topic', not '\(text)'"
    }
    switch verb {
    case "DYNSEC":
      return dynsecCommands.contains(String(rest)) ? nil : "'\(rest)' is no command of dynamic security"
    case "PUBLISH":
      let wild = rest.utf8.contains { $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "#") || $0 < 0x20 }
      return wild ? "a topic to publish to has no wildcards (+ #) or control characters" : nil
    default: return "an mqtt command is 'DYNSEC command' or 'PUBLISH topic', not '\(text)'"
    }
  }
}
