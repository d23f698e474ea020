extension CaseSchema {
  /// Inventory and topology as given.
  static let fleetTables: [Object] = [
    """
    CREATE TABLE inventory_attribute (
      ordinal INTEGER PRIMARY KEY,
      name TEXT NOT NULL UNIQUE
    )
    """,
    """
    CREATE TABLE inventory_device (
      ordinal INTEGER PRIMARY KEY,
      name TEXT NOT NULL UNIQUE
    )
    """,
    """
    CREATE TABLE inventory_value (
      device INTEGER NOT NULL REFERENCES inventory_device (ordinal),
      attribute INTEGER NOT NULL REFERENCES inventory_attribute (ordinal),
      value TEXT NOT NULL,
      PRIMARY KEY (device, attribute)
    ) WITHOUT ROWID
    """,
    """
    CREATE INDEX inventory_value_attribute ON inventory_value (attribute, value)
    """,
    """
    CREATE TABLE topology_link (
      ordinal INTEGER PRIMARY KEY,
      from_name TEXT NOT NULL,
      to_name TEXT NOT NULL,
      kind TEXT NOT NULL
    )
    """,
  ].map(object)

  /// What people and Firebreak did with the case. Journal and custody log can only grow.
  static let recordTables: [Object] = [
    """
    CREATE TABLE trace_result (
      number INTEGER PRIMARY KEY,
      created_at INTEGER NOT NULL,
      tool TEXT NOT NULL,
      options TEXT NOT NULL,
      input_digest TEXT NOT NULL,
      result TEXT NOT NULL
    )
    """,
    """
    CREATE TABLE journal (
      id INTEGER PRIMARY KEY,
      run TEXT NOT NULL,
      sequence INTEGER NOT NULL,
      wall_time INTEGER NOT NULL,
      monotonic_time INTEGER NOT NULL,
      kind TEXT NOT NULL,
      step TEXT,
      target TEXT,
      outcome TEXT,
      detail TEXT NOT NULL,
      hash TEXT NOT NULL,
      UNIQUE (run, sequence)
    )
    """,
    """
    CREATE TRIGGER journal_update BEFORE UPDATE ON journal BEGIN
      SELECT RAISE(ABORT, 'the journal is append-only');
    END
    """,
    """
    CREATE TRIGGER journal_delete BEFORE DELETE ON journal BEGIN
      SELECT RAISE(ABORT, 'the journal is append-only');
    END
    """,
    """
    CREATE TABLE note (
      id INTEGER PRIMARY KEY,
      created_at INTEGER NOT NULL,
      author TEXT NOT NULL,
      event INTEGER,
      text TEXT NOT NULL
    )
    """,
    """
    CREATE TABLE custody (
      id INTEGER PRIMARY KEY,
      at INTEGER NOT NULL,
      actor TEXT NOT NULL,
      action TEXT NOT NULL,
      subject TEXT NOT NULL,
      sha256 TEXT,
      detail TEXT NOT NULL
    )
    """,
    """
    CREATE TRIGGER custody_update BEFORE UPDATE ON custody BEGIN
      SELECT RAISE(ABORT, 'the custody log is append-only');
    END
    """,
    """
    CREATE TRIGGER custody_delete BEFORE DELETE ON custody BEGIN
      SELECT RAISE(ABORT, 'the custody log is append-only');
    END
    """,
  ].map(object)
}
