import Testing

@testable import LogFormats

/// Records that share a name with a producer's, or hold several dates.
@Suite struct VendorShapeTests {
  @Test(arguments: [
    #""reportedAt":"2026-11-20T08:00:00Z""#, #""time":"2026-11-20T08:00:00Z","lastModifiedAt":1"#,
    #""time":"2026-11-20T08:00:00Z","lastModifiedAt":1,"controllerId":"c""#,
    #""time":"2026-11-20T08:00:00Z","deviceInfo":{"model":"x"}"#,
    #""time":"2026-11-20T08:00:00Z","devEUI":"0102","fPort":1"#,
    #""timestamp":"2026-11-20T08:00:00Z","event_type":"flow","src_ip":"192.0.2.1""#,
  ]) func oneSharedNameMakesNoVendor(_ members: String) {
    let found = events(#"{\#(members),"device":"pu-7","severity":"error","msg":"flow is low"}"# + "\n")
    #expect(found.map(\.format) == ["jsonl"])
    #expect(found.map(\.device) == ["pu-7"])
    #expect(found.map(\.message) == ["flow is low"])
    #expect(found.map(\.severity) == [3])
    #expect(found.first?.time.hasPrefix("2026-11-20T08:00:00") == true)
  }

  @Test(arguments: [
    "reported_at", "measured_at", "measured", "logged", "observed_at", "captured", "sampled", "takenOn",
  ])
  func datesOfARecordAreNotTheEvents(_ name: String) {
    for other in ["provisioned_at", "registered_at", "next_check_at", "due_at", "expires", "validUntil"]
      + (name == "takenOn" ? [] : ["created_at", "updated_at"])
    {
      for members in [
        #""\#(other)":"2027-01-02T00:00:00Z","\#(name)":"2026-11-20T08:00:00Z""#,
        #""\#(name)":"2026-11-20T08:00:00Z","\#(other)":"2027-01-02T00:00:00Z""#,
      ] {
        let found = events(#"{\#(members),"device":"pu-7","msg":"flow is low"}"# + "\n")
        #expect(found.map { String($0.time.prefix(10)) } == ["2026-11-20"], "\(name) beside \(other)")
      }
    }
  }

  @Test func aRecordsDateIsTheEventsWhereThereIsNoOther() {
    let found = events(
      #"{"created_at":"2026-11-20T08:00:00Z","device":"pu-7","measured":21.5,"msg":"flow is low"}"# + "\n")
    #expect(found.map { String($0.time.prefix(10)) } == ["2026-11-20"])
  }
}
