internal import IncidentModel

extension CaseSchema {
  /// Columns of a segment and of the view `event`, in the order of the rows' bytes.
  static let eventColumns = [
    "id", "time", "device", "severity", "template", "origin", "line", "byte_offset", "byte_length",
    "header", "variables", "fields", "message", "stamp", "since_boot", "time_error",
  ]

  /// A segment's table and its indexes.
  static func segmentObjects(number: Int64) -> [Object] {
    [segmentTable(number: number)] + segmentIndexes(number: number)
  }

  /// The table of one segment.
  static func segmentTable(number: Int64) -> Object {
    object(
      """
      CREATE TABLE segment_\(number) (
        id INTEGER PRIMARY KEY,
        time INTEGER,
        device INTEGER,
        severity INTEGER,
        template INTEGER,
        origin INTEGER,
        line INTEGER,
        byte_offset INTEGER,
        byte_length INTEGER,
        header INTEGER,
        variables TEXT,
        fields TEXT,
        message TEXT,
        stamp TEXT,
        since_boot INTEGER,
        time_error INTEGER
      )
      """)
  }

  /// The indexes of one segment. Every index ends with the row id, so ties are in evidence order.
  static func segmentIndexes(number: Int64) -> [Object] {
    [
      "CREATE INDEX segment_\(number)_time ON segment_\(number) (time)",
      "CREATE INDEX segment_\(number)_device ON segment_\(number) (device, time)",
      "CREATE INDEX segment_\(number)_error ON segment_\(number) (device, time) WHERE severity <= 3",
      "CREATE INDEX segment_\(number)_severity ON segment_\(number) (severity, time) WHERE severity <= 3",
    ].map(object)
  }

  /// The views, for these segments.
  static func views(segments: [Int64]) -> [Object] {
    let columns = eventColumns.joined(separator: ", ")
    let arms =
      segments.isEmpty
      ? "SELECT \(eventColumns.map { "NULL AS \($0)" }.joined(separator: ", ")) WHERE 0"
      : segments.map { "SELECT \(columns) FROM segment_\($0)" }.joined(separator: " UNION ALL\n")
    return [object("CREATE VIEW event AS\n\(arms)")]
      + [timeline, deviceSummary, sourceSummary, refusedLine].map(object) + findingViews
  }

  /// SQL for an instant (nanoseconds in `column`) as RFC 3339 with `digits` digits of fraction.
  static func rfc3339(_ column: String) -> String {
    """
    strftime('%Y-%m-%dT%H:%M:%S', (\(column) - (\(column) % 1000000000 + 1000000000) % 1000000000) / 1000000000, \
    'unixepoch') || printf('.%09dZ', (\(column) % 1000000000 + 1000000000) % 1000000000)
    """
  }

  /// SQL for the message of the event `e` with the template `t`: text and variables are consumed side by side. JSON
  /// functions would be shorter, but SQLite refuses them in views of a schema that is not trusted.
  private static let message = #"""
    CASE WHEN e.message IS NOT NULL THEN e.message
        WHEN t.variables = 0 THEN t.text
        ELSE (WITH RECURSIVE part(done, text, variables) AS (
          SELECT '', t.text,
            replace(replace(replace(e.variables, '\\', char(1)), '\"', '"'), char(1), '\') || char(9)
          UNION ALL
          SELECT done || substr(text, 1, instr(text, '<*>') - 1) || substr(variables, 1, instr(variables, char(9)) - 1),
            substr(text, instr(text, '<*>') + 3), substr(variables, instr(variables, char(9)) + 1)
          FROM part WHERE instr(text, '<*>') > 0
        ) SELECT done || text FROM part WHERE instr(text, '<*>') = 0) END
    """#

  /// SQL for the fields of the event `e`, spelled where its header stands for them.
  private static let fields: String = {
    let facilities = SyslogHeader.facilities.enumerated().map { "WHEN \($0.offset + 1) THEN '\($0.element)'" }
    return """
      CASE WHEN e.header IS NULL THEN e.fields
          ELSE '{' || CASE e.header % 32 WHEN 0 THEN '' ELSE '"facility":"' || CASE e.header % 32 \
      \(facilities.joined(separator: " ")) END || CASE WHEN e.header < 32 THEN '"' ELSE '",' END END || \
      CASE WHEN e.header < 32 THEN '' ELSE '"pid":' || (e.header / 32 - 1) END || '}' END
      """
  }()

  /// Messages with more variables are stored whole.
  static let maximumVariables = 24

  /// SQL for the stamp of the event `e` of origin `o`.
  private static let stamp: String = {
    let local = "(e.time + o.stamp_shift)"
    let second = "(\(local) - (\(local) % 1000000000 + 1000000000) % 1000000000) / 1000000000, 'unixepoch'"
    let fraction = "(\(local) % 1000000000 + 1000000000) % 1000000000"
    return """
      CASE WHEN e.stamp IS NOT NULL OR o.stamp_form = 0 THEN e.stamp
          WHEN o.stamp_form = 1 THEN substr('JanFebMarAprMayJunJulAugSepOctNovDec', \
      3 * strftime('%m', \(second)) - 2, 3) || printf(' %2d ', strftime('%d', \(second))) || \
      strftime('%H:%M:%S', \(second))
          ELSE strftime('%Y-%m-%d', \(second)) || o.stamp_separator || strftime('%H:%M:%S', \(second)) || \
      CASE WHEN o.stamp_digits = 0 THEN '' ELSE substr(printf('.%09d', \(fraction)), 1, o.stamp_digits + 1) END || \
      o.stamp_suffix END
      """
  }()

  private static func names(_ column: String, _ names: [String]) -> String {
    "CASE \(column) "
      + names.enumerated().map { "WHEN \($0.offset) THEN '\($0.element)'" }.joined(separator: " ") + " END"
  }

  private static let severityNames = [
    "emergency", "alert", "critical", "error", "warning", "notice", "info", "debug",
  ]
  private static let qualityNames = [
    "exact", "assumed_zone", "inferred_year", "anchored", "corrected", "unanchored", "none",
  ]
  private static let basisNames = ["authenticated", "network", "self_asserted", "path", "none"]

  private static let timeline = """
    CREATE VIEW timeline AS SELECT
      e.id AS id,
      \(rfc3339("e.time")) AS time,
      e.time AS time_ns,
      \(stamp) AS stamp,
      \(names("o.time_quality", qualityNames)) AS time_quality,
      coalesce(e.time_error, o.time_error) AS time_error,
      d.name AS device,
      \(names("o.identity_basis", basisNames)) AS identity_basis,
      \(names("e.severity", severityNames)) AS severity,
      t.program AS program,
      \(message) AS message,
      \(fields) AS fields,
      s.path AS path,
      s.members AS members,
      e.line AS line,
      e.byte_offset AS byte_offset,
      e.byte_length AS byte_length
    FROM event e
      LEFT JOIN origin o ON o.ordinal = e.origin
      LEFT JOIN source s ON s.ordinal = o.source
      LEFT JOIN device d ON d.ordinal = e.device
      LEFT JOIN template t ON t.ordinal = e.template
    """

  private static let deviceSummary = """
    CREATE VIEW device_summary AS SELECT
      d.name AS device,
      r.events AS events,
      \(rfc3339("r.first_time")) AS first_time,
      \(rfc3339("r.last_time")) AS last_time,
      r.severity_0 + r.severity_1 + r.severity_2 + r.severity_3 AS errors,
      r.severity_4 AS warnings,
      \(rfc3339("r.first_error_time")) AS first_error_time,
      r.first_error AS first_error
    FROM device d JOIN device_rollup r ON r.device = d.ordinal
    """

  private static let sourceSummary = """
    CREATE VIEW source_summary AS SELECT
      s.ordinal AS source,
      s.path AS path,
      s.members AS members,
      s.format AS format,
      s.sha256 AS sha256,
      s.stored_bytes AS stored_bytes,
      s.bytes AS bytes,
      s.events AS events,
      s.lines_refused AS refused_lines,
      s.bytes_damaged AS damaged_bytes,
      (SELECT count(*) FROM damage g WHERE g.source = s.ordinal) AS damage,
      \(rfc3339("s.first_time")) AS first_time,
      \(rfc3339("s.last_time")) AS last_time
    FROM source s
    """

  private static let refusedLine = """
    CREATE VIEW refused_line AS SELECT
      r.id AS id,
      s.path AS path,
      s.members AS members,
      r.line AS line,
      r.byte_offset AS byte_offset,
      r.byte_length AS byte_length,
      r.reason AS reason,
      r.excerpt AS excerpt
    FROM refused r JOIN source s ON s.ordinal = r.source
    """
}
