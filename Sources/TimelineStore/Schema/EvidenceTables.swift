extension CaseSchema {
  /// What was read, from where, and what became of it.
  static let evidenceTables: [Object] = [
    """
    CREATE TABLE meta (
      key TEXT PRIMARY KEY,
      value TEXT NOT NULL
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE segment (
      number INTEGER PRIMARY KEY,
      first_event INTEGER NOT NULL,
      events INTEGER NOT NULL,
      first_time INTEGER,
      last_time INTEGER,
      loaded_at INTEGER NOT NULL,
      tool TEXT NOT NULL
    )
    """,
    """
    CREATE TABLE source (
      ordinal INTEGER PRIMARY KEY,
      id INTEGER NOT NULL,
      path TEXT NOT NULL,
      members TEXT NOT NULL,
      sha256 TEXT NOT NULL UNIQUE,
      format TEXT NOT NULL,
      compression TEXT NOT NULL,
      stored_bytes INTEGER NOT NULL,
      bytes INTEGER NOT NULL,
      bytes_events INTEGER NOT NULL,
      bytes_continuations INTEGER NOT NULL,
      bytes_blanks INTEGER NOT NULL,
      bytes_structure INTEGER NOT NULL,
      bytes_refused INTEGER NOT NULL,
      bytes_damaged INTEGER NOT NULL,
      lines_events INTEGER NOT NULL,
      lines_continuations INTEGER NOT NULL,
      lines_blanks INTEGER NOT NULL,
      lines_structure INTEGER NOT NULL,
      lines_refused INTEGER NOT NULL,
      lines_damaged INTEGER NOT NULL,
      refused_by TEXT NOT NULL,
      first_event INTEGER NOT NULL,
      events INTEGER NOT NULL,
      first_time INTEGER,
      last_time INTEGER,
      modified INTEGER
    )
    """,
    """
    CREATE UNIQUE INDEX source_id ON source (id)
    """,
    """
    CREATE TABLE origin (
      ordinal INTEGER PRIMARY KEY,
      source INTEGER NOT NULL REFERENCES source (ordinal),
      time_quality INTEGER NOT NULL,
      time_error INTEGER,
      identity_basis INTEGER NOT NULL,
      stamp_form INTEGER NOT NULL,
      stamp_shift INTEGER NOT NULL,
      stamp_digits INTEGER NOT NULL,
      stamp_separator TEXT NOT NULL,
      stamp_suffix TEXT NOT NULL
    )
    """,
    """
    CREATE TABLE refused (
      id INTEGER PRIMARY KEY,
      source INTEGER NOT NULL REFERENCES source (ordinal),
      line INTEGER NOT NULL,
      byte_offset INTEGER NOT NULL,
      byte_length INTEGER NOT NULL,
      reason TEXT NOT NULL,
      excerpt BLOB NOT NULL
    )
    """,
    """
    CREATE TABLE damage (
      id INTEGER PRIMARY KEY,
      source INTEGER NOT NULL REFERENCES source (ordinal),
      kind TEXT NOT NULL,
      byte_offset INTEGER NOT NULL,
      byte_length INTEGER,
      in_container INTEGER NOT NULL,
      note TEXT NOT NULL
    )
    """,
    """
    CREATE TABLE decision (
      id INTEGER PRIMARY KEY,
      source INTEGER NOT NULL REFERENCES source (ordinal),
      subject TEXT NOT NULL,
      value TEXT NOT NULL,
      reason TEXT NOT NULL
    )
    """,
    """
    CREATE TABLE duplicate (
      id INTEGER PRIMARY KEY,
      source INTEGER NOT NULL REFERENCES source (ordinal),
      path TEXT NOT NULL,
      members TEXT NOT NULL
    )
    """,
    """
    CREATE TABLE embedded (
      sha256 TEXT NOT NULL,
      part INTEGER NOT NULL,
      path TEXT NOT NULL,
      content BLOB NOT NULL,
      PRIMARY KEY (sha256, part)
    )
    """,
  ].map(object)

  /// Names behind the small numbers in the events' rows.
  static let dictionaryTables: [Object] = [
    """
    CREATE TABLE device (
      ordinal INTEGER PRIMARY KEY,
      id INTEGER NOT NULL UNIQUE,
      name TEXT NOT NULL UNIQUE
    )
    """,
    """
    CREATE TABLE template (
      ordinal INTEGER PRIMARY KEY,
      id INTEGER NOT NULL UNIQUE,
      program TEXT NOT NULL,
      text TEXT NOT NULL,
      format TEXT,
      variables INTEGER NOT NULL
    )
    """,
  ].map(object)

  /// Counts kept up to date by every load.
  static let rollupTables: [Object] = [
    """
    CREATE TABLE minute_rollup (
      minute INTEGER NOT NULL,
      severity INTEGER NOT NULL,
      events INTEGER NOT NULL,
      PRIMARY KEY (minute, severity)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE device_rollup (
      device INTEGER PRIMARY KEY REFERENCES device (ordinal),
      events INTEGER NOT NULL,
      first_time INTEGER,
      last_time INTEGER,
      first_error_time INTEGER,
      first_error INTEGER,
      severity_0 INTEGER NOT NULL,
      severity_1 INTEGER NOT NULL,
      severity_2 INTEGER NOT NULL,
      severity_3 INTEGER NOT NULL,
      severity_4 INTEGER NOT NULL,
      severity_5 INTEGER NOT NULL,
      severity_6 INTEGER NOT NULL,
      severity_7 INTEGER NOT NULL,
      severity_none INTEGER NOT NULL
    )
    """,
    """
    CREATE TABLE template_rollup (
      template INTEGER PRIMARY KEY REFERENCES template (ordinal),
      events INTEGER NOT NULL,
      first_event INTEGER NOT NULL,
      first_time INTEGER,
      last_time INTEGER
    )
    """,
  ].map(object)

  /// What tells quickly where a text cannot be.
  static let searchTables: [Object] = [
    """
    CREATE TABLE search_group (
      number INTEGER PRIMARY KEY,
      first_event INTEGER NOT NULL,
      sizes BLOB NOT NULL
    )
    """,
    """
    CREATE TABLE search_slice (
      id INTEGER PRIMARY KEY,
      bits BLOB NOT NULL
    )
    """,
  ].map(object)

  /// The table of words, with the tables that FTS5 keeps it in: only where it was asked for. The first statement makes all.
  static let fullTextTables: [Object] = [
    object(
      "CREATE VIRTUAL TABLE full_text USING fts5(message, content='', columnsize=0, tokenize='unicode61')"),
    Object(
      type: "table", name: "full_text_data",
      sql: "CREATE TABLE 'full_text_data'(id INTEGER PRIMARY KEY, block BLOB)"),
    Object(
      type: "table", name: "full_text_idx",
      sql: "CREATE TABLE 'full_text_idx'(segid, term, pgno, PRIMARY KEY(segid, term)) WITHOUT ROWID"),
    Object(
      type: "table", name: "full_text_config",
      sql: "CREATE TABLE 'full_text_config'(k PRIMARY KEY, v) WITHOUT ROWID"),
  ]
}
