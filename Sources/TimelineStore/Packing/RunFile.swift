internal import Glibc

/// Files of playbook runs that lie beside a case, in `CASE.runs/RUN/`: without them nothing takes a run back, so they are packed
/// with the case.
public struct RunFile: Sendable, Hashable {
  /// The run's id: its folder.
  public var run: String
  /// `plan` or `undo.sh`.
  public var name: String
  /// A file from its parts.
  public init(run: String, name: String) {
    self.run = run
    self.name = name
  }

  /// By name: how it may be used.
  static let modes: [String: mode_t] = ["plan": 0o600, "undo.sh": 0o700]

  /// A pack may be hostile: what would lie anywhere else is no file of a run.
  var isOne: Bool {
    Self.modes[name] != nil && !run.isEmpty && run.utf8.count <= 200 && run.utf8.first != UInt8(ascii: ".")
      && run.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "/") }
  }

  /// The frame that holds it: its place, a line feed, its bytes.
  func frame(_ bytes: [UInt8]) -> [UInt8] { Array("\(run)/\(name)\n".utf8) + bytes }

  /// What a frame holds; nil where that is no file of a run.
  static func read(_ frame: [UInt8]) -> (file: RunFile, bytes: [UInt8])? {
    guard let end = frame.firstIndex(of: UInt8(ascii: "\n")),
      let slash = frame[..<end].firstIndex(of: UInt8(ascii: "/"))
    else { return nil }
    let file = RunFile(
      run: String(decoding: frame[..<slash], as: UTF8.self),
      name: String(decoding: frame[(slash + 1)..<end], as: UTF8.self))
    return file.isOne ? (file, Array(frame[(end + 1)...])) : nil
  }
}

extension RunFile {
  /// The file's bytes, of the case with this path.
  func bytes(beside path: String) throws(StoreError) -> [UInt8] {
    try Self.contents("\(path).runs/\(run)/\(name)")
  }

  private static func contents(_ path: String) throws(StoreError) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
    guard descriptor >= 0 else { throw SystemFile.error("cannot read", path) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw SystemFile.error("cannot read", path) }
    guard status.st_mode & S_IFMT == S_IFREG, status.st_size < PackFile.maximumFrame - 256 else {
      throw StoreError(
        code: .limit, what: "cannot read", path: path, reason: "it is no file of a run, or too large")
    }
    let target = UnsafeMutableRawBufferPointer.allocate(byteCount: max(1, Int(status.st_size)), alignment: 16)
    defer { target.deallocate() }
    let count = try SystemFile.read(from: descriptor, at: 0, into: target, path: path)
    return Array(target[..<min(count, Int(status.st_size))])
  }

  /// Writes it beside the case with this path, durably. One that is there already must be the same. True when it was written.
  func write(_ bytes: [UInt8], beside path: String) throws(StoreError) -> Bool {
    let folder = "\(path).runs/\(run)"
    for part in ["\(path).runs", folder] {
      var status = stat()
      guard mkdir(part, 0o700) == 0 || errno == EEXIST else { throw SystemFile.error("cannot make", part) }
      // Nobody else says where it lies.
      guard lstat(part, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
        throw SystemFile.error("cannot make", part, ENOTDIR)
      }
    }
    let file = "\(folder)/\(name)"
    if access(file, F_OK) == 0 {
      guard try Self.contents(file) == bytes else {
        throw StoreError(
          code: .inputOutput, what: "cannot unpack to", path: file, reason: "another file is there",
          advice: "move '\(path).runs' away, or unpack under another name")
      }
      return false
    }
    let building = file + ".new"
    unlink(building)
    let descriptor = open(
      building, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, Self.modes[name] ?? 0o600)
    guard descriptor >= 0 else { throw SystemFile.error("cannot write", building) }
    defer { close(descriptor) }
    let failure = bytes.withUnsafeBytes { raw -> StoreError? in
      do throws(StoreError) {
        try SystemFile.write(raw, to: descriptor, at: 0, path: building)
        return nil
      } catch {
        return error
      }
    }
    if failure == nil, fchmod(descriptor, Self.modes[name] ?? 0o600) == 0, fsync(descriptor) == 0,
      rename(building, file) == 0
    {
      return true
    }
    let error = failure ?? SystemFile.error("cannot write", building)
    unlink(building)
    throw error
  }

  /// Removes what was written of them, and folders that are empty then.
  static func remove(_ files: [RunFile], beside path: String) {
    for file in files {
      unlink("\(path).runs/\(file.run)/\(file.name)")
      rmdir("\(path).runs/\(file.run)")
    }
    if !files.isEmpty { rmdir("\(path).runs") }
  }
}
