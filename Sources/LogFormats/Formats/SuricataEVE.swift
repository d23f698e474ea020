import IncidentModel

/// Suricata's EVE log.
struct SuricataEVEFormat: LogFormat {
  let name = "suricata-eve"
  let summary = "Suricata EVE JSON; the source address is the device, the event type the program"
  let yields = [
    "time", "device (source address)", "program (event type)", "message (signature)", "every other field",
  ]
  let samples = [
    FormatSample(
      #"{"timestamp":"2022-07-12T06:22:33.415742+0000","flow_id":1,"event_type":"alert","src_ip":"192.0.2.4","#
        + #""alert":{"signature":"ET SCAN","severity":1}}"#,
      time: "2022-07-12T06:22:33.415742Z", device: "192.0.2.4", program: "alert", message: "ET SCAN")
  ]
  let refusals = ["{", "text"]

  private static let shape = JSONShape(
    markers: [#""event_type""#, #""timestamp""#], anyOf: [#""flow_id""#, #""src_ip""#, #""stats""#],
    foreign: [#""device""#, #""device_id""#, #""deviceId""#, #""msg""#],
    time: ["timestamp"],
    device: ["src_ip"], severity: ["level"], message: ["alert.signature", "anomaly.event"],
    program: ["event_type"],
    basis: .network)

  func score(_ line: UnsafeRawBufferPointer) -> Int {
    Self.shape.score(line) + (Self.shape.score(line) > 0 ? 5 : 0)
  }

  func makeParser(_ context: SourceContext) -> any RecordParser { Self.shape.makeParser() }
}
