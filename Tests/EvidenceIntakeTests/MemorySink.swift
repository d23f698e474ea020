import IncidentModel
import Synchronization

/// A sink that remembers everything, checks the contract of batches, and can be compared.
final class MemorySink: EventSink {
  /// An event with its texts.
  struct Event: Equatable {
    var time: Int64
    var timeError: Int64
    var quality: TimeQuality
    var device: String
    var basis: IdentityBasis
    var severity: UInt8
    var line: UInt64
    var offset: UInt64
    var length: UInt32
    var stamp: String
    var message: [UInt8]
    var fields: String
    var text: String { String(decoding: message, as: UTF8.self) }
  }

  /// A refused line with its excerpt.
  struct Refused: Equatable {
    var line: UInt64
    var offset: UInt64
    var length: UInt64
    var reason: String
    var excerpt: [UInt8]
  }

  /// A finished source.
  struct Source {
    var account: SourceAccount
    var events: [Event]
    var refused: [Refused]
    var adjustments: [TimeAdjustment]
  }

  let known: Set<String>
  /// What does not hold that has to.
  let faults = Mutex<[String]>([])
  private let lanes = Mutex<[Int: [Source]]>([:])

  init(known: Set<String> = []) { self.known = known }

  /// All sources in evidence order.
  var sources: [Source] { lanes.withLock { all in all.keys.sorted().flatMap { all[$0] ?? [] } } }
  /// The events of all sources, with their adjustments.
  var events: [Event] { sources.flatMap(\.events) }

  func contains(sha256: String) throws -> Bool { known.contains(sha256) }
  func openLane(order: Int) throws -> any EventLane { Lane(order, self) }

  func fault(_ words: String) { faults.withLock { $0.append(words) } }

  final class Lane: EventLane {
    private let order: Int
    private let sink: MemorySink
    private var sources: [Source] = []
    private var open: SourceDescription?
    private var events: [Event] = []
    private var refused: [Refused] = []
    private var devices: [DeviceID: String] = [:]
    private var templates: [TemplateID: [UInt8]] = [:]
    private var announced: [TemplateID] = []
    private var named: [DeviceID] = []

    init(_ order: Int, _ sink: MemorySink) {
      self.order = order
      self.sink = sink
    }

    func beginSource(_ source: SourceDescription) throws {
      if open != nil { sink.fault("source begun within a source") }
      open = source
      events = []
      refused = []
    }

    func append(_ batch: borrowing EventBatch) throws {
      if open == nil { sink.fault("batch outside of a source") }
      let arena: [UInt8] = batch.arena.withUnsafeBytes { Array($0) }
      func bytes(_ range: ByteRange) -> [UInt8] {
        guard Int(range.start) + Int(range.count) <= arena.count else {
          sink.fault("range outside of the arena")
          return []
        }
        return Array(arena[Int(range.start)..<Int(range.start + range.count)])
      }
      func text(_ range: ByteRange) -> String { String(decoding: bytes(range), as: UTF8.self) }
      for device in batch.devices {
        if devices[device.id] != nil { sink.fault("device announced twice") }
        devices[device.id] = text(device.name)
        named.append(device.id)
      }
      for template in batch.templates {
        if templates[template.id] != nil { sink.fault("template announced twice") }
        templates[template.id] = bytes(template.text)
        announced.append(template.id)
      }
      for record in batch.records {
        let message = bytes(record.message)
        let first = Int(record.firstVariable)
        let variables =
          record.values.isEmpty
          ? batch.variables[first..<first + Int(record.variableCount)].map(bytes)
          : bytes(record.values).split(separator: 0x09, omittingEmptySubsequences: false).map(Array.init)
        if variables.count != Int(record.variableCount) { sink.fault("not as many variables as it is said") }
        if !record.values.isEmpty, record.templateNumber == 0 {
          sink.fault("values without a known template")
        }
        let place = Int(record.deviceNumber)
        if place > 0, place > named.count || named[place - 1] != record.device {
          sink.fault("device number \(place) is not that of the device")
        }
        let number = Int(record.templateNumber)
        if number > 0, number > announced.count || announced[number - 1] != record.template {
          sink.fault("template number \(number) is not that of the template")
        }
        if let template = templates[record.template] {
          if fill(template, variables) != message { sink.fault("template and variables are not the message") }
        } else {
          sink.fault("template not announced")
        }
        guard let device = devices[record.device] else {
          sink.fault("device not announced")
          continue
        }
        events.append(
          Event(
            time: record.time, timeError: record.timeError, quality: record.quality, device: device,
            basis: record.basis,
            severity: record.severity, line: record.line, offset: record.byteOffset,
            length: record.byteLength,
            stamp: text(record.stamp), message: message,
            fields: record.fields.isEmpty ? record.header.fields : text(record.fields)))
      }
      for line in batch.refused {
        refused.append(
          Refused(
            line: line.line, offset: line.byteOffset, length: line.byteLength, reason: line.reason,
            excerpt: bytes(line.excerpt)))
      }
    }

    private func fill(_ template: [UInt8], _ variables: [[UInt8]]) -> [UInt8] {
      var result: [UInt8] = []
      var index = 0
      var next = 0
      while index < template.count {
        if template[index...].starts(with: Array("<*>".utf8)), next < variables.count {
          result += variables[next]
          next += 1
          index += 3
        } else {
          result.append(template[index])
          index += 1
        }
      }
      return result
    }

    func finishSource(_ account: SourceAccount, adjustments: [TimeAdjustment]) throws {
      if open != account.description { sink.fault("account of another source") }
      if account.bytes != account.bytesBy.total { sink.fault("bytes do not add up: \(account)") }
      if account.events != UInt64(events.count) { sink.fault("events do not add up: \(account)") }
      if account.linesBy.refused != UInt64(refused.count) { sink.fault("refused lines do not add up") }
      if account.refusedBy.values.reduce(0, +) != account.linesBy.refused {
        sink.fault("reasons do not add up")
      }
      for adjustment in adjustments {
        for index in adjustment.events {
          events[index].time += adjustment.shift
          events[index].timeError = adjustment.timeError ?? events[index].timeError
        }
      }
      sources.append(
        Source(account: account, events: events, refused: refused, adjustments: adjustments))
      open = nil
    }

    func discardSource() throws { open = nil }

    func close() throws {
      if open != nil { sink.fault("lane closed within a source") }
      let done = sources
      sink.lanes.withLock { $0[order] = done }
    }
  }
}
