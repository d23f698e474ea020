import Glibc

/// An open file or pipe.
final class FileStream: ByteStream {
  /// The file's descriptor.
  let descriptor: Int32
  private let place: String
  private let closes: Bool
  /// What is written to a file after its end was met is not read: line reader and digest see the same bytes.
  private var hasEnded = false

  /// Takes over an open descriptor; `closes` says whether it is closed at the end of this object's life.
  init(descriptor: Int32, place: String, closes: Bool = true) {
    self.descriptor = descriptor
    self.place = place
    self.closes = closes
  }

  /// Opens a file for reading without following a final symbolic link to something that is no file.
  convenience init(path: String) throws(IntakeError) {
    let descriptor = open(FilePath.system(path), O_RDONLY | O_CLOEXEC | O_NOCTTY)
    guard descriptor >= 0 else { throw IntakeError.system(path, errno) }
    self.init(descriptor: descriptor, place: path)
    _ = posix_fadvise(descriptor, 0, 0, POSIX_FADV_SEQUENTIAL)
  }

  deinit { if closes { close(descriptor) } }

  func read(into target: UnsafeMutableRawBufferPointer) throws(IntakeError) -> Stretch {
    while !hasEnded {
      let count = Glibc.read(descriptor, target.baseAddress, target.count)
      if count == 0, target.count > 0 { hasEnded = true }
      if count >= 0 { return Stretch(count: count) }
      if errno != EINTR { throw IntakeError.system(place, errno) }
    }
    return Stretch(count: 0)
  }
}

extension IntakeError {
  /// The error for a failed system call on a path.
  static func system(_ path: String, _ number: Int32) -> IntakeError {
    let words = String(cString: strerror(number))
    switch number {
    case ENOENT, ENOTDIR:
      return IntakeError(
        .notFound, "cannot be read: there is no such file or folder; check the spelling", place: path,
        underlying: words)
    case EACCES, EPERM:
      return IntakeError(
        .unreadable, "cannot be read: permission denied; run as a user who may, or copy it", place: path,
        underlying: words)
    default:
      return IntakeError(.unreadable, "cannot be read", place: path, underlying: words)
    }
  }
}

/// Bytes that are at hand already, followed by a stream: for what was read to look at its beginning.
final class PrefixedStream: ByteStream {
  private var prefix: [UInt8]
  private var offset = 0
  private let rest: any ByteStream

  init(prefix: [UInt8], rest: any ByteStream) {
    self.prefix = prefix
    self.rest = rest
  }

  func read(into target: UnsafeMutableRawBufferPointer) throws(IntakeError) -> Stretch {
    guard offset < prefix.count else { return try rest.read(into: target) }
    let count = min(target.count, prefix.count - offset)
    prefix.withUnsafeBytes {
      target.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[offset..<offset + count]))
    }
    offset += count
    if offset == prefix.count { prefix = []; offset = 0 }
    return Stretch(count: count)
  }
}

/// A stream that goes on after a gap that was seen while its head was read.
final class PrefixedGap: ByteStream {
  private var end: StretchEnd
  private let rest: any ByteStream

  private init(_ end: StretchEnd, _ rest: any ByteStream) {
    self.end = end
    self.rest = rest
  }

  static func wrap(_ end: StretchEnd, _ rest: any ByteStream) -> any ByteStream {
    end == .none ? rest : PrefixedGap(end, rest)
  }

  func read(into target: UnsafeMutableRawBufferPointer) throws(IntakeError) -> Stretch {
    guard end == .none else {
      defer { end = .none }
      return Stretch(count: 0, end: end)
    }
    return try rest.read(into: target)
  }
}
