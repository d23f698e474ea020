import Glibc
import IncidentModel

/// Prints a report's page with a Chromium of the machine. The page has neither script nor network; the browser gets none either.
enum PostmortemPDF {
  private static let names = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"]

  /// The browser's path; nil where there is none.
  static func browser() -> String? {
    for folder in (Console.environment["PATH"] ?? "/usr/bin").split(separator: ":") {
      for name in names where access("\(folder)/\(name)", X_OK) == 0 { return "\(folder)/\(name)" }
    }
    return nil
  }

  /// Prints a page. The file's dates become that of the newest evidence, so that the same report has the same bytes.
  /// - Returns: The file, written and not in its place yet.
  static func print(_ html: String, to path: String, with browser: String, dated: Instant?) throws
    -> HashingFile
  {
    // Beside the report: a browser in a box of its own may see no other folder.
    let page = "\(path).page.html"
    defer { unlink(page) }
    try CommandFile.write(html, to: page)
    guard let full = realpath(page, nil) else {
      throw CommandError("cannot print '\(page)': \(String(cString: strerror(errno)))")
    }
    defer { free(full) }
    let pagePath = String(cString: full)
    var template = Array("/tmp/firebreak-print-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw CommandError("cannot make a temporary folder to print in") }
    let profile = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    defer { _ = run("/bin/rm", ["-rf", profile]) }
    var arguments = [
      "--headless=new", "--disable-gpu", "--no-first-run", "--disable-extensions",
      "--disable-background-networking",
      "--host-resolver-rules=MAP * ~NOTFOUND", "--user-data-dir=\(profile)", "--no-pdf-header-footer",
      "--generate-pdf-document-outline", "--print-to-pdf=\(path).print",
    ]
    // Chromium's own sandbox cannot be set up by root.
    if getuid() == 0 { arguments.append("--no-sandbox") }
    let encoded = pagePath.utf8.map { byte -> String in
      let isPlain =
        byte == 47 || byte == 45 || byte == 46 || byte == 95 || byte >= 48 && byte <= 57
        || (byte | 32) >= 97 && (byte | 32) <= 122
      return isPlain ? String(UnicodeScalar(byte)) : "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }.joined()
    let part = "\(path).print"
    defer { unlink(part) }
    guard run(browser, arguments + ["file://" + encoded]) == 0 else {
      throw CommandError("cannot make '\(path)': \(browser) did not print the page")
    }
    let file = try HashingFile(path)
    try file.write(Self.dated(try CommandFile.read(part), dated))
    return file
  }

  /// The same file with the time of `/CreationDate (D:20261128043214+00'00')` and `/ModDate` replaced; its length stays.
  private static func dated(_ bytes: [UInt8], _ instant: Instant?) -> [UInt8] {
    guard let instant else { return bytes }
    let digits = instant.rfc3339(fractionDigits: 0).utf8.filter { $0 >= 48 && $0 <= 57 }
    guard digits.count == 14 else { return bytes }
    var bytes = bytes
    for name in ["/CreationDate (D:", "/ModDate (D:"] {
      let key = Array(name.utf8)
      var from = bytes.startIndex
      while let found = bytes[from...].firstRange(of: key), found.upperBound + 20 <= bytes.endIndex {
        let place = found.upperBound..<(found.upperBound + 14)
        if bytes[place].allSatisfy({ $0 >= 48 && $0 <= 57 }) { bytes.replaceSubrange(place, with: digits) }
        from = found.upperBound
      }
    }
    return bytes
  }

  /// Runs a program without a shell, its output thrown away; gives its exit code, or -1.
  private static func run(_ program: String, _ arguments: [String]) -> Int32 {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
    var argv: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) }
    argv.append(nil)
    defer { for pointer in argv { free(pointer) } }
    var child: pid_t = 0
    guard posix_spawn(&child, program, &actions, nil, argv, environ) == 0 else { return -1 }
    var status: Int32 = 0
    while waitpid(child, &status, 0) < 0 { if errno != EINTR { return -1 } }
    return status & 0x7F == 0 ? (status >> 8) & 0xFF : -1
  }
}
