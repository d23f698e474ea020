import ConsoleOutput
import IncidentModel
import TimelineStore

/// The table at the end of `firebreak ingest`.
extension IngestReport {
  /// Sources listed one by one.
  private static let listed = 20
  /// Columns below which a source's name says nothing any more.
  private static let narrowest = 16

  func printTable() {
    guard !sources.isEmpty else { return printSums() }
    // Archives hold no bytes of their own: they are listed where something is wrong with them.
    let wanted = sources.filter { !$0.isContainer || !$0.damage.isEmpty }
    // Where not all are shown, those first that gave nothing: the others are no news.
    let isEmpty = { (source: SourceAccount) in source.bytes > 0 && source.events == 0 }
    let listable =
      wanted.count <= Self.listed ? wanted : wanted.filter(isEmpty) + wanted.filter { !isEmpty($0) }
    let shown = listable.isEmpty ? sources.prefix(Self.listed) : listable.prefix(Self.listed)
    let folder = Self.commonFolder(sources.map(\.description.path))
    if !folder.isEmpty, folder != "./" { Console.print("in \(Sanitizer.escape(folder))") }
    var names = shown.map { Sanitizer.escape(String($0.description.name.dropFirst(folder.count))) }
    let showsTotal = sources.count != 1

    // A column without a value says nothing.
    let figures: [(title: String, of: (SourceAccount) -> UInt64, stays: Bool)] = [
      ("bytes", { $0.bytes }, true), ("events", { $0.events }, true),
      ("contin.", { $0.linesBy.continuations }, false), ("blank", { $0.linesBy.blanks }, false),
      ("struct.", { $0.linesBy.structure }, false), ("refused", { $0.linesBy.refused }, false),
      ("damaged", { $0.linesBy.damaged }, false),
    ]
    var columns: [(column: TextTable.Column, cells: [String], total: String)] = [
      (.init("format"), shown.map(\.format), "")
    ]
    for figure in figures {
      let total = sources.reduce(0) { $0 + figure.of($1) }
      guard figure.stays || total > 0 else { continue }
      columns.append(
        (
          .init(figure.title, alignsRight: true), shown.map { Figures.grouped(figure.of($0)) },
          Figures.grouped(total)
        ))
    }
    if sources.contains(where: { !$0.damage.isEmpty }) {
      let kinds = shown.map { account in
        var seen: [String] = []
        for damage in account.damage where !seen.contains(damage.kind) { seen.append(damage.kind) }
        return DisplayWidth.fit(seen.joined(separator: ", "), 20)
      }
      columns.append((.init("damage", mayShrink: true), kinds, ""))
    }

    if let width = Console.width {
      let others = columns.reduce(0) { sum, column in
        sum + 2
          + ([column.column.title, column.total] + column.cells).reduce(0) { max($0, DisplayWidth.of($1)) }
      }
      let room = max(Self.narrowest, width - others)
      names = names.map { Self.tail($0, room) }
    }
    var table = TextTable([.init("source")] + columns.map(\.column))
    for index in names.indices { table.append([names[index]] + columns.map { $0.cells[index] }) }
    if showsTotal { table.append(["all"] + columns.map(\.total)) }
    let layout = table.layout(width: Console.width)
    var lines = layout.lines
    if sources.count > shown.count {
      let more = "… and \(Figures.grouped(sources.count - shown.count)) more: firebreak sources"
      lines.insert(more, at: lines.count - 1)
    }
    Console.print(Console.style.bold(layout.header))
    for line in lines { Console.print(line) }
    printSums()
  }

  private func printSums() {
    let parts = [
      (totalBytes.events, "in events"), (totalBytes.continuations, "in continuations"),
      (totalBytes.blanks, "blank"), (totalBytes.structure, "structure"), (totalBytes.refused, "refused"),
      (totalBytes.damaged, "damaged"),
    ].filter { $0.0 > 0 }
    let sum = parts.map { "\(Figures.grouped($0.0)) \($0.1)" }.joined(separator: " + ")
    Console.print("bytes: \(Figures.grouped(totalBytes.total))" + (sum.isEmpty ? "" : " = \(sum)"))
    let before =
      UInt64(clamping: loaded.eventsInCase) - min(UInt64(clamping: loaded.eventsInCase), totalEvents)
    Console.prose(
      "case: \(Sanitizer.escape(casePath)), \(Self.count(UInt64(clamping: loaded.eventsInCase), "event"))"
        + (loaded.isNewCase
          ? "" : " (\(Figures.grouped(totalEvents)) new, \(Figures.grouped(before)) from before)")
        + (loaded.newestEvidence.map { ", newest \($0)" } ?? ""))
  }

  /// The end of a name, with `…` before it where something was cut: what tells files apart stands there.
  static func tail(_ text: String, _ columns: Int) -> String {
    guard DisplayWidth.of(text) > columns else { return text }
    var rest = text.unicodeScalars[...]
    while DisplayWidth.of(String(rest)) > columns - 1 { rest.removeFirst() }
    return "…" + String(rest)
  }

  /// The folders that all paths begin with, with the last `/`; empty for a single path.
  static func commonFolder(_ paths: [String]) -> String {
    guard let first = paths.first, Set(paths).count > 1 else { return "" }
    var common = first.split(separator: "/", omittingEmptySubsequences: false).dropLast()
    for path in paths {
      let parts = path.split(separator: "/", omittingEmptySubsequences: false).dropLast()
      common = common.prefix(zip(common, parts).prefix { $0 == $1 }.count)
    }
    return common.isEmpty ? "" : common.joined(separator: "/") + "/"
  }
}
