import PlaybookModel

/// How `undo.sh` looks whether something is taken back already: a command that asks, and the words for its function `seen`.
public struct ScriptedLook: Sendable, Hashable {
  /// What asks.
  public var question: ScriptedCommand
  /// What the answer must be.
  public var words: String

  /// A look from its parts.
  public init(question: ScriptedCommand, words: String) {
    self.question = question
    self.words = words
  }

  /// The look of a command that answers with a text and an exit code; nil for what neither of them says.
  static func text(
    _ question: ScriptedCommand?, _ expectation: RolloutPolicy.Expectation, kind: String = "contains"
  ) -> ScriptedLook? {
    guard let question else { return nil }
    switch expectation {
    case .success: return ScriptedLook(question: question, words: "success")
    case .contains(let texts):
      return ScriptedLook(
        question: question,
        words: ([kind] + texts.map { ShellQuote.visible($0) }).joined(separator: " "))
    default: return nil
    }
  }
}

/// The look of a step's undo in a script, for its devices one after another.
struct UndoScriptLook {
  let verification: RolloutPolicy.Verification
  let executors: ExecutorSet
  /// True when a device is taken back although its state cannot be seen.
  let isSafe: Bool

  /// Lines that set texts, and a condition whose exit code is 0 where it is so already, 1 where it is not, 2 where that cannot be seen;
  /// nil where the script has no way to look.
  func condition(
    _ step: WorkflowStep, _ action: ActionStep, _ plan: ExecutionPlan, _ values: [String: String],
    _ device: String?, known texts: inout [String: String]
  ) -> (lines: [String], condition: String)? {
    var lines: [String] = []
    var looks: [String] = []
    for look in verification.looks {
      guard let expectation = try? Expectations.filled(look.expectation, values) else { return nil }
      let calls = Planner.calls(look.commands, step, action, plan, values: values, device: device)
      for (index, call) in calls.enumerated() {
        let name = "look_\(looks.count + 1)"
        let isLast = index == calls.count - 1
        // Those before the last one must only succeed.
        guard
          let scripted = (try? executors.executor(call.command.type))?.scriptedLook(
            call, isLast ? expectation : .success, textName: name)
        else { return nil }
        if let text = scripted.question.text, texts[name] != text {
          lines.append("\(name)=\(ShellQuote.visible(text, keepsLines: true))")
          texts[name] = text
        }
        looks.append("ask() { \(scripted.question.line); }; seen \(scripted.words)")
      }
    }
    guard let first = looks.first else { return nil }
    return (lines, looks.dropFirst().reduce(first) { "\($0) && { \($1); }" })
  }

  /// The words for `seen` of a look at a document; nil for what is not asked of one, or names what no expression should hold.
  static func documentWords(_ expectation: RolloutPolicy.Expectation) -> String? {
    let (pointer, test, text): (String, String, String)
    switch expectation {
    // Without the member that a pointer begins with a document says nothing of what is to be missing in it.
    case .equals(let place, let value):
      (pointer, test, text) = (place, "$v != null and ($v | tostring) == $text", value)
    case .differs(let place, let value):
      (pointer, test, text) = (
        place, "if $w == null then empty else $v == null or ($v | tostring) != $text end", value
      )
    case .absent(let place):
      (pointer, test, text) = (place, "if $w == null then empty else $v == null end", "")
    default: return nil
    }
    let names = pointer.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map(String.init)
    let isPlain = names.allSatisfy { name in
      !name.isEmpty
        && name.utf8.allSatisfy {
          (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0) || $0 == 0x5F
            || $0 == 0x2D
        }
    }
    guard pointer.hasPrefix("/"), isPlain, let first = names.first else { return nil }
    func path(_ names: [String]) -> String {
      let list = names.map { "\"\($0)\"" }.joined(separator: ", ")
      return
        "reduce (\(list)) as $k (.; if type == \"object\" then .[$k] elif type == \"array\" then .[$k | tonumber] else null end)"
    }
    // That a document has no such member is what it says where nothing else was asked for.
    var top = path([first])
    if names.count == 1, case .absent = expectation { top = "." }
    let expression = "(\(top)) as $w | (\(path(names))) as $v | \(test)"
    return ["document", expression, text].map { ShellQuote.visible($0) }.joined(separator: " ")
  }

  /// What becomes of a device: nothing where it is so already, else the commands.
  func lines(_ condition: String, _ device: String, _ commands: [String]) -> [String] {
    ["\(condition)", "case $? in", "0) already \(device) ;;"]
      + (isSafe ? ["*)"] : ["2) not_seen \(device) ;;", "*)"]) + commands + [";; esac"]
  }

  /// The functions of looks.
  static let functions = [
    "already() { # device",
    "  taken=$((taken + 1)); found=$((found + 1)); printf '%s: is so already: %s\\n' \"$1\" \"$step\" >&2",
    "}",
    "not_seen() { # device",
    "  failed=$((failed + 1)); stays \"$1\"",
    "  printf '%s: failed: %s: its state cannot be seen, nothing was done: %s\\n' \"$1\" \"$step\" \"$why\" >&2",
    "}",
    "seen() { # what is expected, texts: 0 where what 'ask' answers is that, 1 where it is not, 2 where it does not say",
    "  said=/dev/null; [ -z \"$scratch\" ] || said=$scratch/said",
    "  answer=$(ask 2>\"$said\" </dev/null); code=$?; why=$(tail -n 2 \"$said\" | tr '\\n' ' ')",
    "  [ -n \"$why\" ] || why=\"exit code $code\"",
    "  kind=$1; shift",
    "  case $kind in",
    "  success)",
    "    [ $code != 0 ] || return 0",
    // What these say is of timeout(1), the shell or ssh, and not of the device.
    "    case $code in 124 | 125 | 126 | 127 | 255) return 2 ;; esac",
    "    [ $code -lt 128 ] || return 2",
    "    return 1 ;;",
    "  missing)",
    "    [ $code != 0 ] || return 1",
    "    if grep -q 'No such file or directory' \"$said\"; then return 0; else return 2; fi ;;",
    "  listed)",
    "    if [ $code != 0 ] && grep -q 'No such file or directory' \"$said\"; then return 1; fi ;;",
    "  esac",
    "  [ $code = 0 ] || return 2",
    "  case $kind in",
    "  disabled) # the exit code where it is",
    "    case $answer in *Username:*) ;; *) return 2 ;; esac",
    "    case $answer in *\"${firebreak_lf}Disabled:\"*true*) return $1 ;; *) return $((1 - $1)) ;; esac ;;",
    "  document) # an expression of jq: true or false, or nothing where the document does not say",
    "    if ! command -v jq >/dev/null; then why='there is no jq'; return 2; fi",
    "    case $(printf %s \"$answer\" | jq -r --arg text \"$2\" \"$1\" 2>/dev/null) in true) return 0 ;; false) return 1 ;; *) why='the answer does not say it'; return 2 ;; esac ;;",
    "  esac",
    "  for text in \"$@\"; do case $answer in *\"$text\"*) ;; *) return 1 ;; esac; done",
    "  return 0",
    "}",
    "[ -n \"$scratch\" ] || scratch=$(umask 077; mktemp -d) || scratch=''",
  ]
}
