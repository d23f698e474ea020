/// Opens messages that are JSON objects themselves: what they say completes the reading, their other members go under `nested`.
final class NestedJSON {
  private lazy var objects = JSONObjectReader()
  @exclusivity(unchecked) private var nested = Reading()
  @exclusivity(unchecked) private var copy: [UInt8] = []
  private let isTransport: Bool

  /// `isTransport`: the severity of the envelope is often its own default (journald's and syslog's `info` and `notice` for what a
  /// program prints); a worse one inside counts.
  init(isTransport: Bool = false) { self.isTransport = isTransport }

  /// Opens the reading's message where it is an object; `@cee:` before it (rsyslog's cookie) is skipped.
  @inline(__always)
  func open(_ record: UnsafeRawBufferPointer, into reading: inout Reading) {
    let message = reading.bytes(reading.message, of: record)
    guard message.count > 6, message[message.count &- 1] == 0x7D, message[0] == 0x7B || message[0] == 0x40
    else { return }
    openObject(message, of: record, into: &reading)
  }

  private func openObject(
    _ message: UnsafeRawBufferPointer, of record: UnsafeRawBufferPointer, into reading: inout Reading
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
      guard !nested.fields.isEmpty else { return }
      reading.reopenFields()
      reading.key("nested")
      reading.append(nested.bytes(nested.fields, of: text))
      reading.endFields()
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
