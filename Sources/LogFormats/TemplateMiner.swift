public import IncidentModel

/// Splits messages into a constant template and variables, by rules on single tokens: no state, so that two workers
/// agree. Holds only reused buffers.
public struct TemplateMiner: ~Copyable {
  /// Id of the template mined last: `ContentHash` of program, NUL, text.
  public private(set) var template = TemplateID(rawValue: 0)
  /// Number of variables of the message mined last.
  public private(set) var variableCount = 0

  /// A miner with empty buffers.
  public init() {}

  /// Mines one message. Afterwards `template`, `templateText`, `variableCount` and `variable(_:)` describe it, until the
  /// next call. Replacing each `<*>` of the text by the variables in order gives the message back, byte for byte.
  public mutating func mine(message: UnsafeRawBufferPointer, program: UnsafeRawBufferPointer) {
  }

  /// The template's text: the message with `<*>` for each variable. Holds until the next call of `mine`.
  public var templateText: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: nil, count: 0) }

  /// The bytes of a variable, as offset and count in the message.
  public func variable(_ index: Int) -> (start: Int, count: Int) { (0, 0) }
}
