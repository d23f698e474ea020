import Glibc
import IncidentModel
import Testing

@testable import LogFormats

@Suite struct TimeZoneTests {
  /// Seconds since the epoch of a civil time taken as UTC.
  private func seconds(_ year: Int, _ month: Int, _ day: Int, _ hour: Int = 0, _ minute: Int = 0) -> Int64 {
    CivilDate(year: year, month: month, day: day).daysSinceEpoch * 86_400 + Int64(hour * 3600 + minute * 60)
  }

  @Test func readsFixedOffsets() {
    #expect(TimeZoneRules(name: "+02:00")?.offset(localSeconds: 0) == 7200)
    #expect(TimeZoneRules(name: "-0330")?.offset(localSeconds: 0) == -12_600)
    #expect(TimeZoneRules(name: "UTC")?.offset(localSeconds: 5) == 0)
  }

  @Test(arguments: [
    "", "..", "../etc/passwd", "/etc/passwd", "Nowhere/Town", "+99:00", "Europe//Berlin", "+2",
  ])
  func refusesWhatIsNoZone(_ name: String) {
    #expect(TimeZoneRules(name: name) == nil)
  }

  @Test func followsSummerTime() throws {
    let berlin = try #require(TimeZoneRules(name: "Europe/Berlin"))
    #expect(berlin.offset(localSeconds: seconds(2026, 1, 15, 12)) == 3600)
    #expect(berlin.offset(localSeconds: seconds(2026, 7, 15, 12)) == 7200)
    #expect(berlin.offset(localSeconds: seconds(2060, 7, 15, 12)) == 7200)
    // 29 March 2026, 02:30 does not exist; 25 October, 02:30 exists twice.
    #expect(berlin.isAmbiguous(localSeconds: seconds(2026, 3, 29, 2, 30)))
    #expect(berlin.offset(localSeconds: seconds(2026, 3, 29, 2, 30)) == 3600)
    #expect(berlin.isAmbiguous(localSeconds: seconds(2026, 10, 25, 2, 30)))
    #expect(berlin.offset(localSeconds: seconds(2026, 10, 25, 2, 30)) == 7200)
    #expect(!berlin.isAmbiguous(localSeconds: seconds(2026, 10, 25, 4, 30)))
  }

  @Test func southernAndOddZones() throws {
    let sydney = try #require(TimeZoneRules(name: "Australia/Sydney"))
    #expect(sydney.offset(localSeconds: seconds(2050, 1, 15)) == 39_600)
    #expect(sydney.offset(localSeconds: seconds(2050, 7, 15)) == 36_000)
    let kolkata = try #require(TimeZoneRules(name: "Asia/Kolkata"))
    #expect(kolkata.offset(localSeconds: seconds(2026, 7, 15)) == 19_800)
    let rule = try #require(PosixZoneRule("<-03>3<-02>,M3.5.0/-2,M10.5.0/-1"))
    #expect(rule.offset(utcSeconds: seconds(2026, 7, 1)) == -7200)
    #expect(rule.offset(utcSeconds: seconds(2026, 12, 1)) == -10_800)
  }

  @Test func agreesWithTheSystemLibrary() throws {
    // glibc reads the same files by other code; TZ is process-wide, so this test asks for one zone only, by its offsets
    // through the year.
    let newYork = try #require(TimeZoneRules(name: "America/New_York"))
    setenv("TZ", "America/New_York", 1)
    tzset()
    defer {
      unsetenv("TZ")
      tzset()
    }
    for day in stride(from: -15_000, through: 30_000, by: 3) {
      var time = time_t(day) * 86_400 + 43_210
      var parts = tm()
      localtime_r(&time, &parts)
      let ours = newYork.offset(utcSeconds: Int64(time))
      #expect(Int(ours) == parts.tm_gmtoff)
      if Int(ours) != parts.tm_gmtoff { return }
    }
  }
}
