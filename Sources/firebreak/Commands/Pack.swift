import ArgumentParser
import ConsoleOutput
import Glibc
import TimelineStore

/// `firebreak pack`: a case at rest.
struct Pack: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pack",
    abstract: "Pack a finished case to a fraction of its size, or unpack it.",
    discussion: """
      Every command reads a packed case as it is; that takes as long as unpacking it, so unpack a case that is worked \
      with. A packed case is not added to. The case that was packed stays; what is written must not be there yet.

      The plans and undo scripts of playbook runs (CASE.runs) are packed with the case, and lie beside it again when it is \
      unpacked. Secrets and keys are not in it.

      firebreak pack --case x.firebreak --output x.firebreak-pack
      firebreak pack --unpack --case x.firebreak-pack --output x.firebreak
      """)

  @OptionGroup var caseOption: CaseOption

  @Option(name: .shortAndLong, help: "File to write (default: the case's name and '-pack', or without it).")
  var output: String?

  @Flag(help: "Make the case again from a packed one.")
  var unpack = false

  @Option(help: ArgumentHelp("Zstandard's level: more is smaller and slower.", valueName: "1-22"))
  var level = 12

  func validate() throws {
    guard (1...22).contains(level) else { throw ValidationError("--level is 1 to 22") }
  }

  func run() throws {
    let path = try caseOption.existingPath()
    let target = output ?? (unpack ? Self.unpackedName(path) : path + "-pack")
    guard access(path, R_OK) == 0 else {
      throw CommandError("cannot read case '\(path)': \(String(cString: strerror(errno)))")
    }
    try OutputPlace.requireNew(target, "")
    Interrupt.endAtOnce(removing: CasePack.unfinished(target))
    let summary =
      try unpack
      ? CasePack.unpack(path, to: target)
      : CasePack.pack(path, to: target, level: level) { RunFolders.files(beside: path) }
    let (from, to) =
      unpack ? (summary.packedBytes, summary.caseBytes) : (summary.caseBytes, summary.packedBytes)
    Console.isDone("'\(target)' is complete")
    Console.print(Sanitizer.escape(target))
    Console.note("\(Figures.bytes(UInt64(clamping: from))) to \(Figures.bytes(UInt64(clamping: to)))")
    let runs = Set(summary.runFiles.map(\.run)).count
    if runs > 0 {
      Console.note(
        "with the plans and undo scripts of \(Figures.counted(runs, "run"))"
          + (unpack ? ", in '\(Sanitizer.escape(target)).runs'" : ""))
    }
  }

  private static func unpackedName(_ path: String) -> String {
    path.hasSuffix("-pack") ? String(path.dropLast(5)) : path + ".firebreak"
  }
}
