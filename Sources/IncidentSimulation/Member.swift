/// One log file being made, compressed or not.
struct Member: ~Copyable {
  private var buffer = ByteBuffer(capacity: 1 << 17)
  private let deflater: Deflater?
  private var plain: [UInt8] = []
  /// Uncompressed bytes.
  private(set) var bytes = 0

  init(compressed: Bool, modified: Int64) throws(SimulationError) {
    deflater = compressed ? try Deflater(.gzip(modified: modified)) : nil
  }

  /// Appends records as lines.
  mutating func write(_ records: [Record], _ writer: inout LineWriter, _ fleet: Fleet) throws(SimulationError)
  {
    for record in records {
      writer.write(record, fleet, &buffer)
      if buffer.count > 96 << 10 { try flush() }
    }
  }

  /// Lets `body` append bytes of its own.
  mutating func append(_ body: (inout ByteBuffer) -> Void) throws(SimulationError) {
    body(&buffer)
    if buffer.count > 96 << 10 { try flush() }
  }

  /// The file's bytes as they are to lie on disk.
  mutating func finish() throws(SimulationError) -> [UInt8] {
    try flush()
    guard let deflater else { return plain }
    return try deflater.finish()
  }

  private mutating func flush() throws(SimulationError) {
    bytes += buffer.count
    if let deflater { try deflater.write(buffer.bytes) } else { plain += buffer.bytes }
    buffer.removeAll()
  }
}
