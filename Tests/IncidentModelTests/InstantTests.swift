import IncidentModel
import Testing

@Suite struct InstantTests {
  @Test func writesRFC3339() {
    #expect(Instant(nanoseconds: 0).description == "1970-01-01T00:00:00.000Z")
    #expect(Instant(nanoseconds: -1).rfc3339(fractionDigits: 9) == "1969-12-31T23:59:59.999999999Z")
    #expect(Instant(nanoseconds: 1_775_552_889_768_000_000).description == "2026-04-07T09:08:09.768Z")
    #expect(
      Instant(nanoseconds: 1_775_552_889_768_999_999).rfc3339(fractionDigits: 3) == "2026-04-07T09:08:09.768Z"
    )
    #expect(
      Instant(nanoseconds: 1_775_552_889_068_000_000).rfc3339(fractionDigits: 0) == "2026-04-07T09:08:09Z")
    #expect(
      Instant(nanoseconds: 1_775_552_889_000_000_001).rfc3339(fractionDigits: 12).hasSuffix(":09.000000001Z"))
    #expect(Instant(nanoseconds: .max).rfc3339(fractionDigits: 9) == "2262-04-11T23:47:16.854775807Z")
    #expect(Instant(nanoseconds: .min).rfc3339(fractionDigits: 1) == "1677-09-21T00:12:43.1Z")
  }

  @Test func civilDatesRoundTripOverFourCenturies() {
    for day in stride(from: Int64(-150_000), through: 150_000, by: 37) {
      #expect(CivilDate(daysSinceEpoch: day).daysSinceEpoch == day)
    }
    #expect(CivilDate(year: 2024, month: 2, day: 29).daysSinceEpoch == 19_782)
  }

  @Test func clampsInsteadOfTrapping() {
    #expect(Instant(nanoseconds: .max).adding(nanoseconds: 1).nanoseconds == .max)
    #expect(Instant(nanoseconds: 0).adding(seconds: -1e300).nanoseconds < -9_000_000_000_000_000_000)
  }
}
