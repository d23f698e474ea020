import ArgumentParser
import ConsoleOutput
import Glibc
import IncidentModel
import PlaybookModel
import PlaybookRunner
import Synchronization
import TimelineStore

/// `firebreak playbook rehearse`.
struct PlaybookRehearse: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rehearse",
    abstract: "Run a plan on a simulated fleet with failures of your choice; nothing real is touched.",
    discussion: """
      Everything but the devices is real: waves, limits, soak (shortened), journal. The same seed gives the same failures. The \
      journal goes to a case of its own, in a new folder (--keep) or a temporary one.

      --witness has a second process look into the journal before each action: the fleet refuses one whose intent that \
      process cannot read.

      Exit code 0: all steps succeeded, within the limits that the playbook sets: 'not everywhere' says that some devices are not \
      in the wanted state; 1: a step failed, a limit halted the run, or it is incomplete, 130: stopped by Ctrl-C.
      """)

  @Argument(help: ArgumentHelp("A plan file, as 'playbook plan --output' writes it.", valueName: "plan"))
  var name: String

  @Option(help: "Seed of all chance.")
  var seed: UInt64 = 1

  @Option(help: ArgumentHelp("Per cent of devices that refuse.", valueName: "percent"))
  var refuse: Double = 0
  @Option(help: ArgumentHelp("Per cent of devices that cannot be reached.", valueName: "percent"))
  var unreachable: Double = 0
  @Option(help: ArgumentHelp("Per cent of devices that act and do not answer.", valueName: "percent"))
  var silent: Double = 0
  @Option(help: ArgumentHelp("Per cent of devices that say they acted and did not.", valueName: "percent"))
  var lie: Double = 0

  @Flag(help: "A second process must be able to read each intent before the device accepts the action.")
  var witness = false

  @Option(
    help: ArgumentHelp(
      "Devices per second and in flight at most (default: the playbook's).", valueName: "number"))
  var speed: Int?

  @Option(help: ArgumentHelp("Keep the rehearsal's case in this new folder.", valueName: "dir"))
  var keep: String?

  @Option(help: "table or json.")
  var format: ReportFormat = .table

  func validate() throws {
    for value in [refuse, unreachable, silent, lie] where !(0...100).contains(value) {
      throw ValidationError("shares are per cent, 0 to 100")
    }
    guard refuse + unreachable + silent + lie <= 100 else { throw ValidationError("the shares exceed 100 %") }
    if let speed, speed < 1 { throw ValidationError("--speed is at least 1") }
  }

  func run() async throws {
    var plan = try ExecutionPlan(reading: try PlaybookFiles.read(name), now: SystemClock().wallTime())
    plan.playbook = Self.hastened(plan.playbook, speed: speed)
    let folder = try keep ?? Self.temporaryFolder()
    guard keep == nil || mkdir(folder, 0o700) == 0 else {
      throw CommandError("cannot make '\(folder)': \(String(cString: strerror(errno)))")
    }
    defer { if keep == nil { Self.remove(folder) } }
    let casePath = folder + "/rehearsal.firebreak"
    _ = try CaseLoader(path: casePath).finish()
    let run = PlaybookRun.newID(clock: SystemClock())
    let store = try SecretStore(sources: [], environment: [:])
    let real = ExecutorSet.all(secrets: store, prompter: FixedAnswer(.done(note: "")))
    let second = witness ? try WitnessClient(case: casePath, run: run) : nil
    var question: RehearsalFleet.Witness?
    if let second { question = { device in await second.sees(device) } }
    let fleet = RehearsalFleet(
      plan, executors: real,
      faults: RehearsalFleet.Faults(
        refuse: refuse / 100, unreachable: unreachable / 100, silent: silent / 100, lie: lie / 100),
      seed: seed, witness: question)
    let control = RunControl()
    Interrupt.listen()
    let watcher = Task {
      while !Task.isCancelled, !Interrupt.isRequested { try? await Task.sleep(for: .milliseconds(50)) }
      if Interrupt.isRequested { control.stop() }
    }
    defer { watcher.cancel() }
    let progress = ProgressPrinter(format: format)
    let showsAll = isatty(STDERR_FILENO) == 1 || plan.targets.count <= 1000
    let started = Self.times()
    let environment = RunEnvironment(
      executors: fleet.executors(real), journal: try CaseJournal(case: casePath),
      signer: JournalKey.signer(case: nil), control: control,
      progress: { event in
        if case .device = event, !showsAll { return }
        progress.show(event)
      })
    let summary = try await PlaybookRun(plan, environment: environment, run: run).execute(
      approvals: ["a rehearsal"])
    second?.close()
    let trouble = summary.missed > 0 ? try RunCommandSupport.trouble(run, case: casePath) : []
    report(summary, trouble, fleet, plan, started, Self.times())
    if fleet.withoutIntent > 0 || [.failed, .halted, .incomplete].contains(summary.end) {
      throw ExitStatus.no
    }
    if summary.end == .interrupted { throw ExitStatus.interrupted }
  }

  /// Waiting is not rehearsed: no soak and no backoff; with `speed` that many at once and a second.
  private static func hastened(_ playbook: Playbook, speed: Int?) -> Playbook {
    var playbook = playbook
    for (id, step) in playbook.steps {
      guard case .action(var action) = step.kind, var rollout = action.rollout else { continue }
      rollout.soakMilliseconds = 0
      rollout.backoffMilliseconds = 0
      rollout.maintenance = nil
      rollout.gate = nil
      if let speed {
        rollout.maximumInFlight = min(speed, 2048)
        rollout.ratePerSecond = Double(speed)
      }
      action.rollout = rollout
      playbook.steps[id]?.kind = .action(action)
    }
    return playbook
  }

  private static func temporaryFolder() throws -> String {
    var template = Array("/tmp/firebreak-rehearsal-XXXXXX".utf8CString)
    guard let made = mkdtemp(&template) else {
      throw CommandError("cannot make a folder in /tmp: \(String(cString: strerror(errno)))")
    }
    return String(cString: made)
  }

  private static func remove(_ folder: String) {
    for name in ["rehearsal.firebreak", "rehearsal.firebreak-journal"] { unlink(folder + "/" + name) }
    rmdir(folder)
  }

  private static func times() -> (wall: Int64, cpu: Double) {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
    return (SystemClock().monotonicTime(), seconds(usage.ru_utime) + seconds(usage.ru_stime))
  }

  private func report(
    _ summary: RunSummary, _ trouble: [String], _ fleet: RehearsalFleet, _ plan: ExecutionPlan,
    _ started: (wall: Int64, cpu: Double),
    _ ended: (wall: Int64, cpu: Double)
  ) {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    let seconds = Double(ended.wall - started.wall) / 1e9
    let rate = Int(Double(fleet.acts) / max(seconds, 1e-9))
    let order: [RunRecord.Outcome] = [.ok, .changed, .failed, .unknown, .skipped]
    switch format {
    case .json:
      let members: [(String, JSONValue)] = [
        ("schema", .string("firebreak.rehearsal/1")), ("end", .string(summary.end.rawValue)),
        ("targets", .int(Int64(plan.targets.count))),
        (
          "counts",
          .object(order.map { ($0.rawValue, .int(Int64(summary.counts[$0] ?? 0))) })
        ), ("actions", .int(Int64(fleet.acts))), ("acted_twice", .int(Int64(fleet.twice))),
        ("refused_without_intent", .int(Int64(fleet.withoutIntent))),
        ("in_force", .int(Int64(fleet.inForce))),
        ("seconds", .double(seconds)), ("cpu_seconds", .double(ended.cpu - started.cpu)),
        ("actions_per_second", .int(Int64(rate))), ("peak_kib", .int(Int64(usage.ru_maxrss))),
        ("reasons", .array((summary.reasons + trouble).map { .string($0) })),
      ]
      Console.print(JSONValue.object(members).prettyText())
    case .table:
      let text =
        "rehearsal of \(Figures.counted(plan.targets.count, "device")): \(RunCommandSupport.end(summary)) "
        + "(\(RunCommandSupport.counts(summary)))"
      for part in [text] + (summary.reasons + trouble).map({ "  " + Sanitizer.escape($0) }) {
        for line in Paragraph.lines(part, width: Console.width) { Console.print(line) }
      }
      Console.print(
        "  \(Figures.counted(fleet.acts, "action")), \(rate) a second; acted on twice: \(fleet.twice); "
          + (witness ? "refused for an intent nobody else can read: \(fleet.withoutIntent)" : "no witness"))
    }
  }
}

/// The second process: reads the journal as anybody could and says whether it sees the intents it is asked for.
struct PlaybookWitness: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "witness", abstract: "Used by rehearse: says whether it can read intents.",
    shouldDisplay: false)

  @Option(name: .customLong("case"), help: "The case.")
  var casePath: String
  @Option(name: .customLong("run"), help: "The run.")
  var runID: String

  func run() throws {
    let reader = try CaseReader(path: casePath)
    var seen: Set<String> = []
    var last = 0
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    var rest: [UInt8] = []
    while true {
      let count = read(STDIN_FILENO, &buffer, buffer.count)
      if count <= 0 { return }
      rest += buffer[..<count]
      guard let end = rest.lastIndex(of: 10) else { continue }
      let names = rest[..<end].split(separator: 10, omittingEmptySubsequences: false)
      rest = Array(rest[(end + 1)...])
      var answer: [UInt8] = []
      for name in names {
        let device = String(decoding: name, as: UTF8.self)
        if !seen.contains(device) {
          try reader.forEachIntent(run: runID, after: last) { sequence, target in
            last = sequence
            seen.insert(target)
          }
        }
        answer.append(seen.contains(device) ? 49 : 48)
      }
      guard write(STDOUT_FILENO, answer, answer.count) == answer.count else { return }
    }
  }
}

/// Asks the second process, many questions at a time.
final class WitnessClient: Sendable {
  private struct State {
    var waiting: [(device: String, answer: CheckedContinuation<Bool, Never>)] = []
    var isScheduled = false
  }
  private let state = Mutex(State())
  private let questions: Int32
  private let answers: Int32
  private let process: pid_t

  init(case path: String, run: String) throws {
    var out: [Int32] = [0, 0]
    var back: [Int32] = [0, 0]
    guard pipe(&out) == 0, pipe(&back) == 0 else {
      throw CommandError("cannot make a pipe: \(String(cString: strerror(errno)))")
    }
    for descriptor in out + back { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, out[0], 0)
    posix_spawn_file_actions_adddup2(&actions, back[1], 1)
    let words = ["firebreak", "playbook", "witness", "--case", path, "--run", run]
    var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
    defer { for word in arguments { free(word) } }
    var id: pid_t = 0
    guard posix_spawn(&id, "/proc/self/exe", &actions, nil, &arguments, environ) == 0 else {
      throw CommandError("cannot start the second process")
    }
    Glibc.close(out[0])
    Glibc.close(back[1])
    questions = out[1]
    answers = back[0]
    process = id
  }

  /// True when the second process can read an intent for this device.
  func sees(_ device: String) async -> Bool {
    await withCheckedContinuation { continuation in
      let schedule = state.withLock { state in
        state.waiting.append((device, continuation))
        defer { state.isScheduled = true }
        return !state.isScheduled
      }
      // A thread of its own for each burst: writing and reading block.
      if schedule { WitnessThread.run { self.flush() } }
    }
  }

  private func flush() {
    while true {
      let batch = state.withLock { state in
        let batch = state.waiting
        state.waiting = []
        if batch.isEmpty { state.isScheduled = false }
        return batch
      }
      guard !batch.isEmpty else { return }
      // Less than a pipe holds, so that both sides never wait for each other.
      for start in stride(from: 0, to: batch.count, by: 512) {
        let part = batch[start..<min(start + 512, batch.count)]
        let text = Array(part.map { $0.device + "\n" }.joined().utf8)
        var replies = [UInt8](repeating: 48, count: part.count)
        var sent = 0
        while sent < text.count {
          let count = text.withUnsafeBytes { write(questions, $0.baseAddress! + sent, text.count - sent) }
          guard count > 0 else { break }
          sent += count
        }
        var got = 0
        while sent == text.count, got < replies.count {
          let count = replies.withUnsafeMutableBytes { read(answers, $0.baseAddress! + got, $0.count - got) }
          guard count > 0 else { break }
          got += count
        }
        for (entry, reply) in zip(part, replies) { entry.answer.resume(returning: reply == 49) }
      }
    }
  }

  /// Ends the second process.
  func close() {
    Glibc.close(questions)
    Glibc.close(answers)
    var status: Int32 = 0
    waitpid(process, &status, 0)
  }
}

/// A thread for work that blocks.
private enum WitnessThread {
  static func run(_ work: @escaping @Sendable () -> Void) {
    let box = Unmanaged.passRetained(Box(work)).toOpaque()
    var thread = pthread_t()
    pthread_create(
      &thread, nil,
      { argument in
        if let argument { Unmanaged<Box>.fromOpaque(argument).takeRetainedValue().work() }
        return nil
      }, box)
    pthread_detach(thread)
  }

  private final class Box {
    let work: @Sendable () -> Void
    init(_ work: @escaping @Sendable () -> Void) { self.work = work }
  }
}
