import Glibc
import IncidentModel
import LogFormats

extension LineReader {
  /// Largest journal that is read; systemd's own default is half of it.
  static let journalLimit = 256 << 20

  /// Reads the systemd journal whose head has just been read: every whole entry is an event, everything else of the
  /// file structure. Entries are written as JSON, which the format `journald-json` reads.
  mutating func runJournal(
    _ stream: any ByteStream, setup: SourceSetup, lane: any EventLane
  ) throws -> SourceState {
    // Address space only: pages come into being as the file fills them.
    let room = mmap(
      nil, Self.journalLimit + Self.chunk, PROT_READ | PROT_WRITE,
      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
    guard let room, room != MAP_FAILED else { throw IntakeError.system(setup.description.path, errno) }
    defer { munmap(room, Self.journalLimit + Self.chunk) }
    let (count, total) = try takeAll(stream, into: room)
    let bytes = UnsafeRawBufferPointer(start: room, count: count)
    let format = setup.format ?? catalog.format(named: "journald-json")
    var source = SourceState(
      setup, reader: catalog.reader(head: UnsafeRawBufferPointer(start: nil, count: 0), forced: format))
    source.formatName = "journald"
    prepareDefaultDevice(setup)
    guard var journal = JournalFile(bytes) else {
      source.note("journal-header", offset: 0, length: total, "the journal's header is not whole")
      source.bytesBy.damaged = total
      source.linesBy.damaged = 1
      source.base = total
      try flush(final: true, &source, lane)
      return source
    }
    var json: [UInt8] = []
    while let entry = journal.next() {
      journal.write(entry, into: &json)
      if json.count > limits.lineBytes { json.removeLast(json.count - limits.lineBytes) }
      try add(json, at: entry.offset, size: entry.size, &source, lane)
    }
    source.base = 0
    settle(journal, total: total, held: count, &source)
    try flush(final: true, &source, lane)
    source.base = total
    return source
  }

  /// Where the bytes that are no entries went.
  private mutating func settle(_ journal: JournalFile, total: UInt64, held: Int, _ source: inout SourceState)
  {
    var rest = total - source.bytesBy.total
    if total > UInt64(held) {
      let beyond = total - UInt64(held)
      source.note(
        "limit-journal", offset: UInt64(held), length: beyond,
        "a journal of more than \(held) bytes: the rest was not read")
      source.bytesBy.damaged += beyond
      rest -= min(rest, beyond)
    } else if case .broken(let place) = journal.end {
      let lost = min(rest, total - UInt64(place))
      source.note(
        "journal-truncated", offset: UInt64(place), length: lost,
        "the journal breaks off at byte \(place): all entries before are kept")
      source.bytesBy.damaged += lost
      if lost > 0 { source.linesBy.damaged += 1 }
      rest -= lost
    }
    if journal.lostFields > 0 {
      source.note(
        "journal-fields", offset: 0, length: nil,
        "\(journal.lostFields) fields of entries point to data that is missing or cannot be unpacked")
    }
    source.bytesBy.structure += rest
  }
}
