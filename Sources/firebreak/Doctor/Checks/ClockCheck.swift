import ConsoleOutput
import Glibc
import IncidentModel

/// Is the time of this machine right? Waves, gates and expiry run on the monotonic clock; approvals, validity of playbooks and
/// the journal's stamps need the time of day.
struct ClockCheck: DoctorCheck {
  static let name = "clock"

  static func run(_ context: DoctorContext) async -> [DoctorFinding] {
    let now = context.now
    var findings: [DoctorFinding] = []
    if let built = modified("/proc/self/exe"), built > now.nanoseconds / 1_000_000_000 + 60 {
      findings.append(
        .failure(
          "time of day", "it is \(now.rfc3339(fractionDigits: 0)), before this program was installed",
          "set the clock; what is signed or expires is judged by it"))
    }
    if let newest = context.newestEvidence, newest.nanoseconds > now.nanoseconds + 60_000_000_000 {
      let ahead = Double(newest.nanoseconds - now.nanoseconds) / 1e9
      findings.append(
        .warning(
          "time of day",
          "the newest evidence is \(Figures.duration(seconds: ahead)) in the future: this clock is behind, or a device's is ahead",
          "compare with a watch; 'firebreak trace' estimates clocks of devices"))
    }
    if let hardware = number("/sys/class/rtc/rtc0/since_epoch") {
      let apart = abs(hardware - now.nanoseconds / 1_000_000_000)
      if apart > 120 {
        findings.append(
          .warning(
            "hardware clock", "it is \(Figures.duration(seconds: Double(apart))) away from the system's",
            "after a restart without network the time will be wrong: hwclock --systohc"))
      }
    }
    let services = [
      ("/run/systemd/timesync/synchronized", "systemd-timesyncd"), ("/run/chrony/chronyd.pid", "chrony"),
      ("/run/ntpd.pid", "ntpd"),
    ]
    if let (_, service) = services.first(where: { access($0.0, F_OK) == 0 }) {
      findings.append(.ok("synchronisation", "held by \(service)"))
    } else {
      findings.append(
        .warning(
          "synchronisation", "no time service is known to hold this clock",
          "without the network that is expected: compare with a watch, note the difference in the case"))
    }
    if findings.allSatisfy({ $0.subject != "time of day" }) {
      findings.insert(.ok("time of day", now.rfc3339(fractionDigits: 0)), at: 0)
    }
    return findings
  }

  private static func modified(_ path: String) -> Int64? {
    var status = stat()
    return stat(path, &status) == 0 ? Int64(status.st_mtim.tv_sec) : nil
  }

  private static func number(_ path: String) -> Int64? {
    guard let bytes = try? PlaybookFiles.read(path) else { return nil }
    return Int64(String(decoding: bytes, as: UTF8.self).filter(\.isNumber))
  }
}
