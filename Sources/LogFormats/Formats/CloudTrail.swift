import IncidentModel

/// AWS CloudTrail records, one a line.
struct CloudTrailFormat: LogFormat {
  let name = "cloudtrail"
  let summary = "AWS CloudTrail records as JSON lines; the identity that acted is the device"
  let yields = [
    "time", "device (identity)", "program (service)", "message (event name)", "every other field",
  ]
  let samples = [
    FormatSample(
      #"{"eventVersion":"1.08","userIdentity":{"type":"IAMUser","arn":"arn:aws:iam::1:user/jo"},"awsRegion":"eu-1","#
        + #""eventTime":"2023-04-11T15:24:00Z","eventSource":"iot.amazonaws.com","eventName":"UpdateThing"}"#,
      time: "2023-04-11T15:24:00Z", device: "arn:aws:iam::1:user/jo", program: "iot.amazonaws.com",
      message: "UpdateThing")
  ]
  let refusals = ["{", "text"]

  private static let shape = JSONShape(
    markers: [#""eventVersion""#, #""eventSource""#, #""awsRegion""#], time: ["eventTime"],
    device: ["userIdentity.arn", "userIdentity.userName", "userIdentity.principalId", "sourceIPAddress"],
    message: ["eventName"], program: ["eventSource"], basis: .authenticated)

  func score(_ line: UnsafeRawBufferPointer) -> Int {
    Self.shape.score(line) + (Self.shape.score(line) > 0 ? 8 : 0)
  }

  func makeParser(_ context: SourceContext) -> any RecordParser { Self.shape.makeParser() }
}
