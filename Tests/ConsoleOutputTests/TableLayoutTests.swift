import Testing

@testable import ConsoleOutput

/// Tables and sentences on narrow terminals.
@Suite struct TableLayoutTests {
  private static let hash = String(repeating: "0123456789abcdef", count: 4)

  @Test func aLongTextGoesOnInLinesBelowAndLosesNothing() {
    var table = TextTable([.init("device"), .init("was", alignsRight: true), .init("because", wraps: true)])
    let because =
      "messages seen at both ends; 12 pairs with gw-lyn1-2, e.g. event 14417 and the one before it"
    table.append(["mtr-748bc3", "12.3 s", because])
    table.append(["gw-1", "1 s", "short"])
    let lines = table.lines(width: 50)
    #expect(lines.allSatisfy { DisplayWidth.of($0) <= 50 }, "\(lines)")
    #expect(lines[0] == "device         was  because")
    let words = lines.dropFirst().dropLast().flatMap { $0.dropFirst(20).split(separator: " ") }
    #expect(words.joined(separator: " ") == because)
    #expect(lines.last == "gw-1           1 s  short")
  }

  @Test func namesOfOneFleetAreToldApartWhereTheyAreCut() {
    var table = TextTable([
      .init("device", mayShrink: true, keepsEnds: true), .init("message", mayShrink: true),
    ])
    table.append(["building-2-floor-1-rack-7-pump-1", String(repeating: "m", count: 40)])
    table.append(["building-2-floor-1-rack-7-pump-2", String(repeating: "m", count: 40)])
    let lines = table.lines(width: 40).dropFirst()
    #expect(lines.allSatisfy { DisplayWidth.of($0) <= 40 })
    #expect(
      lines.first?.contains("pump-1  mm") == true && lines.last?.contains("pump-2  mm") == true, "\(lines)")
  }

  @Test func whatIsTooNarrowForColumnsBecomesARecordWithWholeNames() {
    var table = TextTable([
      .init("source", wraps: true), .init("format"), .init("first"), .init("events", alignsRight: true),
    ])
    let name = "evidence/sites/lyn1.tar.gz/lyn1/edge-lyn1-2/messages.2.gz"
    table.append([name, "rfc5424", "02-22 01:30", "1,234"])
    let layout = table.layout(width: 40)
    #expect(layout.header == "  format   first        events")
    #expect(layout.lines == [name, "  rfc5424  02-22 01:30   1,234"])
  }

  @Test(arguments: [20, 30, 48, 60, 80]) func aHashIsNeverCutOrBroken(width: Int) {
    var table = TextTable([.init("state"), .init("what", wraps: true), .init("now", wraps: true)])
    table.append(["changed", "as many bytes, but not the same", Self.hash])
    let lines = table.lines(width: width)
    #expect(lines.contains { $0.contains(Self.hash) }, "\(lines)")
    #expect(!lines.contains { $0.contains("…") })
  }

  @Test func figuresThatDoNotFitBesideOneAnotherStandBelow() {
    var table = TextTable([.init("a"), .init("b"), .init("c", wraps: true)])
    table.append([String(repeating: "x", count: 20), String(repeating: "y", count: 20), "words"])
    let layout = table.layout(width: 30)
    #expect(layout.header.isEmpty)
    #expect(
      layout.lines == [
        "    a  " + String(repeating: "x", count: 20), "    b  " + String(repeating: "y", count: 20),
        "    c  words",
      ])
  }

  @Test func hostileCellsAreEscapedInEveryLayout() {
    for width in [nil, 60, 24] {
      var table = TextTable([.init("name", wraps: true), .init("n")])
      table.append([String(repeating: "a\u{1b}[2J ", count: 8), "1"])
      #expect(!table.lines(width: width).joined().contains("\u{1b}"))
    }
  }

  @Test func sentencesBreakWhereTheTerminalEndsButNotInsideWhatIsCopied() {
    let text =
      "warning: something is odd: look at it with 'firebreak clocks --ahead DEVICE=SECONDS' or leave it"
    let lines = Prose.wrap(text, 60, indent: 2)
    #expect(lines.allSatisfy { DisplayWidth.of($0) <= 60 }, "\(lines)")
    #expect(lines.contains { $0.contains("'firebreak clocks --ahead DEVICE=SECONDS'") }, "\(lines)")
    #expect(lines.dropFirst().allSatisfy { $0.hasPrefix("  ") && !$0.hasPrefix("   ") })
    #expect(lines.joined(separator: " ").replacing("   ", with: " ") == text)
    #expect(Prose.wrap("custody log: head \(Self.hash); keep it", 50).contains { $0.contains(Self.hash) })
    // A quote that is never closed swallows nothing; what fits stays as it is.
    #expect(Prose.wrap("it's the devices' 'own fault and no more words", 20).count == 3)
    #expect(Prose.wrap("  kept   as it is", 40) == ["  kept   as it is"])
    #expect(Prose.width("\u{1b}[33mwarning: \u{1b}[0mx") == 10)
  }
}
