import Glibc
import IncidentModel
import PostmortemReport

@testable import TimelineStore
@testable import TimelineWeb

/// A case with a few hundred events, some planted, in a folder that goes away with it.
final class SmallCase {
  static let payload = "<script>alert(1)</script>\"'"
  /// 2025-02-22T02:00:00Z.
  static let start: Int64 = 1_740_189_600_000_000_000
  let folder: String
  let path: String

  init(events: Int = 300, hash: UInt64 = 1) throws {
    var template = Array("/tmp/firebreak-page-XXXXXX".utf8CString)
    guard let made = mkdtemp(&template) else { throw Failure(what: "mkdtemp") }
    folder = String(cString: made)
    path = folder + "/x.firebreak"
    let loader = try CaseLoader(path: path)
    var inventory = Inventory(attributes: ["site", "firmware"])
    for number in 0..<12 {
      inventory.append(
        device: "gw-\(number)\(Self.payload)", row: ["s\(number % 2)", number < 6 ? "1.0" : "2.0"])
    }
    inventory.append(device: "silent-1", row: ["s0", "1.0"])
    loader.setInventory(inventory)
    loader.setTopology(
      Topology(links: [.init(from: "gw-0\(Self.payload)", to: "gw-1\(Self.payload)", kind: "uplink")]))
    try fill(loader, order: 0, hash: hash, events: 0..<events)
    _ = try loader.finish()
  }

  deinit {
    for name in ["", "-journal", "-wal"] { unlink(path + name) }
    rmdir(folder)
  }

  struct Failure: Error { let what: String }

  /// One more load, which makes a segment of its own.
  func add(events: Range<Int>, hash: UInt64) throws {
    let loader = try CaseLoader(path: path)
    try fill(loader, order: 0, hash: hash, events: events)
    _ = try loader.finish()
  }

  private func fill(_ loader: CaseLoader, order: Int, hash: UInt64, events: Range<Int>) throws {
    var batch = EventBatch()
    func bytes(_ text: String) -> ByteRange {
      let start = batch.arena.count
      batch.arena += Array(text.utf8)
      return ByteRange(start: UInt32(start), count: UInt32(text.utf8.count))
    }
    var defined: Set<UInt64> = []
    for number in events {
      let name = "gw-\(number % 12)\(Self.payload)"
      let text = "lost link \(Self.payload) password=hunter2"
      var record = EventRecord()
      record.time = Self.start + Int64(number) * 1_000_000_000
      record.quality = .exact
      record.timeError = 500_000
      record.device = DeviceID(name: name)
      record.basis = .selfAsserted
      record.severity = number % 10 == 0 ? 3 : 6
      record.template = TemplateID(rawValue: ContentHash.of("app\0" + text))
      if defined.insert(record.device.rawValue).inserted {
        batch.devices.append(DeviceDefinition(id: record.device, name: bytes(name)))
      }
      if defined.insert(record.template.rawValue).inserted {
        batch.templates.append(
          TemplateDefinition(id: record.template, program: bytes("app"), text: bytes(text)))
      }
      record.message = bytes(text)
      record.line = UInt64(number + 1)
      record.byteOffset = UInt64(number * 100)
      record.byteLength = 100
      batch.records.append(record)
    }
    let lane = try loader.openLane(order: order)
    let source = SourceDescription(path: "logs/\(hash)\(Self.payload).log")
    try lane.beginSource(source)
    try lane.append(batch)
    var tally = Tally()
    tally.events = UInt64(events.count) * 100
    var lines = Tally()
    lines.events = UInt64(events.count)
    let digits = String(hash &* 0x9E37_79B9_7F4A_7C15, radix: 16)
    let sha256 = String(repeating: "0", count: 16 - digits.count) + digits + String(repeating: "a", count: 48)
    try lane.finishSource(
      SourceAccount(
        description: source, sha256: sha256, format: "test", storedBytes: tally.events, bytes: tally.events,
        bytesBy: tally, linesBy: lines), adjustments: [])
    try lane.close()
  }

  /// A handler on the case, and a browser that was let in.
  func browser() throws -> Browser { try Browser(path: path) }
}

/// What a test asks of the pages, without a socket.
struct Browser {
  let handler: PageHandler
  let cookie: String
  let token: String

  init(path: String) throws {
    let gate = Gatekeeper(port: 8000)
    let desk = try Desk(path: path, services: TestServices())
    handler = PageHandler(desk: desk, gate: gate, feed: LiveFeed(desk: desk) { true })
    cookie = gate.exchange(code: gate.newCode()) ?? ""
    token =
      gate.session(
        WebRequest(method: .get, path: [], query: [], headers: ["cookie": "firebreak-8000=\(cookie)"]))?.token
      ?? ""
  }

  private func request(_ method: WebRequest.Method, _ address: String, _ headers: [String: String])
    -> WebRequest
  {
    let given = headers.merging(["host": "127.0.0.1:8000", "cookie": "firebreak-8000=\(cookie)"]) { a, _ in a
    }
    let lines = given.map { "\($0.key): \($0.value)\r\n" }.joined()
    let head = "\(method.rawValue) \(address) HTTP/1.1\r\n\(lines)\r\n"
    return (try? Connection.head(Array(head.utf8)[...]).0)
      ?? WebRequest(method: method, path: ["unreadable"], query: [], headers: given)
  }

  func get(_ address: String, _ headers: [String: String] = [:]) -> (status: Int, text: String) {
    let response = handler.handle(request(.get, address, headers))
    return (response.status, String(decoding: response.body, as: UTF8.self))
  }

  /// The body of an answer in chunks, put together; nil where the last chunk is missing.
  /// - Parameter afterFirst: Run when the first chunk has been taken in.
  func stream(_ address: String, afterFirst: @escaping () -> Void = {}) -> String? {
    final class Taker: WebStream {
      var chunks: [String] = []
      var isOpen: Bool { true }
      let afterFirst: () -> Void
      init(_ afterFirst: @escaping () -> Void) { self.afterFirst = afterFirst }
      func send(_ text: String) -> Bool {
        chunks.append(text)
        if chunks.count == 1 { afterFirst() }
        return true
      }
    }
    let response = handler.handle(request(.get, address, [:]))
    guard let stream = response.stream else { return String(decoding: response.body, as: UTF8.self) }
    let taker = Taker(afterFirst)
    stream(taker)
    guard taker.chunks.last == "0\r\n\r\n" else { return nil }
    var text = ""
    for chunk in taker.chunks.dropLast() {
      guard let end = chunk.firstRange(of: "\r\n"), let size = Int(chunk[..<end.lowerBound], radix: 16) else {
        return nil
      }
      let content = chunk[end.upperBound...].dropLast(1)
      guard content.utf8.count == size else { return nil }
      text += content
    }
    return text
  }

  func post(
    _ address: String, _ form: [(String, String)], origin: String = "http://127.0.0.1:8000",
    token: String? = nil
  )
    -> WebResponse
  {
    var request = request(.post, address, ["origin": origin])
    request.form = form.map { (name: $0.0, value: $0.1) } + [(name: "token", value: token ?? self.token)]
    return handler.handle(request)
  }
}

/// What the pages ask of a program, as far as a test needs it.
struct TestServices: DeskServices {
  var toolVersion: String { "firebreak test" }
  var author: String { "ann\(SmallCase.payload)" }
  var now: Instant { Instant(nanoseconds: 1_800_000_000_000_000_000) }
  var digest: SHA256Function {
    { bytes in
      let part = String(bytes.withUnsafeBytes { ContentHash.of($0) }, radix: 16)
      return String(repeating: "0", count: 64 - part.count) + part
    }
  }
  func annotations(_ reader: CaseReader) throws -> Annotations { Annotations() }
  func state(ofRun records: [JournalRow], case path: String) -> RunState {
    var state = RunState()
    state.words = "halted, partly taken back"
    state.counts = "in force now: 31, in doubt: 17, taken back: 13"
    (state.inForce, state.inDoubt, state.takenBack) = (31, 17, 13)
    for record in records where record.reason == "unreachable" {
      state.waiting.insert(.init(step: record.step ?? "", device: record.target ?? ""))
    }
    state.brokenGlass = records.filter { $0.reason == "break-glass" }.map(\.detail)
    return state
  }
  func checkReportField(key: String, value: String) throws {}
  func clockAnswers(_ reader: CaseReader, clock: String, applies: Bool, awareAt: String?) throws -> String {
    "[]"
  }
  func rawLine(of event: TimelineEvent, source: SourceEntry?, in reader: CaseReader) -> RawLine {
    .read(Array("raw \(SmallCase.payload) password=hunter2\n".utf8))
  }
  func retrace(path: String) throws {}
  func report(path: String, audience: Audience) throws -> String {
    "<main id=\"main\"><p>for \(audience.rawValue)</p></main>"
  }
}
