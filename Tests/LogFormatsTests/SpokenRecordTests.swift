import Testing

@testable import LogFormats

/// Records without a message whose words say what happened.
@Suite struct SpokenRecordTests {
  private func table(_ header: String, _ rows: String...) -> [FormatTrial.Row] {
    events(([header] + rows).joined(separator: "\n") + "\n")
  }

  @Test func theWordsOfATableOfActionsAreItsMessages() {
    let found = table(
      "time;station;user;action;target", "15.06.2026 15:00:21;EWS-2;bmeier;Programm V7.3 geladen;PW1-P01",
      #""15.06.2026 15:00:51";"EWS-2";"bmeier";"Programm ""V7.3"" geladen";"PW1-P02""#)
    #expect(found.map(\.device) == ["EWS-2", "EWS-2"])
    #expect(
      found.map(\.message) == [
        "bmeier, Programm V7.3 geladen, PW1-P01", #"bmeier, Programm "V7.3" geladen, PW1-P02"#,
      ])
    // They are asked for by their names, too.
    #expect(found[0].fields == #"{"user":"bmeier","action":"Programm V7.3 geladen","target":"PW1-P01"}"#)
  }

  @Test func membersWithoutBlanksTellAsWell() {
    let found = events(
      #"{"time":"2026-06-15T13:00:21Z","device":"EWS-2","who":{"id":7},"verb":"download","object":"PW1-P01","session":4711}"#
        + "\n"
        + #"{"time":"2026-06-15T13:00:22Z","device":"EWS-2","who":{"id":7},"verb":"re\"boot","object":"PW1-P02","session":4712}"#
        + "\n")
    #expect(found.map(\.message) == ["download, PW1-P01", #"re"boot, PW1-P02"#])
    #expect(found[0].fields == #"{"who":{"id":7},"verb":"download","object":"PW1-P01","session":4711}"#)
  }

  @Test func referencesStampsAndAnswersAreNoWords() {
    let found = table(
      "time,door,order_no,badge,received,granted,comment_by",
      "2026-06-15T13:00:21Z,D-1,4711,opened,2026-06-15T13:00:25Z,yes,n/a",
      "2026-06-15T13:00:22Z,D-2,4712,forced,2026-06-15T13:00:26Z,no,")
    #expect(found.map(\.message) == ["opened", "forced"])
  }

  @Test func aRemarkIsOnlyAPartOfIt() {
    let found = table(
      "time,station,action,target,note", "2026-06-15T13:00:21Z,EWS-2,download,PW1-P01,",
      "2026-06-15T13:00:22Z,EWS-2,download,PW1-P02,again")
    #expect(found.map(\.message) == ["download, PW1-P01", "download, PW1-P02, again"])
  }

  @Test(arguments: [
    "time,device,temp_c,state\n2026-06-15T13:00:21Z,p-1,21.5,heating\n2026-06-15T13:00:22Z,p-1,21.7,idle\n",
    "time;device;druck;zustand\n2026-06-15T13:00:21Z;p-1;4,37;Pumpe ein\n2026-06-15T13:00:22Z;p-1;4,5 bar;Pumpe aus\n",
    #"{"time":"2026-06-15T13:00:21Z","device":"p-1","rssi":-70,"temp":21.5,"state":"idle"}"# + "\n",
  ])
  func measurementsStayWhatTheyAre(_ text: String) {
    #expect(events(text).allSatisfy { $0.message.isEmpty }, "\(text)")
  }

  @Test func whereThereIsAMessageNothingIsAdded() {
    let found = table(
      "time,device,message,site", "2026-06-15T13:00:21Z,p-1,no flow,north", "2026-06-15T13:00:22Z,p-1,,north")
    #expect(found.map(\.message) == ["no flow", ""])
    #expect(
      table("time,device,event,site", "2026-06-15T13:00:21Z,p-1,no flow,north").map(\.message) == ["no flow"])
  }
}
