import Dispatch

/// Calls that block run here and not on the threads that all tasks share.
enum BlockingWork {
  private static let queue = DispatchQueue(label: "firebreak.blocking", attributes: .concurrent)

  /// Starts the work and returns at once.
  static func run(_ work: @escaping @Sendable () -> Void) { queue.async(execute: work) }
}
