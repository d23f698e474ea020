internal import IncidentModel

/// The first and the last lines of a source, as hashes: those of a log and of its rotated predecessor may be the same lines.
struct SourceEnds: Sendable {
  var description: SourceDescription
  var first: [UInt64] = []
  var last: [UInt64] = []

  /// What may be parts of one log: by folder or archive, and the name without the endings of rotation and compression.
  static func family(_ source: SourceDescription) -> String {
    let whole = ([source.path] + source.members).joined(separator: "/")
    guard let slash = whole.lastIndex(of: "/") else { return DeviceNaming.stem(whole) }
    return whole[...slash] + DeviceNaming.stem(String(whole[whole.index(after: slash)...]))
  }

  /// Sources of one family beyond which nothing is compared.
  private static let familyLimit = 64
  /// Fewer common lines at the beginning of two files may be a header.
  private static let headerLimit = 64

  /// What is in the case twice, in words for people. The sources come in the order in which they are read.
  static func notes(_ all: [SourceEnds]) -> [String] {
    var notes: [String] = []
    var families: [String: [SourceEnds]] = [:]
    for one in all { families[family(one.description), default: []].append(one) }
    for one in all {
      let others = families[family(one.description)] ?? []
      guard others.count > 1, others.count <= familyLimit else { continue }
      for other in others where other.description != one.description {
        let count = one.overlap(behind: other)
        if count > 1 {
          notes.append(
            "'\(one.description.name)' begins with the last \(count) lines of '\(other.description.name)', byte for "
              + "byte: they are counted twice")
        } else if one.description.name < other.description.name, other.overlap(behind: one) < 2 {
          let common = zip(one.first, other.first).prefix { $0 == $1 }.count
          guard common >= headerLimit else { continue }
          notes.append(
            "'\(one.description.name)' and '\(other.description.name)' begin with the same \(common) lines or more: "
              + "they are counted twice")
        }
      }
    }
    return notes
  }

  /// How many of this source's first lines are the other's last.
  private func overlap(behind other: SourceEnds) -> Int {
    guard let end = other.last.last else { return 0 }
    for count in stride(from: min(first.count, other.last.count), to: 0, by: -1)
    where first[count - 1] == end && first.prefix(count).elementsEqual(other.last.suffix(count)) {
      return count
    }
    return 0
  }
}

/// Hands bytes through and remembers the first and the last of them.
final class EndsStream: ByteStream {
  private static let window = 64 << 10
  private static let lineLimit = 1024

  private let upstream: any ByteStream
  private var first: [UInt8] = []
  private var last: [UInt8] = []
  private var total = 0

  /// - Parameter head: What was read of the stream already.
  init(_ upstream: any ByteStream, head: UnsafeRawBufferPointer) {
    self.upstream = upstream
    add(head)
  }

  func read(into target: UnsafeMutableRawBufferPointer) throws(IntakeError) -> Stretch {
    let stretch = try upstream.read(into: target)
    if stretch.count > 0 { add(UnsafeRawBufferPointer(rebasing: target[..<stretch.count])) }
    return stretch
  }

  private func add(_ bytes: UnsafeRawBufferPointer) {
    total += bytes.count
    if first.count < Self.window { first.append(contentsOf: bytes.prefix(Self.window - first.count)) }
    last.append(contentsOf: bytes.suffix(Self.window))
    if last.count > 4 * Self.window { last.removeFirst(last.count - Self.window) }
  }

  /// The lines that are whole.
  func ends(of description: SourceDescription) -> SourceEnds {
    var ends = SourceEnds(description: description)
    let tail = Array(last.suffix(Self.window))
    ends.first = Array(Self.lines(first, isCut: total > first.count).prefix(Self.lineLimit))
    let lines = Self.lines(tail, isCut: false)
    ends.last = Array((total > tail.count ? lines.dropFirst() : lines[...]).suffix(Self.lineLimit))
    return ends
  }

  private static func lines(_ bytes: [UInt8], isCut: Bool) -> [UInt64] {
    var hashes: [UInt64] = []
    bytes.withUnsafeBytes { all in
      var start = 0
      while start < all.count {
        let end = all[start...].firstIndex(of: 0x0A) ?? all.count
        if end == all.count, isCut { break }
        hashes.append(ContentHash.of(UnsafeRawBufferPointer(rebasing: all[start..<end])))
        start = end + 1
      }
    }
    return hashes
  }
}
