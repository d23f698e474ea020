internal import Crypto

/// Hands bytes through and keeps their SHA-256 and number.
final class DigestStream: ByteStream {
  private let upstream: any ByteStream
  private var hasher = SHA256()
  /// Bytes that have passed.
  private(set) var count: UInt64 = 0
  /// Called with the number of bytes of each read; false ends the reading.
  private let onBytes: ((Int) -> Bool)?

  init(_ upstream: any ByteStream, onBytes: ((Int) -> Bool)? = nil) {
    self.upstream = upstream
    self.onBytes = onBytes
  }

  func read(into target: UnsafeMutableRawBufferPointer) throws(IntakeError) -> Stretch {
    let stretch = try upstream.read(into: target)
    if stretch.count > 0 {
      hasher.update(bufferPointer: UnsafeRawBufferPointer(rebasing: target[..<stretch.count]))
      count += UInt64(stretch.count)
      if let onBytes, !onBytes(stretch.count) { throw .interrupted }
    }
    return stretch
  }

  /// Reads whatever is left, so that the digest covers all of it.
  func drain(_ scratch: UnsafeMutableRawBufferPointer) throws(IntakeError) {
    while !(try read(into: scratch).isLast) {}
  }

  /// The digest of all that has passed, as 64 lower-case hex digits.
  func hexDigest() -> String { Hex.text(of: hasher.finalize()) }
}

/// Lower-case hexadecimal.
enum Hex {
  private static let digits: [UInt8] = Array("0123456789abcdef".utf8)

  static func text(of bytes: some Sequence<UInt8>) -> String {
    var text: [UInt8] = []
    text.reserveCapacity(64)
    for byte in bytes {
      text.append(digits[Int(byte >> 4)])
      text.append(digits[Int(byte & 15)])
    }
    return String(decoding: text, as: UTF8.self)
  }
}
