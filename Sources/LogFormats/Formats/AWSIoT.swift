import IncidentModel

/// AWS IoT Core's log in CloudWatch: UTC, written without zone.
struct AWSIoTFormat: LogFormat {
  let name = "aws-iot"
  let summary = "AWS IoT Core logs (v2); stamps are UTC without zone, the client id is the device"
  let yields = [
    "time", "device (client id, thing, principal)", "severity", "program (event type)", "every other field",
  ]
  let samples = [
    FormatSample(
      #"{"timestamp":"2017-08-10 15:37:23.476","logLevel":"ERROR","traceId":"20b2","accountId":"1","status":"Failure","#
        + #""eventType":"Publish-In","clientId":"lamp-7","principalId":"a1","sourceIp":"192.0.2.1","reason":"AUTHORIZATION_FAILURE"}"#,
      time: "2017-08-10T15:37:23.476Z", device: "lamp-7", severity: 3, program: "Publish-In",
      message: "AUTHORIZATION_FAILURE")
  ]
  let refusals = ["{", "text"]

  private static let shape = JSONShape(
    markers: [#""eventType""#, #""accountId""#, #""logLevel""#], time: ["timestamp"],
    device: ["clientId", "thingName", "principalId"], severity: ["logLevel"], message: ["details", "reason"],
    program: ["eventType"], zone: .utc, basis: .authenticated)

  func score(_ line: UnsafeRawBufferPointer) -> Int {
    Self.shape.score(line) + (Self.shape.score(line) > 0 ? 6 : 0)
  }

  func makeParser(_ context: SourceContext) -> any RecordParser { Self.shape.makeParser() }
}
