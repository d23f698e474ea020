import Glibc

/// Where a file of output goes: the one place that decides what may be replaced.
///
/// A regular file and a new name are replaced by a rename, so that a reader sees all of the new content or all of the old.
/// Of a symbolic link the target is written. Pipes, terminals and other character devices (`/dev/full`, `/dev/stdout`) are
/// written through: they are never replaced. Folders, sockets and disks are refused.
struct OutputPlace {
  /// As the user gave it.
  let path: String
  /// What is written: a name beside the target, or the target itself where nothing is renamed.
  private let written: String
  /// The name that `written` gets in the end; nil where the target is written through.
  private let target: String?
  /// Permissions of the file that is replaced.
  private let earlierMode: mode_t?
  /// Where the file that was replaced lies until `settle()`.
  private(set) var kept: String?

  /// Looks at what is there. Throws where nothing may be written, before any work is done for it.
  init(_ path: String) throws {
    self.path = path
    var status = stat()
    guard stat(path, &status) == 0 else {
      guard errno == ENOENT else { throw Self.refusal(path, String(cString: strerror(errno))) }
      let target = try Self.end(of: path)
      try Self.check(folderOf: target, path)
      (written, self.target, earlierMode) = (Self.temporary(beside: target), target, nil)
      return
    }
    switch status.st_mode & S_IFMT {
    case S_IFREG where !Self.isDescriptor(path):
      guard let resolved = realpath(path, nil) else {
        throw Self.refusal(path, String(cString: strerror(errno)))
      }
      defer { free(resolved) }
      let target = String(cString: resolved)
      guard access(target, W_OK) == 0 else { throw Self.refusal(path, String(cString: strerror(errno))) }
      try Self.check(folderOf: target, path)
      (written, self.target) = (Self.temporary(beside: target), target)
      earlierMode = status.st_mode & 0o777
    case S_IFREG, S_IFIFO, S_IFCHR:
      (written, target, earlierMode) = (path, nil, nil)
    case S_IFDIR: throw Self.refusal(path, "it is a folder; name a file in it")
    case S_IFBLK: throw Self.refusal(path, "it is a disk")
    default: throw Self.refusal(path, "it is neither a file nor a pipe nor a device")
    }
  }

  /// Throws where something of this name is there already, be it a link to nothing.
  static func requireNew(_ path: String, _ why: String) throws {
    var status = stat()
    guard lstat(path, &status) != 0 else {
      throw CommandError("'\(path)' exists already; choose another name\(why.isEmpty ? "" : ", \(why)")")
    }
  }

  /// A descriptor to write to. A file of a private mode stays private where it replaces a public one.
  func open(mode: mode_t) throws -> Int32 {
    let descriptor =
      target == nil
      ? Glibc.open(written, O_WRONLY | O_APPEND | O_NOCTTY | O_CLOEXEC)
      : Glibc.open(written, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode)
    guard descriptor >= 0 else { throw Self.refusal(path, String(cString: strerror(errno))) }
    if let earlierMode, mode & 0o077 != 0 { fchmod(descriptor, earlierMode) }
    return descriptor
  }

  /// What must not stay where the process ends before the file has its name; nil where the target is written through.
  var leftover: String? { target == nil ? nil : written }

  /// Gives the file its name. False leaves the reason in `errno`.
  func publish() -> Bool { target.map { rename(written, $0) == 0 } ?? true }

  /// Gives the file its name, and keeps the one that had it beside it until `settle()`. False leaves the reason in `errno` and the
  /// place as it was.
  mutating func publishKeepingEarlier() -> Bool {
    guard let target else { return true }
    var earlier: String?
    if earlierMode != nil {
      let name = Self.temporary(beside: target, suffix: "old")
      // A second name leaves no moment without a file; where the file system has none, the file is moved.
      guard link(target, name) == 0 || rename(target, name) == 0 else { return false }
      earlier = name
    }
    guard publish() else {
      let reason = errno
      if let earlier {
        // Of two names for one file, rename(2) keeps both.
        rename(earlier, target)
        unlink(earlier)
      }
      errno = reason
      return false
    }
    kept = earlier
    return true
  }

  /// Puts back what lay there before `publishKeepingEarlier()`. False leaves the reason in `errno` and both files.
  mutating func takeBack() -> Bool {
    guard let target else { return true }
    guard (kept.map { rename($0, target) } ?? unlink(target)) == 0 else { return false }
    kept = nil
    return true
  }

  /// Takes away the file that was replaced.
  mutating func settle() {
    if let kept { unlink(kept) }
    kept = nil
  }

  /// Takes away what was written for nothing.
  func discard() { if target != nil { unlink(written) } }

  // MARK: Looking

  private static func refusal(_ path: String, _ reason: String) -> CommandError {
    CommandError("cannot write '\(path)': \(reason)")
  }

  private static func folder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  private static func check(folderOf target: String, _ path: String) throws {
    guard access(folder(of: target), W_OK | X_OK) == 0 else {
      throw refusal(path, String(cString: strerror(errno)))
    }
  }

  /// The name that a chain of links to nothing ends in, or the path itself.
  private static func end(of path: String) throws -> String {
    var at = path
    for _ in 0..<40 {
      var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
      let length = readlink(at, &buffer, buffer.count - 1)
      guard length > 0 else {
        guard !at.isEmpty, at.last != "/" else { throw refusal(path, "it names no file") }
        return at
      }
      let next = String(decoding: buffer[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
      at = next.hasPrefix("/") ? next : folder(of: at) + "/" + next
    }
    throw refusal(path, String(cString: strerror(ELOOP)))
  }

  /// True for a name of one of our own descriptors (proc_pid_fd(5)): what is behind it is not ours to replace.
  private static func isDescriptor(_ path: String) -> Bool {
    ["/dev/fd/", "/dev/stdout", "/dev/stderr", "/proc/self/fd/"].contains { path.hasPrefix($0) }
  }

  private static func temporary(beside target: String, suffix: String = "part") -> String {
    let name = target.split(separator: "/").last.map(String.init) ?? "output"
    let number = UInt32.random(in: 0...UInt32.max)
    return "\(folder(of: target))/.\(name.prefix(200)).\(String(number, radix: 36)).\(suffix)"
  }
}
