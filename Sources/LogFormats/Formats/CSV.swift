import IncidentModel

/// Tables with a header line: telemetry exports of any shape.
struct CSVFormat: LogFormat {
  let name = "csv"
  let summary =
    "CSV with a header line (RFC 4180; comma, semicolon, tab or bar), columns by their usual names"
  let yields = ["time", "device", "severity", "program", "every other column; numbers stay numbers"]
  let samples = [
    FormatSample("# exported by x", verdict: .structure),
    FormatSample("timestamp,device_id,level,message,temp_c,site", verdict: .structure),
    FormatSample(
      #"2026-04-07T09:08:09Z,dev-1,warn,"battery ""low"", 3 %",21.50,plant 2"#, time: "2026-04-07T09:08:09Z",
      device: "dev-1", severity: 4, message: #"battery "low", 3 %"#,
      fields: #"{"temp_c":21.50,"site":"plant 2"}"#),
    FormatSample(
      "1775552889.5,dev-2,,,,", time: "2026-04-07T09:08:09.5Z", device: "dev-2", severity: 255, fields: ""),
    FormatSample("", verdict: .blank),
    FormatSample("timestamp,device_id,level,message,temp_c,site", verdict: .structure),
    FormatSample("a,b", verdict: .refused(.badColumns)),
    FormatSample("time;severity;device;text", verdict: .structure),
    FormatSample(
      "2026-04-07T09:08:10Z;err;dev-4;flow low", time: "2026-04-07T09:08:10Z", device: "dev-4", severity: 3,
      message: "flow low", fields: ""),
    FormatSample("timestamp,device_id,level,message,temp_c,site", verdict: .structure),
    FormatSample(#"2026-04-07T09:08:09Z,"dev-1,x,y,1,2"#, verdict: .refused(.badQuoting)),
    FormatSample(
      "soon,dev-3,err,m,1,2", time: "none", device: "dev-3", message: "m",
      fields: #"{"temp_c":1,"site":2,"timestamp":"soon"}"#),
  ]
  let refusals = ["plain text"]

  func score(_ line: UnsafeRawBufferPointer) -> Int { 0 }

  /// A header line that names a time column (or a stamp in the first rows' cells), and rows of as many cells.
  func headScore(_ head: UnsafeRawBufferPointer) -> Int {
    var table = CSVHead()
    return table.score(head)
  }

  func makeParser(_ context: SourceContext) -> any RecordParser { CSVRecordParser(traits: context.traits) }
}
