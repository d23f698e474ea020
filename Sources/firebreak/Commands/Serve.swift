import ArgumentParser
import ConsoleOutput
import Glibc
import TimelineStore
import TimelineWeb

/// `firebreak serve`: the case in the browser, on this machine only.
struct Serve: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve",
    abstract: "Show the case in the browser, on this machine only.",
    discussion: """
      Prints a link that lets one browser in, once; Enter prints another. Listens on 127.0.0.1 only and never reads or \
      writes anything but this case. Nothing can be run on devices from the page. Ctrl-C ends it.
      """)

  @OptionGroup var caseOption: CaseOption

  @Option(help: ArgumentHelp("Port on 127.0.0.1 (default: a free one).", valueName: "N"))
  var port: UInt16 = 0

  @Flag(help: "Open the page in the default browser.")
  var open = false

  func run() throws {
    let path = try caseOption.existingPath()
    CaseOption.announce(path, newest: try CaseReader(path: path).newestEvidence)
    Interrupt.listen()
    let server = try PageServer(path: path, port: port, services: ProgramServices())
    let link = server.startLink()
    Console.print(link)
    Console.note(
      Console.noteStyle.dim("the link works once; Enter prints another, Ctrl-C ends"))
    let file = open ? try StartFile(link: server.startLink()) : nil
    file?.openInBrowser()
    let keyboard = Keyboard()
    server.run {
      if keyboard.enterWasPressed() { Console.print(server.startLink()) }
      file?.expire()
      return Interrupt.isRequested
    }
    file?.remove()
    if Interrupt.isRequested { Console.note("ended; the case was closed") }
  }
}

/// Looks whether Enter was pressed, without waiting; only at a terminal.
private final class Keyboard {
  private var isUsable = isatty(STDIN_FILENO) == 1

  func enterWasPressed() -> Bool {
    guard isUsable else { return false }
    var descriptor = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
    guard poll(&descriptor, 1, 0) > 0 else { return false }
    var bytes = [UInt8](repeating: 0, count: 256)
    let count = read(STDIN_FILENO, &bytes, bytes.count)
    if count <= 0 { isUsable = false }
    return count > 0 && bytes[..<count].contains(10)
  }
}

/// A file of the user's alone that leads a browser to the start link: an argument list can be read by everybody.
private final class StartFile {
  private let path: String
  private let made = time(nil)
  private var isThere = true
  /// The browser's process, until it has ended; 0: none.
  private var browser: pid_t = 0

  init(link: String) throws {
    let runtime = Console.environment["XDG_RUNTIME_DIR"].flatMap { $0.isEmpty ? nil : $0 }
    let folder = runtime ?? Console.environment["TMPDIR"].flatMap { $0.isEmpty ? nil : $0 } ?? "/tmp"
    var template = Array("\(folder)/firebreak-start-XXXXXX.html".utf8CString)
    let descriptor = mkstemps(&template, 5)
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    guard descriptor >= 0 else {
      throw CommandError(
        "cannot write a file in '\(folder)' to open the browser with: \(String(cString: strerror(errno)))")
    }
    defer { close(descriptor) }
    // The link holds only letters, digits and marks that need no escaping here.
    let page =
      "<!doctype html><meta charset=\"utf-8\"><meta name=\"referrer\" content=\"no-referrer\"><title>Firebreak</title>"
      + "<meta http-equiv=\"refresh\" content=\"0; url=\(link)\"><a href=\"\(link)\">Open the case</a>\n"
    var text = page
    let isWritten = text.withUTF8 { write(descriptor, $0.baseAddress, $0.count) == $0.count }
    guard isWritten else { throw CommandError("cannot write '\(path)': \(String(cString: strerror(errno)))") }
  }

  func openInBrowser() {
    let program =
      Console.environment["BROWSER"].flatMap { $0.isEmpty || $0.contains(" ") ? nil : $0 } ?? "xdg-open"
    var arguments: [UnsafeMutablePointer<CChar>?] = [strdup(program), strdup(path), nil]
    defer { arguments.forEach { free($0) } }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0)
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0)
    defer { posix_spawn_file_actions_destroy(&actions) }
    guard posix_spawnp(&browser, program, &actions, nil, &arguments, environ) == 0 else {
      return Console.warn("no browser could be opened ('\(program)' cannot be started); open the link above")
    }
  }

  /// Two minutes are enough for any browser.
  func expire() {
    if isThere, time(nil) - made > 120 { remove() }
    // Only this one: others are waited for where they were started.
    var status: Int32 = 0
    if browser > 0, waitpid(browser, &status, WNOHANG) == browser { browser = 0 }
  }

  func remove() {
    guard isThere else { return }
    isThere = false
    unlink(path)
  }
}
