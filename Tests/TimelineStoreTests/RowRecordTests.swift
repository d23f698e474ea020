import IncidentModel
import Testing

@testable import TimelineStore

/// Records of rows: the quick ways to make and to change them give what the plain ones do.
@Suite struct RowRecordTests {
  /// A row with numbers of all sizes, mostly a usual one.
  private func row(_ random: inout SeededGenerator, _ text: UnsafeRawBufferPointer) -> EventRow {
    func number(_ bits: Int) -> Int64 {
      Int64(random.next() >> UInt64(64 - Int.random(in: 1...bits, using: &random)))
    }
    func part(_ shortest: Int) -> EventRow.Text {
      let count =
        Int.random(in: shortest...text.count, using: &random) >> Int.random(in: 0...6, using: &random)
      return EventRow.Text(bytes: UnsafeRawBufferPointer(rebasing: text[..<max(shortest, count)]))
    }
    func seldom() -> Bool { Int.random(in: 0...15, using: &random) == 0 }
    var row = EventRow()
    if !seldom() { row.time = Int64(bitPattern: random.next()) }
    if !seldom() { row.device = Int32(number(18)) }
    if !seldom() { row.severity = UInt8(Int.random(in: 0...7, using: &random)) }
    if !seldom() { row.template = Int32(number(18)) }
    row.origin = Int32(number(18))
    row.line = number(seldom() ? 40 : 31)
    row.byteOffset = number(seldom() ? 40 : 31)
    row.byteLength = number(31)
    if Bool.random(using: &random) { row.header = UInt32(number(32)) }
    if !seldom() { row.variables = part(0) }
    if Bool.random(using: &random) { row.fields = part(1) }
    if seldom() { row.message = part(1) }
    if seldom() { row.stamp = part(1) }
    if seldom() { row.timeError = number(40) }
    row.variables?.isBlob = seldom()
    row.fields?.isBlob = seldom()
    return row
  }

  @Test func aUsualRowHasTheRecordThatAnyRowHas() {
    var random = SeededGenerator(state: 5)
    let text = (0..<9000).map { _ in UInt8.random(in: 0...255, using: &random) }
    var usual = 0
    text.withUnsafeBytes { text in
      for _ in 0..<4000 {
        let row = row(&random, text)
        var quick = ByteBuffer(capacity: 64)
        var plain = ByteBuffer(capacity: 64)
        EventRowCodec.encode(row, into: &quick)
        EventRowCodec.encodeAny(row, into: &plain)
        #expect(quick.bytes.elementsEqual(plain.bytes))
        if UsualRow(row) != nil { usual += 1 }
      }
    }
    #expect(usual > 1000 && usual < 3500)
  }

  @Test func ordinalsAreReplacedInEveryRow() {
    var random = SeededGenerator(state: 6)
    let text = (0..<300).map { _ in UInt8.random(in: 0...255, using: &random) }
    let largest = 1 << 18
    // Each ordinal becomes another one, and the way back is known.
    let there = (0..<Int32(largest)).map { $0 ^ 0x2_aa55 }
    text.withUnsafeBytes { text in
      for _ in 0..<2000 {
        let row = row(&random, text)
        var buffer = ByteBuffer(capacity: 64)
        EventRowCodec.encode(row, into: &buffer)
        let facts = EventRowCodec.renumber(buffer.base, there, there) { there[Int($0)] }
        let changed = EventRowCodec.decode(buffer.bytes)
        #expect(changed.device == row.device.map { there[Int($0)] })
        #expect(changed.template == row.template.map { there[Int($0)] })
        #expect(changed.origin == there[Int(row.origin)])
        #expect(facts.hasTime == (row.time != nil) && facts.time == row.time ?? 0)
        #expect(facts.device == changed.device ?? -1 && facts.template == changed.template ?? -1)
        #expect(facts.severity == row.severity.map(Int.init) ?? 8)
        // All else is as it was.
        _ = EventRowCodec.renumber(buffer.base, there, there) { there[Int($0)] }
        var again = ByteBuffer(capacity: 64)
        EventRowCodec.encode(row, into: &again)
        #expect(buffer.bytes.elementsEqual(again.bytes))
      }
    }
  }

  @Test func variablesAreCopiedWhereTheyArePlain() {
    var random = SeededGenerator(state: 7)
    for round in 0..<3000 {
      // Printable, or with one other byte; the last ones end where the arena does.
      var arena = (0..<Int.random(in: 1...120, using: &random)).map { _ in
        UInt8.random(in: 0x23...0x5b, using: &random)
      }
      if round % 2 == 0 {
        arena[Int.random(in: 0..<arena.count, using: &random)] =
          [0, 9, 0x1f, 0x22, 0x5c, 0x7f, 0x80, 0xff, 0x20].randomElement(using: &random)!
      }
      var ranges: [ByteRange] = []
      for _ in 0..<Int.random(in: 1...5, using: &random) {
        let start = Int.random(in: 0...arena.count, using: &random)
        let end = random.next() % 4 == 0 ? arena.count : Int.random(in: start...arena.count, using: &random)
        ranges.append(ByteRange(start: UInt32(start), count: UInt32(end - start)))
      }
      if round % 50 == 1 { ranges.append(ByteRange(start: UInt32(arena.count), count: 1)) }
      // An empty variable may carry any start.
      if round % 5 == 0 {
        ranges.append(ByteRange(start: UInt32.random(in: 0...UInt32.max, using: &random), count: 0))
      }
      let isInside = ranges.allSatisfy { $0.isEmpty || Int($0.start) + Int($0.count) <= arena.count }
      let parts: [ArraySlice<UInt8>] =
        isInside ? ranges.map { $0.isEmpty ? [] : arena[Int($0.start)..<Int($0.start) + Int($0.count)] } : []
      let isPlain = parts.allSatisfy { $0.allSatisfy { $0 >= 0x20 && $0 < 0x80 && $0 != 0x22 && $0 != 0x5c } }
      let expected = Array(parts.joined(separator: [9]))
      let room = ranges.reduce(ranges.count - 1) { $0 + Int($1.count) }
      for given in [room, room - 1, room + 1] where given >= 0 {
        var target = [UInt8](repeating: 0xee, count: given + TemplateTable.overrun + 1)
        let isCopied = arena.withUnsafeBytes { arena in
          ranges.withUnsafeBufferPointer { ranges in
            target.withUnsafeMutableBytes {
              TemplateTable.put(ranges, of: arena, to: $0.baseAddress!, room: given)
            }
          }
        }
        #expect(isCopied == (given == room && isInside && isPlain))
        #expect(target.last == 0xee)
        if isCopied { #expect(target.prefix(room).elementsEqual(expected)) }
      }
    }
  }

  @Test func aSignatureIsTheSameWhateverLiesBehindTheText() {
    var random = SeededGenerator(state: 8)
    for count in Array(0..<80) + [255, 256, 257, 300, 65_540] {
      let text = (0..<count + 3).map { _ in UInt8.random(in: 0...255, using: &random) }
      var expected = [UInt8](repeating: 0, count: BlockSignature.bytes)
      for at in stride(from: 0, to: max(0, count - 4), by: 2) {
        let word = text[at..<at + 5].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        let (first, second) = BlockSignature.places(stretch: word)
        for place in [first, second] { expected[place / 8] |= 1 << UInt8(place % 8) }
      }
      for (hasSlack, isWide) in [(false, false), (true, false), (true, true)]
      where !isWide || BlockSignature.canBeWide {
        var signature = BlockSignature(isWide: isWide)
        // What was there before is forgotten.
        for _ in 0..<2 {
          text.withUnsafeBytes {
            signature.insert(UnsafeRawBufferPointer(rebasing: $0[..<count]), hasSlack: hasSlack)
          }
          #expect(signature.take().elementsEqual(expected))
        }
        #expect(signature.take().allSatisfy { $0 == 0 })
      }
    }
  }

  @Test func idsAreFoundByTheirOrdinals() {
    var random = SeededGenerator(state: 9)
    var table = OrdinalTable()
    // Ids that differ in few bits, and 0, which an empty slot holds too.
    var ids: [UInt64] = [0] + (0..<3000).map { $0 % 2 == 0 ? UInt64($0) << 40 : random.next() }
    ids = Array(Set(ids))
    #expect(table[0] == -1)
    for (ordinal, id) in ids.enumerated() { table.insert(id, ordinal: Int32(ordinal)) }
    for (ordinal, id) in ids.enumerated() { #expect(table[id] == Int32(ordinal)) }
    #expect(table.count == ids.count)
    for _ in 0..<1000 {
      let id = random.next()
      if !ids.contains(id) { #expect(table[id] == -1) }
    }
  }

  @Test func varintsAreThoseOfSQLite() {
    for bits in 0..<64 {
      let power: UInt64 = 1 << UInt64(bits)
      for value in [power, power - 1, UInt64.max >> UInt64(bits)] {
        var groups: [UInt8] = []
        if value >> 56 > 0 {
          groups = [UInt8(truncatingIfNeeded: value)]
          for group in 0..<8 {
            groups.append(UInt8(truncatingIfNeeded: value >> UInt64(8 + 7 * group)) | 0x80)
          }
        } else {
          var rest = value
          repeat {
            groups.append(UInt8(rest & 0x7f) | (groups.isEmpty ? 0 : 0x80))
            rest >>= 7
          } while rest > 0
        }
        var bytes = [UInt8](repeating: 0, count: 16)
        let written = bytes.withUnsafeMutableBytes { Varint.write(value, to: $0.baseAddress!) }
        #expect(written == groups.count && Varint.size(value) == groups.count)
        #expect(bytes.prefix(written).elementsEqual(groups.reversed()))
        #expect(bytes.dropFirst(written).allSatisfy { $0 == 0 })
      }
    }
  }
}
