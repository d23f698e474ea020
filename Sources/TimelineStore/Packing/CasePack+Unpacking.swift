internal import CSQLite
internal import Glibc

extension CasePack {
  /// Makes the case of a packed one again, in a new file, and the files of its runs beside it. What is packed may be hostile: it is checked as every case is.
  public static func unpack(_ packed: String, to path: String) throws(StoreError) -> Summary {
    let building = building(path)
    let lock = try WriterLock(path: building, create: true)
    var isDone = false
    var runFiles: [RunFile] = []
    var written: [RunFile] = []
    defer {
      if !isDone {
        unlink(building)
        RunFile.remove(written, beside: path)
      }
    }
    let read = try restore(packed, into: building) { (file, bytes) throws(StoreError) in
      runFiles.append(file)
      if try file.write(bytes, beside: path) { written.append(file) }
    }
    try lock.sync()
    try CaseCreation.publish(building, as: path)
    isDone = true
    var status = stat()
    guard stat(path, &status) == 0 else { throw SystemFile.error("cannot open case", path) }
    return Summary(caseBytes: Int64(status.st_size), packedBytes: read, runFiles: runFiles)
  }

  /// Writes the case into a file that is there and empty. Returns the number of bytes of the packed case.
  /// - Parameter runFile: What is to become of a file of a run. Who only reads the case leaves it where it is.
  static func restore(
    _ packed: String, into path: String,
    runFile: (RunFile, [UInt8]) throws(StoreError) -> Void = { (_, _) throws(StoreError) in }
  ) throws(StoreError) -> Int64 {
    var status = stat()
    let reader = try PackFile.Reader(path: packed)
    guard stat(packed, &status) == 0 else { throw SystemFile.error("cannot open", packed) }
    let descriptor = open(path, O_WRONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw SystemFile.error("cannot write", path) }
    defer { close(descriptor) }
    var end: Int64 = 0
    var frame = try reader.next()
    while let (kind, content) = frame, kind == .skeleton {
      let failure = content.withUnsafeBytes { bytes -> StoreError? in
        do throws(StoreError) {
          try SystemFile.write(bytes, to: descriptor, at: end, path: path)
          return nil
        } catch {
          return error
        }
      }
      if let failure { throw failure }
      end += Int64(content.count)
      frame = try reader.next()
    }
    var (skeleton, segments): (SQLiteConnection, [Int64])
    do throws(StoreError) {
      (skeleton, segments) = try CaseOpening.readOnly(path)
    } catch {
      throw reader.damaged("what it holds is no case: \(error.reason)")
    }
    let roots = try segments.map { (number) throws(StoreError) in try CaseCreation.roots(of: number, skeleton)
    }
    let plan = try UnpackedSearch.Plan(skeleton)
    try skeleton.close()
    let file = try PageFile(path: path)
    guard roots.allSatisfy({ $0.all.allSatisfy { $0 > 1 && $0 < file.end } }) else {
      throw reader.damaged("its segments have no place")
    }
    let search = UnpackedSearch(plan, file: file, root: roots.first?.slice ?? 0)
    var hasFullText = false
    for (segment, root) in zip(segments, roots) {
      guard let (kind, content) = frame, kind == .segment, content == bytes(of: segment) else {
        throw reader.damaged("segment \(segment) is missing")
      }
      frame = try reader.next()
      try restore(segment: root, from: reader, &frame, file, search)
    }
    try search.finish()
    if let (kind, _) = frame, kind == .fullText {
      hasFullText = true
      frame = try reader.next()
    }
    while let (kind, content) = frame, kind == .runFile {
      guard let (file, bytes) = RunFile.read(content) else {
        throw reader.damaged("it holds a file that is none of a run")
      }
      try runFile(file, bytes)
      frame = try reader.next()
    }
    guard frame == nil else { throw reader.damaged("it holds frames that do not belong there") }
    try file.finish()
    if hasFullText {
      let connection = try SQLiteConnection(path: path, flags: SQLITE_OPEN_READWRITE)
      try CaseCreation.prepareToWrite(connection, isNew: true, maximumPages: 0)
      try connection.execute("BEGIN EXCLUSIVE")
      try FullTextTable.write(connection, segments: segments, from: .min)
      try connection.execute("COMMIT")
      try connection.close()
    }
    return Int64(status.st_size)
  }

  private static func bytes(of segment: Int64) -> [UInt8] {
    (0..<8).map { UInt8(truncatingIfNeeded: segment >> (8 * Int64($0))) }
  }

  private static func restore(
    segment roots: PageEventWriter.Roots, from reader: PackFile.Reader,
    _ frame: inout (kind: PackFile.Kind, content: [UInt8])?, _ file: PageFile, _ search: UnpackedSearch
  ) throws(StoreError) {
    let writer = PageEventWriter(file: file, roots: roots, slices: nil)
    var eventsByDevice: [Int64] = [0]
    var record = ByteBuffer(capacity: 4096)
    var last: Int64 = 0
    while let (kind, content) = frame, kind == .rows {
      let rows: [RowBlock.Row]
      do throws(ColumnReader.Fault) {
        rows = try RowBlock.decode(content)
      } catch {
        throw reader.damaged("a block of rows is damaged")
      }
      for row in rows {
        guard row.id > last, PackedRow.isStorable(row) else {
          throw reader.damaged("event \(row.id) holds values that Firebreak does not write")
        }
        last = row.id
        record.count = 0
        PackedRow.encode(row, into: &record)
        let device = row.device.map { Int32($0) } ?? -1
        try writer.append(
          id: row.id, record: record.bytes,
          key: IndexEntry(
            id: row.id, time: row.time, device: device, severity: row.severity.map { Int($0) } ?? 8))
        let code = Int(device) + 1
        if code >= eventsByDevice.count {
          eventsByDevice += repeatElement(0, count: code + 1 - eventsByDevice.count)
        }
        eventsByDevice[code] += 1
        try search.append(row)
      }
      frame = try reader.next()
    }
    try writer.finish(eventsByDevice: eventsByDevice)
  }
}

/// The search index of a case that is unpacked, in the blocks that it had.
final class UnpackedSearch {
  /// Groups as the case has them, and templates' content ids.
  struct Plan {
    var groups: [SearchGroup] = []
    var templates: [Int64: UInt64] = [:]

    init(_ connection: SQLiteConnection) throws(StoreError) {
      let rows = try connection.prepare("SELECT number, first_event, sizes FROM search_group ORDER BY number")
      while try rows.next() {
        groups.append(SearchGroup(number: rows.int64(0), firstEvent: rows.int64(1), sizes: rows.bytes(2)))
      }
      let templates = try connection.prepare("SELECT ordinal, id FROM template")
      while try templates.next() {
        self.templates[templates.int64(0)] = UInt64(bitPattern: templates.int64(1))
      }
    }
  }

  private let plan: Plan
  private let slices: SliceTreeWriter
  private var group = 0
  private var block = 0
  private var builder: SearchIndexBuilder?
  private var signature = BlockSignature()
  private var templates: Set<Int64> = []

  init(_ plan: Plan, file: PageFile, root: UInt32) {
    self.plan = plan
    slices = SliceTreeWriter(file: file, root: root)
    hasRoot = root > 0
  }

  private let hasRoot: Bool

  func append(_ row: RowBlock.Row) throws(StoreError) {
    guard group < plan.groups.count, block < plan.groups[group].sizes.count else { return }
    if let template = row.template, templates.insert(template).inserted, let id = plan.templates[template] {
      signature.insert(template: id)
    }
    if let text = row.variables ?? row.message { text.bytes.withUnsafeBytes { signature.insert($0) } }
    signature.events += 1
    if signature.events == Int(plan.groups[group].sizes[block]) { try endBlock() }
  }

  private func endBlock() throws(StoreError) {
    let of = plan.groups[group]
    if builder == nil {
      builder = SearchIndexBuilder(firstNumber: of.number, firstEvent: of.firstEvent, writer: slices)
    }
    try builder?.append(events: signature.events, signature: signature.take())
    templates.removeAll(keepingCapacity: true)
    block += 1
    if block == of.sizes.count {
      try builder?.finish()
      builder = nil
      group += 1
      block = 0
    }
  }

  /// Ends the index.
  func finish() throws(StoreError) {
    try builder?.finish()
    if hasRoot { try slices.finish() }
  }
}
