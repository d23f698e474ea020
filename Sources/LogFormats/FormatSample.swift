/// A record together with what its format must make of it. Nil means: not checked. Empty means: absent.
public struct FormatSample: Sendable {
  /// The record, without line end.
  public var record: String
  /// What it must be.
  public var verdict: Verdict
  /// The time as `Reading.timeText` writes it: `2026-04-07T09:08:09.768Z`, `2026-04-07T09:08:09 (no zone)`,
  /// `04-07T09:08:09`, `boot+12.345678`, `none`.
  public var time: String?
  /// The device.
  public var device: String?
  /// 0 to 7, or 255.
  public var severity: UInt8?
  /// Program, logger or component.
  public var program: String?
  /// The message.
  public var message: String?
  /// The other fields as one JSON object.
  public var fields: String?
  /// True for text that only its neighbours make a record of this format: the format need not know it alone.
  public var isPlain = false

  /// Says that only its neighbours make this a record of its format.
  public func plain() -> FormatSample {
    var copy = self
    copy.isPlain = true
    return copy
  }

  /// A sample from its parts.
  public init(
    _ record: String, verdict: Verdict = .event, time: String? = nil, device: String? = nil,
    severity: UInt8? = nil, program: String? = nil, message: String? = nil, fields: String? = nil
  ) {
    self.record = record
    self.verdict = verdict
    self.time = time
    self.device = device
    self.severity = severity
    self.program = program
    self.message = message
    self.fields = fields
  }
}
