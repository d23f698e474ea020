/// The built-in formats. The order decides where two claim a line with the same score.
public enum AllFormats {
  /// One entry for each file in `Formats/`; a test compares.
  public static let list: [any LogFormat] = [
    SyslogRFC5424Format(),
    SyslogISOFormat(),
    SyslogRFC3164Format(),
    JSONLinesFormat(),
    JournaldJSONFormat(),
    ZeekJSONFormat(),
    SuricataEVEFormat(),
    AWSIoTFormat(),
    AWSIoTLifecycleFormat(),
    CloudTrailFormat(),
    LoRaWANFormat(),
    CSVFormat(),
    LogfmtFormat(),
    AuditdFormat(),
    MosquittoFormat(),
    ZeekTSVFormat(),
    AccessLogFormat(),
    LogreadFormat(),
    Zigbee2MQTTFormat(),
    InfluxLineFormat(),
    LogcatFormat(),
    KernelRingFormat(),
    ESPIDFFormat(),
    ZephyrFormat(),
    StampedTextFormat(),
    TextFormat(),
  ]
}
