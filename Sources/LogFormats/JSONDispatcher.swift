/// Reads JSON objects of several producers: each by the format that knows it best, else by the usual names.
final class JSONDispatcher: RecordParser {
  private let usual: JSONRecordParser
  @exclusivity(unchecked) private var parsers: [String: any RecordParser] = [:]
  @exclusivity(unchecked) private var current: any RecordParser

  /// The formats that read single objects, by what they look for.
  private static let formats: [any LogFormat] = [
    JournaldJSONFormat(), ZeekJSONFormat(), SuricataEVEFormat(), AWSIoTFormat(), AWSIoTLifecycleFormat(),
    AWSJobsFormat(), CloudTrailFormat(), AzureIoTHubFormat(), EMQXJSONFormat(), HawkBitFormat(),
    MenderDeploymentsFormat(), LaurelFormat(), LoRaWANFormat(), CLEFFormat(),
  ]

  init(traits: SourceTraits = SourceTraits()) {
    usual = JSONRecordParser(traits: traits)
    current = usual
  }

  func parse(_ record: UnsafeRawBufferPointer, into reading: inout Reading) -> Verdict {
    var best = 60
    var winner: (any LogFormat)?
    for format in Self.formats {
      let score = format.score(record)
      if score > best {
        best = score
        winner = format
      }
    }
    if let winner {
      let parser = parsers[winner.name] ?? winner.makeParser(SourceContext())
      parsers[winner.name] = parser
      current = parser
    } else {
      current = usual
    }
    return current.parse(record, into: &reading)
  }

  func next(_ record: UnsafeRawBufferPointer, into reading: inout Reading) -> Verdict {
    current.next(record, into: &reading)
  }
}
