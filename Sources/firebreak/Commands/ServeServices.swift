import FoundationEssentials
import Glibc
import IncidentModel
import PostmortemReport
import TimelineStore
import TimelineWeb

/// What the pages ask of the program.
struct ProgramServices: DeskServices {
  var toolVersion: String { "firebreak \(Firebreak.version)" }
  var author: String { Person.current }
  var now: Instant { Person.now }
  var digest: SHA256Function { Custody.digest }

  func annotations(_ reader: CaseReader) throws -> Annotations { try AnnotationStore.read(reader) }

  func state(ofRun records: [JournalRow], case path: String) -> RunState { RunState(records, case: path) }

  func checkReportField(key: String, value: String) throws { try ReportField.check(key: key, value: value) }

  func clockAnswers(_ reader: CaseReader, clock: String, applies: Bool, awareAt: String?) throws -> String {
    var answers = try AnnotationStore.read(reader).clocks ?? []
    var answer = answers.first { $0.clock == clock } ?? LegalClockAnswer(clock: clock)
    answers.removeAll { $0.clock == clock }
    answer.applies = applies
    answer.by = author
    if let awareAt { answer.awareAt = awareAt }
    answers.append(answer)
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(answers), as: UTF8.self)
  }

  func rawLine(of event: TimelineEvent, source: SourceEntry?, in reader: CaseReader) -> RawLine {
    let isPlain = event.place.members.isEmpty && source?.compression.isEmpty != false
    let digest = source?.sha256 ?? ""
    var evidence: any RawEvidence = isPlain ? PlainFiles() : UnpackedEvidence()
    var raw = RawRecord(event, sha256: digest, from: evidence)
    if case .missing = raw.state {
      do {
        if let copy = try EmbeddedCopy(of: event.place, sha256: digest, in: reader) {
          evidence.location = copy.path
          raw = withExtendedLifetime(copy) { RawRecord(event, sha256: digest, from: evidence) }
        }
      } catch {
        return .missing("\(error)")
      }
    }
    switch raw.state {
    case .read(let bytes): return .read(bytes)
    case .missing(let words): return .missing(words)
    }
  }

  func retrace(path: String) throws {
    // No cascade is an answer too.
    try OwnProcess.run(["trace", "--case", path, "--format", "json"], accepting: [0, 1])
  }

  func report(path: String, audience: Audience) throws -> String {
    let parent = Console.environment["TMPDIR"].flatMap { $0.isEmpty ? nil : $0 } ?? "/tmp"
    var template = Array("\(parent)/firebreak-report-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else {
      throw CommandError("cannot make a folder in '\(parent)': \(String(cString: strerror(errno)))")
    }
    let folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    let suffix = audience == .engineer ? "" : "-\(audience.rawValue)"
    let file = "\(folder)/postmortem\(suffix).html"
    defer {
      for name in [file, "\(folder)/devices.csv"] { unlink(name) }
      rmdir(folder)
    }
    // Who only looks writes nothing.
    try OwnProcess.run(
      [
        "postmortem", "make", "--case", path, "--output", folder, "--audience", audience.rawValue,
        "--report-format", "html", "--no-timeline", "--no-store",
      ], accepting: [0])
    return String(decoding: try CommandFile.read(file), as: UTF8.self)
  }
}

/// This program again in a process of its own: long work with much memory, which the server then does not keep.
enum OwnProcess {
  /// Runs to the end. Throws what it said where the exit code is none of those accepted.
  static func run(_ arguments: [String], accepting codes: Set<Int32>) throws {
    var template = Array("/tmp/firebreak-errors-XXXXXX".utf8CString)
    let errors = mkstemp(&template)
    guard errors >= 0 else { throw CommandError("cannot write in /tmp: \(String(cString: strerror(errno)))") }
    _ = fcntl(errors, F_SETFD, FD_CLOEXEC)
    unlink(template)
    defer { close(errors) }
    var words: [UnsafeMutablePointer<CChar>?] = (["firebreak"] + arguments).map { strdup($0) } + [nil]
    defer { words.forEach { free($0) } }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0)
    posix_spawn_file_actions_adddup2(&actions, errors, STDERR_FILENO)
    var child = pid_t()
    guard posix_spawn(&child, "/proc/self/exe", &actions, nil, &words, environ) == 0 else {
      throw CommandError(
        "cannot start 'firebreak \(arguments.first ?? "")': \(String(cString: strerror(errno)))")
    }
    var status: Int32 = 0
    while waitpid(child, &status, 0) < 0 {
      guard errno == EINTR else {
        throw CommandError(
          "cannot tell how 'firebreak \(arguments.first ?? "")' ended: \(String(cString: strerror(errno)))")
      }
    }
    let code = status & 0x7f == 0 ? (status >> 8) & 0xff : 128 + status & 0x7f
    guard !codes.contains(code) else { return }
    var text = [UInt8](repeating: 0, count: 4096)
    let count = pread(errors, &text, text.count, 0)
    let said = String(decoding: text.prefix(max(0, count)), as: UTF8.self).split(separator: "\n")
      .filter { $0.hasPrefix("firebreak: ") }.last.map { String($0.dropFirst("firebreak: ".count)) }
    throw CommandError(said ?? "'firebreak \(arguments.first ?? "")' ended with \(code)")
  }
}
