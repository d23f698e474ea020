import Testing

@testable import LogFormats

/// Objects that only wrap events.
@Suite struct JSONWrapperTests {
  private func rows(_ text: String) -> [FormatTrial.Row] {
    let bytes = Array(text.utf8)
    return bytes.withUnsafeBytes { FormatTrial(catalog: FormatCatalog(), bytes: $0) }.rows
  }

  private static let pair =
    #"{"ts":1775552889,"device":"a","msg":"x"},{"ts":1775552890,"device":"b","msg":"y"}"#

  @Test(arguments: ["Records", "events", "readings", "irgendwas"])
  func aListThatIsTheOnlyMemberIsOpened(_ name: String) {
    for text in [#"{"\#(name)":[\#(Self.pair)]}"# + "\n", "{\n \"\(name)\": [\n\(Self.pair)\n]\n}\n"] {
      let found = rows(text).filter { $0.verdict == "event" }
      #expect(found.map(\.device) == ["a", "b"], "\(text)")
      #expect(found.map(\.message) == ["x", "y"])
    }
  }

  @Test func aListBesideOtherMembersIsAField() {
    let found = rows(#"{"device":"a","irgendwas":[{"x":1},{"x":2}]}"# + "\n")
    #expect(found.map(\.device) == ["a"])
    #expect(found.map(\.fields) == [#"{"irgendwas":[{"x":1},{"x":2}]}"#])
  }

  @Test func objectsThatAreNotAlikeStayTogether() {
    let found = rows("{\n \"status\": {\n  \"cpu\": {\"load\": 1},\n  \"net\": {\"rx\": 2}\n }\n}\n")
    #expect(found.map(\.verdict) == ["event"])
    #expect(found.first?.fields.contains("cpu") == true && found.first?.fields.contains("net") == true)
  }

  @Test func aBrokenWrapperIsRefusedWhole() {
    let found = rows(#"{"irgendwas":[{"ts":1775552889,"msg":"x"},{"ts":1"# + "\n")
    #expect(found.allSatisfy { $0.verdict.hasPrefix("refused") })
  }
}
