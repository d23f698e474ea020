import IncidentModel

/// EMQX's log and client events as JSON: epoch microseconds or RFC 3339.
struct EMQXJSONFormat: LogFormat {
  let name = "emqx-json"
  let summary = "EMQX broker log and client events as JSON; the client id is the device"
  let yields = ["time", "device (client id)", "severity", "message", "every other field"]
  let samples = [
    FormatSample(
      #"{"time":1775552889123456,"level":"warning","msg":"auth_failed","clientid":"pump-7","peername":"192.0.2.9:1","mfa":"emqx_x:y/2"}"#,
      time: "2026-04-07T09:08:09.123456Z", device: "pump-7", severity: 4, program: "emqx",
      message: "auth_failed"),
    FormatSample(
      #"{"event":"client.disconnected","clientid":"pump-7","username":"u","reason":"keepalive_timeout","peername":"192.0.2.9:1","timestamp":1775552889123}"#,
      time: "2026-04-07T09:08:09.123Z", device: "pump-7", message: "client.disconnected"),
  ]
  let refusals = ["{", "text"]

  private static let shape = JSONShape(
    markers: [#""peername""#], anyOf: [#""clientid""#, #""mfa""#, #""client_id""#],
    time: ["time", "timestamp", "ts", "disconnected_at", "connected_at"], device: ["clientid", "client_id"],
    severity: ["level"], message: ["msg", "event", "action"], program: ["tag"], fixedProgram: "emqx")

  func score(_ line: UnsafeRawBufferPointer) -> Int {
    let score = Self.shape.score(line)
    return score + (score > 0 ? 9 : 0)
  }

  func makeParser(_ context: SourceContext) -> any RecordParser { Self.shape.makeParser() }
}
