import IncidentModel

/// Resource logs of Azure IoT Hub: the device stands in a JSON string under `properties`.
struct AzureIoTHubFormat: LogFormat {
  let name = "azure-iot-hub"
  let summary = "Azure resource logs of IoT Hub; the device id inside the properties string is the device"
  let yields = [
    "time", "device (deviceId)", "severity", "program (category)", "message", "every other field",
  ]
  let samples = [
    FormatSample(
      #"{"time":"2026-04-07T09:08:09.25Z","resourceId":"/SUBSCRIPTIONS/1/PROVIDERS/MICROSOFT.DEVICES/IOTHUBS/H","#
        + #""operationName":"deviceDisconnect","category":"Connections","level":"Error","resultType":"404104","#
        + #""resultDescription":"DeviceConnectionClosedRemotely","properties":"{\"protocol\":\"Mqtt\",\"deviceId\":\"pump-7\"}"}"#,
      time: "2026-04-07T09:08:09.25Z", device: "pump-7", severity: 3, program: "Connections",
      message: "deviceDisconnect",
      fields:
        #"{"resourceId":"/SUBSCRIPTIONS/1/PROVIDERS/MICROSOFT.DEVICES/IOTHUBS/H","category":"Connections","resultType":"404104","#
        + #""resultDescription":"DeviceConnectionClosedRemotely","#
        + #""properties":"{\"protocol\":\"Mqtt\",\"deviceId\":\"pump-7\"}","nested":{"protocol":"Mqtt"}}"#),
    FormatSample(
      #"{"time":"2026-04-07T09:08:10Z","resourceId":"/s/MICROSOFT.DEVICES/IOTHUBS/H","operationName":"deviceConnect","#
        + #""category":"Connections","level":"Information","properties":{"deviceId":"pump-8"}}"#,
      device: "pump-8", severity: 6),
    FormatSample(
      #"{"records":[{"time":"2026-04-07T09:08:10Z","resourceId":"/s/IOTHUBS/H","operationName":"deviceConnect","#
        + #""category":"Connections","level":"4","properties":"{\"deviceId\":\"pump-9\"}"}]}"#,
      device: "pump-9",
      severity: 4),
  ]
  let refusals = ["{", "text"]

  private static let shape = JSONShape(
    markers: [#""resourceId""#, #""category""#], anyOf: [#""operationName""#],
    time: ["time", "eventTimestamp"],
    device: ["properties.deviceId", "deviceId"], severity: ["level", "Level"],
    message: ["operationName", "operationName.value"],
    program: ["category"], basis: .authenticated)

  func score(_ line: UnsafeRawBufferPointer) -> Int {
    let score = Self.shape.score(line)
    return score + (score > 0 ? 8 : 0)
  }

  func makeParser(_ context: SourceContext) -> any RecordParser {
    let objects = JSONObjectReader()
    let inner = InnerReading()
    return Self.shape.makeParser { record, reading in
      let element =
        reading.element.isEmpty ? record : Bytes.part(record, reading.element.start, reading.element.end)
      guard let value = JSONShape.value(of: #""properties""#, in: element), element[value] == 0x22,
        value &+ 1 < element.count, element[value &+ 1] == 0x7B
      else { return }
      var escaped = false
      let end = JSONText.stringEnd(element, from: value &+ 1, escaped: &escaped)
      guard end > value else { return }
      inner.read(element, value &+ 1, end, with: objects) { text, nested in
        if reading.device.isEmpty {
          reading.device = reading.appendSlice(nested.bytes(nested.device, of: text))
          reading.basis = .authenticated
        }
        guard !nested.fields.isEmpty else { return }
        reading.reopenFields()
        reading.key("nested")
        reading.append(nested.bytes(nested.fields, of: text))
        reading.endFields()
      }
    }
  }
}

/// Reads a JSON object that stands escaped in a string of another.
final class InnerReading {
  @exclusivity(unchecked) private var unescaped = Reading()
  @exclusivity(unchecked) private var nested = Reading()

  /// Gives text and reading to `use` where the string's body is an object.
  func read(
    _ record: UnsafeRawBufferPointer, _ start: Int, _ end: Int, with objects: JSONObjectReader,
    _ use: (UnsafeRawBufferPointer, borrowing Reading) -> Void
  ) {
    unescaped.reset()
    nested.reset()
    let slice = unescaped.unescape(record, start, end)
    let text = unescaped.bytes(slice, of: record)
    guard text.count > 2, text[0] == 0x7B,
      case .success(let stop) = objects.read(text, at: 0, into: &nested), stop == text.count
    else { return }
    use(text, nested)
  }
}
