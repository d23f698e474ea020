import ConsoleOutput
import Dispatch
import Glibc
import Synchronization

/// The only printer: standard output is the result, standard error is talk.
///
/// Where the reader of standard output has gone (`| head -1`), a command that only reads ends as others do, by SIGPIPE: its
/// answer was not given, so it must not end with 0. One that acts, and stops at safe places only (`Interrupt.listen`),
/// goes on in silence and ends with its own status. A run on devices drains instead, as for Ctrl-C. Any other write
/// error is an error. Who acts on devices never waits for a reader who does not read (a full pipe, a stopped terminal): what
/// could not be shown is shown later, or counted.
enum Console {
  /// Environment of the process.
  static let environment: [String: String] = {
    var result: [String: String] = [:]
    var entry = environ
    while let text = entry.pointee {
      let line = String(cString: text)
      if let equals = line.firstIndex(of: "=") {
        result[String(line[..<equals])] = String(line[line.index(after: equals)...])
      }
      entry += 1
    }
    return result
  }()

  /// Colour for standard output.
  static let style = TerminalStyle(isTerminal: isatty(STDOUT_FILENO) == 1, environment: environment)
  /// Colour for standard error.
  static let noteStyle = TerminalStyle(isTerminal: isatty(STDERR_FILENO) == 1, environment: environment)

  /// Columns of the terminal that the result is read on; nil when it goes elsewhere. `COLUMNS` overrides. What goes into a pipe
  /// (`| head`) is read on the terminal that standard error goes to.
  static var width: Int? {
    if let given = givenWidth { return given }
    if let columns = columns(of: STDOUT_FILENO) { return columns }
    var status = stat()
    guard fstat(STDOUT_FILENO, &status) == 0, status.st_mode & S_IFMT == S_IFIFO else { return nil }
    return columns(of: STDERR_FILENO)
  }

  /// Columns of the terminal that standard error goes to; nil when it goes elsewhere. `COLUMNS` overrides.
  static var noteWidth: Int? { givenWidth ?? columns(of: STDERR_FILENO) }

  private static var givenWidth: Int? {
    guard let text = environment["COLUMNS"], let columns = Int(text), columns >= 20 else { return nil }
    return columns
  }

  private static func columns(of descriptor: Int32) -> Int? {
    var size = winsize()
    guard isatty(descriptor) == 1 else { return nil }
    guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col >= 20 else { return 80 }
    return Int(size.ws_col)
  }

  /// Keeps the numbers of standard streams that the caller closed (`>&-`) from being given to a file or a lock, into which the
  /// result would be written then. Writing to such a stream, and reading from it, is an error as before. To be called first.
  static func holdClosedStreams() {
    for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) < 0 {
      // The lowest free number is the closed one.
      _ = open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY)
    }
  }

  /// Writes a line of the result. The text must be sanitised already.
  static func print(_ line: String) { write(line + "\n", to: STDOUT_FILENO) }

  /// Writes sentences of the result, broken where the terminal ends; lines after the first are indented by so many blanks.
  static func prose(_ text: String, indent: Int = 2) {
    guard let width else { return print(text) }
    for line in Prose.wrap(text, width, indent: indent) { print(line) }
  }

  /// Writes a table of the result, each line after so many blanks.
  static func print(_ table: TextTable, indent: Int = 0) {
    let layout = table.layout(width: width.map { $0 - indent })
    let blanks = String(repeating: " ", count: indent)
    if !layout.header.isEmpty { print(blanks + style.bold(layout.header)) }
    for line in layout.lines { print(blanks + line) }
  }

  /// Writes text of the result as it is.
  static func write(_ text: String) { write(text, to: STDOUT_FILENO) }

  /// Writes bytes of the result as they are.
  static func write(_ bytes: UnsafeRawBufferPointer) { write(bytes, to: STDOUT_FILENO) }

  /// Writes a line of talk, broken where the terminal ends; commands in quotes and hashes stay whole.
  static func note(_ text: String) {
    for line in noteLines(text) { write(line + "\n", to: STDERR_FILENO) }
  }

  /// A line of talk as lines of the terminal.
  static func noteLines(_ text: String) -> [String] {
    guard let noteWidth else { return [text] }
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    return lines.flatMap { Prose.wrap(String($0), noteWidth, indent: 2) }
  }

  /// Writes a line of talk as it is.
  static func noteVerbatim(_ line: String) { write(line + "\n", to: STDERR_FILENO) }

  /// Writes the head of a custody log, whole and on a line of its own: people write it down.
  static func noteHead(_ head: String) { note("custody log: write this head down elsewhere:\n  \(head)") }

  /// Writes a warning.
  static func warn(_ line: String) { note(noteStyle.yellow("warning: ") + line) }

  /// Set while devices are acted on.
  private static let drainsWhenClosed = Atomic<Bool>(false)
  /// Set while holds are watched, which must end in time whoever reads of it.
  private static let goesOnWhenLost = Atomic<Bool>(false)

  /// From now on a closed pipe or terminal asks for a stop, as Ctrl-C does, and does not end the process; and nobody waits for
  /// a reader.
  static func drainWhenClosed() {
    drainsWhenClosed.store(true, ordering: .relaxed)
    goOnWithoutReader()
  }

  /// From now on nothing that cannot be written ends or stops the process, be the pipe closed or the disk full. The sentence
  /// is said once on standard error.
  static func goOnWhenLost(_ sentence: String) {
    goesOnWhenLost.store(true, ordering: .relaxed)
    goOnWithoutReader()
    hasActed(sentence)
  }

  /// Set while what is written goes through lanes.
  private static let usesLanes = Atomic<Bool>(false)
  /// The result is kept whole, within reason, for a reader who comes back.
  private static let results = OutputLane(
    "firebreak.results", limit: 64 << 20, write: { writeNow($0, to: STDOUT_FILENO) }, lose: sayLost)
  private static let talk = OutputLane(
    "firebreak.talk", limit: 256 << 10, write: { writeNow($0, to: STDERR_FILENO) }, lose: sayLost)

  /// From now on nobody waits for a reader: to be called first by whoever is going to act on devices.
  static func goOnWithoutReader() {
    usesLanes.store(true, ordering: .relaxed)
    // A job in the background that writes to its terminal must not be stopped for it (`stty tostop`).
    signal(SIGTTOU, SIG_IGN)
  }

  private static func sayLost(_ lines: Int) {
    noteVerbatim(
      "firebreak: \(lines == 1 ? "1 line was" : "\(lines) lines were") left out here, since nobody read them; "
        + "'firebreak playbook status' has what was done")
  }

  /// Ends the process once all is written. For a reader who does not read it waits until Ctrl-C, or no more than a moment where
  /// that has come already; an answer that was not taken is told by the exit code.
  static func end(_ code: Int32) -> Never {
    guard usesLanes.load(ordering: .relaxed) else { exit(code) }
    let began = DispatchTime.now().uptimeNanoseconds
    let isWhole = results.finish {
      let waited = DispatchTime.now().uptimeNanoseconds - began
      if waited > 1_000_000_000 { sayWaiting() }
      return Interrupt.isRequested && waited > 1_000_000_000
    }
    if !isWhole { _ = loseAnswer("nobody reads it") }
    _ = talk.finish {
      Interrupt.isRequested && DispatchTime.now().uptimeNanoseconds - began > 2_000_000_000
    }
    exit(code == 0 && hasLostAnswer ? ExitStatus.losses.code : code)
  }

  private static let hasSaidWaiting = Atomic<Bool>(false)

  private static func sayWaiting() {
    guard !hasSaidWaiting.exchange(true, ordering: .relaxed) else { return }
    noteVerbatim("firebreak: done; waits for whoever reads standard output (Ctrl-C ends that)")
  }

  /// Writes a line of progress for eyes: where others wait to be read it is left out, which is no loss but of the last one.
  static func progress(_ line: String, isLast: Bool) {
    var line = line
    line.withUTF8 { bytes in
      guard usesLanes.load(ordering: .relaxed) else {
        _ = Glibc.write(STDERR_FILENO, bytes.baseAddress, bytes.count)
        return
      }
      talk.put(UnsafeRawBufferPointer(bytes), mayBeLeftOut: !isLast)
    }
  }

  /// What is done although it could not be said.
  private static let done = Mutex<String?>(nil)

  /// From now on an answer that cannot be written is no more than that: the work itself is done, and this sentence says so.
  static func isDone(_ sentence: String) { done.withLock { $0 = sentence } }

  /// What devices were done to, and whether an answer about that was lost.
  private static let acted = Mutex<(sentence: String?, isLost: Bool)>((nil, false))

  /// From now on an answer that cannot be written is no error: devices were acted on, there may be more to do, and the exit
  /// code is that of what was done. This sentence, in one line, is said on standard error instead, once.
  static func hasActed(_ sentence: String) { acted.withLock { $0.sentence = sentence } }

  /// True when an answer could not be written after `hasActed`.
  static var hasLostAnswer: Bool { acted.withLock { $0.isLost } }

  /// Says once what could not be said on standard output; false before `hasActed`.
  private static func loseAnswer(_ reason: String) -> Bool {
    let state = acted.withLock { acted in
      let before = acted
      if before.sentence != nil { acted = (nil, true) }
      return before
    }
    if let sentence = state.sentence {
      noteVerbatim("firebreak: cannot write to standard output: \(reason); \(Sanitizer.escape(sentence))")
    }
    return state.sentence != nil || state.isLost
  }

  private static func write(_ text: String, to descriptor: Int32) {
    var text = text
    text.withUTF8 { write(UnsafeRawBufferPointer($0), to: descriptor) }
  }

  private static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) {
    guard usesLanes.load(ordering: .relaxed) else { return writeNow(bytes, to: descriptor) }
    guard descriptor == STDOUT_FILENO else {
      if talk.put(bytes) { talk.settle() }
      return
    }
    // Both may be read on one terminal: what was said before stands before.
    talk.settle()
    results.put(bytes)
    results.settle()
  }

  private static func writeNow(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) {
    var rest = bytes
    while !rest.isEmpty {
      let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
      if count > 0 {
        rest = UnsafeRawBufferPointer(rebasing: rest[count...])
      } else if errno == EINTR {
        continue
      } else if errno == EAGAIN {
        // Whoever shares the stream with us has made it so.
        var wait = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        poll(&wait, 1, 1000)
      } else if goesOnWhenLost.load(ordering: .relaxed) {
        if descriptor != STDERR_FILENO { _ = loseAnswer(String(cString: strerror(errno))) }
        return
      } else if errno == EPIPE || errno == EIO, drainsWhenClosed.load(ordering: .relaxed) {
        return Interrupt.request()
      } else if errno == EPIPE {
        if descriptor == STDERR_FILENO || Interrupt.isListening { return }
        endByClosedPipe()
      } else {
        let reason = String(cString: strerror(errno))
        // Talk that is lost does not end a run in the middle of an act.
        if descriptor == STDERR_FILENO, drainsWhenClosed.load(ordering: .relaxed) { return }
        if descriptor != STDERR_FILENO {
          if loseAnswer(reason) { return }
          let rest = done.withLock { $0 }.map { "; " + Sanitizer.escape($0) } ?? ""
          note("firebreak: cannot write to standard output: \(reason)\(rest)")
          talk.settle()
        }
        exit(ExitStatus.couldNot.code)
      }
    }
  }

  /// Ends the process as a closed pipe ends those that do not look (status 141 in a shell).
  private static func endByClosedPipe() -> Never {
    var pipe = sigset_t()
    sigemptyset(&pipe)
    sigaddset(&pipe, SIGPIPE)
    signal(SIGPIPE, SIG_DFL)
    pthread_sigmask(SIG_UNBLOCK, &pipe, nil)
    kill(getpid(), SIGPIPE)
    exit(128 + SIGPIPE)
  }
}
