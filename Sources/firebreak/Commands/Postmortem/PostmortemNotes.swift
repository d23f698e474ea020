import ArgumentParser
import ConsoleOutput
import Glibc
import IncidentModel
import PostmortemReport
import TimelineStore

/// `firebreak postmortem notes`: people's part of the report as a file to edit.
struct PostmortemNotes: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "notes", abstract: "Export or import people's part of the report.",
    discussion: """
      '--export notes.json' writes every field, those not provided yet empty; edit it and give it back with \
      '--import notes.json'. Nothing is lost: older values stay in the case, and making the report never changes them. \
      A single field can be set with 'firebreak note --set state=in_review'.
      """)

  @OptionGroup var caseOption: CaseOption

  @Option(help: ArgumentHelp("Write the fields to a file, - for standard output.", valueName: "file"))
  var export: String?

  @Option(name: .customLong("import"), help: ArgumentHelp("Take the fields from a file.", valueName: "file"))
  var source: String?

  @Option(help: "Who says it (default: $FIREBREAK_AUTHOR, else account@machine).")
  var author: String?

  func validate() throws {
    guard (export == nil) != (source == nil) else {
      throw ValidationError("give --export FILE or --import FILE")
    }
  }

  func run() throws {
    try AnnotationExchange.run(try caseOption.openReader(), export: export, source: source, author: author)
  }
}

/// People's part of the report as a file: `firebreak note --export` and `firebreak postmortem notes --export` are the same.
enum AnnotationExchange {
  static func run(_ reader: CaseReader, export: String?, source: String?, author: String?) throws {
    if let source {
      let changed = try AnnotationStore.importFile(
        source, into: reader.path, author: author ?? Person.current)
      Console.note(changed.isEmpty ? "nothing is new" : "changed: \(changed.joined(separator: ", "))")
      for field in changed { try StatedTimes.warn(of: field, in: CaseReader(path: reader.path)) }
    } else if let export {
      let content = try AnnotationStore.exported(try AnnotationStore.read(reader))
      if export == "-" { return Console.write(content) }
      try keepEdited(export, content)
      try CommandFile.write(content, to: export)
      Console.note("\(Sanitizer.escape(export)) is written: edit it and give it to --import")
    }
  }

  /// A file that is there may have been edited and not taken in yet: what people wrote is not replaced.
  private static func keepEdited(_ path: String, _ content: String) throws {
    var status = stat()
    guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_size > 0,
      try CommandFile.read(path) != Array(content.utf8)
    else { return }
    throw CommandError(
      "'\(path)' exists already and differs, somebody may have edited it: --import it first, or export to another name"
    )
  }
}

extension StatedTimes {
  /// Says at once what nobody would find out before the report is due: a moment that lies in the future, or an end before the
  /// evidence begins. What only the trace can tell, `postmortem lint` and the report say.
  static func warn(of field: String, in reader: CaseReader) throws {
    let oldest = try reader.sources().compactMap(\.firstTime).min()
    for one in all(in: try AnnotationStore.read(reader))
    where one.field == field || one.field.hasPrefix(field + ".") {
      guard let time = Instant(rfc3339: one.at) else { continue }
      let isEnd = one.field == "end.at" || one.field.hasSuffix(".end.at")
      let reason = doubt(
        time, written: Person.now, notBefore: isEnd ? oldest : nil, called: "the oldest event of the case")
      if let reason {
        Console.warn(Sanitizer.escape("\(one.field) is kept, but the report leaves it out: \(reason)"))
      }
    }
  }
}
