import Glibc
import PlaybookModel

/// Keeps two runs of this machine from acting on the same device at once, also when they belong to different cases.
///
/// Each run keeps a locked file with the hashes of its targets in a folder that all cases of this user share. A file whose
/// lock is free was left by a run that is gone. Whether it shares devices is asked first: to look through every process of the
/// machine for each such file takes longer than a run may wait for. One that shares none is left until it is old.
///
/// What a run sent and nobody saw the end of may be under way when the run is gone. So a second file beside says which case's journal
/// knows of it, and both stay where that may be so.
public final class TargetLock: Sendable {
  private let descriptor: Int32
  private let path: String
  private let mayBeUnderWay: @Sendable () -> Bool
  /// Runs that are gone and share devices, with their case: what they sent may still be under way.
  public let left: [(run: String, casePath: String)]

  /// The folder for this user: below `XDG_RUNTIME_DIR`, else in `/tmp`.
  public static func folder(environment: [String: String]) -> String {
    if let runtime = environment["XDG_RUNTIME_DIR"], runtime.hasPrefix("/"), access(runtime, W_OK) == 0 {
      return runtime + "/firebreak"
    }
    return "/tmp/firebreak-\(geteuid())"
  }

  /// Takes the devices of a run. Throws `.busy` when another run has one of them. `casePath` is where its journal is, and
  /// `mayBeUnderWay` says at the end whether something of it may go on.
  public init(
    run: String, devices: [String], folder: String, casePath: String? = nil,
    mayBeUnderWay: @escaping @Sendable () -> Bool = { false }
  ) throws(RunnerError) {
    self.mayBeUnderWay = mayBeUnderWay
    try DurableFile.makeFolder(folder)
    var status = stat()
    guard lstat(folder, &status) == 0, status.st_mode & S_IFMT == S_IFDIR, status.st_uid == geteuid(),
      status.st_mode & 0o022 == 0
    else { throw RunnerError(.busy, "'\(folder)' must be a folder that only we can write") }
    func failure(_ what: String) -> RunnerError {
      RunnerError(.busy, "cannot \(what) in '\(folder)': \(String(cString: strerror(errno)))")
    }
    // One run at a time looks and enters.
    let gate = open(folder + "/gate", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard gate >= 0, flock(gate, LOCK_EX) == 0 else { throw failure("take turns") }
    defer { close(gate) }
    let hashes = devices.map(Self.hash).sorted()
    let isAtWork: (String) -> Bool = { !LeftBehind.processes(of: $0).isEmpty }
    var left: [(run: String, casePath: String)] = []
    for name in Self.entries(folder) where name.hasSuffix(Self.suffix) {
      let file = "\(folder)/\(name)"
      if let path = try Self.check(file, hashes, devices, own: run, isAtWork: isAtWork) {
        left.append((String(name.dropLast(Self.suffix.count)), path))
      }
    }
    self.left = left
    path = "\(folder)/\(run)\(Self.suffix)"
    descriptor = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0, flock(descriptor, LOCK_EX | LOCK_NB) == 0 else { throw failure("enter a run") }
    let written = hashes.withUnsafeBytes { bytes in
      var offset = 0
      while offset < bytes.count {
        let count = write(descriptor, bytes.baseAddress! + offset, bytes.count - offset)
        guard count > 0 else { return false }
        offset += count
      }
      return true
    }
    guard written else { throw failure("write the targets") }
    if let casePath {
      let place = realpath(casePath, nil)
      defer { free(place) }
      let text = place.map { String(cString: $0) } ?? casePath
      do {
        try DurableFile.write(Self.casePlace(path), mode: 0o600) { sink in try sink(text) }
      } catch { throw RunnerError(.busy, "cannot say in '\(folder)' which case a run is of: \(error)") }
    }
  }

  deinit {
    if !mayBeUnderWay() { Self.remove(path) }
    close(descriptor)
  }

  private static let suffix = ".targets"

  /// The file that says which case a run belongs to.
  private static func casePlace(_ path: String) -> String { path.dropLast(suffix.count) + ".case" }

  private static func remove(_ path: String) {
    unlink(path)
    unlink(casePlace(path))
  }

  /// Nothing of a run that is gone is under way any more. One that somebody works on is left alone.
  public static func forget(_ run: String, folder: String) {
    let path = "\(folder)/\(run)\(suffix)"
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { remove(path) }
  }

  /// The case of a run's file; nil where it says none.
  private static func casePath(_ path: String) -> String? {
    let descriptor = open(casePlace(path), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: 4096)
    let count = read(descriptor, &bytes, bytes.count)
    return count > 0 ? String(decoding: bytes[..<count], as: UTF8.self) : nil
  }

  /// FNV-1a with 64 bits: a collision refuses a run that could have run, and never lets one run that must not.
  static func hash(_ text: String) -> UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    return hash
  }

  /// The names in a folder; none where it cannot be read.
  static func entries(_ folder: String) -> [String] {
    guard let stream = opendir(folder) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      names.append(
        withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) })
    }
    return names
  }

  /// Seconds after which the file of a run that is gone is looked at although it shares no device: what it had started is over, or
  /// its file stays for another day.
  private static let oldAge = 86_400

  /// Throws when the run of a file has one of these devices. `isAtWork` says whether programs that a run had started are at work
  /// still: what a run that is gone had started may be at work on its devices. Returns the case of such a run, whose journal knows
  /// what of it nobody saw the end of.
  @discardableResult
  static func check(
    _ path: String, _ hashes: [UInt64], _ devices: [String], own: String, isAtWork: (String) -> Bool
  ) throws(RunnerError) -> String? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    let run = path.split(separator: "/").last.map { String($0.dropLast(suffix.count)) } ?? path
    let isGone = flock(descriptor, LOCK_SH | LOCK_NB) == 0
    if isGone, run == own { return nil }
    guard let shared = shared(descriptor, hashes) else {
      if isGone, isOld(descriptor), !isAtWork(run) { remove(path) }
      return nil
    }
    if isGone, !isAtWork(run) {
      let casePath = casePath(path)
      if casePath == nil { remove(path) }
      return casePath
    }
    let name = devices.first { hash($0) == shared.example } ?? ""
    throw RunnerError(
      .busy,
      isGone
        ? "programs that run '\(run)' had started before it ended are still at work, and \(shared.count) of these devices (\(RemoteText.excerpt(name))) are its own; wait for them, or 'firebreak playbook undo \(run)' does"
        : "run '\(run)' works on \(shared.count) of these devices (\(RemoteText.excerpt(name))); wait for it, or stop it with Ctrl-C"
    )
  }

  private static func isOld(_ descriptor: Int32) -> Bool {
    var status = stat()
    return fstat(descriptor, &status) == 0 && status.st_mtim.tv_sec < time(nil) - oldAge
  }

  /// How many of some hashes, in order, a file has, and the first of them; nil for none.
  private static func shared(_ descriptor: Int32, _ hashes: [UInt64]) -> (count: Int, example: UInt64)? {
    var others: [UInt64] = []
    var buffer = [UInt64](repeating: 0, count: 65_536)
    while true {
      let count = buffer.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
      guard count > 0 else { break }
      others += buffer[..<(count / 8)]
    }
    // Both are sorted.
    var (i, j, shared) = (0, 0, 0)
    var example: UInt64?
    while i < hashes.count, j < others.count {
      if hashes[i] == others[j] {
        shared += 1
        example = example ?? hashes[i]
        i += 1
        j += 1
      } else if hashes[i] < others[j] {
        i += 1
      } else {
        j += 1
      }
    }
    return example.map { (shared, $0) }
  }
}
