import Foundation
import Testing

@testable import LogFormats

/// Agreement with the values that CrowdSec's parsers, jc and Telegraf take out of the same files: each value must be one that the
/// reading holds, under whatever name. Values that the peer made up or cut out of others are left out, with the reason.
@Suite struct FieldConformanceTests {
  /// What CrowdSec adds itself, and pieces of values that are asserted whole beside them.
  static let derived: Set<String> = [
    "log_type", "service", "datasource_path", "datasource_type", "source_type", "sub_type", "log_subtype",
    "message",
    "logsource", "auth_status", "auth_type", "auth_method", "machine", "new_connection", "impact_completion",
    "static_ressource", "file_dir", "file_ext", "file_frag", "file_name", "http_args_len", "parsed_uri",
    "program",
    "haproxy_hour", "haproxy_minute", "haproxy_second", "haproxy_milliseconds", "haproxy_month",
    "haproxy_monthday",
    "haproxy_year", "haproxy_time", "ts_d", "ts_m", "ts_ms", "ts_t", "ts_y", "year", "month", "day", "time",
    "priority", "facility", "facility_label", "severity_label", "syslog_version", "sshd_trail", "evt_type",
    "event_inc_id", "http_verb", "verb", "log_level", "level", "loglevel", "enrich", "target_fqdn_port",
    "syslog_priority", "date", "sub_log_type", "http_args", "http_args_len", "rfc5424_app", "rfc5424_msgid",
    "rfc5424_sd", "alert_message", "timestamp8601",
  ]

  /// Files that do not agree, with the reason shown. Together with the exceptions of the other tables at most ten.
  static let exceptions: [String: String] = [
    "esp_idf/binlog": "the peer needs the firmware's ELF file, which is not among the samples",
    "json_telemetry/xpath_json_native_nonnested.json":
      "the peer prints objects and lists in Go's own notation",
  ]

  struct Row {
    var file: String
    var wanted = 0
    var missing: [String] = []
  }

  @Test func holdsTheValuesThatPeersTakeOut() throws {
    let folder = try ConformanceTests.root() + "/samples/formats"
    let manifest = try String(contentsOfFile: folder + "/MANIFEST.csv", encoding: .utf8)
    var rows: [Row] = []
    for line in manifest.split(whereSeparator: \.isNewline).dropFirst() {
      let cells = line.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
      guard cells.last == "fields", cells.count >= 7 else { continue }
      let expected = cells[6].split(separator: ";").map { folder + "/" + $0 }
      let bytes = [UInt8](try Data(contentsOf: URL(filePath: folder + "/" + cells[0])))
      let trial = bytes.withUnsafeBytes { all in
        FormatTrial(catalog: FormatCatalog(), bytes: all, path: [cells[0]])
      }
      let readings = trial.rows.filter { ["event", "continuation"].contains($0.verdict) }.map(Values.init)
      var row = Row(file: cells[0])
      for path in expected {
        let wanted = try Self.wanted(path)
        row.wanted += wanted.count
        for value in wanted {
          let isLine = value.name == "line"
          if readings.contains(where: { isLine ? $0.ends(value.text) : $0.holds(value.text) }) { continue }
          row.missing.append("\(value.name)=\(value.text.prefix(60))")
        }
      }
      rows.append(row)
    }
    var table = ""
    for row in rows {
      let verdict =
        row.missing.isEmpty
        ? "agrees"
        : Self.exceptions[row.file].map { "peer: \($0)" } ?? "DIFFERS \(Set(row.missing).sorted().prefix(12))"
      table += "\(row.file) | \(row.wanted) values | \(verdict)\n"
    }
    print(table)
    #expect(rows.count > 40)
    #expect(rows.filter { !$0.missing.isEmpty && Self.exceptions[$0.file] == nil }.isEmpty, "\(table)")
    for row in rows where row.missing.isEmpty {
      #expect(Self.exceptions[row.file] == nil, "\(row.file) agrees now: take it off the list")
    }
  }

  /// All values of one reading.
  struct Values {
    var texts: Set<String> = []
    var numbers: Set<Double> = []
    var message = ""

    init(_ row: FormatTrial.Row) {
      for text in [row.device, row.program, row.message, row.stamp, row.time] { add(text) }
      message = row.message
      add(String(row.time.prefix { $0 != " " }) + "Z")
      if let fields = try? JSONSerialization.jsonObject(
        with: Data(row.fields.utf8), options: .fragmentsAllowed)
      {
        flatten(fields)
      }
    }

    private mutating func flatten(_ any: Any) {
      switch any {
      case let object as [String: Any]:
        for (key, value) in object {
          add(key)
          flatten(value)
        }
      case let list as [Any]: for value in list { flatten(value) }
      case let number as NSNumber:
        add(number.stringValue)
        if number.objCType.pointee == 0x63 { add(number.boolValue ? "true" : "false") }
        numbers.insert(number.doubleValue)
      case let text as String: add(text)
      case is NSNull: add("null")
      default: break
      }
    }

    private mutating func add(_ text: String) {
      guard !text.isEmpty else { return }
      texts.insert(text.trimmingCharacters(in: .whitespaces).lowercased())
      if let number = Double(text) { numbers.insert(number) }
    }

    /// True for a value of this reading. A list in a peer's words counts by its parts.
    func holds(_ text: String) -> Bool {
      let text = text.trimmingCharacters(in: .whitespaces).lowercased()
      if texts.contains(text) { return true }
      if let number = Double(text) {
        return numbers.contains(number) || numbers.contains { abs($0 - number) <= abs(number) * 1e-12 }
      }
      // Where a stamp has no year, the peer adds the one of its own run.
      if texts.contains(where: { $0.count == 14 && text.contains($0) }) { return true }
      // A path without its query.
      if text.hasPrefix("/"), texts.contains(where: { $0.hasPrefix(text + "?") }) { return true }
      // The same instant, written otherwise.
      if text.count >= 19, text.contains("t") || text.contains(" "), let wanted = Self.instant(text) {
        return texts.contains { Self.instant($0) == wanted }
      }
      return false
    }

    /// True where a line of console ends with the message.
    func ends(_ line: String) -> Bool {
      var stripped: [UInt8] = []
      Array(message.utf8).withUnsafeBytes { AnsiSequences.strip($0, into: &stripped) }
      let text = String(decoding: stripped, as: UTF8.self).trimmingCharacters(in: .whitespaces)
      let line = line.trimmingCharacters(in: .whitespaces)
      return !text.isEmpty && (line.hasSuffix(text) || text.contains(line))
    }

    private static func instant(_ text: String) -> Int64? {
      guard text.first?.isNumber == true else { return nil }
      var text = text.uppercased()
      var reader = StampReader()
      return text.withUTF8 { utf8 in
        reader.any(UnsafeRawBufferPointer(utf8)).map { $0.time / 1_000_000_000 }
      }
    }
  }

  // MARK: What peers expect

  static func wanted(_ path: String) throws -> [(name: String, text: String)] {
    if path.hasSuffix(".parser.assert") { return try asserts(path) }
    if path.hasSuffix(".json") { return try objects(path) }
    if path.hasSuffix(".out") { return try lineProtocol(path) }
    if path.hasSuffix("out.txt") || path.contains("/expected.in") { return try consoleLines(path) }
    return []
  }

  /// CrowdSec: what its parsers (not its raw stage) say of each line.
  private static func asserts(_ path: String) throws -> [(name: String, text: String)] {
    let pattern =
      #/^results\["(s0[1-9][^"]*)"\]\["[^"]+"\]\[\d+\]\.Evt\.(?:Parsed|Meta)\["([^"]+)"\] == "(.*)"$/#
    var wanted: [(name: String, text: String)] = []
    for line in try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n") {
      guard let match = line.firstMatch(of: pattern) else { continue }
      let text = String(match.3).replacing("\\\"", with: "\"").replacing("\\\\", with: "\\")
      guard !derived.contains(String(match.2)), !text.isEmpty, text != "-" else { continue }
      // UniFi's rule names hold a letter for what we write as a word.
      if match.2 == "action", text.count == 1 { continue }
      wanted.append((String(match.2), text))
    }
    return wanted
  }

  /// jc: a list of objects with strings. Its own additions to CEF are left out.
  private static func objects(_ path: String) throws -> [(name: String, text: String)] {
    let json = try JSONSerialization.jsonObject(with: Data(contentsOf: URL(filePath: path)))
    var wanted: [(name: String, text: String)] = []
    for object in json as? [[String: Any]] ?? [] {
      for (key, value) in object
      where !["CEFVersion", "agentSeverityString", "agentSeverityNum", "agentSeverity"].contains(key) {
        if key == "unparsable" { continue }
        if key.hasSuffix("_epoch") || key.hasSuffix("_epoch_utc") || key.hasSuffix("Num") { continue }
        if let text = value as? String { wanted.append((key, text)) }
        if let number = value as? NSNumber, !(value is String) { wanted.append((key, number.stringValue)) }
      }
    }
    return wanted.filter { !$0.text.trimmingCharacters(in: .whitespaces).isEmpty }
  }

  /// Telegraf: tags, fields and their values in line protocol. Measurement names and types are the configuration's.
  private static func lineProtocol(_ path: String) throws -> [(name: String, text: String)] {
    var wanted: [(name: String, text: String)] = []
    let format = InfluxLineFormat()
    let parser = format.makeParser(SourceContext())
    var reading = Reading()
    for line in try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n") {
      let bytes = Array(line.utf8)
      let fields = bytes.withUnsafeBytes { record -> String in
        guard parser.parse(record, into: &reading) == .event else { return "" }
        return reading.fieldsText(of: record)
      }
      guard !fields.isEmpty,
        let object = try JSONSerialization.jsonObject(with: Data(fields.utf8)) as? [String: Any]
      else { continue }
      for (key, value) in object where key != "_type" && key != "url" {
        if let text = value as? String { wanted.append((key, text)) }
        if let number = value as? NSNumber { wanted.append((key, number.stringValue)) }
      }
    }
    return wanted
  }

  /// idf_monitor: what it prints of the console is a part of the console.
  private static func consoleLines(_ path: String) throws -> [(name: String, text: String)] {
    var stripped: [UInt8] = []
    return try [UInt8](Data(contentsOf: URL(filePath: path))).split(separator: 0x0A).compactMap { line in
      Array(line).withUnsafeBytes { AnsiSequences.strip($0, into: &stripped) }
      let text = String(decoding: stripped, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
      // Addresses that the peer looks up in the firmware's ELF file, between the lines.
      let isLookup = text.contains(" at /home/") || text.contains(" at ??:")
      return text.isEmpty || isLookup ? nil : ("line", text)
    }
  }
}
