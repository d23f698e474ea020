import IncidentModel

/// AWS IoT lifecycle events: connected, disconnected, subscribed.
struct AWSIoTLifecycleFormat: LogFormat {
  let name = "aws-iot-lifecycle"
  let summary = "AWS IoT lifecycle events (connected, disconnected, subscribed), epoch milliseconds"
  let yields = ["time", "device (client id)", "message (event type)", "every other field"]
  let samples = [
    FormatSample(
      #"{"clientId":"186b5","timestamp":1573002230757,"eventType":"disconnected","clientInitiatedDisconnect":true,"#
        + #""sessionIdentifier":"a4","principalIdentifier":"12","versionNumber":0}"#,
      time: "2019-11-06T01:03:50.757Z", device: "186b5", program: "aws-iot", message: "disconnected")
  ]
  let refusals = ["{", "text"]

  private static let shape = JSONShape(
    markers: [#""clientId""#, #""eventType""#], anyOf: [#""sessionIdentifier""#, #""principalIdentifier""#],
    time: ["timestamp"],
    device: ["clientId"], message: ["eventType"], basis: .authenticated, fixedProgram: "aws-iot")

  func score(_ line: UnsafeRawBufferPointer) -> Int {
    Self.shape.score(line) + (Self.shape.score(line) > 0 ? 7 : 0)
  }

  func makeParser(_ context: SourceContext) -> any RecordParser { Self.shape.makeParser() }
}
