import IncidentModel

/// AWS IoT Jobs: events of jobs and job executions, and what the devices are told, epoch seconds.
struct AWSJobsFormat: LogFormat {
  let name = "aws-jobs"
  let summary = "AWS IoT Jobs events and job executions; the thing is the device"
  let yields = [
    "time", "device (thing)", "severity", "program (job id)", "message (status)", "every other field",
  ]
  let samples = [
    FormatSample(
      #"{"eventType":"JOB_EXECUTION","eventId":"7364","timestamp":1775552889,"operation":"failed","jobId":"fw-4711","#
        + #""thingArn":"arn:aws:iot:eu-central-1:1:thing/pump-7","status":"FAILED","statusDetails":{"reason":"no space"}}"#,
      time: "2026-04-07T09:08:09Z", device: "pump-7", severity: 3, program: "fw-4711", message: "FAILED"),
    FormatSample(
      #"{"timestamp":1775552889,"execution":{"jobId":"fw-4711","status":"IN_PROGRESS","thingName":"pump-7","versionNumber":2}}"#,
      time: "2026-04-07T09:08:09Z", device: "pump-7", message: "IN_PROGRESS"),
    FormatSample(
      #"{"eventType":"JOB","eventId":"1","timestamp":1775552889,"operation":"completed","jobId":"fw-4711","status":"COMPLETED"}"#,
      device: "", program: "fw-4711", message: "COMPLETED"),
  ]
  let refusals = ["{", "text"]

  private static let shape = JSONShape(
    markers: [#""jobId""#],
    anyOf: [#""thingArn""#, #""thingName""#, #""JOB""#, #""execution""#, #""operation""#],
    time: [
      "timestamp", "execution.lastUpdatedAt", "lastUpdatedAt", "execution.startedAt", "startedAt",
      "execution.queuedAt",
      "queuedAt",
    ],
    device: ["thingName", "execution.thingName", "clientId"],
    message: [
      "status", "execution.status", "operation",
    ], program: ["jobId", "execution.jobId"], basis: .authenticated)

  func score(_ line: UnsafeRawBufferPointer) -> Int {
    let score = Self.shape.score(line)
    return score + (score > 0 ? 10 : 0)
  }

  func makeParser(_ context: SourceContext) -> any RecordParser {
    Self.shape.makeParser { record, reading in
      if reading.device.isEmpty, let value = JSONShape.value(of: #""thingArn""#, in: record),
        record[value] == 0x22
      {
        let end = Bytes.findNear(0x22, record, from: value &+ 1, to: record.count)
        if let thing = Bytes.find(":thing/", Bytes.part(record, value, end)) {
          let start = value &+ thing &+ 7
          reading.device = .record(start, end &- start)
          reading.basis = .authenticated
        }
      }
      let status = reading.bytes(reading.message, of: record)
      for (word, severity) in [
        ("failed", 3), ("rejected", 3), ("timed_out", 3), ("removed", 4), ("canceled", 4), ("succeeded", 6),
        ("completed", 6), ("in_progress", 6), ("queued", 6),
      ] as [(StaticString, UInt8)]
      where word.utf8CodeUnitCount == status.count && Bytes.isSameWord(word, status) {
        reading.severity = severity
      }
    }
  }
}
