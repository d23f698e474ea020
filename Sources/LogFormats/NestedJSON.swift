/// Opens messages that are JSON objects or `name=value` pairs themselves: what they say completes the reading, their other members go under
/// `nested`. Of other text the severity at its beginning counts.
final class NestedJSON {
  private lazy var objects = JSONObjectReader()
  @exclusivity(unchecked) private var nested = Reading()
  @exclusivity(unchecked) private var copy: [UInt8] = []
  private let isTransport: Bool
  private lazy var pairs = FlatFields()
  /// True where the time of a message took the place of the envelope's; whoever sees it puts it back.
  @exclusivity(unchecked) var tookTime = false

  /// `isTransport`: the severity of the envelope is often its own default (journald's and syslog's `info` and `notice` for what a
  /// program prints); a worse one inside counts.
  init(isTransport: Bool = false) { self.isTransport = isTransport }

  /// Opens the reading's message where it is an object; `@cee:` before it (rsyslog's cookie) is skipped. `isCaught`: the envelope's time is when
  /// a program's output was caught, and gives way to an exact one of the program itself.
  @inline(__always)
  func open(
    _ record: UnsafeRawBufferPointer, into reading: inout Reading, isCaught: @autoclosure () -> Bool = false
  ) {
    let message = reading.bytes(reading.message, of: record)
    guard message.count > 6, message[message.count &- 1] == 0x7D, message[0] == 0x7B || message[0] == 0x40
    else { return }
    openObject(message, of: record, into: &reading, isCaught: isCaught())
  }

  /// Opens the reading's message where it is text in which a program says itself what the envelope does not.
  @inline(__always)
  func openText(
    _ record: UnsafeRawBufferPointer, into reading: inout Reading, isCaught: @autoclosure () -> Bool = false
  ) {
    guard reading.message.count > 6, reading.severity == 255 || reading.device.isEmpty else { return }
    readText(record, into: &reading, isCaught: isCaught)
  }

  @inline(never)
  private func readText(
    _ record: UnsafeRawBufferPointer, into reading: inout Reading, isCaught: () -> Bool
  ) {
    let message = reading.bytes(reading.message, of: record)
    if arePairs(message) {
      copy.removeAll(keepingCapacity: true)
      copy.append(contentsOf: message)
      copy.withUnsafeBytes { readPairs($0, into: &reading, isCaught: isCaught()) }
    } else if reading.severity == 255 {
      reading.severity = BodyLevel.severity(message)
      // The line of a log that has its own stamp.
      guard reading.severity == 255, Bytes.isDigit(message[0]) || message[0] == 0x5B, isCaught() else {
        return
      }
      var stamps = StampReader()
      guard let head = StampedTextFormat.head(message, &stamps), head.stamp.kind != .none else { return }
      reading.severity =
        TextLine.level(message, at: head.end)?.severity ?? HeaderLevel.find(message, at: head.end)?.severity
        ?? 255
    }
  }

  /// Two pairs are enough where one of them is the severity.
  private func arePairs(_ message: UnsafeRawBufferPointer) -> Bool {
    guard Bytes.isLetter(message[0]) else { return false }
    let limit = min(message.count, 32)
    var i = 1
    while i < limit,
      Bytes.isLetter(message[i]) || Bytes.isDigit(message[i]) || message[i] == 0x5F || message[i] == 0x2E
    {
      i &+= 1
    }
    // auditd writes pairs in single quotes within its pairs.
    guard i < limit, message[i] == 0x3D, Bytes.find("='", message) == nil else { return false }
    let (pairs, strays) = KeyValueText().count(message)
    return strays == 0 && (pairs >= 3 || pairs == 2 && BodyLevel.severity(message) < 8)
  }

  private func readPairs(_ text: UnsafeRawBufferPointer, into reading: inout Reading, isCaught: Bool) {
    pairs.removeAll()
    _ = KeyValueText().split(text, from: 0, to: text.count, into: pairs)
    // What the envelope says already stays among the pairs.
    func assign(takesTime: Bool) {
      nested.reset()
      if !takesTime { nested.kind = reading.kind }
      if !reading.device.isEmpty { nested.device = .record(0, 1) }
      nested.severity = reading.severity
      pairs.assign(text, into: &nested)
    }
    var takesTime = reading.kind == .none || isCaught
    assign(takesTime: takesTime)
    // What says neither how bad nor what is no program's line, but values of a record: auditd's `dev=fc:00` is no device.
    guard reading.severity > 7 && nested.severity < 8 || !nested.message.isEmpty else { return }
    if takesTime, reading.kind != .none, nested.kind != .absolute {
      takesTime = false
      assign(takesTime: false)
    }
    if !reading.device.isEmpty { nested.device = .empty }
    if !takesTime { nested.kind = .none }
    if reading.kind != .none, nested.kind != .none {
      tookTime = true
      reading.kind = .none
    }
    reading.complete(from: nested, of: text)
    addNested(of: text, to: &reading)
  }

  private func addNested(of text: UnsafeRawBufferPointer, to reading: inout Reading) {
    guard !nested.fields.isEmpty else { return }
    reading.reopenFields()
    reading.key("nested")
    reading.append(nested.bytes(nested.fields, of: text))
    reading.endFields()
  }

  private func openObject(
    _ message: UnsafeRawBufferPointer, of record: UnsafeRawBufferPointer, into reading: inout Reading,
    isCaught: Bool
  ) {
    var start = 0
    if message[0] == 0x40 {
      guard Bytes.matches("@cee:", message, at: 0) else { return }
      start = TextLine.skipBlanks(message, 5)
      guard start < message.count, message[start] == 0x7B else { return }
    }
    // The scratch buffer that may hold the message moves while it is written to.
    copy.removeAll(keepingCapacity: true)
    copy.append(contentsOf: message[start...])
    copy.withUnsafeBytes { text in
      nested.reset()
      guard case .success(let end) = objects.read(text, at: 0, into: &nested), end == text.count else {
        return
      }
      let device = reading.device
      if isCaught, nested.kind == .absolute, reading.kind != .none {
        tookTime = true
        reading.kind = .none
      }
      let hadTime = reading.kind != .none
      let severity = reading.severity
      reading.complete(from: nested, of: text)
      if isTransport, severity == 5 || severity == 6, nested.severity < severity {
        reading.severity = nested.severity
      }
      // What the envelope says otherwise takes nothing from what stands inside.
      if hadTime, nested.kind != .none, nested.time != reading.time || nested.kind != reading.kind {
        objects.giveBack(.time, text, into: &nested)
        objects.giveBack(.date, text, into: &nested)
      }
      if !device.isEmpty, !nested.device.isEmpty,
        !Bytes.areSame(nested.bytes(nested.device, of: text), reading.bytes(device, of: record))
      {
        objects.giveBack(.device, text, into: &nested)
      }
      if nested.severity != reading.severity { objects.giveBack(.severity, text, into: &nested) }
      addNested(of: text, to: &reading)
    }
  }
}

extension Reading {
  /// Takes over what another reading of a part of the record knows better: time, device, severity and program where they are
  /// missing, the message always.
  mutating func complete(from inner: borrowing Reading, of text: UnsafeRawBufferPointer) {
    if kind == .none, inner.kind != .none {
      kind = inner.kind
      time = inner.time
      resolution = inner.resolution
      stamp = appendSlice(inner.bytes(inner.stamp, of: text))
    }
    if device.isEmpty, !inner.device.isEmpty {
      device = appendSlice(inner.bytes(inner.device, of: text))
      basis = inner.basis
    }
    if severity == 255 { severity = inner.severity }
    if program.isEmpty, !inner.program.isEmpty {
      program = appendSlice(inner.bytes(inner.program, of: text))
    }
    if !inner.message.isEmpty { message = appendSlice(inner.bytes(inner.message, of: text)) }
  }

  /// Adds the members of another object of fields.
  mutating func addMembers(_ object: UnsafeRawBufferPointer) {
    guard object.count > 2 else { return }
    reopenFields()
    separate()
    append(object, 1, object.count &- 1)
    endFields()
  }
}
