import IncidentModel
import Testing

/// Facility and process id as one number, and the fields that it stands for.
@Suite struct SyslogHeaderTests {
  @Test func sayWhatTheyWereMadeOf() {
    for facility in -1...23 {
      for process in [-1, 0, 1, 565, SyslogHeader.processLimit - 1] {
        let header = SyslogHeader(facility: facility, process: process)
        #expect(header.facility == (facility < 0 ? nil : facility))
        #expect(header.process == (process < 0 ? nil : process))
        #expect(SyslogHeader(rawValue: header.rawValue) == header)
        #expect(SyslogHeader(stored: Int64(header.rawValue)) == (header.rawValue == 0 ? nil : header))
      }
    }
  }

  @Test func areSpelledAsJSON() {
    #expect(SyslogHeader(facility: 3, process: 565).fields == #"{"facility":"daemon","pid":565}"#)
    #expect(SyslogHeader(facility: 0, process: -1).fields == #"{"facility":"kern"}"#)
    #expect(SyslogHeader(facility: -1, process: 0).fields == #"{"pid":0}"#)
    #expect(SyslogHeader().fields == "")
    #expect(SyslogHeader.facilityCount == SyslogHeader.facilities.count)
  }

  @Test(arguments: [0, -1, 25, 31, 1 << 32, Int64.min, Int64.max])
  func whatACaseCannotHoldIsNone(stored: Int64) { #expect(SyslogHeader(stored: stored) == nil) }
}
