internal import CSQLite
internal import Glibc

/// Evidence kept in the case itself, as it lay there (compressed), in parts of 1 MiB, so that the case stands alone.
enum EmbeddedEvidence {
  /// Bytes of a part; the last may be shorter, and an empty file has one of none.
  static let partSize = 1 << 20

  /// Copies a file into the case, unless its content is there already.
  static func write(path: String, file: [CChar], sha256: String, to connection: SQLiteConnection)
    throws(StoreError)
  {
    let known = try connection.prepare("SELECT count(*) FROM embedded WHERE sha256 = ?")
    guard try known.integer([.text(sha256)]) == 0 else { return }
    let descriptor = open(file, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw SystemFile.error("cannot embed", path) }
    defer { close(descriptor) }
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: partSize, alignment: 16)
    defer { buffer.deallocate() }
    let insert = try connection.prepare("INSERT INTO embedded VALUES (?, ?, ?, ?)")
    var part: Int64 = 0
    while true {
      let count = try SystemFile.read(
        from: descriptor, at: part * Int64(partSize), into: buffer, path: path)
      if count == 0, part > 0 { return }
      insert.bind(.text(sha256), at: 1)
      insert.bind(.integer(part), at: 2)
      insert.bind(.text(path), at: 3)
      insert.bindBlob(UnsafeRawBufferPointer(rebasing: buffer[..<count]), at: 4)
      _ = try insert.step()
      sqlite3_reset(insert.pointer)
      part += 1
      if count < partSize { return }
    }
  }
}

extension CaseReader {
  /// Hands on the content of an embedded file in parts, front to back, until `body` returns false.
  /// Returns false when no file with this SHA-256 is embedded.
  @discardableResult
  public func readEmbedded(
    sha256: String, _ body: (UnsafeRawBufferPointer) throws -> Bool
  ) throws -> Bool {
    let rows = try connection.prepare("SELECT content FROM embedded WHERE sha256 = ? ORDER BY part")
    rows.bound([.text(sha256)])
    var isThere = false
    while try rows.next() {
      isThere = true
      guard try rows.withBytes(0, { try body(UnsafeRawBufferPointer($0)) }) else { break }
    }
    return isThere
  }
}
