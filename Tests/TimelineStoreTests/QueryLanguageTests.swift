import IncidentModel
import Testing

@testable import TimelineStore

@Suite struct QueryLanguageTests {
  private func parse(_ text: String) throws -> QueryExpression { try QueryExpression(parsing: text) }
  private func term(_ predicate: QueryPredicate) -> QueryExpression { .term(QueryTerm(predicate)) }
  private func glob(_ pieces: GlobPattern.Piece...) -> GlobPattern { GlobPattern(pieces: pieces) }

  @Test func readsTheExampleOfTheManual() throws {
    let tree = try parse(
      #"device:gw-* severity>=error text:"battery low" site:plant-02 firmware:2.4.1 since:2026-04-07T09:00Z "#
        + "until:+30m field.temp_c>60 trace:affected")
    let nine = Instant(nanoseconds: 1_775_552_400_000_000_000)
    #expect(
      tree
        == .and([
          term(.device(glob(.literal("gw-"), .anyRun))),
          term(.severity(.greaterOrEqual, .error)),
          term(.text(.contains, GlobPattern(literal: "battery low"))),
          term(.named("site", .matches(GlobPattern(literal: "plant-02")))),
          term(.named("firmware", .matches(GlobPattern(literal: "2.4.1")))),
          term(.time(.since, .instant(nine))),
          term(.time(.until, .afterSince(nanoseconds: 1_800_000_000_000))),
          term(.field("temp_c", .compared(.greater, "60"))),
          term(.trace(number: nil, role: "affected")),
        ]))
  }

  @Test func bindsNotTighterThanAndTighterThanOr() throws {
    let a = try parse("a:1")
    let b = try parse("b:2")
    let c = try parse("c:3")
    #expect(try parse("a:1 OR b:2 c:3") == .or([a, .and([b, c])]))
    #expect(try parse("NOT a:1 AND b:2") == .and([.not(a), b]))
    #expect(try parse("(a:1 OR b:2) c:3") == .and([.or([a, b]), c]))
    #expect(try parse("NOT (a:1 b:2)") == .not(.and([a, b])))
    #expect(try parse("NOT NOT a:1") == .not(.not(a)))
    #expect(try parse("a!=1") == .not(a))
    #expect(try parse("((a:1))") == a)
    #expect(try parse("  ") == .everything)
  }

  @Test func takesWildcardsOnlyOutsideQuotes() throws {
    #expect(try parse(#"device:"gw-*""#) == term(.device(GlobPattern(literal: "gw-*"))))
    #expect(try parse(#"device:gw-\*"#) == term(.device(GlobPattern(literal: "gw-*"))))
    #expect(try parse("device:g?-**") == term(.device(glob(.literal("g"), .anyOne, .literal("-"), .anyRun))))
    #expect(try parse("device:'a \"b\"'") == term(.device(GlobPattern(literal: "a \"b\""))))
  }

  @Test func readsValuesWithColonsDashesAndAddresses() throws {
    #expect(try parse("device:fe80::1") == term(.device(GlobPattern(literal: "fe80::1"))))
    #expect(try parse("10.0.0.1:8080") == term(.text(.contains, GlobPattern(literal: "10.0.0.1:8080"))))
    #expect(try parse("field.t<-5.5") == term(.field("t", .compared(.less, "-5.5"))))
    #expect(
      try parse(#"attr."hw rev"=B"#) == term(.attribute("hw rev", .matches(GlobPattern(literal: "B")))))
    #expect(try parse("field.a.b.c:1") == term(.field("a.b.c", .matches(GlobPattern(literal: "1")))))
    #expect(try parse("severity >= error") == term(.severity(.greaterOrEqual, .error)))
    #expect(try parse("trace@3:origin") == term(.trace(number: 3, role: "origin")))
    #expect(try parse(#"text:"""#) == term(.text(.contains, GlobPattern(literal: ""))))
  }

  @Test(arguments: [
    ("fatal", Severity.critical), ("critical", .critical), ("2", .critical), ("trace", .debug),
    ("debug", .debug),
    ("7", .debug), ("emergency", .emergency), ("0", .emergency), ("WARN", .warning), ("notice", .notice),
  ])
  func knowsTheSeverity(name: String, severity: Severity) throws {
    #expect(try parse("severity:\(name)") == term(.severity(.equal, severity)))
  }

  @Test(
    arguments: [
      ("2026-04-07", 1_775_520_000_000_000_000), ("2026-04-07T09", 1_775_552_400_000_000_000),
      ("2026-04-07T09:00", 1_775_552_400_000_000_000), ("2026-04-07T09:00Z", 1_775_552_400_000_000_000),
      ("2026-04-07T11:00:00.5+02:00", 1_775_552_400_500_000_000),
      ("'2026-04-07 09:00:00'", 1_775_552_400_000_000_000),
      ("@1775552400", 1_775_552_400_000_000_000), ("2026-04-07T24:00", 1_775_606_400_000_000_000),
      ("2026-04-07T09:00:00.1234567891Z", 1_775_552_400_123_456_789),
      ("1969-12-31T23:59:59Z", -1_000_000_000),
    ] as [(String, Int64)])
  func readsTheTime(text: String, nanoseconds: Int64) throws {
    #expect(try parse("since:\(text)") == term(.time(.since, .instant(Instant(nanoseconds: nanoseconds)))))
  }

  @Test(
    arguments: [
      // expression, where the caret stands, part of message or hint
      ("severity>=eror", 10..<14, "emergency"),
      ("device:gw-1 AND", 15..<15, "ends where"),
      ("device:", 7..<7, "value is missing"),
      ("(device:a", 0..<1, "not closed"),
      ("device:a)", 8..<9, "no opening"),
      ("text:\"low", 5..<6, "closing quote"),
      ("since:yesterday", 6..<15, "2026-04-07T09:00"),
      ("since:2h", 6..<8, "-2h"),
      ("since:+2h", 6..<9, "after itself"),
      ("since:2026-02-30", 6..<16, "no such day"),
      ("since:2026-04-07T25:00", 6..<22, "no such time"),
      ("since:1500-01-01", 6..<16, "1678"),
      ("device>gw", 6..<7, "no order"),
      ("a==b", 1..<3, "':' or '='"),
      ("a=~b", 1..<3, "wildcards|regular|*"),
      ("severity:>=error", 8..<11, "without the colon"),
      ("field.x>1*", 8..<10, "pattern"),
      ("id:abc", 3..<6, "whole number"),
      ("connection and closed", 11..<14, "AND"),
      ("a:1 && b:2", 4..<6, "AND"),
      ("-device:a", 0..<1, "NOT"),
      ("AND a:1", 0..<3, "before it"),
      ("a:1 OR", 6..<6, "ends where"),
      ("()", 1..<2, "condition is expected"),
      ("quality:good", 8..<12, "assumed_zone"),
      ("basis:me", 6..<8, "self_asserted"),
      (">=3", 0..<2, "no name"),
      ("trace@0:affected", 0..<7, "1 or more"),
      ("text:a\"b\"", 6..<7, "inside a word"),
      (#"text:"a\qb""#, 7..<9, "escape"),
      ("text:“low”", 5..<8, "typographic"),
    ] as [(String, Range<Int>, String)])
  func pointsAtTheMistake(expression: String, place: Range<Int>, words: String) {
    let error = #expect(throws: QueryError.self) { try QueryExpression(parsing: expression) }
    #expect(error?.range == place)
    let said = "\(error?.message ?? "") \(error?.hint ?? "")"
    #expect(words.split(separator: "|").contains { said.contains($0) }, "said: \(said)")
    #expect(error?.description.contains("^") == true)
  }

  @Test func putsTheCaretBelowThePlaceInLongAndWideText() throws {
    let long =
      String(repeating: "device:ü ", count: 30) + "severity:nope " + String(repeating: "x:1 ", count: 50)
    let error = try #require(throws: QueryError.self) { try QueryExpression(parsing: long) }
    let (line, caret) = error.excerpt(width: 60)
    #expect(line.count <= 60)
    let column = caret.prefix { $0 == " " }.count
    #expect(line.dropFirst(column).hasPrefix("nope"))
    #expect(caret.drop { $0 == " " } == "^~~~")
    let hostile = try #require(throws: QueryError.self) { try QueryExpression(parsing: "id:\u{1b}[31m") }
    #expect(!hostile.excerpt().line.unicodeScalars.contains("\u{1b}"))
  }

  @Test func countsUntilFromTheSinceBesideItAndSinceFromTheNewestEvidence() throws {
    let newest = Instant(nanoseconds: 10_000_000_000_000)
    func resolve(_ text: String) throws -> [Int64] {
      try parse(text).resolved(newestEvidence: newest, expression: text).terms.compactMap {
        if case .time(_, .instant(let instant)) = $0.predicate {
          instant.nanoseconds / 1_000_000_000
        } else {
          nil
        }
      }
    }
    #expect(try resolve("until:+30s since:-100s") == [9930, 9900])
    #expect(try resolve("since:@5 (device:a until:+1s OR since:@7 until:+1s)") == [5, 6, 7, 8])
    #expect(try resolve("until:-1s") == [9999])
    let lonely = #expect(throws: QueryError.self) { try resolve("device:a until:+30m") }
    #expect(lonely?.code == .reference)
    #expect(lonely?.range == 9..<19)
    #expect(throws: QueryError.self) { try resolve("since:@5 OR until:+1s") }
    #expect(throws: QueryError.self) {
      try parse("since:-1h").resolved(newestEvidence: nil, expression: "since:-1h")
    }
  }

  @Test func survivesEveryMutationOfAnExpression() {
    let seed =
      #"(device:gw-* OR NOT severity>=error) text:"battery \"low" field."a b".c<=-1e9 since:2026-04-07T09:00Z until:+30m"#
    let alphabet = Array("()\"'\\ :=!<>~*?.@-+&|ANDORNOTand0129TZ\u{0}\u{1b}ü💥".unicodeScalars)
    var random = SplitMix(seed: 7)
    for _ in 0..<4000 {
      var scalars = Array(seed.unicodeScalars)
      for _ in 0...Int.random(in: 0..<6, using: &random) {
        if scalars.isEmpty { scalars = Array(seed.unicodeScalars) }
        let at = Int.random(in: 0..<scalars.count, using: &random)
        switch Int.random(in: 0..<3, using: &random) {
        case 0: scalars.remove(at: at)
        case 1: scalars.insert(alphabet.randomElement(using: &random)!, at: at)
        default: scalars = Array(scalars[..<max(1, at)])
        }
      }
      var text = ""
      text.unicodeScalars.append(contentsOf: scalars)
      do {
        _ = try QueryExpression(parsing: text)
      } catch {
        #expect(error.range.lowerBound >= 0 && error.range.upperBound <= text.utf8.count)
        #expect(!error.description.isEmpty)
      }
    }
  }

  @Test func boundsLengthDepthAndNumberOfConditions() {
    let deep = String(repeating: "(", count: 5000) + "a:1" + String(repeating: ")", count: 5000)
    #expect(throws: QueryError.self) { try QueryExpression(parsing: deep) }
    let nots = String(repeating: "NOT ", count: 5000) + "a:1"
    #expect(throws: QueryError.self) { try QueryExpression(parsing: nots) }
    let many = String(repeating: "a:1 ", count: 5000)
    #expect(throws: QueryError.self) { try QueryExpression(parsing: many) }
    #expect(throws: QueryError.self) { try QueryExpression(parsing: String(repeating: "a", count: 70_000)) }
  }
}

/// A seeded generator for property tests (Steele, Lea, Flood 2014).
struct SplitMix: RandomNumberGenerator {
  private var state: UInt64
  init(seed: UInt64) { state = seed }
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
