/// Where a playbook run stands by its journal: how it ended, and what of it is in force. Counted by `firebreak playbook status`,
/// whose numbers these are: nothing here, and no page, counts them again.
public struct RunState: Sendable, Hashable {
  /// A step on a device.
  public struct Act: Sendable, Hashable {
    /// CACAO step id.
    public var step: String
    /// The device's name.
    public var device: String
    /// An act from its parts.
    public init(step: String, device: String) {
      self.step = step
      self.device = device
    }
  }

  /// How it ended and how far it was taken back, in words: `halted, partly taken back`.
  public var words = ""
  /// The counts in words, as `status` says them.
  public var counts = ""
  /// Changes that it made and nobody took back.
  public var inForce = 0
  /// Changes that may be in force: no answer, or not seen in force.
  public var inDoubt = 0
  /// Taken back.
  public var takenBack = 0
  /// Commands that went out once, in a run that did nothing else: no undo takes them back.
  public var sentOnce = 0
  /// Counted on until the undo of another run took them back.
  public var released = 0
  /// What waits in its queue; nothing once it was taken back.
  public var waiting: Set<Act> = []
  /// What was said each time its approvals were bypassed (break glass), in order.
  public var brokenGlass: [String] = []

  /// A run that did nothing.
  public init() {}
}
