import Glibc

/// Reading and writing files that a person named, with errors that say what to do.
enum CommandFile {
  /// The bytes of a file, or of standard input for `-`.
  /// - Parameters:
  ///   - limit: More bytes than this are an error.
  ///   - tooLarge: What is said then.
  static func read(_ path: String, limit: Int = 64 << 20, tooLarge: String? = nil) throws -> [UInt8] {
    let descriptor = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw CommandError("cannot read '\(path)': \(String(cString: strerror(errno)))")
    }
    defer { if path != "-" { close(descriptor) } }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = Glibc.read(descriptor, &buffer, buffer.count)
      if count == 0 { return bytes }
      if count < 0 {
        if errno == EINTR { continue }
        throw CommandError("cannot read '\(path)': \(String(cString: strerror(errno)))")
      }
      bytes += buffer[..<count]
      guard bytes.count <= limit else {
        throw CommandError(tooLarge ?? "cannot read '\(path)': it is larger than \(limit >> 20) MiB")
      }
    }
  }

  /// Makes a folder and those above it; ones that exist are fine.
  static func makeFolder(_ path: String) throws {
    guard mkdir(path, 0o755) == 0 || errno == EEXIST || makeParents(path) else {
      throw CommandError("cannot make the folder '\(path)': \(String(cString: strerror(errno)))")
    }
    var status = stat()
    if stat(path, &status) == 0, status.st_mode & S_IFMT != S_IFDIR {
      throw CommandError("'\(path)' is a file: --output names the folder that the report is written into")
    }
    guard access(path, W_OK | X_OK) == 0 else {
      throw CommandError("cannot write into '\(path)': \(String(cString: strerror(errno)))")
    }
  }

  /// Makes what is missing above a folder, then the folder. False leaves the reason in `errno`.
  private static func makeParents(_ path: String) -> Bool {
    guard errno == ENOENT else { return false }
    let parts = path.split(separator: "/", omittingEmptySubsequences: true)
    var made = path.hasPrefix("/") ? "" : "."
    for part in parts {
      made += "/" + part
      guard mkdir(made, 0o755) == 0 || errno == EEXIST else { return false }
    }
    return true
  }

  /// Writes a file whole or not at all.
  static func write(_ text: String, to path: String, mode: mode_t = 0o644) throws {
    let file = try HashingFile(path, mode: mode)
    try file.write(text)
    _ = try file.finish()
  }
}
