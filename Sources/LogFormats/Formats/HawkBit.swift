import IncidentModel

/// Eclipse hawkBit: targets, actions, action states and device feedback as its interfaces give them.
struct HawkBitFormat: LogFormat {
  let name = "hawkbit"
  let summary =
    "hawkBit targets, actions, action history and feedback as JSON; the controller id is the device"
  let yields = ["time", "device (controller id)", "severity", "message", "every other field"]
  let samples = [
    FormatSample(
      #"{"id":5,"type":"error","messages":["Installation failed","rc 1"],"reportedAt":1775552889123,"code":300}"#,
      time: "2026-04-07T09:08:09.123Z", device: "", severity: 3, program: "hawkbit",
      message: "Installation failed",
      fields: #"{"id":5,"messages":["Installation failed","rc 1"],"code":300,"state":"error"}"#),
    FormatSample(
      #"{"controllerId":"pump-7","updateStatus":"in_sync","createdAt":1775550000000,"lastModifiedAt":1775552889123}"#,
      time: "2026-04-07T09:08:09.123Z", device: "pump-7", severity: 6, message: "in_sync"),
    FormatSample(
      #"{"createdAt":1775552889123,"type":"update","status":"finished","detailStatus":"finished","id":3,"#
        + #""_links":{"target":{"href":"https://h/rest/v1/targets/pump-7","name":"pump-7"}}}"#,
      device: "pump-7", message: "finished"),
    FormatSample(
      #"{"content":[{"controllerId":"a","lastModifiedAt":1775552889123,"updateStatus":"error"}],"total":1,"size":1}"#,
      device: "a", severity: 3),
  ]
  let refusals = ["{", "text"]

  private static let shape = JSONShape(
    markers: [],
    anyOf: [
      #""controllerId""#, #""reportedAt""#, #""detailStatus""#, #""actionStatus""#, #""lastModifiedAt""#,
      #""updateStatus""#, #""messages""#, #""_links""#, #""createdAt""#,
    ],
    least: 2, foreign: JSONShape.ownWords,
    time: ["reportedAt", "timestamp", "time", "lastModifiedAt", "lastControllerRequestAt", "createdAt"],
    device: ["controllerId", "_links.target.name", "thingId"],
    message: ["detailStatus", "updateStatus", "actionStatus", "status", "status.execution", "type"],
    fixedProgram: "hawkbit")

  func score(_ line: UnsafeRawBufferPointer) -> Int { Self.shape.score(line) > 0 ? 82 : 0 }

  func makeParser(_ context: SourceContext) -> any RecordParser {
    Self.shape.makeParser { record, reading in
      let state = reading.bytes(reading.message, of: record)
      for (word, severity) in [
        ("error", 3), ("failed", 3), ("failure", 3), ("rejected", 3), ("warning", 4), ("canceled", 4),
        ("cancel_rejected", 3), ("finished", 6), ("in_sync", 6), ("pending", 6), ("running", 6),
        ("retrieved", 6),
        ("download", 6), ("downloaded", 6), ("scheduled", 6), ("registered", 6), ("closed", 6),
        ("proceeding", 6),
      ] as [(StaticString, UInt8)] where Bytes.isSameWord(word, state) {
        reading.severity = severity
      }
      // The first of the messages tells more than the state.
      let element =
        reading.element.isEmpty ? record : Bytes.part(record, reading.element.start, reading.element.end)
      guard let list = JSONShape.value(of: #""messages""#, in: element), element[list] == 0x5B else { return }
      let first = JSONText.skipSpace(element, from: list &+ 1)
      guard first < element.count, element[first] == 0x22 else { return }
      var escaped = false
      let end = JSONText.stringEnd(element, from: first &+ 1, escaped: &escaped)
      guard end > first &+ 1 else { return }
      // The state was taken out of the fields for the message: it goes back.
      if !reading.message.isEmpty {
        // With room made first the bytes stay where they are, though they may be scratch themselves.
        reading.reserve(Int(reading.fields.count) &+ 6 &* Int(reading.message.count) &+ 64)
        let state = reading.bytes(reading.message, of: record)
        reading.reopenFields()
        reading.field("state", state)
        reading.endFields()
      }
      reading.message = reading.unescape(element, first &+ 1, end)
    }
  }
}
