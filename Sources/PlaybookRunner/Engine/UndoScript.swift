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
    var lines = [
      "#!/bin/sh",
      "# Takes back: \(comment(plan.playbook.name)), run \(run), plan \(plan.hash)",
      "# Prefer 'firebreak playbook undo \(run)': it leaves alone what was not changed and what a later run counts on, asks the interlocks again and keeps a journal.",
      "# For dynamic security mosquitto_ctrl reads '-u USER' and '-P PASSWORD' from ~/.config/mosquitto_ctrl (mode 0600).",
      "set -u", "failed=0", ShellQuote.lineFeed,
      "dynsec() { # host port command arguments; mosquitto_ctrl exits with 0 on errors, so its words decide",
      "  host=$1; port=$2; shift 2",
      "  answer=$(mosquitto_ctrl -h \"$host\" -p \"$port\" dynsec \"$@\" 2>&1) || failed=1",
      "  case $answer in *rror*|*not\\ found*) failed=1; printf '%s\\n' \"$* failed: $answer\" >&2 ;; esac",
      "}",
    ]
    let interlocks = plan.actionSteps.contains { !($0.action.rollout?.undoInterlocks ?? []).isEmpty }
    if interlocks { lines += lockLines }
    for (step, action) in plan.actionSteps.reversed() {
      guard let rollout = action.rollout, let inverse = EffectiveRollout(action, executors).inverse else {
        continue
      }
      lines.append("# \(comment(step.name ?? step.id))")
      let targets: [ExecutionPlan.Target?] = rollout.group == nil ? plan.targets : [nil]
      let bound = BoundColumns(step, action, plan)
      let addresses = (bound.ofPlace + bound.ofText).compactMap { column in
        plan.columns.firstIndex(of: column).map { (column: column, index: $0) }
      }
      for target in targets {
        let values = plan.values(step: step, rollout: rollout, target: target)
        var commands: [String] = []
        for call in Planner.calls(
          inverse.commands, step, action, plan, values: values, device: target?.device)
        {
          let executor = try? executors.executor(call.command.type)
          if let script = executor?.scriptLines(call) {
            commands += script
          } else {
            let text = (try? executor?.planText(call)) ?? "?"
            commands.append("# by hand: \(comment(text))")
          }
        }
        let guards = target.map { target in
          addresses.map {
            "same "
              + [target.device, $0.column, target.values[$0.index]].map { ShellQuote.visible($0) }.joined(
                separator: " ")
          }
        }
        lines += guarded(
          commands, rollout.undoInterlocks, target.map { [$0.device] } ?? plan.targets.map(\.device),
          guards ?? [])
        if lines.count > 1000 {
          try sink(lines.joined(separator: "\n") + "\n")
          lines.removeAll(keepingCapacity: true)
        }
      }
    }
    lines.append("exit $failed")
    try sink(lines.joined(separator: "\n") + "\n")
  }

  /// Commands behind the interlocks of the devices that they reach: one that must not be touched keeps them all back.
  /// `guards` are more conditions: that a device is where it was.
  private static func guarded(
    _ commands: [String], _ interlocks: [RolloutPolicy.Interlock], _ devices: [String], _ guards: [String]
  ) -> [String] {
    guard !interlocks.isEmpty, commands.contains(where: { !$0.hasPrefix("#") }) else { return commands }
    var lines = ["allowed=1"] + guards.map { "\($0) || allowed=0" }
    for device in devices {
      for lock in interlocks {
        let words =
          [device, lock.attribute, lock.refuse.joined(separator: "|"), lock.require.joined(separator: "|")]
        lines.append("free " + words.map { ShellQuote.visible($0) }.joined(separator: " ") + " || allowed=0")
      }
    }
    return lines + ["if [ $allowed = 1 ]; then"] + commands.map { "  " + $0 } + ["else failed=1; fi"]
  }

  /// `free DEVICE COLUMN REFUSED REQUIRED` says whether the inventory of this moment lets a device be touched, and `same DEVICE COLUMN
  /// VALUE` whether it has this value there still.
  private static var lockLines: [String] {
    [
      "# The interlocks are asked again, of the inventory of this moment: INVENTORY names its CSV file.",
      ": \"${INVENTORY:?set INVENTORY to the CSV file of the inventory, its first column the devices}\"",
      "known() {",
      "  DEVICE=$1 COLUMN=$2 awk '",
      "    function split_line(line,  n, i, c, quoted, cell) {",
      "      n = 1; quoted = 0; cell = \"\"; delete cells",
      "      for (i = 1; i <= length(line); i++) {",
      "        c = substr(line, i, 1)",
      "        if (c == \"\\\"\") { if (quoted && substr(line, i + 1, 1) == \"\\\"\") { cell = cell c; i++ } else quoted = !quoted }",
      "        else if (c == \",\" && !quoted) { cells[n++] = cell; cell = \"\" } else cell = cell c",
      "      }",
      "      cells[n] = cell; return n",
      "    }",
      "    { sub(/\\r$/, \"\"); n = split_line($0) }",
      "    NR == 1 { for (i = 1; i <= n; i++) if (cells[i] == ENVIRON[\"COLUMN\"]) column = i; next }",
      "    cells[1] == ENVIRON[\"DEVICE\"] && column && cells[column] != \"\" {",
      "      if (known != \"\" && cells[column] \"\" != known \"\") contradicted = 1",
      "      known = cells[column]",
      "    }",
      "    END { if (!contradicted) print known }' \"$INVENTORY\"",
      "}",
      "same() {",
      "  value=$(known \"$1\" \"$2\") || value=",
      "  [ \"$value\" = \"$3\" ] && return 0",
      "  echo \"$1 is left alone: its $2 was '$3' when the plan was made, and is '$value' now\" >&2; return 1",
      "}",
      "free() {",
      "  value=$(known \"$1\" \"$2\") || value=",
      "  if [ -z \"$value\" ]; then echo \"$1 is left alone: the inventory does not say its $2\" >&2; return 1; fi",
      "  case \"|$3|\" in *\"|$value|\"*) echo \"$1 is left alone: $2 is $value\" >&2; return 1 ;; esac",
      "  [ -z \"$4\" ] && return 0",
      "  case \"|$4|\" in *\"|$value|\"*) return 0 ;; esac",
      "  echo \"$1 is left alone: $2 is $value\" >&2; return 1",
      "}",
    ]
  }

  private static func comment(_ text: String) -> String {
    RemoteText.bounded(Array(text.utf8)).split(separator: "\n").joined(separator: " ")
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

/// Files that are there after a power cut.
public enum DurableFile {
  /// Makes a folder (mode 0700) and those above it.
  public static func makeFolder(_ path: String) throws(RunnerError) {
    var made = path.hasPrefix("/") ? "" : "."
    for part in path.split(separator: "/") {
      made += "/" + part
      if mkdir(made, 0o700) != 0 && errno != EEXIST {
        throw RunnerError(.journal, "cannot make the folder '\(made)': \(String(cString: strerror(errno)))")
      }
    }
  }

  /// Writes a file beside its place, syncs it and puts it there: a reader sees all of it or nothing.
  public static func write(
    _ path: String, mode: UInt32, _ body: ((String) throws -> Void) throws -> Void
  ) throws {
    let temporary = path + ".new"
    unlink(temporary)
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode_t(mode))
    func failure(_ what: String) -> RunnerError {
      RunnerError(.journal, "cannot \(what) '\(path)': \(String(cString: strerror(errno)))")
    }
    guard descriptor >= 0 else { throw failure("make") }
    var isThere = false
    defer {
      close(descriptor)
      if !isThere { unlink(temporary) }
    }
    fchmod(descriptor, mode)
    var buffer: [UInt8] = []
    func flush() throws(RunnerError) {
      var offset = 0
      while offset < buffer.count {
        let count = buffer.withUnsafeBytes {
          Glibc.write(descriptor, $0.baseAddress! + offset, buffer.count - offset)
        }
        if count < 0 && errno == EINTR { continue }
        guard count > 0 else { throw failure("write") }
        offset += count
      }
      buffer.removeAll(keepingCapacity: true)
    }
    try body { text in
      buffer += Array(text.utf8)
      if buffer.count > 1 << 20 { try flush() }
    }
    try flush()
    guard fsync(descriptor) == 0, rename(temporary, path) == 0 else { throw failure("finish") }
    isThere = true
    let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
    let directory = open(folder.isEmpty ? "/" : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    if directory >= 0 {
      fsync(directory)
      close(directory)
    }
  }
}
