extension CaseSchema {
  /// What was worked out from the events after they were read, apart from them: clocks, boots, names of one device, silence,
  /// and which templates hold secrets. All but boots and secrets can be thrown away and worked out again: `derivation` says
  /// what each rests on.
  static let findingTables: [Object] = [
    """
    CREATE TABLE derivation (
      subject TEXT PRIMARY KEY,
      input_digest TEXT NOT NULL,
      computed_at INTEGER NOT NULL,
      tool TEXT NOT NULL,
      detail TEXT NOT NULL
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE secret_template (
      template INTEGER PRIMARY KEY REFERENCES template (ordinal),
      kind TEXT NOT NULL,
      part TEXT NOT NULL,
      source INTEGER NOT NULL REFERENCES source (ordinal),
      line INTEGER NOT NULL,
      byte_offset INTEGER NOT NULL
    )
    """,
    """
    CREATE TABLE clock_boot (
      source INTEGER NOT NULL REFERENCES source (ordinal),
      first_event INTEGER NOT NULL,
      last_event INTEGER NOT NULL,
      number INTEGER NOT NULL,
      anchor INTEGER,
      error INTEGER,
      method TEXT NOT NULL,
      evidence TEXT NOT NULL,
      PRIMARY KEY (source, first_event)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE clock_piece (
      device INTEGER NOT NULL REFERENCES device (ordinal),
      first_event INTEGER NOT NULL,
      last_event INTEGER NOT NULL,
      base INTEGER NOT NULL,
      ahead INTEGER NOT NULL,
      drift INTEGER NOT NULL,
      error INTEGER NOT NULL,
      method TEXT NOT NULL,
      pairs INTEGER NOT NULL,
      receiver INTEGER REFERENCES device (ordinal),
      evidence TEXT NOT NULL,
      PRIMARY KEY (device, first_event)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE clock_flag (
      id INTEGER PRIMARY KEY,
      kind TEXT NOT NULL,
      source INTEGER NOT NULL REFERENCES source (ordinal),
      device INTEGER REFERENCES device (ordinal),
      first_event INTEGER NOT NULL,
      last_event INTEGER NOT NULL,
      events INTEGER NOT NULL,
      from_time INTEGER,
      to_time INTEGER
    )
    """,
    """
    CREATE TABLE alias_join (
      id INTEGER PRIMARY KEY,
      name TEXT NOT NULL,
      name_kind TEXT NOT NULL,
      other TEXT NOT NULL,
      other_kind TEXT NOT NULL,
      reason TEXT NOT NULL,
      sightings INTEGER NOT NULL,
      evidence TEXT NOT NULL
    )
    """,
    """
    CREATE TABLE identity (
      name TEXT PRIMARY KEY,
      device TEXT NOT NULL
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE rhythm (
      device INTEGER PRIMARY KEY REFERENCES device (ordinal),
      template INTEGER NOT NULL REFERENCES template (ordinal),
      period INTEGER NOT NULL,
      regularity INTEGER NOT NULL,
      events INTEGER NOT NULL,
      first_time INTEGER NOT NULL,
      last_time INTEGER NOT NULL
    )
    """,
    """
    CREATE TABLE silence (
      id INTEGER PRIMARY KEY,
      scope TEXT NOT NULL,
      device INTEGER REFERENCES device (ordinal),
      source INTEGER REFERENCES source (ordinal),
      from_time INTEGER NOT NULL,
      to_time INTEGER,
      period INTEGER NOT NULL,
      missed INTEGER NOT NULL,
      last_event INTEGER NOT NULL,
      next_event INTEGER
    )
    """,
    """
    CREATE INDEX silence_device ON silence (device, from_time)
    """,
  ].map(object)

  /// SQL for what an event's clock is ahead by, of the event `e` and the piece `c`: nanoseconds. The drift is in parts per
  /// billion; milliseconds times that stay within 64 bits.
  private static let ahead = "c.ahead + (e.time - c.base) / 1000000 * c.drift / 1000"

  /// The views over findings.
  static let findingViews: [Object] = [
    """
    CREATE VIEW corrected_time AS SELECT
      e.id AS id,
      d.name AS device,
      \(rfc3339("e.time")) AS original,
      e.time AS original_ns,
      \(rfc3339("e.corrected")) AS corrected,
      e.corrected AS corrected_ns,
      e.method AS method,
      e.error AS error_ns
    FROM (SELECT e.id AS id, e.device AS device, e.time AS time,
        CASE WHEN e.time IS NULL THEN b.anchor + e.since_boot
          WHEN c.device IS NULL THEN e.time ELSE e.time - (\(ahead)) END AS corrected,
        CASE WHEN e.time IS NULL THEN b.method ELSE c.method END AS method,
        CASE WHEN e.time IS NULL THEN b.error ELSE c.error END AS error
      FROM event e
        LEFT JOIN clock_piece c ON c.device = e.device AND e.id BETWEEN c.first_event AND c.last_event
        LEFT JOIN origin o ON o.ordinal = e.origin AND e.time IS NULL
        LEFT JOIN clock_boot b ON b.source = o.source AND e.id BETWEEN b.first_event AND b.last_event) e
      LEFT JOIN device d ON d.ordinal = e.device
    """,
    """
    CREATE VIEW silence_interval AS SELECT
      s.scope AS scope,
      d.name AS device,
      r.path AS path,
      r.members AS members,
      \(rfc3339("s.from_time")) AS last_heard,
      \(rfc3339("s.to_time")) AS heard_again,
      s.from_time AS from_ns,
      s.to_time AS to_ns,
      s.period / 1000000000.0 AS period_seconds,
      s.missed AS missed,
      s.last_event AS last_event,
      s.next_event AS next_event
    FROM silence s
      LEFT JOIN device d ON d.ordinal = s.device
      LEFT JOIN source r ON r.ordinal = s.source
    """,
    """
    CREATE VIEW secret_event AS SELECT e.id AS id, s.kind AS kind
    FROM secret_template s JOIN event e ON e.template = s.template
    """,
  ].map(object)
}
