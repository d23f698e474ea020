import ConsoleOutput
import EvidenceIntake
import IncidentModel
import TimelineStore

/// What `firebreak ingest` says beside its figures: what was taken for granted, and what people may not expect.
extension IngestReport {
  /// What cannot be read again will be missed later, when it is too late to keep it.
  var passing: [String] {
    guard sources.contains(where: { $0.description.path == "-" }) else { return [] }
    return [
      "what came from standard input cannot be read again: 'firebreak verify' will say that it is gone, each time; keep it in a "
        + "file and ingest that with --embed, and the case holds the evidence itself"
    ]
  }

  /// Other sentences for standard error.
  var notes: [String] {
    let skipped = read.skipped.map {
      "'\($0.description.name)' is in the case already (same SHA-256): skipped"
    }
    let doubles = loaded.duplicates.map {
      "'\($0.source.name)' equals '\($0.original.name)' (same SHA-256): skipped"
    }
    return read.notes + passing + timeNotes + (hint.map { [$0] } ?? [])
      + Self.shortened(changed, "were read before with other content")
      + Self.shortened(alike, "are as others unpacked")
      + Self.shortened(skipped, "are in the case already") + Self.shortened(doubles, "equal others")
  }

  /// What was taken for granted about times, and what cannot be right with it.
  private var timeNotes: [String] {
    var notes: [String] = []
    let years = sources.flatMap(\.decisions).filter { $0.subject == "year" && !$0.isGiven }
    let assumed = sources.compactMap { source in
      source.decisions.first { $0.subject == "zone" && !$0.isGiven }
    }
    let misread = assumed.count { $0.reason.contains("not understood") }
    let zones = assumed.count - misread
    let swapped = sources.count { source in
      source.decisions.contains { $0.subject == "day-month" && $0.value.contains("not proven") }
    }
    var parts: [String] = []
    if !years.isEmpty {
      let values = Set(years.map(\.value)).sorted().prefix(4).joined(separator: ", ")
      parts.append("the year of \(Self.count(UInt64(years.count), "source")) was inferred (\(values))")
    }
    if zones > 0 {
      parts.append(
        "\(Self.count(UInt64(zones), "source")) without a zone \(zones == 1 ? "is" : "are") taken as UTC")
    }
    if misread > 0 {
      parts.append(
        "the zone that \(Self.count(UInt64(misread), "source")) \(misread == 1 ? "names" : "name") was not understood: UTC is taken"
      )
    }
    if swapped > 0 {
      parts.append(
        "nothing tells day from month in the dates of \(Self.count(UInt64(swapped), "source"))")
    }
    if !parts.isEmpty {
      notes.append(parts.joined(separator: "; ") + ": 'firebreak clocks' shows why and how to change it")
    }
    let timeless = sources.filter { $0.events > 0 && $0.firstTime == nil && $0.boots.isEmpty }
    if let first = timeless.first {
      let events = timeless.reduce(0) { $0 + $1.events }
      notes.append(
        "\(Self.count(UInt64(timeless.count), "source")) with \(Self.count(events, "event")) "
          + "\(timeless.count == 1 ? "has" : "have") no time that could be read, first '\(first.description.name)' as "
          + "\(first.format): since:, until: and trace leave them out; 'firebreak formats test FILE' shows how each is looked at"
      )
    }
    notes += partlyTimeless
    if let gap = Self.hole(in: sources) {
      notes.append(
        "between \(gap.from.rfc3339(fractionDigits: 0)) and \(gap.to.rfc3339(fractionDigits: 0)) there is nothing: if some "
          + "sources are of another year, see 'firebreak clocks'")
    }
    return notes
  }

  /// Sources in which some events have a time and others none: nothing else would show that these are missing from a trace.
  private var partlyTimeless: [String] {
    let partly = sources.filter { $0.eventsWithoutTime > 0 && ($0.firstTime != nil || !$0.boots.isEmpty) }
    guard let most = partly.max(by: { $0.eventsWithoutTime < $1.eventsWithoutTime }) else { return [] }
    let without = partly.reduce(0) { $0 + $1.eventsWithoutTime }
    return [
      "\(Self.count(without, "event")) of \(Self.count(UInt64(partly.count), "source")) "
        + "\(without == 1 ? "has" : "have") no time, though others there do, most in '\(most.description.name)' "
        + "(\(Figures.grouped(Int(most.eventsWithoutTime))) of \(Figures.grouped(Int(most.events)))): since:, until: and trace "
        + "leave them out; 'firebreak clocks' lists the sources"
    ]
  }

  /// The longest stretch of three months or more that no source reaches into, between sources.
  private static func hole(in sources: [SourceAccount]) -> (from: Instant, to: Instant)? {
    let spans = sources.compactMap { source in
      source.firstTime.flatMap { first in source.lastTime.map { (first, $0) } }
    }.sorted { $0.0 < $1.0 }
    guard var end = spans.first?.1 else { return nil }
    var longest: (from: Instant, to: Instant)?
    for (first, last) in spans.dropFirst() {
      if first.seconds(since: end) >= 90 * 86_400,
        longest.map({ first.seconds(since: end) > $0.to.seconds(since: $0.from) }) ?? true
      {
        longest = (end, first)
      }
      end = max(end, last)
    }
    return longest
  }

  /// The first of many sentences of one kind, and how many more there are.
  private static func shortened(_ notes: [String], _ what: String) -> [String] {
    notes.count <= 6 ? notes : notes.prefix(5) + ["\(Figures.grouped(notes.count - 5)) more sources \(what)"]
  }

  /// Paths that the case knew with another content: a log that has grown since.
  var changed: [String] {
    func key(_ source: SourceDescription) -> SourceDescription {
      SourceDescription(
        path: source.path.hasPrefix("./") ? String(source.path.dropFirst(2)) : source.path,
        members: source.members)
    }
    let known = Set(earlier.map { key($0.description) })
    return sources.filter {
      $0.bytes > 0 && $0.description.path != "-" && known.contains(key($0.description))
    }
    .map {
      "'\($0.description.name)' was read before with other content: lines that are in both are in the case twice"
    }
  }

  /// What tells a source's content without reading it again.
  private struct Likeness: Hashable {
    let bytes: UInt64
    let lines: Tally
    let bytesBy: Tally
    let first: Instant?
    let last: Instant?

    init(_ source: SourceAccount) {
      (bytes, lines, bytesBy) = (source.bytes, source.linesBy, source.bytesBy)
      (first, last) = (source.firstTime, source.lastTime)
    }

    init(_ source: SourceEntry) {
      (bytes, lines, bytesBy) = (source.bytes, source.linesBy, source.bytesBy)
      (first, last) = (source.firstTime, source.lastTime)
    }
  }

  /// Sources whose content, once unpacked, looks like another's: `syslog.1` beside `syslog.1.gz`. Their digests are of what is
  /// stored, and differ.
  var alike: [String] {
    var seen: [Likeness: (name: String, isPacked: Bool)] = [:]
    for source in earlier where !source.events.isEmpty {
      seen[Likeness(source)] = (source.name, !source.compression.isEmpty)
    }
    return sources.compactMap { source in
      guard source.events > 0 else { return nil }
      let isPacked = !source.compression.isEmpty
      guard let other = seen.updateValue((source.description.name, isPacked), forKey: Likeness(source)),
        other.isPacked || isPacked
      else { return nil }
      return
        "'\(source.description.name)' has as many bytes and lines, of the same times, as '\(other.name)' once both are unpacked: "
        + "if they are the same, each of their events is in the case twice; make the case anew with one of them"
    }
  }
}
