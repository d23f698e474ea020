/// Rows of a table of devices that have not as many cells as the header.
struct RaggedRows {
  /// Rows with fewer cells: what is missing is not known.
  var short = 0
  /// Line and device of the rows with more: none of their values is known, since nobody can tell which stand in the wrong column.
  var shifted: [(line: Int, device: String)] = []

  /// What is to be said of them.
  func notes(_ path: String) -> [String] {
    var notes: [String] = []
    if short > 0 {
      notes.append(
        "'\(path)': \(short == 1 ? "1 row has" : "\(short) rows have") fewer cells than the header: the missing ones are not known"
      )
    }
    if !shifted.isEmpty {
      let rows = shifted.prefix(5).map { "line \($0.line) ('\($0.device)')" }.joined(separator: ", ")
      notes.append(
        "'\(path)': \(shifted.count == 1 ? "1 row has" : "\(shifted.count) rows have") more cells than the header, so a comma stands "
          + "there without quotes and none of \(shifted.count == 1 ? "its" : "their") values is taken as known: \(rows)"
          + (shifted.count > 5 ? ", …" : ""))
    }
    return notes
  }
}
