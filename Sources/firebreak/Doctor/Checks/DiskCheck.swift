import ConsoleOutput
import Glibc
import IncidentModel

/// Is there room for journals, plans and undo scripts, and does what is written there stay?
struct DiskCheck: DoctorCheck {
  static let name = "disk"

  static func run(_ context: DoctorContext) async -> [DoctorFinding] {
    let folder =
      context.casePath.map { path in
        path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
      } ?? "."
    return look(folder.isEmpty ? "/" : folder, holdsCase: true)
      + look(Console.environment["TMPDIR"] ?? "/tmp", holdsCase: false)
  }

  private static func look(_ folder: String, holdsCase: Bool) -> [DoctorFinding] {
    let subject = Sanitizer.escape(folder)
    var room = statvfs()
    guard statvfs(folder, &room) == 0 else {
      return [
        .failure(subject, "cannot be looked at: \(String(cString: strerror(errno)))", "choose another folder")
      ]
    }
    var findings: [DoctorFinding] = []
    let free = UInt64(room.f_bavail) * UInt64(room.f_frsize)
    let text = "\(Figures.bytes(free)) free"
    if free < 100 << 20 {
      findings.append(
        .failure(subject, text, "a run stops when its journal cannot be written: make room first"))
    } else if free < 1 << 30 {
      findings.append(.warning(subject, text, "enough for a run, little for evidence"))
    } else {
      findings.append(.ok(subject, text))
    }
    if room.f_files > 0 && room.f_favail < 1000 {
      findings.append(.failure(subject, "\(room.f_favail) files can still be made", "remove small files"))
    }
    guard holdsCase else { return findings }
    if access(folder, W_OK) != 0 {
      findings.append(
        .failure(
          subject, "cannot be written: \(String(cString: strerror(errno)))",
          "a run keeps its journal in the case and its undo script beside it"))
    } else if let milliseconds = syncTime(folder) {
      let said = "a durable write takes \(Figures.decimal(milliseconds, 1)) ms"
      findings.append(
        milliseconds > 100
          ? .warning(subject, said, "every wave waits for such writes: a faster disk makes faster runs")
          : .ok(subject, said))
    }
    if isInMemory(folder) {
      findings.append(
        .warning(
          subject, "is in memory", "the journal and the undo script are gone after a power cut: use a disk"))
    }
    return findings
  }

  /// True for folders on file systems that live in memory (proc(5), mounts).
  private static func isInMemory(_ folder: String) -> Bool {
    guard let resolved = realpath(folder, nil), let mounts = try? PlaybookFiles.read("/proc/self/mounts")
    else {
      return false
    }
    defer { free(resolved) }
    let path = String(cString: resolved) + "/"
    var best = (length: 0, type: "")
    for line in String(decoding: mounts, as: UTF8.self).split(separator: "\n") {
      let words = line.split(separator: " ")
      guard words.count > 2 else { continue }
      let point = words[1] == "/" ? "/" : words[1] + "/"
      if path.hasPrefix(point), point.utf8.count >= best.length {
        best = (point.utf8.count, String(words[2]))
      }
    }
    return ["tmpfs", "ramfs"].contains(best.type)
  }

  /// Milliseconds of a small durable write, the middle one of five; nil when none can be made.
  private static func syncTime(_ folder: String) -> Double? {
    let path = folder + "/.firebreak-doctor-\(getpid())"
    let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { return nil }
    defer {
      close(descriptor)
      unlink(path)
    }
    var times: [Double] = []
    for _ in 0..<5 {
      let start = Person.now
      guard write(descriptor, "firebreak", 9) == 9, fsync(descriptor) == 0 else { return nil }
      times.append(Double(Person.now.nanoseconds - start.nanoseconds) / 1e6)
    }
    return times.sorted()[2]
  }
}
