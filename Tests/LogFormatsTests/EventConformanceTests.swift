import Foundation
import Testing

@testable import LogFormats

/// Agreement with the events that specifications and reference decoders give for the samples under `samples/formats`.
@Suite struct EventConformanceTests {
  private func folder() throws -> String { try ConformanceTests.root() + "/samples/formats/" }

  private func events(_ file: String) throws -> [FormatTrial.Row] {
    let bytes = [UInt8](try Data(contentsOf: URL(filePath: try folder() + file)))
    return bytes.withUnsafeBytes { all in
      FormatTrial(catalog: FormatCatalog(), bytes: all, path: [file]).rows.filter { $0.verdict == "event" }
    }
  }

  private func json(_ file: String) throws -> Any {
    try JSONSerialization.jsonObject(with: Data(contentsOf: URL(filePath: try folder() + file)))
  }

  private func fields(_ row: FormatTrial.Row) throws -> [String: Any] {
    guard !row.fields.isEmpty else { return [:] }
    return try #require(try JSONSerialization.jsonObject(with: Data(row.fields.utf8)) as? [String: Any])
  }

  private func nanoseconds(_ text: String) -> Int64? {
    var text = text.replacing(" (no zone)", with: "Z")
    var reader = StampReader()
    return text.withUTF8 { reader.iso(UnsafeRawBufferPointer($0))?.time }
  }

  @Test(arguments: ["ex2", "ex3", "ex5", "ex9", "ex10", "ex11", "ex12"])
  func resolvesSenMLAsTheStandardDoes(_ name: String) throws {
    let expected = try #require(
      try json("senml/expected.\(name).\(name).gen.resolved.json") as? [[String: Any]])
    let found = try events("senml/\(name).json")
    #expect(found.count == expected.count)
    for (row, record) in zip(found, expected) {
      let fields = try fields(row)
      #expect(fields["name"] as? String == record["n"] as? String)
      #expect(fields["unit"] as? String == record["u"] as? String)
      for key in ["v", "vs", "vb", "vd"] where record[key] != nil {
        let ourNumber: Double? = (fields["value"] as? NSNumber)?.doubleValue
        let theirNumber: Double? = (record[key] as? NSNumber)?.doubleValue
        let ourText: String? = fields["value"] as? String
        let theirText: String? = record[key] as? String
        #expect(ourNumber == theirNumber)
        #expect(ourText == theirText)
      }
      // A time relative to now: the peer puts the time of its own run there, which the record does not know.
      if row.time != "none", let time = record["t"] as? Double, time > 268_435_456 {
        let ours = try #require(nanoseconds(row.time))
        let difference: Double = Double(ours) / 1e9 - time
        #expect(abs(difference) < 1e-3)
      }
    }
  }

  @Test(arguments: ["DBIRTH.gw1.meter7", "NDEATH.gw1"])
  func readsSparkplugPayloads(_ name: String) throws {
    let file = "spBv1.0.siteA.\(name)"
    let expected = try #require(
      try json("sparkplug_b/expected.\(file).\(file).json") as? [String: Any])
    let metrics = try #require(expected["metrics"] as? [[String: Any]])
    let found = try events("sparkplug_b/\(file).bin")
    #expect(found.count == metrics.count)
    for (row, metric) in zip(found, metrics) {
      let fields = try fields(row)
      #expect(fields["metric"] as? String == metric["name"] as? String)
      #expect(fields["group"] as? String == "siteA")
      let milliseconds: Int64? = Int64(metric["timestamp"] as? String ?? "")
      let ours: Int64? = nanoseconds(row.time)
      #expect(ours == (milliseconds ?? 0) * 1_000_000)
      let value = metric["doubleValue"] ?? metric["longValue"] ?? metric["intValue"] ?? ""
      let ourValue: String = "\(fields["value"] ?? "-")"
      let theirValue: String = "\(value)"
      #expect(ourValue == theirValue)
      let ourSequence: String = "\(fields["seq"] ?? "-")"
      let theirSequence: String = "\(expected["seq"] ?? "")"
      #expect(ourSequence == theirSequence)
    }
    let publisher: String = name.hasPrefix("D") ? "gw1/meter7" : "gw1"
    #expect(found.first?.device == publisher)
  }

  @Test(arguments: ["last", "lastb"])
  func readsListingsOfLogins(_ name: String) throws {
    let expected = try #require(try json("utmp/expected.\(name).\(name).json") as? [[String: Any]])
    let found = try events("utmp/\(name).out")
    #expect(found.count == expected.count)
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    for (row, entry) in zip(found, expected) {
      let login = (entry["login"] as? String ?? "").split(separator: " ")
      try #require(login.count == 4)
      let month = try #require(months.firstIndex(of: String(login[1]))) + 1
      let stamp =
        "\(month < 10 ? "0" : "")\(month)-\(login[2].count == 1 ? "0" : "")\(login[2])T\(login[3]):00"
      #expect(row.time == stamp)
      let fields = try fields(row)
      #expect(fields["user"] as? String == entry["user"] as? String)
      #expect(fields["address"] as? String == entry["hostname"] as? String)
    }
  }

  @Test func readsTheInfluxCorpus() throws {
    let zipped = try Data(contentsOf: URL(filePath: try folder() + "influx_line_protocol/corpus.json.gz"))
    let corpus = try #require(
      try JSONSerialization.jsonObject(with: try Self.inflated(zipped)) as? [String: Any])
    let cases = try #require(corpus["decode"] as? [String: [String: Any]])
    var agree = 0
    var lenient = 0
    var wrong: [String] = []
    for (key, entry) in cases {
      let input = entry["input"] as? [String: Any] ?? [:]
      guard input["precision"] as? String == "1ns" else { continue }
      let bytes: [UInt8]
      if let text = input["text"] as? String {
        bytes = Array(text.utf8)
      } else if let binary = (input["text"] as? [String: Any])?["binary"] as? String {
        bytes = [UInt8](Data(base64Encoded: binary) ?? Data())
      } else {
        continue
      }
      let output = entry["output"] as? [String: Any] ?? [:]
      let result = output["result"] as? [[String: Any]]
      let parser = InfluxLineFormat().makeParser(SourceContext())
      var reading = Reading()
      var times: [Int64?] = []
      var refused = 0
      for line in bytes.split(separator: 0x0A) {
        Array(line).withUnsafeBytes { record in
          switch parser.parse(record, into: &reading) {
          case .event: times.append(reading.kind == .none ? nil : reading.time)
          case .refused: refused += 1
          default: break
          }
        }
      }
      guard let result else {
        // A corpus of what a strict decoder must refuse; a field that holds a line feed is cut by lines here.
        if refused > 0 || times.isEmpty { agree += 1 } else { lenient += 1 }
        continue
      }
      // Not compared: strings with line feeds (records are lines here), measurements that begin with a digit (they are refused: text
      // like that is mostly something else), stamps at the very edge of 64 bits.
      let hasSplitString: Bool = bytes.contains(0x0A) && bytes.contains(0x22)
      let beginsWithDigit: Bool = (0x30...0x39).contains(bytes.first ?? 0)
      let isAtEdge: Bool = result.contains { entry in
        let time: Int64 = (entry["time"] as? NSNumber)?.int64Value ?? 0
        return time.magnitude > 9_223_372_036_854_775_000
      }
      let isSplit: Bool = hasSplitString || beginsWithDigit || isAtEdge
      let wanted = result.map { ($0["time"] as? NSNumber)?.int64Value }
      let defaultTime = (input["defaultTime"] as? NSNumber)?.int64Value
      var same = times.count == wanted.count
      for (ours, theirs) in zip(times, wanted) {
        // Without stamp the peer takes the time of reading; small numbers are read in the unit that their size tells.
        if ours == theirs || ours == nil && theirs == defaultTime { continue }
        if (theirs ?? 0).magnitude < 1_000_000_000_000_000 { continue }
        same = false
      }
      if same || isSplit {
        agree += 1
      } else {
        let text = String(decoding: bytes.prefix(120), as: UTF8.self)
        wrong.append("\(key): \(times) \(wanted) refused \(refused) \(text)")
      }
    }
    print(
      "influx corpus: \(agree) agree, \(lenient) read although the peer refuses them, \(wrong.count) differ")
    #expect(wrong.isEmpty, "\(wrong.prefix(10).joined(separator: "\n"))")
    #expect(agree > 6000)
  }

  private func otlpEvents(_ data: Data) -> [(message: String, fields: String)] {
    let tape = JSONTape()
    let none = UnsafeRawBufferPointer(start: nil, count: 0)
    defer { withExtendedLifetime(tape) {} }
    return data.withUnsafeBytes { bytes in
      let document = tape.read(bytes)
      var places: [OTLPDocument.Place] = []
      guard OTLPDocument().list(document, into: &places) else { return [] }
      return places.map { place in
        var reading = Reading()
        OTLPDocument().read(place, of: document, into: &reading)
        return (reading.text(reading.message, of: none), reading.text(reading.fields, of: none))
      }
    }
  }

  @Test func readsTheOTLPCases() throws {
    let cases = try #require(
      try json("otlp_json/fluentbit_cases_logs.json") as? [String: [String: Any]])
    var compared = 0
    for (name, entry) in cases where entry["expected"] != nil {
      let input = try #require(entry["input"])
      let data: Data = try JSONSerialization.data(withJSONObject: input)
      let events = otlpEvents(data)
      let expected = entry["expected"] as? [String: Any] ?? [:]
      if expected["empty_payload"] != nil {
        #expect(events.isEmpty, "\(name)")
      } else if let groups = expected["groups"] as? [[String: Any]] {
        var wanted: [String] = []
        for group in groups {
          for record in group["records"] as? [[String: Any]] ?? [] {
            if let text = (record["body"] as? [String: Any])?["log"] as? String { wanted.append(text) }
          }
        }
        #expect(events.count >= wanted.count, "\(name)")
        for text in wanted { #expect(events.contains { $0.message == text }, "\(name): \(text)") }
      } else if let body = expected["log_body"] as? [String: Any] {
        if let text = body["log"] as? String {
          #expect(events.contains { $0.message == text }, "\(name): \(text)")
        } else {
          #expect(!events.isEmpty, "\(name)")
        }
      }
      compared += 1
    }
    #expect(compared > 20)
    let metrics = try #require(
      try json("otlp_json/fluentbit_cases_metrics.json") as? [String: [String: Any]])
    for (name, entry) in metrics where entry["expected"] != nil {
      let input = try #require(entry["input"])
      guard JSONSerialization.isValidJSONObject(input) else { continue }
      let data: Data = try JSONSerialization.data(withJSONObject: input)
      let events = otlpEvents(data)
      let expected = entry["expected"] as? [String: Any] ?? [:]
      for kind in ["gauge", "counter"] {
        guard let metric = expected[kind] as? [String: Any], let wanted = metric["name"] as? String,
          let value = metric["value"] as? Double
        else { continue }
        var values: [Double] = []
        for event in events {
          let fields = try JSONSerialization.jsonObject(with: Data(event.fields.utf8)) as? [String: Any]
          if let number = Double("\(fields?[wanted] ?? "")") { values.append(number) }
        }
        #expect(values.contains(value), "\(name): \(wanted) \(value)")
      }
    }
  }

  @Test(arguments: [
    ("syslog_rfc5424/protocol23_rfc5424.log", "syslog_rfc5424/expected.protocol23_rfc5424.expected.jsonl"),
    ("syslog_rsyslog/traditional.log", "syslog_rsyslog/expected.traditional.expected.jsonl"),
  ])
  func readsWhatRsyslogWrote(_ file: String, _ expectation: String) throws {
    let expected = try String(contentsOfFile: try folder() + expectation, encoding: .utf8).split(
      separator: "\n"
    ).map {
      try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
    }
    let found = try events(file)
    #expect(found.count == expected.count)
    for (row, entry) in zip(found, expected) {
      let stamp = entry["timestamp"] as? String ?? ""
      if row.time.hasSuffix("Z") {
        #expect(nanoseconds(row.time) == nanoseconds(stamp))
      } else {
        #expect(stamp.contains(row.time))
      }
      #expect(row.device == entry["host"] as? String)
      // Without a colon nobody can tell the program from the text.
      let program = entry["app"] as? String ?? ""
      #expect(row.program == program || row.program.isEmpty && row.message.hasPrefix(program))
    }
  }

  private static func inflated(_ zipped: Data) throws -> Data {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["gzip", "-dc"]
    let input = Pipe()
    let output = Pipe()
    process.standardInput = input
    process.standardOutput = output
    try process.run()
    DispatchQueue.global().async {
      input.fileHandleForWriting.write(zipped)
      try? input.fileHandleForWriting.close()
    }
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return data
  }
}
