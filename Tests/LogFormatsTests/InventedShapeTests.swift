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

  @Test(arguments: [
    "<T>|CONV-10#|<L>|<M>", "<L>|<T>|CONV-10#|<M>", "CONV-10#|<T>|<L>|<M>", "<L> <T> CONV-10# <M>",
    "[<T>][CONV-10#][<L>] <M>", "<T> - CONV-10# - <L> - <M>", "<T> CONV-10#: <L>: <M>",
    "<T> [<L>] CONV-10#: <M>",
  ])
  func levelDeviceAndStampInAnyOrder(_ shape: String) {
    let levels = ["INFO", "ALARM", "WARNING", "INFO", "FAULT", "INFO"]
    let found = events(
      rows(6) {
        shape.replacing("#", with: "\($0)").replacing("<T>", with: "2026-03-02T08:00:0\($0)Z")
          .replacing("<L>", with: levels[$0]).replacing("<M>", with: "belt \($0)")
      })
    #expect(found.map(\.device) == (0..<6).map { "CONV-10\($0)" })
    #expect(found.map(\.severity) == [6, 3, 4, 6, 3, 6])
    #expect(found.allSatisfy { $0.message.hasSuffix("belt \($0.device.suffix(1))") })
  }

  @Test func cellsInQuotesWithoutAHeader() {
    let levels = ["Info", "Alarm", "Trip", "Warning"]
    let found = events(
      rows(4) { #""2026-03-02T08:00:0\#($0)Z","RFID-3\#($0)","\#(levels[$0])","gate 1, lane \#($0)""# })
    #expect(found.map(\.time) == (0..<4).map { "2026-03-02T08:00:0\($0)Z" })
    #expect(found.map(\.device) == (0..<4).map { "RFID-3\($0)" })
    #expect(found.map(\.severity) == [6, 3, 255, 4])
    #expect(found[1].message == #""gate 1, lane 1""#)
    // A divider within quotes divides nothing.
    let sites = events(rows(4) { #""2026-03-02T08:00:0\#($0)Z","hall 1, north","Alarm","RFID-3\#($0)","m""# })
    #expect(sites.map(\.severity) == [3, 3, 3, 3])
    #expect(sites.map(\.device) == (0..<4).map { "RFID-3\($0)" })
  }

  @Test(arguments: [
    ("pompe", "PMP-12"), ("Wechselrichter", "WR-12"), ("bomba", "BO-112"), ("泵", "P-101"),
    ("насос", "НАСОС-101"),
  ])
  func kindsOfDevicesInOtherLanguages(_ name: String, _ device: String) {
    let found = events(#"{"time":"2026-03-02T08:00:00Z","\#(name)":"\#(device)","message":"m"}"# + "\n")
    #expect(found.map(\.device) == [device])
    // What it does is none.
    let state = events(#"{"time":"2026-03-02T08:00:00Z","\#(name)":"on","message":"m"}"# + "\n")
    #expect(state.allSatisfy { $0.device.isEmpty })
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
          "2026-03-02T08:00:0\($0)Z;UC-10\($0);\(["INFO", "KNALL", "Alarm", "WARNING"][$0 % 4]);drift \($0)"
        })
    #expect(found.prefix(4).map(\.severity) == [6, 255, 3, 4])
    #expect(found[0].fields.isEmpty)
    #expect(found[1].fields == #"{"Allvarlighet":"KNALL"}"#)
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
