import Testing

@testable import LogFormats

/// Names of fields that tell the zone of the times under them.
@Suite struct FieldZoneTests {
  @Test(
    arguments: [
      ("timestamp_utc", "timestamp", 0), ("Time (UTC)", "Time", 0), ("Uhrzeit [UTC]", "Uhrzeit", 0),
      ("occurredAtUtc", "occurredAt", 0), ("UTCTime", "Time", 0), ("utctime", "time", 0),
      ("UTC-Zeit", "Zeit", 0),
      ("Zeit in UTC", "Zeit", 0), ("heure_gmt", "heure", 0), ("时间(UTC)", "时间", 0),
      ("时间（UTC+8）", "时间", 28_800),
      ("UTC", "", 0), ("Date (UTC+02:00)", "Date", 7200), ("Time UTC-5", "Time", -18_000),
      ("Time (+0530)", "Time", 19_800),
      ("Zeit (MEZ)", "Zeit", 3600), ("data.ts_utc", "data.ts", 0),
    ] as [(String, String, Int32?)])
  func aNameTellsItsZone(name: String, rest: String, east: Int32?) {
    let found = FieldZone(name)
    #expect(found?.east == east, "\(name)")
    if east != nil { #expect(found?.name == rest, "\(name)") }
  }

  /// What is no offset of the times under a name.
  @Test(arguments: [
    "utc_offset", "UTC Diff (h)", "time_utc_plus_2", "time_utc2", "outcome", "Time (s)", "nutcase",
    "Time (ms)",
  ])
  func otherNamesTellNone(name: String) {
    #expect(FieldZone(name)?.east == nil, "\(name)")
  }

  /// A remark that tells no offset is no part of the name either.
  @Test func formsAndLocalTimesAreLeftOut() {
    for (name, rest) in [
      ("Date (YYYY-MM-DD)", "Date"), ("Datum (TT.MM.JJJJ)", "Datum"), ("Time [hh:mm:ss.fff]", "Time"),
      ("Time (local)", "Time"), ("Zeit (Europe/Berlin)", "Zeit"),
    ] {
      #expect(FieldZone(name)?.name == rest, "\(name)")
      #expect(FieldZone(name)?.east == nil, "\(name)")
      #expect(FieldNames.meaning(name).role == FieldNames.meaning(rest).role)
    }
  }

  private func times(_ text: String) -> [String] { events(text).map(\.time) }

  @Test func columnsAreOfTheZoneOfTheirHeading() {
    for header in [
      "timestamp_utc,device,text", "Timestamp (UTC),device,text", "Event Time UTC,device,text",
      "last seen (utc),device,text",
    ] {
      #expect(
        times("\(header)\n2026-10-12 00:01:07,p1,a\n2026-10-12 00:02:07,p1,b\n") == [
          "2026-10-12T00:01:07Z", "2026-10-12T00:02:07Z",
        ], "\(header)")
    }
    #expect(
      times("Zeit (UTC+2);Gerät;Text\n12.10.2026 00:01:07;p1;a\n13.10.2026 00:02:07;p1;b\n") == [
        "2026-10-11T22:01:07Z", "2026-10-12T22:02:07Z",
      ])
  }

  @Test func aDateAndAClockWhoseHeadingsHaveRemarksAreOneStamp() {
    for header in [
      "Date;Time (UTC);Severity;Text", "Date (UTC);Time (UTC);Severity;Text",
      "Datum;Uhrzeit (UTC);Stufe;Text",
      "Date (UTC);Time;Severity;Text", "Datum (TT.MM.JJJJ);Uhrzeit (UTC);Stufe;Text",
    ] {
      #expect(
        times("\(header)\n12.10.2026;00:01:07;INFO;a b\n13.10.2026;00:02:07;INFO;a b\n") == [
          "2026-10-12T00:01:07Z", "2026-10-13T00:02:07Z",
        ], "\(header)")
    }
    #expect(
      times("Date,Time (GMT),Severity,Text\n2026-10-12,00:01:07,INFO,a b\n2026-10-13,00:02:07,INFO,a b\n")
        == [
          "2026-10-12T00:01:07Z", "2026-10-13T00:02:07Z",
        ])
    #expect(
      times(
        "Date (local);Time (local);Severity;Text\n12.10.2026;00:01:07;INFO;a b\n13.10.2026;00:02:07;INFO;a b\n"
      ) == [
        "2026-10-12T00:01:07 (no zone)", "2026-10-13T00:02:07 (no zone)",
      ])
  }

  @Test func ofTwoStampsTheOneWithAZoneCounts() {
    #expect(
      times("Time (local),Time (UTC),device,text\n2026-10-12 02:01:07,2026-10-12 00:01:07,p1,a\n") == [
        "2026-10-12T00:01:07Z"
      ])
  }

  @Test func membersAreOfTheZoneOfTheirName() {
    for line in [
      #"{"timestamp_utc":"2026-10-12 00:01:07","device":"p1","message":"x y"}"#,
      #"{"device":"p1","lastChangeUtc":"2026-10-12T00:01:07","message":"x y"}"#,
      #"{"date_utc":"2026-10-12","time_utc":"00:01:07","device":"p1","message":"x y"}"#,
      #"{"data":{"time_utc":"2026-10-12 00:01:07"},"device":"p1","message":"x y"}"#,
    ] {
      #expect(times(line + "\n") == ["2026-10-12T00:01:07Z"], "\(line)")
    }
    #expect(
      times("ts_utc=\"2026-10-12 00:01:07\" device=p1 level=info msg=\"x y\"\n") == ["2026-10-12T00:01:07Z"])
  }

  /// The stamp's own zone, and an epoch, stand above the name.
  @Test func whatTheStampSaysStandsAboveTheName() {
    #expect(
      times("timestamp_utc,device,text\n2026-10-12T02:01:07+02:00,p1,a\n1791763267,p1,b\n") == [
        "2026-10-12T00:01:07Z", "2026-10-12T00:01:07Z",
      ])
  }
}
