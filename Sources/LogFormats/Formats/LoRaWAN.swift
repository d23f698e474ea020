import IncidentModel

/// Messages of LoRaWAN network servers: The Things Stack and ChirpStack.
struct LoRaWANFormat: LogFormat {
  let name = "lorawan"
  let summary = "LoRaWAN uplinks and events of The Things Stack and ChirpStack as JSON"
  let yields = ["time", "device (device id, DevEUI)", "every other field"]
  let samples = [
    FormatSample(
      #"{"end_device_ids":{"device_id":"dev1","dev_eui":"0004"},"received_at":"2020-02-17T10:32:24.5Z","#
        + #""uplink_message":{"f_port":1,"frm_payload":"vu8="}}"#,
      time: "2020-02-17T10:32:24.5Z", device: "dev1", program: "lorawan"),
    FormatSample(
      #"{"deduplicationId":"x","time":"2022-07-18T09:34:15.775023242Z","deviceInfo":{"devEui":"0101","deviceName":"n"},"fPort":1}"#,
      time: "2022-07-18T09:34:15.775023242Z", device: "0101"),
    FormatSample(
      #"{"time":"2026-04-07T09:08:09Z","deviceInfo":{"devEui":"0102"},"level":"ERROR","code":"UPLINK_CODEC","description":"x y"}"#,
      device: "0102", severity: 3, message: "x y"),
    FormatSample(
      #"{"app_id":"a","dev_id":"pump-7","hardware_serial":"0103","port":1,"metadata":{"time":"2026-04-07T09:08:09.1Z"}}"#,
      time: "2026-04-07T09:08:09.1Z", device: "pump-7"),
  ]
  let refusals = ["{", "text"]

  private static let shape = JSONShape(
    markers: [],
    anyOf: [
      #""end_device_ids""#, #""deviceInfo""#, #""devEUI""#, #""devEui""#, #""dev_id""#, #""hardware_serial""#,
      #""uplink_message""#, #""deduplicationId""#, #""dev_eui""#, #""application_ids""#,
      #""correlation_ids""#, #""fPort""#,
      #""rxInfo""#, #""txInfo""#, #""applicationID""#, #""applicationId""#, #""app_id""#,
    ],
    least: 2, foreign: JSONShape.ownWords,
    // The server's own clock first: those of gateways and devices compete with it.
    time: [
      "received_at", "time", "uplink_message.received_at", "publishedAt", "metadata.time", "txInfo.time",
      "receivedAt",
    ],
    device: [
      "end_device_ids.device_id", "deviceInfo.devEui", "devEui", "devEUI", "end_device_ids.dev_eui", "dev_id",
      "deviceInfo.deviceName", "deviceName", "hardware_serial",
    ],
    severity: ["level"], message: ["description", "error"], basis: .authenticated, fixedProgram: "lorawan")

  func score(_ line: UnsafeRawBufferPointer) -> Int { Self.shape.score(line) }

  func makeParser(_ context: SourceContext) -> any RecordParser { Self.shape.makeParser() }
}
