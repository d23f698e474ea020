import CZlib
import IncidentModel

/// Compresses bytes with zlib, as gzip or as the raw stream of a zip member.
///
/// The header carries the simulated time and no name, so the same input gives the same bytes with the same zlib.
final class Deflater {
  /// What goes around the compressed stream.
  enum Wrapping { case gzip(modified: Int64), raw }

  private var stream = z_stream()
  private let header: UnsafeMutablePointer<gz_header>
  private let chunk: UnsafeMutablePointer<UInt8>
  private static let chunkSize = 1 << 16
  /// The compressed bytes so far.
  private(set) var output: [UInt8] = []

  init(_ wrapping: Wrapping, level: Int32 = 5) throws(SimulationError) {
    header = .allocate(capacity: 1)
    header.initialize(to: gz_header())
    chunk = .allocate(capacity: Deflater.chunkSize)
    let bits: Int32 = if case .raw = wrapping { -15 } else { 31 }
    guard
      deflateInit2_(
        &stream, level, Z_DEFLATED, bits, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
        Int32(MemoryLayout<z_stream>.size))
        == Z_OK
    else { throw SimulationError(.compression, "cannot start compression: zlib has no memory or is too old") }
    if case .gzip(let modified) = wrapping {
      header.pointee.time = uLong(truncatingIfNeeded: modified / 1_000_000_000)
      header.pointee.os = 3
      deflateSetHeader(&stream, header)
    }
  }

  deinit {
    deflateEnd(&stream)
    header.deallocate()
    chunk.deallocate()
  }

  /// Compresses some more bytes.
  func write(_ bytes: UnsafeRawBufferPointer) throws(SimulationError) { try run(bytes, Z_NO_FLUSH) }

  /// Ends the stream and returns all of it.
  func finish() throws(SimulationError) -> [UInt8] {
    try run(UnsafeRawBufferPointer(start: nil, count: 0), Z_FINISH)
    return output
  }

  private func run(_ bytes: UnsafeRawBufferPointer, _ flush: Int32) throws(SimulationError) {
    stream.next_in = UnsafeMutableRawPointer(mutating: bytes.baseAddress)?.assumingMemoryBound(to: UInt8.self)
    stream.avail_in = UInt32(bytes.count)
    while true {
      stream.next_out = chunk
      stream.avail_out = UInt32(Deflater.chunkSize)
      let status = deflate(&stream, flush)
      guard status == Z_OK || status == Z_STREAM_END || status == Z_BUF_ERROR else {
        throw SimulationError(.compression, "cannot compress: zlib reports \(status)")
      }
      let made = Deflater.chunkSize - Int(stream.avail_out)
      output.append(contentsOf: UnsafeBufferPointer(start: chunk, count: made))
      if status == Z_STREAM_END || (flush == Z_NO_FLUSH && stream.avail_in == 0 && stream.avail_out > 0) {
        return
      }
      if flush == Z_FINISH && status == Z_BUF_ERROR && made == 0 { return }
    }
  }
}
