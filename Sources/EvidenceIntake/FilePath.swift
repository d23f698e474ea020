import Glibc

/// Paths of files whose names are not UTF-8, which old loggers write: a Swift string cannot hold their bytes.
///
/// Such a name is shown, given and kept in the case with U+FFFD where it is no UTF-8, as names inside archives are. When a
/// path is to be opened, the folder is searched for the one name that reads like it.
public enum FilePath {
  private static let replacement: Unicode.Scalar = "\u{FFFD}"

  /// The path's bytes for the system, with NUL at its end. A path that holds no U+FFFD, or is there as it is written, is what
  /// it says; so is one that no name or more than one reads like.
  public static func system(_ path: String) -> [CChar] {
    let written = Array(path.utf8CString)
    guard path.unicodeScalars.contains(replacement), access(written, F_OK) != 0 else { return written }
    var bytes: [CChar] = path.hasPrefix("/") ? [CChar(UInt8(ascii: "/"))] : []
    for (index, part) in path.split(separator: "/", omittingEmptySubsequences: true).enumerated() {
      if index > 0 { bytes.append(CChar(UInt8(ascii: "/"))) }
      let folder = bytes.isEmpty ? [CChar(UInt8(ascii: ".")), 0] : bytes + [0]
      let literal = Array(String(part).utf8CString.dropLast())
      guard part.unicodeScalars.contains(replacement), access(bytes + literal + [0], F_OK) != 0 else {
        bytes += literal
        continue
      }
      let alike = (names(in: folder) ?? []).filter { text($0) == String(part) }
      guard alike.count == 1 else { return written }
      bytes += alike[0]
    }
    return bytes + [0]
  }

  /// The names in a folder, without `.` and `..`, as bytes without NUL; nil where it cannot be read (`errno` says why).
  static func names(in folder: [CChar]) -> [[CChar]]? {
    guard let handle = opendir(folder) else { return nil }
    defer { closedir(handle) }
    var names: [[CChar]] = []
    while let entry = readdir(handle) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) {
          Array(UnsafeBufferPointer(start: $0, count: strlen($0)))
        }
      }
      if text(name) != ".", text(name) != ".." { names.append(name) }
    }
    return names
  }

  /// Bytes as a string, with U+FFFD where they are no UTF-8.
  static func text(_ bytes: some Sequence<CChar>) -> String {
    String(decoding: bytes.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
