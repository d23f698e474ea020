import CByteClasses
import IncidentModel
import Testing

@testable import LogFormats

/// What C marks in a text, against a look at each byte.
@Suite struct ByteClassesTests {
  private let alphabet = Array(" ::..[]0123456789abcdefgXYZ!\"\\<=>@{|}~-_/%#\n".utf8)

  private func text(_ count: Int, _ random: inout Seeded) -> [UInt8] {
    let isOdd = Int.random(in: 0..<4, using: &random) == 0
    return (0..<count).map { _ in
      isOdd && Int.random(in: 0..<count, using: &random) == 0
        ? UInt8.random(in: 0...255, using: &random) : alphabet.randomElement(using: &random)!
    }
  }

  /// Texts have allocations of their own size, so that reads beyond them are seen by sanitizers.
  @Test func moreBytesAtATimeTellTheSame() {
    guard fb_byte_classes_available() != 0 else { return }
    var random = Seeded(3)
    var told = Set<Int32>()
    for round in 0..<20_000 {
      var bytes = text(Int.random(in: 1...(round % 50 == 0 ? 4096 : 200), using: &random), &random)
      if round % 3 > 0 { bytes = bytes.map { $0 == 0x0A || $0 == 0x5C && round % 3 == 1 ? 0x20 : $0 } }
      func classes(_ find: (UnsafePointer<UInt8>, UInt32, UnsafeMutablePointer<fb_byte_block>) -> Int32) -> (
        Int32, [[UInt64]]
      ) {
        var blocks = [fb_byte_block](repeating: fb_byte_block(ends: 7, marks: 7, joints: 7), count: 66)
        let result = bytes.withUnsafeBufferPointer { find($0.baseAddress!, UInt32($0.count), &blocks) }
        return (result, blocks.prefix((bytes.count + 63) / 64 + 1).map { [$0.ends, $0.marks, $0.joints] })
      }
      let (wide, wideBlocks) = classes(fb_byte_classes)
      let (narrow, narrowBlocks) = classes(fb_byte_classes_narrow)
      told.insert(wide)
      #expect(wide == narrow && (wide == 0 || wideBlocks == narrowBlocks))
      #expect(wide == 0 || (Int(wide) & FB_BACKSLASH != 0) == bytes.contains(0x5C))
      #expect(wide == 0 || (Int(wide) & FB_JOINTS != 0) == wideBlocks.contains { $0[2] != 0 })
    }
    #expect(told == [0, 1, 3, 5, 7])
  }

  @Test func marksDividersOfHeaders() {
    var random = Seeded(4)
    for _ in 0..<5000 {
      let bytes = text(Int.random(in: 1...90, using: &random), &random)
      var marks = fb_header()
      guard bytes.withUnsafeBufferPointer({ fb_header_marks($0.baseAddress!, UInt64($0.count), &marks) }) != 0
      else { return }
      func bits(_ isMarked: (UInt8) -> Bool) -> UInt64 {
        bytes.prefix(64).enumerated().reduce(0) { $0 | (isMarked($1.element) ? 1 << UInt64($1.offset) : 0) }
      }
      #expect(marks.blanks == bits { $0 == 0x20 })
      #expect(marks.colons == bits { $0 == 0x3A })
      #expect(marks.opens == bits { $0 == 0x5B })
      #expect(marks.closes == bits { $0 == 0x5D })
      #expect(marks.stops == bits { $0 == 0x2E })
      #expect(marks.controls == bits { $0 < 0x20 })
    }
  }

  /// Headers that are read by their marks say what they say read byte by byte.
  @Test func usualHeadersAreReadAlike() {
    var random = Seeded(5)
    let pieces = [
      "gw-1", "srv", "last", "s", "M", "Message", "10.0.0.7", "a.b.example", "-", "(x)", "daemon.err", "sshd",
      "kernel", "7z",
      "syslogd", "[12]", "[]", "[a]", "[1234567]", "[0123]", "[12", ":", ":", ": ", " ", " ", "  ", "\t",
      "%A-3-B",
      "[  12.5] ",
      "[ 1.123456] x", "text", "é", "::1", "eth0:3", "message repeated", "forwarded from", "x", "]", "[",
      String(repeating: "h", count: 50),
    ]
    var quick = 0
    for round in 0..<40_000 {
      let count = Int.random(in: 1...9, using: &random)
      var line = (0..<count).map { _ in pieces.randomElement(using: &random)! }.joined()
      if round % 2 == 0 {
        let pid = ["", "[12]", "[9]", "[x]"].randomElement(using: &random)!
        line = "host\(round % 7) prog\(pid): " + line
      }
      let priority = Int.random(in: -1...191, using: &random)
      func told(_ read: (UnsafeRawBufferPointer, inout Reading) -> Void) -> [String] {
        var reading = Reading()
        return Array(line.utf8).withUnsafeBytes { bytes in
          reading.reset()
          read(bytes, &reading)
          return [
            reading.text(reading.device, of: bytes), reading.text(reading.program, of: bytes),
            reading.text(reading.message, of: bytes), reading.fieldsText(of: bytes),
            "\(reading.severity) \(reading.basis) \(reading.flags.rawValue) \(reading.uptime) \(reading.message.start)",
          ]
        }
      }
      var isQuick = false
      let one = told { isQuick = SyslogText.readUsualBody($0, from: 0, priority: priority, into: &$1) }
      guard isQuick else { continue }
      quick += 1
      let other = told {
        SyslogText.readAnyBody($0, from: 0, priority: priority, hasHost: true, facility: -1, into: &$1)
      }
      #expect(one == other, "\(line.debugDescription)")
    }
    #expect(quick > 5000 || fb_byte_classes_available() == 0)
  }

  @Test func pairsAndConstantWordsAreFoundWhereverTheyLie() {
    var random = Seeded(5)
    for round in 0..<4000 {
      let count = Int.random(in: 0...300, using: &random)
      // Few values, so that there are pairs and runs.
      var text = (0..<count).map { _ in UInt8.random(in: 0...(round % 2 == 0 ? 3 : 255), using: &random) }
      if count > 8, round % 4 == 1 {
        let at = Int.random(in: 0...count - 8, using: &random)
        for index in at..<at + 8 { text[index] = 7 }
      }
      let pair = text.indices.dropLast().first { text[$0] == 1 && text[$0 + 1] == 2 }
      #expect(fb_find_pair(text, UInt64(count), 1, 2) == UInt64(pair ?? count))
      let isConstant = stride(from: 0, through: count - 8, by: 8).contains { start in
        text[start..<start + 8].allSatisfy { $0 == text[start] }
      }
      let mayBe = fb_may_have_constant_word(text, UInt64(count)) != 0
      // Where the processor cannot tell, it may be anywhere.
      #expect(mayBe || !isConstant)
      if fb_cut_available() != 0 { #expect(mayBe == isConstant) }
    }
  }
}
