import IncidentModel
import Testing

@testable import LogFormats

/// Facility and process number as fields, and texts as JSON strings.
@Suite struct SyslogFieldTests {
  private func fields(_ line: String) -> String {
    let parser = SyslogRFC3164Format().makeParser(SourceContext())
    var reading = Reading()
    return Array(line.utf8).withUnsafeBytes { record in
      #expect(parser.parse(record, into: &reading) == .event)
      return reading.fieldsText(of: record)
    }
  }

  @Test(arguments: [
    ("1", "1"), ("16378", "16378"), ("9999999", "9999999"), ("12345678", "12345678"), ("0", "0"),
    ("007", "\"007\""), ("1.5", "1.5"), ("-3", "-3"), ("4x", "\"4x\""), ("1:2", "\"1:2\""),
    ("true", "true"),
  ])
  func aProcessNumberIsANumberWhereJSONHasOne(_ pid: String, _ value: String) {
    let expected = "{\"pid\":\(value)}"
    #expect(fields("Feb 12 14:10:21 gw-1 app[\(pid)]: a message of some length") == expected)
    // At the record's very end.
    #expect(fields("Feb 12 14:10:21 gw-1 app[\(pid)]:") == expected)
    #expect(fields("Feb 12 14:10:21 gw-1 app[\(pid)]: m") == expected)
  }

  @Test func everyFacilityHasItsName() {
    for (code, name) in SyslogHeader.facilities.enumerated() {
      #expect(fields("<\(code * 8 + 6)>Feb 12 14:10:21 gw-1 app: up") == "{\"facility\":\"\(name)\"}")
      #expect(
        fields("<\(code * 8)>Feb 12 14:10:21 gw-1 app[7]: up") == "{\"facility\":\"\(name)\",\"pid\":7}")
    }
  }

  @Test func aHostWithFullStopsIsAHostUnlessItNamesAFacility() {
    func device(_ line: String) -> String {
      let parser = SyslogRFC3164Format().makeParser(SourceContext())
      var reading = Reading()
      return Array(line.utf8).withUnsafeBytes { record in
        _ = parser.parse(record, into: &reading)
        return reading.text(reading.device, of: record)
      }
    }
    #expect(device("Feb 12 14:10:21 gw.plant.example app: up") == "gw.plant.example")
    #expect(device("Feb 12 14:10:21 user.notice app: up") == "")
  }

  @Test func everyTextBecomesAJSONStringAsByteByByte() {
    var random = Seeded(3)
    let pieces: [[UInt8]] =
      ["abc", "eight by", "\"", "\\", "\n", "\u{1}", "é", "€", "plain text without anything", "x"].map {
        Array($0.utf8)
      } + [[0xFF], [0xC3], [0xE2, 0x82]]
    for _ in 0..<5000 {
      var text: [UInt8] = []
      for _ in 0..<Int.random(in: 0...8, using: &random) {
        text += pieces[Int.random(in: 0..<pieces.count, using: &random)]
      }
      var whole = Reading()
      text.withUnsafeBytes { whole.appendJSONString($0) }
      let written = whole.text(
        .scratch(0, whole.scratchCount), of: UnsafeRawBufferPointer(start: nil, count: 0))
      #expect(written == Self.reference(text))
    }
  }

  private static func reference(_ text: [UInt8]) -> String {
    var result = "\""
    var i = 0
    while i < text.count {
      let length = text.withUnsafeBytes { text[i] < 0x80 ? 1 : Bytes.sequenceLength($0, i) }
      guard length > 0 else {
        result += "\u{FFFD}"
        i += 1
        continue
      }
      for scalar in String(decoding: text[i..<i + length], as: UTF8.self).unicodeScalars {
        switch scalar {
        case "\"": result += "\\\""
        case "\\": result += "\\\\"
        case "\n": result += "\\n"
        case "\u{1}": result += "\\u0001"
        default: result.unicodeScalars.append(scalar)
        }
      }
      i += length
    }
    return result + "\""
  }
}
