import IncidentModel

/// Mender's server: devices of a deployment with their states, as its interface gives them.
struct MenderDeploymentsFormat: LogFormat {
  let name = "mender-deployments"
  let summary = "Mender: the devices of a deployment and how each fared, as JSON"
  let yields = ["time", "device (device id)", "severity", "message (status)", "every other field"]
  let samples = [
    FormatSample(
      #"{"id":"7f3c-1","device_type":"rpi4","status":"failure","created":"2026-04-07T09:00:00Z","finished":"2026-04-07T09:08:09.5Z","substate":"no space"}"#,
      time: "2026-04-07T09:08:09.5Z", device: "7f3c-1", severity: 3, program: "mender", message: "failure"),
    FormatSample(
      #"{"device_id":"7f3c-2","deployment_id":"d1","device_type":"rpi4","status":"success","finished":"2026-04-07T09:08:10Z"}"#,
      device: "7f3c-2", severity: 6),
  ]
  let refusals = ["{", "text"]

  private static let shape = JSONShape(
    markers: [#""device_type""#, #""status""#],
    anyOf: [#""finished""#, #""deployment_id""#, #""substate""#, #""log""#],
    time: ["finished", "timestamp", "updated_ts", "started", "created", "created_ts"],
    device: ["device_id", "id"], message: ["status"], basis: .authenticated, fixedProgram: "mender")

  func score(_ line: UnsafeRawBufferPointer) -> Int {
    let score = Self.shape.score(line)
    return score + (score > 0 ? 7 : 0)
  }

  func makeParser(_ context: SourceContext) -> any RecordParser {
    Self.shape.makeParser { record, reading in
      let state = reading.bytes(reading.message, of: record)
      for (word, severity) in [
        ("failure", 3), ("aborted", 4), ("decommissioned", 4), ("noartifact", 4), ("already-installed", 6),
        ("success", 6), ("pending", 6), ("downloading", 6), ("installing", 6), ("rebooting", 6),
      ] as [(StaticString, UInt8)] where Bytes.isSameWord(word, state) {
        reading.severity = severity
      }
    }
  }
}
