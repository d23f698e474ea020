import PlaybookModel
import Testing

@Suite struct MaintenanceWindowTests {
  /// Monday 2026-06-01T00:00:00Z, in nanoseconds, and so many minutes later.
  private func at(_ minutes: Int) -> Int64 { june + Int64(minutes) * 60_000_000_000 }

  @Test func opensAndClosesOnTheMinute() throws {
    let window = try #require(MaintenanceWindow("Mon-Fri 22:00-04:00"))
    let (before, begin, end) = (22 * 60 - 1, 22 * 60, 28 * 60)
    #expect(!window.contains(at(before), offset: 0) && window.contains(at(begin), offset: 0))
    #expect(window.contains(at(end - 1), offset: 0) && !window.contains(at(end), offset: 0))
    // Saturday 01:00 belongs to Friday's, Sunday 01:00 and Monday 01:00 to none.
    #expect(window.contains(at(5 * 1440 + 60), offset: 0))
    #expect(!window.contains(at(6 * 1440 + 60), offset: 0) && !window.contains(at(60), offset: 0))
    // 21:00 UTC is 22:00 an hour east.
    #expect(window.contains(at(21 * 60), offset: 3600) && !window.contains(at(21 * 60), offset: 0))
  }

  @Test func holdsAtRandomAgainstARuleWrittenAnotherWay() {
    var generator = SystemRandomNumberGenerator()
    func pad(_ number: Int) -> String { (number < 10 ? "0" : "") + String(number) }
    let names = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    for _ in 0..<2000 {
      let (from, until) = (
        Int.random(in: 0..<1440, using: &generator), Int.random(in: 0..<1440, using: &generator)
      )
      let day = Int.random(in: 0..<7, using: &generator)
      let text = "\(names[day]) \(pad(from / 60)):\(pad(from % 60))-\(pad(until / 60)):\(pad(until % 60))"
      guard from != until else {
        #expect(MaintenanceWindow(text) == nil)
        continue
      }
      guard let window = MaintenanceWindow(text) else {
        Issue.record("\(text)")
        continue
      }
      let minute = Int.random(in: 0..<10_080, using: &generator)
      // Minutes since the window's beginning, around the week.
      let since = ((minute - day * 1440 - from) % 10_080 + 10_080) % 10_080
      let length = until > from ? until - from : until + 1440 - from
      #expect(window.contains(at(minute), offset: 0) == (since < length), "\(text) at minute \(minute)")
    }
  }

  @Test func everythingElseIsNoWindow() {
    for text in [
      "", "22:00", "22-04", "24:00-25:00", "22:60-23:00", "Mon", "Mon 22:00", "Moon 22:00-23:00",
      "Mon- 22:00-23:00",
      "Mon Tue 22:00-23:00", "1:00-2:00", "-22:00-23:00", "22:00-22:00", "Mon,,Tue 01:00-02:00",
      "٢٢:00-23:00",
    ] { #expect(MaintenanceWindow(text) == nil, "\(text)") }
    #expect(
      MaintenanceWindow("Sat,Sun 00:00-24:00") != nil
        && MaintenanceWindow("Fri-Mon 01:00-02:00")?.days == [4, 5, 6, 0])
    #expect(MaintenanceWindow.offset("-05:30") == -19_800 && MaintenanceWindow.offset("Z") == 0)
    for text in ["", "1", "+1:00", "+15:00", "CET", "+00:0x"] {
      #expect(MaintenanceWindow.offset(text) == nil, "\(text)")
    }
  }
}
