/// The built-in formats. The order decides where two claim a line with the same score.
public enum AllFormats {
  /// One entry for each file in `Formats/`; a test compares.
  public static let list: [any LogFormat] = [
    SyslogRFC5424Format(),
    SyslogISOFormat(),
    SyslogRFC3164Format(),
    JSONLinesFormat(),
    CSVFormat(),
    LogfmtFormat(),
    AuditdFormat(),
    MosquittoFormat(),
    ZeekTSVFormat(),
    AccessLogFormat(),
    LogreadFormat(),
    LogcatFormat(),
    KernelRingFormat(),
    ESPIDFFormat(),
    ZephyrFormat(),
    StampedTextFormat(),
    TextFormat(),
  ]
}
