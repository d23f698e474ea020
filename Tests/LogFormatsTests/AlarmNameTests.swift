import Testing

@testable import LogFormats

/// Names of columns and members that begin with what the record is, and stamps whose names say whose they are.
@Suite struct AlarmNameTests {
  @Test(arguments: [
    ("AlarmTime,Device,AlarmPriority,AlarmText", "high"),
    ("alarm_time,device,alarm_severity,alarm_message", "major"),
    ("FaultDate,device,FaultLevel,FaultDescription", "error"),
    ("Meldezeit;Anlage;Meldeklasse;Meldungstext", "Störung"),
    ("报警时间,设备编号,报警级别,报警内容", "错误"), ("警報時刻,機器名,警報レベル,警報メッセージ", "エラー"),
  ])
  func aRecordsKindMayStandBeforeWhatAColumnHolds(_ header: String, _ word: String) {
    let divider = header.contains(";") ? ";" : ","
    let rows = [0, 1].map {
      ["2026-11-20T08:00:0\($0)Z", "PU-\($0)", word, "no flow \($0)"].joined(separator: divider)
    }
    let found = events(([header] + rows).joined(separator: "\n") + "\n")
    #expect(found.map(\.time) == ["2026-11-20T08:00:00Z", "2026-11-20T08:00:01Z"], "\(header)")
    #expect(found.map(\.device) == ["PU-0", "PU-1"], "\(header)")
    #expect(found.map(\.severity) == [3, 3], "\(header)")
    #expect(found.map(\.message) == ["no flow 0", "no flow 1"], "\(header)")
  }

  @Test func otherNamesKeepTheirMeaning() {
    for name in ["alarmcount", "event_id", "alarmsource", "eventtype", "faultcode", "display_name"] {
      #expect(FieldNames.meaning(name).role == .other, "\(name)")
    }
  }

  @Test func theStampOfTheSourceCountsBeforeThatOfTheServer() {
    let csv = events(
      "ServerTimestamp,SourceTimestamp,DisplayName,Value\n"
        + "2026-11-20T08:00:00.500Z,2026-11-20T08:00:00.125Z,Line1.Speed,42\n")
    #expect(csv.map(\.time) == ["2026-11-20T08:00:00.125Z"])
    #expect(csv.map(\.device) == [""])
    let json = events(
      #"{"serverTimestamp":"2026-11-20T08:00:00.500Z","sourceTimestamp":"2026-11-20T08:00:00.125Z","v":42}"#
        + "\n")
    #expect(json.map(\.time) == ["2026-11-20T08:00:00.125Z"])
    let cleared = events(
      "Cleared At,Raised By Rule At,Device,Text\n2026-11-20T09:00:00Z,2026-11-20T08:00:00Z,pu-1,no flow\n")
    #expect(cleared.map(\.time) == ["2026-11-20T08:00:00Z"])
  }

  @Test func alertsOfPrometheusAreOneEach() {
    func alert(_ number: Int) -> String {
      #"{"status":"firing","labels":{"alertname":"Down","instance":"gw-\#(number):9100","severity":"critical"},"#
        + #""annotations":{"summary":"gw-\#(number) is down"},"startsAt":"2026-11-20T08:00:0\#(number)Z","#
        + #""endsAt":"0001-01-01T00:00:00Z"}"#
    }
    let found = events(
      #"{"receiver":"hook","status":"firing","alerts":[\#(alert(1)),\#(alert(2))],"version":"4"}"# + "\n")
    #expect(found.map(\.time) == ["2026-11-20T08:00:01Z", "2026-11-20T08:00:02Z"])
    #expect(found.map(\.device) == ["gw-1:9100", "gw-2:9100"])
    #expect(found.map(\.severity) == [2, 2])
    #expect(found.map(\.message) == ["gw-1 is down", "gw-2 is down"])
  }
}
