/// The process's exit codes. Thrown by a command to end with this code once everything has been said.
struct ExitStatus: Error, Equatable {
  let code: Int32

  /// Done.
  static let done = ExitStatus(code: 0)
  /// The answer is no: no match, verification failed, a step failed.
  static let no = ExitStatus(code: 1)
  /// Could not.
  static let couldNot = ExitStatus(code: 2)
  /// Done, but evidence was damaged or a limit was hit; both were listed.
  static let losses = ExitStatus(code: 3)
  /// Wrong arguments (EX_USAGE of sysexits.h).
  static let usage = ExitStatus(code: 64)
  /// Ended by Ctrl-C (128 + SIGINT).
  static let interrupted = ExitStatus(code: 130)
}

/// An error of the command line itself: one sentence on what could not be done, on what, why, and what to do next.
struct CommandError: Error, CustomStringConvertible, Equatable {
  let description: String
  let status: ExitStatus

  init(_ description: String, _ status: ExitStatus = .couldNot) {
    self.description = description
    self.status = status
  }
}
