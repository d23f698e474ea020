import Testing

@testable import LogFormats

/// The words of severity are the same in columns, members, cells, brackets and behind a stamp.
@Suite struct SeverityWordTests {
  private static let words: [(String, UInt8)] = [
    ("ERROR", 3), ("ALARM", 3), ("Alarm", 3), ("ALARMA", 3), ("allarme", 3), ("FAULT", 3), ("Störung", 3),
    ("GUASTO", 3), ("MAJOR", 3),
    ("MINOR", 4), ("Voralarm", 4), ("UWAGA", 4), ("Meldung", 5), ("报警", 3), ("アラーム", 3), ("알람", 3),
    ("НЕИСПРАВНОСТЬ", 3), ("авария", 0),
  ]

  @Test(arguments: words)
  func columnsAndMembersWhateverTheirName(_ word: String, _ severity: UInt8) {
    for name in ["severity", "level", "Nivel", "Stufe", "等级", "priority"] {
      let table = events(
        "time;device;\(name);message\n2026-05-05T10:00:00Z;pu-1;\(word);no flow\n2026-05-05T10:00:01Z;pu-1;INFO;flow\n"
      )
      #expect(table.map(\.severity) == [severity, 6], "\(name)")
      let json = events(
        #"{"time":"2026-05-05T10:00:00Z","device":"pu-1","\#(name)":"\#(word)","message":"no flow"}"# + "\n")
      #expect(json.map(\.severity) == [severity], "\(name)")
    }
    let pairs = events("time=2026-05-05T10:00:00Z level=\(word) device=pu-1 msg=\"no flow\"\n")
    #expect(pairs.map(\.severity) == [severity])
  }

  @Test(arguments: words)
  func cellsAndBracketsBehindAStamp(_ word: String, _ severity: UInt8) {
    for divider in ["|", ";", ","] {
      let rows = ["INFO", word, "INFO", "WARNING"].enumerated().map {
        ["2026-05-05T10:00:0\($0.offset)Z", $0.element, "INF00\($0.offset)", "text \($0.offset)"].joined(
          separator: divider)
      }
      let found = events(rows.joined(separator: "\n") + "\n")
      #expect(found.map(\.device) == ["INF000", "INF001", "INF002", "INF003"], "\(divider)")
      #expect(found.map(\.severity) == [6, severity, 6, 4], "\(divider)")
      #expect(found.map(\.message) == (0..<4).map { "text \($0)" }, "\(divider)")
    }
    let lines = events("2026-05-05 10:00:00 [INFO] up\n2026-05-05 10:00:01 [\(word)] no flow\n")
    #expect(lines.map(\.severity) == [6, severity])
    #expect(lines.map(\.message) == ["up", "no flow"])
  }

  /// As Python and others write all that is not ASCII.
  @Test func escapesAreRead() {
    let found = events(
      #"{"time":"2026-05-05T10:00:00Z","ger\u00e4t":"pu-1","level":"St\u00f6rung","meldung":"kein Flu\u00df"}"#
        + "\n"
        + #"{"time":"2026-05-05T10:00:01Z","ger\u00e4t":"pu-2","level":"\u8b66\u544a","meldung":"m"}"# + "\n")
    #expect(found.map(\.device) == ["pu-1", "pu-2"])
    #expect(found.map(\.severity) == [3, 4])
    #expect(found.map(\.message) == ["kein Fluß", "m"])
    let learned = events(
      #"{"time":"2026-05-05T10:00:00Z","device":"pu-1","art":"\u30a8\u30e9\u30fc","text":"m"}"# + "\n")
    #expect(learned.map(\.severity) == [3])
  }

  /// Measurements and states have such words too: a severity only under a name that says nothing else.
  @Test(arguments: [("high", 3), ("HOCH", 3), ("Medio", 4), ("低", 5), ("normal", 6)] as [(String, UInt8)])
  func prioritiesNeedANameForSeverities(_ word: String, _ severity: UInt8) {
    func row(_ name: String) -> [UInt8] {
      events("time;device;\(name);message\n2026-05-05T10:00:00Z;pu-1;\(word);no flow\n").map(\.severity)
    }
    #expect(row("severity") == [severity])
    #expect(row("Meldeklasse") == [severity])
    #expect(row("level") == [255])
    #expect(row("Nivel") == [255])
  }

  @Test func whatNobodyKnowsCostsNoDevice() {
    let bars = events(
      (0..<6).map { "2026-05-05T10:00:0\($0)Z|\($0 == 3 ? "KNALL" : "INFO")|INF00\($0)|text \($0)\n" }
        .joined())
    #expect(bars.map(\.device) == (0..<6).map { "INF00\($0)" })
    #expect(bars[3].severity == 255)
    #expect(bars[3].message == "text 3")
    #expect(bars[3].fields == #"{"level":"KNALL"}"#)
    let lines = events(
      (0..<6).map { "2026-05-05 10:00:0\($0) \($0 == 3 ? "KNALL" : "INFO") ELV0\($0) text \($0)\n" }.joined())
    #expect(lines.map(\.device) == (0..<6).map { "ELV0\($0)" })
    #expect(lines[3].message == "text 3")
    #expect(lines[3].fields == #"{"level":"KNALL"}"#)
  }

  @Test func theCellsOfASourceAreFoundByItsFirstRows() {
    // The level behind the device, a site before both, names that only their like make certain.
    let rows = events(
      ["INFO", "ALARM", "INFO", "HIGH"].enumerated()
        .map { "2026-05-05T10:00:0\($0.offset)Z|north|TM1\($0.offset)|\($0.element)|text\n" }.joined())
    #expect(rows.map(\.device) == ["TM10", "TM11", "TM12", "TM13"])
    #expect(rows.map(\.severity) == [6, 3, 6, 3])
    #expect(rows[0].message == "north|TM10|INFO|text")
    // States and values are no levels.
    let values = events((0..<6).map { "2026-05-05T10:00:0\($0)Z,PUMP-17,HIGH,\($0).5\n" }.joined())
    #expect(values.allSatisfy { $0.severity == 255 })
  }

  @Test func behindAStampAWordForAHappeningIsALevelBesideLevels() {
    let levels = events(
      "2026-05-05 10:00:00 INFO ready\n2026-05-05 10:00:01 ALARM no flow in line 2\n2026-05-05 10:00:02 WARN slow\n"
    )
    #expect(levels.map(\.severity) == [6, 3, 4])
    #expect(levels.map(\.message) == ["ready", "no flow in line 2", "slow"])
    let text = events(
      "2026-05-05 10:00:00 ALARM cleared\n2026-05-05 10:00:01 door open\n2026-05-05 10:00:02 ALARM reset\n")
    #expect(text.map(\.severity) == [255, 255, 255])
    #expect(text.map(\.message) == ["ALARM cleared", "door open", "ALARM reset"])
    let russian = events(
      "2026-05-05 10:00:00 ИНФО узел 1\n2026-05-05 10:00:01 ОШИБКА узел 2 не отвечает\n2026-05-05 10:00:02 ИНФО узел 2\n"
    )
    #expect(russian.map(\.severity) == [6, 3, 6])
  }

  @Test func aHostMayBeCalledSo() {
    // The name of Arch Linux ARM's hosts as they are installed.
    let found = events((0..<4).map { "Nov 12 10:03:0\($0) alarm sshd[31]: session \($0) closed\n" }.joined())
    #expect(found.allSatisfy { $0.device == "alarm" && $0.severity == 255 })
  }

  @Test func levelsOfOpenTelemetryAsText() {
    func severity(_ word: String) -> UInt8 {
      Array(word.utf8).withUnsafeBytes { SeverityText.severity($0, scale: .openTelemetry) }
    }
    #expect(["INFO2", "WARN3", "ERROR4", "FATAL", "Alarm"].map(severity) == [6, 4, 3, 2, 3])
  }
}
