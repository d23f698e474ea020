import IncidentModel

/// Zeek's logs as JSON lines.
struct ZeekJSONFormat: LogFormat {
  let name = "zeek-json"
  let summary = "Zeek logs as JSON lines; the originator's address is the device"
  let yields = ["time", "device (originating address)", "program (log type)", "every other field"]
  let samples = [
    FormatSample(
      #"{"_path":"dns","ts":1588205198.89971,"uid":"Cw1H","id.orig_h":"10.0.1.4","id.resp_h":"10.0.0.4","query":"x.y"}"#,
      time: "2020-04-30T00:06:38.89971Z", device: "10.0.1.4", program: "dns",
      fields: #"{"_path":"dns","uid":"Cw1H","id.resp_h":"10.0.0.4","query":"x.y"}"#)
  ]
  let refusals = ["{", "text"]

  private static let shape = JSONShape(
    markers: [#""ts""#], anyOf: [#""id.orig_h""#, #""id_orig_h""#, #""uid""#], time: ["ts"],
    device: ["id.orig_h", "id_orig_h", "src", "host"], message: ["msg", "note"],
    program: ["_path", "@stream"],
    basis: .network)

  func score(_ line: UnsafeRawBufferPointer) -> Int { Self.shape.score(line) }

  func makeParser(_ context: SourceContext) -> any RecordParser { Self.shape.makeParser() }
}
