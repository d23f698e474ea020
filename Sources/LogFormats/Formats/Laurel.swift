import IncidentModel

/// auditd's events as Laurel writes them: one JSON object with all records of an event.
struct LaurelFormat: LogFormat {
  let name = "laurel"
  let summary = "Linux audit events as JSON by Laurel, all records of an event in one object"
  let yields = ["time", "device (NODE)", "program (comm)", "serial", "the records by their type"]
  let samples = [
    FormatSample(
      #"{"ID":"1775552889.843:30826","NODE":"gw-1","SYSCALL":{"arch":"0xc000003e","comm":"nft","exe":"/usr/sbin/nft","key":"k"}}"#,
      time: "2026-04-07T09:08:09.843Z", device: "gw-1", program: "nft", message: "/usr/sbin/nft",
      fields:
        #"{"ID":"1775552889.843:30826","SYSCALL":{"arch":"0xc000003e","comm":"nft","exe":"/usr/sbin/nft","key":"k"},"serial":30826}"#
    )
  ]
  let refusals = ["{", "text"]

  private static let shape = JSONShape(
    markers: [#""ID""#],
    anyOf: [
      #""SYSCALL""#, #""ANOM_ABEND""#, #""USER_"#, #""CRED_"#, #""AVC""#, #""SERVICE_"#, #""LOGIN""#,
      #""PROCTITLE""#,
      #""CONFIG_CHANGE""#, #""EXECVE""#,
    ], time: ["__none__"],
    device: ["NODE", "node"], message: ["SYSCALL.exe", "USER_LOGIN.acct"], program: ["SYSCALL.comm"],
    fixedProgram: "audit")

  func score(_ line: UnsafeRawBufferPointer) -> Int {
    guard Self.stamp(line) != nil else { return 0 }
    let score = Self.shape.score(line)
    return score + (score > 0 ? 9 : 0)
  }

  /// Where stamp and serial number of `"ID":"1688048710.843:30826"` stand.
  private static func stamp(_ line: UnsafeRawBufferPointer) -> (start: Int, colon: Int, end: Int)? {
    guard let value = JSONShape.value(of: #""ID""#, in: line), line[value] == 0x22 else { return nil }
    let end = Bytes.findNear(0x22, line, from: value &+ 1, to: min(line.count, value &+ 48))
    let colon = Bytes.findNear(0x3A, line, from: value &+ 1, to: end)
    guard end < line.count, colon &+ 1 < end, colon > value &+ 10, Bytes.isDigit(line[value &+ 1]) else {
      return nil
    }
    return (value &+ 1, colon, end)
  }

  func makeParser(_ context: SourceContext) -> any RecordParser {
    Self.shape.makeParser { record, reading in
      guard let place = Self.stamp(record),
        let (time, resolution) = StampReader.epoch(
          Bytes.part(record, place.start, place.colon), unit: StampReader.second)
      else { return }
      reading.set(StampReader.placed(time, resolution, end: place.colon), from: place.start)
      if let serial = Bytes.decimal(Bytes.part(record, place.colon &+ 1, place.end)) {
        reading.reopenFields()
        reading.field("serial", serial)
        reading.endFields()
      }
    }
  }
}
