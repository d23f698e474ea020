import Crypto
import Glibc
import PlaybookModel

/// The inverse of a plan as a shell script, on disk before the first act, for the day when only a shell is left.
/// It holds no secrets; tools get them the way their own documentation says.
enum UndoScript {
  /// Hands the script on in parts: a million devices make a long one. Devices that turn out not to be changed are undone
  /// too when it is run: it knows only the plan.
  private static func write(
    _ plan: ExecutionPlan, run: String, executors: ExecutorSet, _ sink: (String) throws -> Void
  ) throws {
    var lines = UndoScriptText.head(comment(plan.playbook.name), run: run, plan: plan.hash)
    let interlocks = plan.actionSteps.contains { !($0.action.rollout?.undoInterlocks ?? []).isEmpty }
    if interlocks { lines += UndoScriptText.locks }
    var looks = false
    let order = UndoOrder(plan.playbook)
    // Steps that the script takes back, newest first, by their numbers in it.
    var later: [(number: Int, step: WorkflowStep)] = []
    for (step, action) in plan.actionSteps.reversed() {
      guard let rollout = action.rollout else {
        lines += once(step, action, plan, executors)
        continue
      }
      guard let inverse = EffectiveRollout(action, executors).inverse else {
        lines.append(
          "echo \(ShellQuote.visible("cannot be taken back: \(step.name ?? step.id)\(rollout.noUndo.map { ": \($0)" } ?? "")")) >&2"
        )
        continue
      }
      let waits = later.filter { order.holds(step.id, as: $0.step.id) }
      let number = later.count + 1
      later.insert((number, step), at: 0)
      lines.append(
        "step=\(ShellQuote.visible(step.name ?? step.id)); number=\(number); standing=0; waits='\(waits.map { String($0.number) }.joined(separator: " "))'"
      )
      let targets: [ExecutionPlan.Target?] = rollout.group == nil ? plan.targets : [nil]
      let bound = BoundColumns(step, action, plan)
      let addresses = (bound.ofPlace + bound.ofText).compactMap { column in
        plan.columns.firstIndex(of: column).map { (column: column, index: $0) }
      }
      var texts: [String: String] = [:]
      let look = inverse.verification.map {
        UndoScriptLook(verification: $0, executors: executors, isSafe: rollout.undoIsSafe)
      }
      var isWarned = false
      for target in targets {
        let values = plan.values(step: step, rollout: rollout, target: target)
        let calls = Planner.calls(
          inverse.commands, step, action, plan, values: values, device: target?.device)
        let device = ShellQuote.visible(target?.device ?? UndoScriptText.together)
        var commands: [String] = []
        var byHand: [String] = []
        for (index, call) in calls.enumerated() {
          let name = "text_\(index + 1)"
          let executor = try? executors.executor(call.command.type)
          byHand.append((try? executor?.planText(call)) ?? "(this cannot be shown)")
          byHand += hiddenWords(call)
          guard let command = executor?.scripted(call, textName: name) else { continue }
          if let text = command.text, texts[name] != text {
            lines.append("\(name)=\(ShellQuote.visible(text, keepsLines: true))")
            texts[name] = text
          }
          commands.append(command.line)
        }
        // Commands hold to their order: where one cannot be sent from here, none is.
        if commands.count == calls.count, !calls.isEmpty {
          commands = [commands.joined(separator: " &&\n") + " && undone || not_undone \(device)"]
        } else {
          let task = byHand.joined(separator: "\n")
          commands = ["by_hand \(device) \(ShellQuote.visible(task, keepsLines: true))"]
        }
        if let look,
          let seen = look.condition(step, action, plan, values, target?.device, known: &texts)
        {
          if !looks {
            lines += UndoScriptLook.functions
            looks = true
          }
          lines += seen.lines
          if !rollout.undoIsSafe, !isWarned {
            lines.append("unknowing")
            isWarned = true
          }
          commands = look.lines(seen.condition, device, commands)
        } else if !rollout.undoIsSafe, !isWarned {
          lines.append("blindly")
          isWarned = true
        }
        let guards = target.map { target in
          addresses.map {
            "same "
              + [target.device, $0.column, target.values[$0.index]].map { ShellQuote.visible($0) }.joined(
                separator: " ")
          }
        }
        commands = guarded(
          commands, device, rollout.undoInterlocks,
          target.map { [$0.device] } ?? plan.targets.map(\.device), guards ?? [])
        lines += waits.isEmpty ? commands : ["if follows \(device); then"] + commands + ["fi"]
        if lines.count > 1000 {
          try sink(lines.joined(separator: "\n") + "\n")
          lines.removeAll(keepingCapacity: true)
        }
      }
      lines.append("all_stand \(targets.count)")
    }
    lines += UndoScriptText.end
    try sink(lines.joined(separator: "\n") + "\n")
  }

  /// What went out once has no inverse: where a plan has nothing else it is somebody's to take back, guards just stay.
  private static func once(
    _ step: WorkflowStep, _ action: ActionStep, _ plan: ExecutionPlan, _ executors: ExecutorSet
  ) -> [String] {
    guard !action.commands.allSatisfy(\.onlyAsks) else { return [] }
    let title = ShellQuote.visible(step.name ?? step.id)
    guard plan.goesOutOnceOnly else { return ["printf '%s went out once, and stays\\n' \(title) >&2"] }
    let values = plan.values(step: step, rollout: nil, target: nil)
    let texts = Planner.calls(action.commands, step, action, plan, values: values, device: nil).map {
      (try? executors.executor($0.command.type).planText($0)) ?? "(this cannot be shown)"
    }
    let task = (["It went out once and has no inverse; what it did:"] + texts).joined(separator: "\n")
    return ["step=\(title); what=step", "by_hand \(title) \(ShellQuote.visible(task, keepsLines: true))"]
  }

  /// Commands behind the interlocks of the devices that they reach: one that must not be touched keeps them all back.
  /// `guards` are more conditions: that a device is where it was.
  private static func guarded(
    _ commands: [String], _ device: String, _ interlocks: [RolloutPolicy.Interlock], _ devices: [String],
    _ guards: [String]
  ) -> [String] {
    guard !interlocks.isEmpty else { return commands }
    var lines = ["allowed=1"] + guards.map { "\($0) || allowed=0" }
    for device in devices {
      for lock in interlocks {
        let words =
          [
            device, lock.attribute, lock.refuse.flatMap(InventoryWord.alike).joined(separator: "|"),
            lock.require.joined(separator: "|"),
          ]
        lines.append("free " + words.map { ShellQuote.visible($0) }.joined(separator: " ") + " || allowed=0")
      }
    }
    return lines + ["if [ $allowed = 1 ]; then"] + commands.map { "  " + $0 } + [
      "else left_alone \(device); fi"
    ]
  }

  /// What stands for `***` in a command that is done by hand: the names of its secrets.
  private static func hiddenWords(_ call: CommandCall) -> [String] {
    guard call.sendsSecret else { return [] }
    let names = Set(call.secrets.values).sorted().map { "'\($0)'" }
    return [
      "where *** is the secret \(names.joined(separator: " or ")) of this device: it is in no file that this script reads"
    ]
  }

  private static func comment(_ text: String) -> String {
    RemoteText.bounded(Array(text.utf8)).split(separator: "\n").joined(separator: " ")
  }

  /// Removes what `save` wrote for a run that was not begun.
  static func remove(folder: String) {
    for name in ["undo.sh", "plan"] { unlink("\(folder)/\(name)") }
    rmdir(folder)
  }

  /// Writes script (0700) and plan (0600) into the run's folder, durably. Returns the script's path and its SHA-256.
  static func save(
    _ plan: ExecutionPlan, run: String, executors: ExecutorSet, folder: String
  ) throws(RunnerError) -> (path: String, sha256: String) {
    do {
      try DurableFile.makeFolder(folder)
      let path = folder + "/undo.sh"
      var hasher = SHA256()
      try DurableFile.write(path, mode: 0o700) { sink in
        try write(plan, run: run, executors: executors) { text in
          hasher.update(data: Array(text.utf8))
          try sink(text)
        }
      }
      try DurableFile.write(folder + "/plan", mode: 0o600) { sink in try plan.write { try sink($0) } }
      return (path, HexText.lower(hasher.finalize()))
    } catch let error as RunnerError {
      throw error
    } catch {
      throw RunnerError(.journal, "cannot write to '\(folder)': \(error)")
    }
  }
}
