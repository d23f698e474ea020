import Testing

@testable import LogFormats

/// Shapes that nobody told the reader of.
@Suite struct InventedShapeTests {
  private func rows(_ count: Int, _ row: (Int) -> String) -> String {
    (0..<count).map { row($0) + "\n" }.joined()
  }

  @Test func tabsDivideCells() {
    let found = events(
      rows(4) {
        "2026-03-02T08:00:0\($0)Z\t\(["INFO", "FAULT", "KNALL", "WARNING"][$0])\tCHILL-1\($0)\tcompressor \($0)"
      })
    #expect(found.map(\.device) == ["CHILL-10", "CHILL-11", "CHILL-12", "CHILL-13"])
    #expect(found.map(\.severity) == [6, 3, 255, 4])
    #expect(found.map(\.message) == (0..<4).map { "compressor \($0)" })
    // One tab before a text is none between cells.
    let text = events(rows(3) { "2026-03-02T08:00:0\($0)Z\tpump-7\($0) net: no flow\tx" })
    #expect(text.map(\.device) == ["pump-70", "pump-71", "pump-72"])
  }

  @Test(
    arguments: [
      ("3-Error", 3), ("2 (Critical)", 2), ("Error (3)", 3), ("[4] Warnung", 4), ("1: Störung", 3),
      ("21.5 %", 255), ("3 high speed errors", 255), ("E4", 255),
    ] as [(String, UInt8)])
  func aWordCountsBesideItsNumber(_ value: String, _ severity: UInt8) {
    let found = events(
      #"{"time":"2026-03-02T08:00:00Z","device":"cp-300","severity":"\#(value)","message":"m"}"# + "\n")
    #expect(found.map(\.severity) == [severity])
  }

  @Test func thePriorityOfANestedAlarmIsASeverity() {
    func event(_ name: String) -> [UInt8] {
      events(
        #"{"ts":"2026-03-02T08:00:00Z","device":"bed-200","\#(name)":{"priority":"high","text":"asystole"}}"#
          + "\n"
      ).map(\.severity)
    }
    #expect(event("alarm") == [3])
    #expect(event("data") == [255])
  }

  @Test func aColumnOfSeveritiesIsKnownByItsWords() {
    let found = events(
      "Tidpunkt;device;Allvarlighet;message\n"
        + rows(8) {
          "2026-03-02T08:00:0\($0)Z;UC-10\($0);\(["INFO", "LARM", "Alarm", "WARNING"][$0 % 4]);drift \($0)"
        })
    #expect(found.prefix(4).map(\.severity) == [6, 255, 3, 4])
    #expect(found[0].fields.isEmpty)
    #expect(found[1].fields == #"{"Allvarlighet":"LARM"}"#)
    // States are none, nor is a column beside that of the severities.
    for header in ["time;device;mode;message", "time;severity;second;message"] {
      let others = events(
        header + "\n"
          + rows(8) { "2026-03-02T08:00:0\($0)Z;debug;\(["open", "fault", "closed", "normal"][$0 % 4]);m" })
      #expect(others.allSatisfy { $0.severity == (header.contains("severity") ? 7 : 255) }, "\(header)")
    }
  }

  @Test func besideWordsForSeveritiesPrioritiesAreSome() {
    func severities(_ words: [String]) -> [UInt8] {
      events(
        "time,device,Priority,message\n"
          + rows(words.count) { "2026-03-02T08:00:0\($0)Z,FIC-10\($0),\(words[$0]),m" }
      )
      .map(\.severity)
    }
    #expect(severities(["HIGH", "LOW", "EMERGENCY", "JOURNAL"]) == [3, 5, 0, 255])
    #expect(severities(["HIGH", "LOW", "HIGH", "MEDIUM"]) == [255, 255, 255, 255])
  }
}
