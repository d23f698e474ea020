/// A document that a parser gathers line by line. Its lines count as structure, in the hope of the events that the last of them
/// gives; where none come, whoever keeps the account has to be told.
public final class GatheredDocument {
  /// True between a document's first line and its last.
  public private(set) var isOpen = false
  /// Documents so far that gave no event, though lines of them had been taken.
  public private(set) var losses = 0
  /// Why the last of them did not.
  public private(set) var reason = Refusal.truncated
  /// How it began.
  public private(set) var beginning: [UInt8] = []
  @exclusivity(unchecked) private var first: [UInt8] = []

  /// Begins a document with its first line.
  func open(_ line: UnsafeRawBufferPointer) {
    isOpen = true
    first.removeAll(keepingCapacity: true)
    first.append(contentsOf: UnsafeRawBufferPointer(rebasing: line.prefix(256)))
  }

  /// Ends a document.
  func close() { isOpen = false }

  /// Ends a document that gives no events.
  public func lose(_ reason: Refusal) {
    isOpen = false
    losses += 1
    self.reason = reason
    beginning = first
  }
}
