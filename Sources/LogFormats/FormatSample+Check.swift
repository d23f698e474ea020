/// Reads a format's own samples and says what is wrong: used by the tests, by `firebreak formats test`, and when a user's
/// format is loaded.
public enum SampleCheck {
  /// One sentence for each sample that is not read as it says, and for each refusal that is not refused.
  public static func failures(of format: any LogFormat) -> [String] {
    var failures: [String] = []
    var reading = Reading()
    let parser = format.makeParser(SourceContext())
    for (number, sample) in format.samples.enumerated() {
      let place = "\(format.name), sample \(number + 1)"
      var text = sample.record
      text.withUTF8 { utf8 in
        let record = UnsafeRawBufferPointer(utf8)
        let verdict = parser.parse(record, into: &reading)
        if verdict != sample.verdict {
          failures.append("\(place): expected \(sample.verdict), got \(verdict)")
          return
        }
        func compare(_ what: String, _ expected: String?, _ actual: String) {
          guard let expected, expected != actual else { return }
          failures.append("\(place): \(what) should be '\(expected)', is '\(actual)'")
        }
        compare("time", sample.time, reading.timeText)
        compare("device", sample.device, reading.text(reading.device, of: record))
        compare("severity", sample.severity.map(String.init), String(reading.severity))
        compare("program", sample.program, reading.text(reading.program, of: record))
        compare("message", sample.message, reading.text(reading.message, of: record))
        compare("fields", sample.fields, reading.fieldsText(of: record))
        let fields = reading.bytes(reading.fields, of: record)
        if !fields.isEmpty, JSONText.valueEnd(fields, from: 0) != fields.count || !Bytes.isValidUTF8(fields) {
          failures.append("\(place): the fields are no valid JSON")
        }
        let claims = (format as? DefinedFormat)?.claimsLines ?? true
        if verdict == .event, claims, !sample.isPlain, format.framing == .lines, format.name != "text",
          format.name != "csv",
          format.score(record) == 0, format.headScore(record) == 0
        {
          failures.append("\(place): the format does not know its own sample")
        }
      }
    }
    for (number, refusal) in format.refusals.enumerated() {
      var text = refusal
      text.withUTF8 { utf8 in
        let record = UnsafeRawBufferPointer(utf8)
        let verdict = format.makeParser(SourceContext()).parse(record, into: &reading)
        if case .refused = verdict { return }
        failures.append("\(format.name), refusal \(number + 1): expected a refusal, got \(verdict)")
      }
    }
    return failures
  }
}
