import Glibc

/// The folder a simulation writes into. Files get the simulated time as modification time.
struct OutputFolder: Sendable {
  let path: String

  /// Creates the folder; refuses one that holds anything.
  init(_ path: String) throws(SimulationError) {
    self.path = path
    try OutputFolder.makeFolders(path)
    guard let handle = opendir(path) else { throw OutputFolder.failure("open folder", path) }
    defer { closedir(handle) }
    while let entry = readdir(handle) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != "." && name != ".." {
        throw SimulationError(
          .outputExists, "will not write into '\(path)': it is not empty; give a new folder", path: path)
      }
    }
  }

  /// Removes everything in the folder: it was empty before us, and half an incident is of no use.
  func removeContents() { OutputFolder.removeTree(path, itself: false) }

  private static func removeTree(_ path: String, itself: Bool) {
    if let handle = opendir(path) {
      while let entry = readdir(handle) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) {
          $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        if name == "." || name == ".." { continue }
        let child = path + "/" + name
        // A link is removed, never followed.
        if unlink(child) != 0 { removeTree(child, itself: true) }
      }
      closedir(handle)
    }
    if itself { rmdir(path) }
  }

  /// Writes a whole file.
  func save(_ name: String, modified: Int64, _ bytes: UnsafeRawBufferPointer) throws(SimulationError) {
    var stream = try open(name)
    try stream.write(bytes)
    try stream.close(modified: modified)
  }

  /// Writes a whole file.
  func save(_ name: String, modified: Int64, _ bytes: [UInt8]) throws(SimulationError) {
    var stream = try open(name)
    try stream.write(bytes)
    try stream.close(modified: modified)
  }

  /// Opens a file for writing; its folders are made.
  func open(_ name: String) throws(SimulationError) -> OutputStream {
    let full = path + "/" + name
    if let slash = full.lastIndex(of: "/") { try OutputFolder.makeFolders(String(full[..<slash])) }
    let descriptor = Glibc.open(full, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw OutputFolder.failure("create", full) }
    return OutputStream(path: full, descriptor: descriptor)
  }

  private static func makeFolders(_ path: String) throws(SimulationError) {
    if path.isEmpty || path == "/" { return }
    if mkdir(path, 0o755) == 0 || errno == EEXIST { return }
    guard errno == ENOENT, let slash = path.lastIndex(of: "/") else { throw failure("make folder", path) }
    try makeFolders(String(path[..<slash]))
    guard mkdir(path, 0o755) == 0 || errno == EEXIST else { throw failure("make folder", path) }
  }

  static func failure(_ action: String, _ path: String) -> SimulationError {
    let reason = String(cString: strerror(errno))
    return SimulationError(.cannotWrite, "cannot \(action) '\(path)': \(reason)", path: path)
  }
}

/// One file being written.
struct OutputStream: ~Copyable {
  let path: String
  private let descriptor: Int32
  private var open = true

  init(path: String, descriptor: Int32) {
    self.path = path
    self.descriptor = descriptor
  }

  deinit { if open { Glibc.close(descriptor) } }

  /// Writes all the bytes.
  mutating func write(_ bytes: UnsafeRawBufferPointer) throws(SimulationError) {
    var done = 0
    while done < bytes.count {
      let count = Glibc.write(descriptor, bytes.baseAddress! + done, bytes.count - done)
      if count < 0 {
        if errno == EINTR { continue }
        throw OutputFolder.failure("write", path)
      }
      done += count
    }
  }

  /// Writes all the bytes.
  mutating func write(_ bytes: [UInt8]) throws(SimulationError) {
    var failure: SimulationError?
    bytes.withUnsafeBytes { raw in
      do throws(SimulationError) { try write(raw) } catch { failure = error }
    }
    if let failure { throw failure }
  }

  /// Writes a buffer out when it has grown, and empties it.
  mutating func drain(_ buffer: inout ByteBuffer, above limit: Int = 1 << 16) throws(SimulationError) {
    guard buffer.count > limit else { return }
    try write(buffer.bytes)
    buffer.removeAll()
  }

  /// Sets the modification time and closes the file.
  mutating func close(modified: Int64) throws(SimulationError) {
    let time = timespec(tv_sec: Int(modified / 1_000_000_000), tv_nsec: 0)
    _ = futimens(descriptor, [time, time])
    open = false
    guard Glibc.close(descriptor) == 0 else { throw OutputFolder.failure("close", path) }
  }
}
