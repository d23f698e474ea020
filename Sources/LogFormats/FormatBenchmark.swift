import Glibc

/// What it costs to read a line, by format: for `make bench`.
public enum FormatBenchmark {
  /// One format's figures.
  public struct Figure: Sendable {
    /// Name of the format.
    public var format: String
    /// Mean bytes of a line.
    public var bytesPerLine: Double
    /// CPU time of parsing, in nanoseconds a line.
    public var parse: Double
    /// CPU time of template mining, in nanoseconds a line.
    public var mine: Double
    /// CPU time of being asked whether a line is one's own, in nanoseconds a line.
    public var detect = Double.infinity
    /// Calls of the allocator for an event: being asked whether it is one's own and parsing it, once all buffers have their size.
    /// Lines that only gather a document count for its event; header lines of a file do not. Nil where nobody counts.
    public var allocations: Double?
  }

  /// Counts calls of the allocator: a function of this name is in the library that `.ci/bench-formats` loads before all others.
  private static let allocations: (@convention(c) () -> UInt64)? = dlsym(nil, "firebreak_allocations").map {
    unsafeBitCast($0, to: (@convention(c) () -> UInt64).self)
  }

  /// Measures every format on its own samples (event lines only), about `lines` lines each, and a source in which the lines of all
  /// are mixed. CPU time of this thread, best of three rounds.
  public static func run(_ formats: [any LogFormat] = AllFormats.list, lines: Int = 100_000) -> [Figure] {
    (formats + [MixedLines(of: formats)]).compactMap { format in
      let records = samples(of: format).filter { $0.verdict == .event || $0.verdict == .structure }.map {
        Array($0.record.utf8)
      }
      return records.isEmpty ? nil : measure(format, records, lines: lines)
    }
  }

  /// What is gone through again and again. Of a table that is all before another header, which would be read anew in each round.
  private static func samples(of format: any LogFormat) -> ArraySlice<FormatSample> {
    func isHeader(_ sample: FormatSample) -> Bool {
      sample.verdict == .structure && !sample.record.hasPrefix("#")
    }
    guard format is CSVFormat, let header = format.samples.first(where: isHeader) else {
      return format.samples[...]
    }
    return format.samples.prefix { !isHeader($0) || $0.record == header.record }
  }

  /// A source whose lines are of all formats, one after the other: each line is offered to all of them and read by who knows it.
  private struct MixedLines: LogFormat {
    let name = "(mixed lines)"
    let summary = "lines of all formats in turn"
    let yields: [String] = []
    let samples: [FormatSample]
    let refusals: [String] = []
    private let formats: [any LogFormat]

    init(of formats: [any LogFormat]) {
      self.formats = formats
      samples = formats.filter { $0.framing == .lines }.flatMap(\.samples).filter {
        $0.verdict == .event && !$0.isPlain
      }
    }

    func score(_ line: UnsafeRawBufferPointer) -> Int {
      var best = 0
      for format in formats { best = max(best, format.score(line)) }
      return best
    }

    func makeParser(_ context: SourceContext) -> any RecordParser {
      MixedParser(SourceReader(elected: nil, others: { formats }, context: context))
    }
  }

  private final class MixedParser: RecordParser {
    private let reader: SourceReader

    init(_ reader: SourceReader) { self.reader = reader }

    func parse(_ record: UnsafeRawBufferPointer, into reading: inout Reading) -> Verdict {
      reader.parse(record, into: &reading)
    }

    func next(_ record: UnsafeRawBufferPointer, into reading: inout Reading) -> Verdict {
      reader.next(record, into: &reading)
    }
  }

  /// Measures one format on given records, gone through again and again.
  public static func measure(_ format: any LogFormat, _ records: [[UInt8]], lines: Int) -> Figure {
    var text: [UInt8] = []
    var places: [(start: Int, count: Int)] = []
    for record in records {
      places.append((text.count, record.count))
      text += record
    }
    let bytes = places.reduce(0) { $0 + $1.count }
    let rounds = max(1, lines / records.count)
    var best = Figure(
      format: format.name, bytesPerLine: Double(bytes) / Double(records.count), parse: .infinity,
      mine: .infinity)
    var seen = 0
    text.withUnsafeBytes { buffer in
      for _ in 0..<3 {
        let parser = format.makeParser(SourceContext())
        var reading = Reading()
        var miner = TemplateMiner()
        // Once for the buffers that grow to their size.
        for place in places {
          let record = UnsafeRawBufferPointer(rebasing: buffer[place.start..<place.start + place.count])
          var verdict = parser.parse(record, into: &reading)
          while verdict == .event, reading.flags.contains(.more) {
            verdict = parser.next(record, into: &reading)
          }
        }
        let asked = now()
        for _ in 0..<rounds {
          for place in places {
            let record = UnsafeRawBufferPointer(rebasing: buffer[place.start..<place.start + place.count])
            seen &+= format.score(record)
          }
        }
        best.detect = min(best.detect, (now() - asked) / Double(rounds * places.count))
        let start = now()
        for _ in 0..<rounds {
          for place in places {
            let record = UnsafeRawBufferPointer(rebasing: buffer[place.start..<place.start + place.count])
            var verdict = parser.parse(record, into: &reading)
            while verdict == .event, reading.flags.contains(.more) {
              verdict = parser.next(record, into: &reading)
            }
          }
        }
        let parsed = now()
        for _ in 0..<rounds {
          for place in places {
            let record = UnsafeRawBufferPointer(rebasing: buffer[place.start..<place.start + place.count])
            _ = parser.parse(record, into: &reading)
            miner.mine(
              message: reading.bytes(reading.message, of: record),
              program: reading.bytes(reading.program, of: record))
          }
        }
        let mined = now()
        let count = Double(rounds * places.count)
        best.parse = min(best.parse, (parsed - start) / count)
        best.mine = min(best.mine, max(0, (mined - parsed) - (parsed - start)) / count)
        if let allocations {
          best.allocations = countAllocations(format, parser, &reading, buffer, places, allocations)
        }
      }
    }
    // So that the question is not left out as useless.
    if seen == .min { best.detect = 0 }
    return best
  }

  /// Calls of the allocator for an event, over ten more rounds.
  private static func countAllocations(
    _ format: any LogFormat, _ parser: any RecordParser, _ reading: inout Reading,
    _ buffer: UnsafeRawBufferPointer, _ places: [(start: Int, count: Int)],
    _ allocations: @convention(c) () -> UInt64
  ) -> Double {
    var calls: UInt64 = 0
    var events = 0
    let hasHeaders = parser.gathering == nil
    for _ in 0..<10 {
      for place in places {
        let record = UnsafeRawBufferPointer(rebasing: buffer[place.start..<place.start + place.count])
        let before = allocations()
        _ = format.score(record)
        var verdict = parser.parse(record, into: &reading)
        if verdict == .structure, hasHeaders { continue }
        if verdict == .event { events += 1 }
        while verdict == .event, reading.flags.contains(.more) {
          verdict = parser.next(record, into: &reading)
          events += 1
        }
        calls += allocations() - before
      }
    }
    return events > 0 ? Double(calls) / Double(events) : 0
  }

  /// CPU time of this thread in nanoseconds.
  private static func now() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) * 1e9 + Double(time.tv_nsec)
  }
}
