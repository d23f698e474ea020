/// A gzip-compressed tar archive (POSIX.1-1988 ustar), owner root, mode 0640.
struct TarGzip: Container {
  private let deflater: Deflater

  init(modified: Int64) throws(SimulationError) { deflater = try Deflater(.gzip(modified: modified)) }

  mutating func add(_ path: String, modified: Int64, _ bytes: [UInt8]) throws(SimulationError) {
    var block = [UInt8](repeating: 0, count: 512)
    func put(_ text: String, at offset: Int) {
      for (index, byte) in text.utf8.enumerated() { block[offset + index] = byte }
    }
    func octal(_ value: Int64, _ width: Int) -> String {
      let digits = String(value, radix: 8)
      return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }
    guard path.utf8.count < 100 else {
      throw SimulationError(.cannotWrite, "name too long for tar: \(path)", path: path)
    }
    put(path, at: 0)
    put(octal(0o640, 7), at: 100)
    put(octal(0, 7), at: 108)
    put(octal(0, 7), at: 116)
    put(octal(Int64(bytes.count), 11), at: 124)
    put(octal(modified / 1_000_000_000, 11), at: 136)
    put("        ", at: 148)
    put("0", at: 156)
    put("ustar", at: 257)
    put("00", at: 263)
    put("root", at: 265)
    put("root", at: 297)
    let sum = block.reduce(Int64(0)) { $0 + Int64($1) }
    put(octal(sum, 6), at: 148)
    block[154] = 0
    try write(block)
    try write(bytes)
    try write([UInt8](repeating: 0, count: (512 - bytes.count % 512) % 512))
  }

  mutating func finish() throws(SimulationError) -> [UInt8] {
    try write([UInt8](repeating: 0, count: 1024))
    return try deflater.finish()
  }

  private func write(_ bytes: [UInt8]) throws(SimulationError) {
    var failure: SimulationError?
    bytes.withUnsafeBytes { raw in
      do throws(SimulationError) { try deflater.write(raw) } catch { failure = error }
    }
    if let failure { throw failure }
  }
}
