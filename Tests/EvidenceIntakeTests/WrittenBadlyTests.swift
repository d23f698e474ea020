import Foundation
import IncidentModel
import LogFormats
import Testing

@testable import EvidenceIntake

/// Text that power cuts, other systems and writers at work leave behind: holes of NULs, UTF-16, files that grow.
@Suite struct WrittenBadlyTests {
  private func read(
    _ bytes: [UInt8], _ change: (inout IntakeOptions) -> Void = { _ in }
  ) throws -> (source: MemorySink.Source, summary: IntakeSummary) {
    let folder = Folder()
    let (sink, summary) = try ingest([folder.write("gw-7.log", bytes)], change)
    return (try #require(sink.sources.first), summary)
  }

  /// A hole before the first line, after the first, and at the end costs no line.
  @Test(arguments: [1, 16, 300, 4096, 65_536, 3_000_000]) func aHoleOfNULsCostsNoLine(_ size: Int) throws {
    let hole = [UInt8](repeating: 0, count: size)
    let first = Array((Make.line(0) + "\n").utf8)
    let rest = Array(Make.lines(200).utf8)
    for bytes in [hole + first + rest, first + hole + rest, first + rest + hole] {
      let (source, summary) = try read(bytes)
      #expect(source.events.count == 201)
      #expect(source.events.allSatisfy { $0.message.first != 0 && $0.time != 0 })
      #expect(source.account.linesBy.refused == 0 && damage(summary) == [])
      #expect(source.account.bytes == UInt64(bytes.count))
      #expect(source.account.bytes == source.account.bytesBy.total)
      // An event's bytes are where it says, its hole among them.
      let last = try #require(source.events.last { $0.line == 201 || $0.line == 202 })
      let text = bytes[Int(last.offset)..<Int(last.offset) + Int(last.length)].filter { $0 != 0 }
      #expect(String(decoding: text, as: UTF8.self) == Make.line(199) + "\n")
    }
  }

  @Test(arguments: [160, 512, 4096, 300 << 10]) func aHoleInsideALineEndsIt(size: Int) throws {
    let hole = [UInt8](repeating: 0, count: size)
    let before = Array(Make.lines(40).utf8)
    let torn = Array(Make.line(40).utf8.prefix(24))
    let behind = Array(((41..<60).map { Make.line($0) }).joined(separator: "\n").utf8)
    let bytes = before + torn + hole + behind
    let (source, summary) = try read(bytes)
    // The torn one is a record of its own, whatever it is taken for; the one behind it is whole.
    let texts = source.events.map(\.text)
    #expect(
      texts.contains { $0.hasPrefix("upload 41 took") } && texts.contains { $0.hasPrefix("upload 59 took") })
    #expect(texts.allSatisfy { !$0.contains("\0") })
    let whole = try #require(source.events.first { $0.text.hasPrefix("upload 41 took") })
    #expect(whole.offset == UInt64(before.count + torn.count + size) && whole.line == 41)
    #expect(source.events.last?.line == 59)
    #expect(
      source.account.bytes == UInt64(bytes.count) && source.account.bytes == source.account.bytesBy.total)
    #expect(damage(summary) == [])
  }

  @Test func nothingButNULsIsNoText() throws {
    let (source, _) = try read([UInt8](repeating: 0, count: 5000))
    #expect(source.events.isEmpty && source.account.format == "binary")
  }

  /// Bytes that text does not use, in every line: up to a third of them.
  @Test(arguments: [2, 3, 8, 12]) func linesWithNULsInsideAreLines(count: Int) throws {
    let nuls = String(repeating: "\0", count: count)
    let text = (0..<200).map { Make.line($0).replacing(": ", with: ": \(nuls)") + "\n" }.joined()
    let (source, _) = try read(Array(text.utf8))
    #expect(source.events.count == 200 && source.account.format == "syslog-iso")
    #expect(source.events[7].text.hasPrefix(nuls + "upload 7 took"))
  }

  /// Logs that were written one behind the other, each with its byte-order mark.
  @Test func aByteOrderMarkInsideBelongsToItsLineAndIsNoText() throws {
    let mark = "\u{FEFF}"
    let text = [0, 1].map { mark + "2026-11-12 10:03:0\($0) INFO a\n2026-11-12 10:04:0\($0) INFO b\n" }
      .joined()
    let (stamped, _) = try read(Array(text.utf8))
    #expect(stamped.events.map(\.text) == ["a", "b", "a", "b"])
    #expect(stamped.events.map(\.line) == [1, 2, 3, 4])
    #expect(stamped.account.bytesBy.events == UInt64(text.utf8.count))
    let json = [1, 2].map {
      mark + #"{"time":"2026-11-12T10:03:0\#($0)Z","device":"a","msg":"m\#($0)"}"# + "\n"
    }
    #expect(try read(Array(json.joined().utf8)).source.events.map(\.text) == ["m1", "m2"])
    let pretty = [1, 2].map {
      mark + "{\n \"time\": \"2026-11-12T10:03:0\($0)Z\",\n \"device\": \"a\",\n \"msg\": \"m\($0)\"\n}\n"
    }
    let (document, _) = try read(Array(pretty.joined().utf8))
    #expect(document.events.map(\.text) == ["m1", "m2"] && document.account.linesBy.refused == 0)
    let table = [1, 2].map { mark + "time,device,v\n2026-11-12T10:03:0\($0)Z,a\($0),\($0)\n" }.joined()
    let (csv, _) = try read(Array(table.utf8))
    #expect(csv.events.map(\.device) == ["a1", "a2"] && csv.account.linesBy.structure == 2)
  }

  @Test func theSeverityOfARowMayStandBehindACellOfSeveralLines() throws {
    let text =
      "device,time,message,level\nm-1,2026-11-12T10:03:05Z,\"line1\nline2, with comma\n\n\"\"quoted\"\"\",error\n"
      + "m-2,2026-11-12T10:03:06Z,\"a\nb\",info\nm-3,2026-11-12T10:03:07Z,ok,warning\n"
    let (source, _) = try read(Array(text.utf8))
    #expect(source.events.map(\.severity) == [3, 6, 4])
    #expect(source.events.map(\.text) == ["line1\nline2, with comma\n\"quoted\"", "a\nb", "ok"])
    #expect(source.account.linesBy.refused == 0)
  }

  private func utf16(_ text: String, isBigEndian: Bool) -> [UInt8] {
    text.utf16.flatMap { unit in
      isBigEndian ? [UInt8(unit >> 8), UInt8(unit & 255)] : [UInt8(unit & 255), UInt8(unit >> 8)]
    }
  }

  @Test(arguments: [false, true]) func textInUTF16IsReadByItsByteOrderMark(isBigEndian: Bool) throws {
    let lines = (0..<9000).map { Make.line($0) + " Tür offen 𝄞 \($0)" }
    let bytes = utf16("\u{FEFF}" + lines.joined(separator: "\r\n") + "\r\n", isBigEndian: isBigEndian)
    let (source, summary) = try read(bytes)
    #expect(source.events.count == 9000 && damage(summary) == [])
    #expect(source.events[8999].text.hasSuffix("Tür offen 𝄞 8999"))
    #expect(source.account.compression == [isBigEndian ? "utf-16be" : "utf-16le"])
    #expect(source.account.storedBytes == UInt64(bytes.count))
    #expect(
      source.account.bytes == UInt64(("\u{FEFF}" + lines.joined(separator: "\r\n") + "\r\n").utf8.count))
  }

  @Test(arguments: [false, true]) func textInUTF16WithoutAMarkIsReadAsWell(isBigEndian: Bool) throws {
    for text in ["valve 3 closed", "клапан закрыт", "阀门关闭"] {
      let lines = (0..<20).map { Make.line($0) + " " + text }
      let (source, summary) = try read(
        utf16(lines.joined(separator: "\r\n") + "\r\n", isBigEndian: isBigEndian))
      #expect(source.events.count == 20 && damage(summary) == [])
      #expect(source.events.last?.text.hasSuffix(text) == true)
      #expect(source.account.compression == [isBigEndian ? "utf-16be" : "utf-16le"])
    }
  }

  @Test func numbersOfTwoBytesAreNoText() throws {
    // Samples of a sensor: small numbers, among them those of letters.
    let samples = (0..<400).flatMap { [UInt8(truncatingIfNeeded: 30 + $0 % 90), UInt8(0)] }
    #expect(UnmarkedUTF16.kind(samples.withUnsafeBytes { $0 }) == nil)
    #expect(
      Array("2026-11-20 08:00:00 pump stuck\0\0\0\n".utf8).withUnsafeBytes { UnmarkedUTF16.kind($0) } == nil)
    let (source, _) = try read(samples)
    #expect(source.events.isEmpty)
  }

  @Test func halfACharacterAndHalfAPairAreKeptAndSaid() throws {
    var bytes = utf16("\u{FEFF}" + Make.line(0) + " a", isBigEndian: false)
    bytes += [0x00, 0xD8] + utf16("b\n" + Make.line(1) + "\n", isBigEndian: false) + [0x41]
    let (source, summary) = try read(bytes)
    #expect(source.events.count == 2)
    #expect(source.events[0].message.suffix(5) == [0x61, 0xED, 0xA0, 0x80, 0x62])
    let found = try #require(summary.sources.first?.damage.first)
    #expect(found.kind == "utf16-odd" && found.offset == UInt64(bytes.count - 1) && found.length == 1)
  }

  @Test func aFileThatGrowsIsReadToTheEndThatWasMet() throws {
    let folder = Folder()
    let path = folder.write("gw-7.log", Array(Make.lines(10).utf8))
    let file = try FileStream(path: path)
    let digest = DigestStream(file)
    let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 16)
    defer { room.deallocate() }
    var seen = 0
    while true {
      let stretch = try digest.read(into: room)
      if stretch.isLast { break }
      seen += stretch.count
    }
    let handle = try #require(FileHandle(forWritingAtPath: path))
    try handle.seekToEnd()
    try handle.write(contentsOf: Data((Make.line(10) + "\n").utf8))
    try digest.drain(room)
    #expect(digest.count == UInt64(seen))
  }

  @Test func whatIsWrittenMeanwhileIsSaid() throws {
    let folder = Folder()
    let path = folder.write("gw-7.log", Array(Make.lines(10).utf8))
    var options = IntakeOptions()
    options.isolation = .thread
    options.mayBeKnown = false
    let caller = pthread_self()
    // Asked by the thread that reads, before it begins and after each read: the last time its end has been met already.
    let summary = try Intake.run(
      [path], options: options, into: MemorySink(),
      shouldStop: {
        if pthread_self() != caller, let handle = FileHandle(forWritingAtPath: path) {
          _ = try? handle.seekToEnd()
          try? handle.write(contentsOf: Data((Make.line(10) + "\n").utf8))
        }
        return false
      })
    let account = try #require(summary.sources.first)
    let whole = try #require(FileManager.default.contents(atPath: path))
    #expect(account.events >= 10 && account.storedBytes == account.bytes)
    #expect(account.storedBytes < UInt64(whole.count))
    #expect(summary.notes.contains { $0.contains("gw-7.log' has grown since its end was read") })
  }
}
