import Testing

@testable import LogFormats

/// CAN traces whose header says how their lines are to be read.
@Suite struct CANTests {
  @Test func timesFromLineToLineAndDecimalNumbersAreRead() {
    let found = events(
      """
      date Thu Nov 12 10:03:05.250 2026
      base dec  timestamps relative
      Begin Triggerblock Thu Nov 12 10:03:05.250 2026
         0.100000 Start of measurement
         0.500000 1  100             Rx   d 2 17 34
         0.500000 CAN 1 Status:chip status error active
         0.500000 1  255             Rx   d 2 200 34
         1.000000 1  419364864x      Tx   d 1 7
      End TriggerBlock

      """)
    #expect(
      found.map(\.time) == [
        "2026-11-12T10:03:05.850000 (no zone)", "2026-11-12T10:03:06.850000 (no zone)",
        "2026-11-12T10:03:07.850000 (no zone)",
      ])
    #expect(found.map(\.device) == ["1:64", "1:FF", "1:18FF0000"])
    #expect(found.map(\.message) == ["64 1122", "FF C822", "18FF0000 07"])
    #expect(found[1].fields == #"{"channel":1,"id":"FF","direction":"Rx","data":"C822"}"#)
  }
}
