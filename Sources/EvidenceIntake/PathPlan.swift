import Glibc

/// The files that the given paths stand for, in the order that numbers the lanes.
struct PathPlan {
  /// One file, or standard input.
  struct Item: Sendable {
    /// As given, or the folder as given and the path inside it.
    var path: String
    /// Bytes; 0 for standard input.
    var size: UInt64
    /// Modification time in nanoseconds since the epoch; nil for standard input.
    var modified: Int64?
    var isStandardInput: Bool { path == "-" }
  }

  var items: [Item] = []
  /// What was left out, in words for people.
  private(set) var notes: [String] = []
  /// Files in folders that could not be read.
  private(set) var unreadable: [IntakeError] = []

  private let excluded: Set<String>
  private var seen: Set<FileIdentity> = []

  private struct FileIdentity: Hashable {
    var device: UInt
    var inode: UInt
  }

  /// Expands files and folders. Throws for a path that was named and is not there, cannot be read, or is no file.
  init(_ paths: [String], excluded: Set<String>) throws(IntakeError) {
    self.excluded = Set(excluded.map(Self.resolved))
    for path in paths {
      if path == "-" {
        if !items.contains(where: \.isStandardInput) { items.append(Item(path: "-", size: 0, modified: nil)) }
        continue
      }
      var info = stat()
      guard stat(FilePath.system(path), &info) == 0 else { throw IntakeError.system(path, errno) }
      switch info.st_mode & S_IFMT {
      case S_IFDIR:
        let before = items.count
        try addFolder(path, in: path)
        if items.count == before {
          throw IntakeError(
            .nothingToRead,
            "is a folder with nothing readable in it"
              + (unreadable.isEmpty ? "" : ": \(unreadable.count) files cannot be opened"), place: path)
        }
      case S_IFREG:
        guard access(FilePath.system(path), R_OK) == 0 else { throw IntakeError.system(path, errno) }
        if self.excluded.contains(Self.resolved(path)) {
          throw IntakeError(.nothingToRead, "is the case that is being written, not evidence", place: path)
        }
        add(path, info)
      default:
        throw IntakeError(
          .specialFile,
          "is \(Self.word(info.st_mode)), not a file: give its content on standard input with '-'",
          place: path)
      }
    }
  }

  /// How the names of cases end that are still being built.
  private static let unfinished = ".firebreak.building"

  private mutating func add(_ path: String, _ info: stat) {
    if excluded.contains(Self.resolved(path)) { return }
    if path.hasSuffix(Self.unfinished) {
      notes.append("'\(path)' is a case that another ingest has not finished: left out")
      return
    }
    let identity = FileIdentity(device: UInt(info.st_dev), inode: UInt(info.st_ino))
    guard seen.insert(identity).inserted else {
      notes.append("'\(path)' was given twice: read once")
      return
    }
    items.append(
      Item(
        path: path, size: UInt64(info.st_size),
        modified: Int64(info.st_mtim.tv_sec) &* 1_000_000_000 &+ Int64(info.st_mtim.tv_nsec)))
  }

  /// Adds a folder's files, sorted by path, those of its folders too. Links inside are not followed: what they point
  /// to inside is read anyway, and outside is not what was given.
  /// - Parameter root: The folder that was given.
  private mutating func addFolder(_ folder: String, in root: String) throws(IntakeError) {
    guard let found = FilePath.names(in: FilePath.system(folder)) else {
      let error = IntakeError.system(folder, errno)
      if items.isEmpty && unreadable.isEmpty { throw error }
      unreadable.append(error)
      return
    }
    let counts = found.reduce(into: [String: Int]()) { $0[FilePath.text($1), default: 0] += 1 }
    let names = counts.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    var links = 0
    defer {
      if links > 0 {
        let what = links == 1 ? "1 link" : "\(links) links"
        notes.append("'\(folder)' holds \(what) to what is read under its own name: not followed")
      }
    }
    for name in names {
      let path = folder.hasSuffix("/") ? folder + name : folder + "/" + name
      if let count = counts[name], count > 1 {
        unreadable.append(
          IntakeError(
            .unreadable,
            "cannot be read: the names of \(count) files differ only in bytes that are not UTF-8; rename them",
            place: path))
        continue
      }
      var info = stat()
      guard lstat(FilePath.system(path), &info) == 0 else {
        unreadable.append(IntakeError.system(path, errno))
        continue
      }
      switch info.st_mode & S_IFMT {
      case S_IFDIR: try addFolder(path, in: root)
      case S_IFREG:
        if access(FilePath.system(path), R_OK) == 0 {
          add(path, info)
        } else {
          unreadable.append(IntakeError.system(path, errno))
        }
      case S_IFLNK:
        guard stat(FilePath.system(path), &info) == 0 else {
          notes.append(
            "'\(path)' is a link to what is not there (\(String(cString: strerror(errno)))): left out")
          continue
        }
        let inside = Self.resolved(root)
        let target = Self.resolved(path)
        if target == inside || target.hasPrefix(inside.hasSuffix("/") ? inside : inside + "/") {
          links += 1
        } else {
          notes.append("'\(path)' is a link to outside the folder: not followed")
        }
      default: notes.append("'\(path)' is \(Self.word(info.st_mode)): left out")
      }
    }
  }

  /// The path without links; of a file that is not there yet, its folder's.
  static func resolved(_ path: String) -> String {
    if let full = realpath(FilePath.system(path), nil) {
      defer { free(full) }
      return String(cString: full)
    }
    let slash = path.lastIndex(of: "/")
    let folder = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    guard let full = realpath(folder, nil) else { return path }
    defer { free(full) }
    let name = slash.map { String(path[path.index(after: $0)...]) } ?? path
    let head = String(cString: full)
    return head == "/" ? "/" + name : head + "/" + name
  }

  private static func word(_ mode: mode_t) -> String {
    switch mode & S_IFMT {
    case S_IFIFO: "a pipe"
    case S_IFSOCK: "a socket"
    case S_IFCHR: "a character device"
    case S_IFBLK: "a block device"
    default: "a special file"
    }
  }
}
