import Foundation
import Glibc
import IncidentModel
import Testing

@testable import TimelineStore
@testable import TimelineWeb

/// The pages, asked without a browser.
@Suite struct PageTests {
  static let addresses = [
    "/", "/timeline", "/timeline?q=severity%3E%3Derror&order=newest", "/event/1", "/event/1?raw=1",
    "/event/1?scope=site", "/cascade",
    "/fleet", "/fleet?show=silent", "/fleet?attr=site&value=s1",
    "/fleet?device=gw-0" + PercentCoding.encode(SmallCase.payload), "/response",
    "/report", "/report?audience=executive", "/evidence", "/evidence?source=0", "/evidence/damage",
    "/evidence/refused", "/evidence/clocks",
    "/evidence/custody", "/sql?sql=SELECT%20device,%20events%20FROM%20device_summary", "/help",
    "/timeline?q=" + PercentCoding.encode("text:\"" + SmallCase.payload.replacing("\"", with: "\\\"") + "\""),
  ]

  @Test func everyPageAnswersAndNothingPlantedBecomesMarkup() throws {
    let small = try SmallCase()
    let browser = try small.browser()
    for address in Self.addresses {
      let (status, text) = browser.get(address)
      #expect(status == 200, "\(address): \(status) \(text.prefix(400))")
      #expect(!text.contains("<script>alert"), "\(address)")
      #expect(!text.contains("hunter2"), "\(address)")
      // Neither inline script nor inline style, which the policy would stop.
      #expect(!text.contains(" style=") && !text.contains(" onclick"), "\(address)")
    }
  }

  /// A title is read in tabs, in histories and aloud, where nothing shows what turns text round.
  @Test(arguments: ["\u{1b}[31mred", "\u{202e}abc", "\u{200f}x"])
  func titlesHoldNothingInvisible(planted: String) throws {
    let browser = try SmallCase().browser()
    for address in ["/fleet?device=", "/timeline?q="] {
      let (_, text) = browser.get(address + PercentCoding.encode(planted))
      #expect(text.contains("<title>"))
      #expect(!text.unicodeScalars.contains(planted.unicodeScalars.first!), "\(address)")
    }
  }

  @Test func listsAreCSVAndJSONAtTheSameAddress() throws {
    let small = try SmallCase()
    let browser = try small.browser()
    for address in Self.addresses where !address.hasPrefix("/help") {
      let (status, json) = browser.get(address, ["accept": "application/json"])
      #expect(status == 200, "\(address)")
      let document = try #require(
        try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any], "\(address)")
      #expect((document["schema"] as? String)?.hasPrefix("firebreak.page.") == true)
      let csv = browser.get(address + (address.contains("?") ? "&" : "?") + "format=csv")
      let rows = try #require(document["rows"] as? [Any])
      #expect(
        csv.text.hasSuffix("\r\n") && csv.text.components(separatedBy: "\r\n").count == rows.count + 2,
        "\(address)")
    }
  }

  @Test func everySourceIsListed() throws {
    let small = try SmallCase(events: 10)
    for number in 0..<120 { try small.add(events: 20 + number..<21 + number, hash: UInt64(2 + number)) }
    let browser = try small.browser()
    let csv = try #require(browser.stream("/evidence?format=csv"))
    let numbers = csv.components(separatedBy: "\r\n").dropFirst().dropLast().compactMap {
      $0.split(separator: ",").first.flatMap { Int($0) }
    }
    #expect(numbers == Array(0..<121))
  }

  @Test func pagesFollowEachOtherWithoutGapOrRepetitionInBothOrders() throws {
    let small = try SmallCase(events: 250)
    try small.add(events: 100..<420, hash: 2)
    let browser = try small.browser()
    for (query, expected) in [("", 570), ("severity%3E%3Derror", 57), ("attr.site:s1", 285)] {
      for order in ["oldest", "newest"] {
        var ids: [Int] = []
        var times: [String] = []
        var address: String? = "/timeline?format=json&limit=100&order=\(order)&q=\(query)"
        while let next = address {
          let (status, text) = browser.get(next)
          try #require(status == 200)
          let document = try #require(
            try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
          for row in try #require(document["rows"] as? [[String: Any]]) {
            ids.append(try #require(row["id"] as? Int))
            times.append(try #require(row["time"] as? String))
          }
          address = document["next"] as? String
        }
        #expect(ids.count == expected && Set(ids).count == expected, "\(query) \(order): \(ids.count)")
        #expect(times == (order == "oldest" ? times.sorted() : times.sorted(by: >)))
      }
    }
  }

  @Test func facetsOfASmallCaseAreExactCounts() throws {
    let small = try SmallCase(events: 240)
    let reader = try CaseReader(path: small.path)
    let facets = try reader.facets(
      matching: reader.query("severity>=error"), attribute: reader.attributeIndex("site").map { .known($0) },
      limit: 8000,
      seconds: 5, top: 50)
    #expect(facets.isComplete && facets.counted == 24)
    #expect(facets.severities.map(\.value) == ["error"] && facets.severities.first?.events == 24)
    #expect(facets.attribute.map(\.events).reduce(0, +) == 24)
    let sample = try reader.facets(matching: reader.query(""), attribute: nil, limit: 80, seconds: 5, top: 50)
    #expect(!sample.isComplete && sample.counted <= 80 && sample.counted >= 40)
  }

  @Test func starsNotesAndTagsLandInTheCaseWithAuthorAndCustody() throws {
    let small = try SmallCase()
    let browser = try small.browser()
    #expect(
      browser.post("/timeline", [("star", "5"), ("back", "/timeline?q=x")]).headers.first?.value
        == "/timeline?q=x#e5")
    #expect(browser.post("/event/5", [("note", "seen"), ("back", "/event/5")]).status == 303)
    #expect(
      browser.post("/event/5", [("tag", "odd"), ("back", "//evil.example")]).headers.first?.value.hasPrefix(
        "/#") == true)
    let notes = try CaseReader(path: small.path).notes()
    #expect(
      notes.map(\.kind) == [.tag, .note, .tag] && notes.allSatisfy { $0.author == TestServices().author })
    #expect(notes.allSatisfy { $0.event == EventID(rawValue: 5) && $0.createdAt == TestServices().now })
    #expect(try CaseReader(path: small.path).custody().map(\.entry.action) == ["note", "note", "note"])
    // The second press takes the star back.
    _ = browser.post("/timeline", [("star", "5")])
    #expect(try CaseReader(path: small.path).notes().map(\.kind) == [.note, .tag])
    #expect(browser.post("/timeline", [("retract", "2")]).status == 303)
    #expect(try CaseReader(path: small.path).notes().map(\.kind) == [.tag])
  }

  @Test func nothingIsWrittenWithoutTokenOriginOrCookie() throws {
    let small = try SmallCase()
    let browser = try small.browser()
    #expect(browser.post("/timeline", [("star", "5")], origin: "http://evil.example").status == 403)
    #expect(browser.post("/timeline", [("star", "5")], token: "wrong").status == 403)
    #expect(browser.get("/timeline", ["cookie": "firebreak-8000=wrong"]).status == 401)
    #expect(browser.get("/timeline", ["host": "evil.example:8000"]).status == 421)
    #expect(try CaseReader(path: small.path).notes().isEmpty)
  }

  @Test func readingChangesNothing() throws {
    let small = try SmallCase()
    let before = try Data(contentsOf: URL(filePath: small.path))
    let browser = try small.browser()
    for address in Self.addresses { _ = browser.get(address) }
    #expect(try Data(contentsOf: URL(filePath: small.path)) == before)
  }

  @Test func revealingIsWrittenDownFirstAndHoldsForOneLook() throws {
    let small = try SmallCase()
    let browser = try small.browser()
    #expect(browser.get("/event/3").text.contains("looks like a secret"))
    let address = try #require(
      browser.post("/event/3", [("reveal", "1")]).headers.first { $0.name == "Location" }?.value)
    #expect(try CaseReader(path: small.path).custody().map(\.entry.action) == ["reveal"])
    #expect(browser.get(address.replacing("/event/3", with: "/event/4")).text.contains("hunter2") == false)
    #expect(browser.get(address).text.contains("hunter2"))
    #expect(!browser.get(address).text.contains("hunter2"))
  }

  @Test func aReplacedOrDeletedCaseGivesAClearPage() throws {
    let small = try SmallCase()
    let browser = try small.browser()
    #expect(browser.get("/").status == 200)
    let other = try SmallCase(events: 10)
    try FileManager.default.copyItem(atPath: other.path, toPath: small.folder + "/y")
    rename(small.folder + "/y", small.path)
    #expect(browser.get("/timeline").status == 410 && browser.get("/timeline").text.contains("was replaced"))
    #expect(browser.post("/timeline", [("star", "1")]).status == 410)
    unlink(small.path)
    #expect(browser.get("/").status == 410 && browser.get("/").text.contains("has gone"))
  }

  /// `cp` writes into the file that is there: same name, same inode.
  @Test(arguments: [10, 300]) func aCaseOverwrittenInPlaceGivesAClearPage(_ events: Int) throws {
    let small = try SmallCase()
    let browser = try small.browser()
    #expect(browser.get("/").status == 200)
    let other = try SmallCase(events: events, hash: 7)
    let before = FileIdentity(path: small.path)
    let former = try Data(contentsOf: URL(fileURLWithPath: small.path))
    try Data(contentsOf: URL(fileURLWithPath: other.path)).write(to: URL(fileURLWithPath: small.path))
    #expect(FileIdentity(path: small.path) == before)
    for address in ["/", "/timeline", "/cascade"] {
      #expect(browser.get(address).status == 410 && browser.get(address).text.contains("was replaced"))
    }
    #expect(browser.post("/timeline", [("star", "1")]).status == 410)
    // Readers may have seen pages of both by now.
    try former.write(to: URL(fileURLWithPath: small.path))
    #expect(browser.get("/").status == 410)
  }

  @Test func aLaterCopyOfTheSameCaseIsNoOther() throws {
    let small = try SmallCase(events: 10)
    let mark = try CaseReader(path: small.path).mark()
    let early = try Data(contentsOf: URL(fileURLWithPath: small.path))
    try small.add(events: 20..<25, hash: 3)
    #expect(try mark.renewed(at: small.path) != nil)
    let later = try CaseReader(path: small.path).mark()
    try early.write(to: URL(fileURLWithPath: small.path))
    #expect(try later.renewed(at: small.path) == nil)
  }

  @Test func whatAnotherIngestAddsIsSeenAtOnce() throws {
    let small = try SmallCase(events: 10)
    let browser = try small.browser()
    #expect(browser.get("/").text.contains(">10</span> events"))
    try small.add(events: 20..<25, hash: 3)
    #expect(browser.get("/").text.contains(">15</span> events"))
    #expect(browser.get("/event/15").status == 200)
  }

  @Test(arguments: [
    "DELETE FROM note", "ATTACH 'x' AS y", "PRAGMA writable_schema = 1", "SELECT load_extension('x')",
    "SELECT 1; DROP TABLE note",
    "SELECT writefile('/tmp/x', 'y')",
  ])
  func sqlOnlyReads(statement: String) throws {
    let small = try SmallCase(events: 5)
    defer { withExtendedLifetime(small) {} }
    let browser = try small.browser()
    let (status, text) = browser.get("/sql?sql=" + PercentCoding.encode(statement))
    #expect(status == 200 && text.contains("role=\"alert\""), "\(statement)")
  }

  @Test func csvIsTheWholeListHoweverLong() throws {
    let small = try SmallCase(events: 2_345)
    let browser = try small.browser()
    for address in ["/timeline?format=csv", "/timeline?q=severity%3E%3Derror&format=csv&limit=10"] {
      let text = try #require(browser.stream(address), "\(address)")
      let lines = text.components(separatedBy: "\r\n")
      let header = lines[0].components(separatedBy: ",")
      #expect(lines.count == (address.contains("q=") ? 235 : 2_345) + 2 && lines.last == "", "\(lines.count)")
      #expect(header.first == "time" && lines.count { $0 == lines[0] } == 1)
    }
  }

  @Test func aListThatCannotBeFinishedLacksItsLastChunk() throws {
    let small = try SmallCase(events: 2_345)
    let browser = try small.browser()
    let path = small.path
    #expect(browser.stream("/timeline?format=csv") { unlink(path) } == nil)
  }

  @Test func noTrickOfSQLGivesASecret() throws {
    let small = try SmallCase(events: 20)
    let browser = try small.browser()
    for statement in [
      "SELECT message FROM timeline", "SELECT substr(message, instr(message, 'password=') + 9) FROM timeline",
      "SELECT hex(message) FROM timeline", "SELECT variables, message FROM event",
      "SELECT substr(text, 30) FROM template",
      "SELECT substr(message, 30) FROM main.timeline", "SELECT substr(text, 30) FROM main.template",
      "WITH timeline AS (SELECT message FROM main.segment_1) SELECT substr(message, 30) FROM timeline",
    ] {
      let text = browser.get("/sql?format=json&sql=" + PercentCoding.encode(statement)).text
      #expect(!text.contains("hunter2") && !text.contains("68756E74657232"), "\(statement)")
    }
    let found = browser.get(
      "/sql?format=json&sql="
        + PercentCoding.encode("SELECT count(*) AS n FROM timeline WHERE message LIKE '%hunter2%'"))
    #expect(found.text.contains("\"n\": 0"), "\(found.text)")
  }

  @Test func aLargeTraceIsWaitedForOnlyWhereThePageIsNothingWithoutIt() throws {
    let small = try SmallCase(events: 20)
    let shelf = TraceShelf(path: small.path)
    guard case .none = try shelf.content(0, patience: 0) else {
      return #expect(Bool(false), "no trace is none")
    }
    guard case .loading = try shelf.content(1, patience: 0) else {
      return #expect(Bool(false), "it cannot be there at once")
    }
    guard case .ready(let view) = try shelf.content(1, patience: 20) else {
      return #expect(Bool(false), "it never comes")
    }
    #expect(view.number == 1)
    // The overview says so and comes again.
    let page = Layout.reloading(seconds: 1).markup
    #expect(page.contains("http-equiv=\"refresh\"") && page.contains("content=\"1\""))
  }

  @Test func sqlIsStoppedByRowsAndTime() throws {
    let small = try SmallCase(events: 5)
    let browser = try small.browser()
    let many = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x FROM n"
    #expect(
      browser.get("/sql?sql=" + PercentCoding.encode(many)).text.contains("500 rows, and there are more"))
    let endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n"
    #expect(browser.get("/sql?sql=" + PercentCoding.encode(endless)).text.contains("longer than"))
  }

  @Test func mistakesAreMarkedAndUnknownThingsAreSaid() throws {
    let small = try SmallCase(events: 5)
    defer { withExtendedLifetime(small) {} }
    let browser = try small.browser()
    #expect(browser.get("/timeline?q=severity:eror").text.contains("there is no severity"))
    for address in [
      "/nothing", "/event/99", "/event/x", "/fleet?device=nobody", "/evidence/x", "/evidence?source=9",
      "/response?run=x",
    ] {
      #expect(browser.get(address).status == 404, "\(address)")
    }
    #expect(browser.get("/timeline?since=yesterday").status == 400)
    #expect(browser.get("/timeline?after=x").status == 400)
    #expect(browser.get("/timeline?format=csv&list=nothing").status == 404)
  }

  @Test func onePieceOfAnythingIsSaidInTheSingular() throws {
    let small = try SmallCase(events: 1)
    defer { withExtendedLifetime(small) {} }
    let browser = try small.browser()
    let overview = browser.get("/").text
    #expect(overview.contains("in 1 source<"))
    #expect(browser.get("/evidence").text.contains("1 source, "))
    #expect(browser.get("/timeline").text.contains(">1 event<"))
    let device = browser.get("/fleet?device=gw-0" + PercentCoding.encode(SmallCase.payload)).text
    #expect(device.contains("1, 1 error<"))
  }

  @Test func timesOutsideOfColumnsSayTheirZone() throws {
    let small = try SmallCase(events: 3)
    let browser = try small.browser()
    #expect(browser.post("/event/1", [("note", "seen")]).status == 303)
    for address in ["/", "/event/1", "/fleet?device=gw-0" + PercentCoding.encode(SmallCase.payload)] {
      let page = browser.get(address).text
      // A table has it in its heading; "A to B UTC" has it at its end.
      let prose = page.replacing(/<table[\s\S]*?<\/table>/, with: "")
      for after in prose.components(separatedBy: "</time>").dropFirst() {
        #expect(after.hasPrefix(" UTC") || after.hasPrefix(" to "), "\(address): \(after.prefix(60))")
      }
      #expect(prose.contains("</time> UTC"), "\(address)")
    }
  }

  @Test func listAndFolderOfPagesAgree() throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let folder = root.appending(path: "Sources/TimelineWeb/Pages")
    var declared: Set<String> = []
    for file in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
      let text = try String(contentsOf: folder.appending(path: file), encoding: .utf8)
      for match in text.matches(of: #/enum (\w+): WebPage/#) { declared.insert(String(match.output.1)) }
    }
    #expect(declared == Set(AllPages.list.map { "\($0)" }))
    #expect(Set(AllPages.list.map { $0.name }).count == AllPages.list.count)
  }
}
