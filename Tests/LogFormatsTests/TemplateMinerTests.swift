import IncidentModel
import Testing

@testable import LogFormats

@Suite struct TemplateMinerTests {
  @Test func takesTokensWithDigitsAsVariables() {
    let mined = mine("Failed password for invalid user admin from 10.20.3.4 port 51413 ssh2", program: "sshd")
    #expect(mined.template == "Failed password for invalid user admin from <*> port <*> <*>")
    #expect(mined.variables == ["10.20.3.4", "51413", "ssh2"])
    #expect(mined.id == ContentHash.of("sshd\0" + mined.template))
  }

  @Test(arguments: [
    ("", ""), ("plain words", "plain words"), ("a=1,b=2", "a=<*>,b=<*>"),
    ("MAC=a4:cf:12:00:11:22 up", "MAC=<*> up"), ("from aa:bb:cc:dd:ee:ff", "from <*>"),
    ("via fe80::1%wlan0.", "via <*>."), ("at ::1 now", "at <*> now"),
    ("10.0.0.7:1883: refused", "<*>: refused"),
    ("error: code:5", "error: code:<*>"), ("std::abort called", "std::abort called"),
    ("key deadbeefcafe set", "key <*> set"), ("a facade faded", "a facade faded"),
    ("/usr/lib/x86_64/fw.bin", "<*>"), ("/usr/sbin/logrotate ok", "/usr/sbin/logrotate ok"),
    ("at 09:08:09.123 done.", "at <*> done."), ("id 123e4567-e89b-12d3-a456-426614174000", "id <*>"),
    ("<*>", "<*>"), ("x<*>y", "x<*>y"), ("12<*>", "<*><*>"), ("<<*>>", "<<*>>"), ("temp 21°C", "temp <*>"),
    ("größe über", "größe über"),
  ])
  func splits(_ message: String, _ template: String) {
    #expect(mine(message).template == template)
  }

  @Test func placeholdersInTheMessageAreVariables() {
    #expect(mine("a <*> b 7").variables == ["<*>", "7"])
  }

  @Test func invalidUTF8AndControlCharactersAreVariables() {
    let mined = mine([0x61, 0x20, 0xFF, 0xFE, 0x20, 0x62, 0x00, 0x20, 0x63], program: "")
    #expect(String(decoding: mined.template, as: UTF8.self) == "a <*> <*> c")
    #expect(mined.variables == [[0xFF, 0xFE], [0x62, 0x00]])
  }

  @Test func programsAreKeptApart() {
    #expect(mine("up", program: "a").id != mine("up", program: "b").id)
  }

  /// Replaces each `<*>` from the left by the variables.
  private func fill(_ template: [UInt8], _ variables: [[UInt8]]) -> [UInt8] {
    var result: [UInt8] = []
    var next = 0
    var i = 0
    while i < template.count {
      if i + 2 < template.count, template[i] == 0x3C, template[i + 1] == 0x2A, template[i + 2] == 0x3E {
        result += next < variables.count ? variables[next] : []
        next += 1
        i += 3
      } else {
        result.append(template[i])
        i += 1
      }
    }
    return next == variables.count ? result : []
  }

  @Test func templateAndVariablesGiveTheMessageBack() {
    var random = Seeded(7)
    let pieces: [[UInt8]] =
      [
        "<*>", "<", "*", ">", " ", ":", "::", "12", "ab", "deadbeef", "word", ".", "=", "a4:cf:12",
        "10.0.0.1", "\t",
        "°", "/x/9", "\"", "\\", "é",
      ].map { Array($0.utf8) } + [[0], [0xFF], [0xC3], [0x0A]]
    for round in 0..<20_000 {
      var message: [UInt8] = []
      let length = round % 500 == 0 ? 3000 : Int.random(in: 0...24, using: &random)
      for _ in 0..<length { message += pieces[Int.random(in: 0..<pieces.count, using: &random)] }
      let mined = mine(message, program: "p")
      if mined.variables.isEmpty, mined.template == message { continue }
      let rebuilt = fill(mined.template, mined.variables)
      #expect(rebuilt == message)
      if rebuilt != message { return }
      #expect(mined.variables.allSatisfy { !$0.isEmpty })
    }
  }

  /// Messages are cut by blocks of 64 bytes where the processor can; the outcome is that of a look at every byte.
  @Test func blocksAndBytesCutAlike() {
    var random = Seeded(11)
    var ways = Ways()
    let pieces = [
      " ", " ", "word", "12", "7", "ab", "face", "deadbeef", "effaced", ".", ":", "::", "=", "=1", ",", "(",
      ")", "<",
      ">", "/x/9", "a4:cf:12", "fe80::1", "10.0.0.1:80", "09:08:09", "x:y", "-", "_", "\"", "\\", "@", "|",
      "`", "~",
      "[", "]", "{", "}", "'", "Zz", "9.", "id=5d077535-f55e", "0x1f", "a:1", "abcde:1", "::2", "1::",
    ].map { Array($0.utf8) }
    let rare: [[UInt8]] = ["<*>", "*", "\t", "é"].map { Array($0.utf8) } + [[0], [0x7F], [0xFF]]
    for round in 0..<30_000 {
      var message: [UInt8] = []
      let length = round % 1000 == 0 ? 2500 : Int.random(in: 0...40, using: &random)
      for _ in 0..<length {
        let isRare = round % 7 == 0 && Int.random(in: 0..<20, using: &random) == 0
        let all = isRare ? rare : pieces
        message += all[Int.random(in: 0..<all.count, using: &random)]
      }
      guard agree(message, &ways) else { return }
    }
  }

  /// Colons between groups of all lengths, addresses and words.
  @Test func blocksAndBytesJoinAlike() {
    var random = Seeded(12)
    var ways = Ways()
    let alphabet = Array("::::..aab019fG -".utf8)
    let pieces = ["a4:cf:12:00:11:22", "10.20.3.4:1883", "09:08:09.5", "aa:bb:cc", "ab:cd", "a:b:c.d:e"].map {
      Array($0.utf8)
    }
    for round in 0..<60_000 {
      var message: [UInt8] = []
      let length = round % 100 == 0 ? 420 : round % 10 == 0 ? 130 : 24
      while message.count < length {
        if round % 3 == 0, Int.random(in: 0..<4, using: &random) == 0 {
          message += pieces.randomElement(using: &random)!
        } else {
          message.append(alphabet.randomElement(using: &random)!)
        }
      }
      // Two colons in a row leave all to the bytes: few of them.
      if round % 2 == 0 {
        for place in message.indices.dropLast() where message[place] == 0x3A && message[place + 1] == 0x3A {
          message[place] = 0x20
        }
      }
      guard agree(message, &ways) else { return }
    }
  }

  /// Any two bytes beside each other, and beside a letter, a digit and a colon.
  @Test func blocksAndBytesCutEveryPairAlike() {
    var ways = Ways()
    for first in UInt8.min...UInt8.max {
      for second in UInt8.min...UInt8.max {
        let message = [
          0x71, first, second, 0x37, 0x20, 0x61, 0x3A, second, first, 0x31, 0x20, 0x32, first, second,
        ]
        guard agree(message, &ways) else { return }
      }
    }
  }

  /// Words and numbers of all lengths about the borders of blocks, with full stops behind many of them, of programs of all lengths.
  @Test func wholeMessagesAreCutAlike() {
    var random = Seeded(13)
    var ways = Ways()
    var programs: [[UInt8]] = []
    for round in 0..<60_000 {
      if round % 500 == 0 {
        let count = Int.random(in: 0...80, using: &random)
        programs.append((0..<count).map { _ in UInt8.random(in: 0x21...0x7E, using: &random) })
      }
      let length = Int.random(in: 0...[20, 70, 140, 270, 400][round % 5], using: &random)
      var message: [UInt8] = []
      while message.count < length {
        let count = Int.random(in: 1...[3, 9, 30, 70][Int.random(in: 0..<4, using: &random)], using: &random)
        switch Int.random(in: 0..<6, using: &random) {
        case 0, 1: message += (0..<count).map { _ in Array("kqxz.".utf8).randomElement(using: &random)! }
        case 2, 3:
          message += (0..<count).map { _ in Array("0123456789.k".utf8).randomElement(using: &random)! }
        case 4: message += [UInt8](repeating: 0x2E, count: min(count, 5))
        default: message += [UInt8](repeating: 0x20, count: min(count, 3))
        }
        if Bool.random(using: &random) { message.append(Array(" =,".utf8).randomElement(using: &random)!) }
      }
      if round % 3 > 0 { message = Array(message.prefix(length)) }
      guard agree(message, program: programs.randomElement(using: &random)!, &ways) else { return }
    }
  }

  /// Two shapes differ although their words or their variables lie alike.
  @Test(arguments: [true, false]) func shapesAreToldApart(cutsWhole: Bool) {
    var miner = TemplateMiner(byBlocks: true, cutsWhole: cutsWhole)
    var texts: [UInt64: String] = [:]
    for program in ["", "a", "a b", "ab"] {
      for message in [
        "a 1", "a 1 2", "a  1", "1 a", "a1", "b 1", "ab 1", "1", "1 1", "", " ", "a", "b a 1", "x 1, 2",
        "x 1 ,2",
      ] {
        var readable = Array(message.utf8) + [UInt8](repeating: 0x37, count: TokenCut.overrun)
        let count = message.utf8.count
        for _ in 0..<2 {
          readable.withUnsafeMutableBytes { bytes in
            var program = program
            program.withUTF8 {
              miner.mine(
                message: UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(bytes)[..<count]),
                program: UnsafeRawBufferPointer($0), readable: bytes.count)
            }
          }
          let template = program + "\0" + String(decoding: miner.templateText(), as: UTF8.self)
          #expect(miner.template.rawValue == ContentHash.of(template))
          #expect(texts.updateValue(template, forKey: miner.template.rawValue) ?? template == template)
        }
      }
    }
  }

  /// The ways of cutting a message: as a whole, from token to token, from byte to byte.
  private struct Ways: ~Copyable {
    var whole = TemplateMiner()
    var tokens = TemplateMiner(byBlocks: true, cutsWhole: false)
    var bytes = TemplateMiner(byBlocks: false)
  }

  /// True when all ways give the same, a known message too, and the values are the variables.
  private func agree(_ message: [UInt8], program: [UInt8] = [], _ ways: inout Ways) -> Bool {
    agree(message, program, &ways.whole, &ways.bytes) && agree(message, program, &ways.tokens, &ways.bytes)
  }

  private func agree(
    _ message: [UInt8], _ program: [UInt8], _ blocks: inout TemplateMiner, _ bytes: inout TemplateMiner
  ) -> Bool {
    var values = [UInt8](repeating: 0xEE, count: TemplateMiner.valuesLimit)
    let agree = (message + [UInt8](repeating: 0x37, count: TokenCut.overrun)).withUnsafeBytes { readable in
      program.withUnsafeBytes { program in
        let message = UnsafeRawBufferPointer(rebasing: readable[..<message.count])
        bytes.mine(message: message, program: program)
        return (0..<2).allSatisfy { round in
          if round == 0 {
            values.withUnsafeMutableBytes {
              blocks.mine(
                message: message, program: program, readable: readable.count, values: $0.baseAddress)
            }
            guard blocks.valuesCount < 0 || joined(message, blocks) == Array(values[..<blocks.valuesCount])
            else {
              return false
            }
          } else {
            blocks.mine(message: message, program: program)
          }
          return blocks.template == bytes.template && blocks.variableCount == bytes.variableCount
            && blocks.templateText().elementsEqual(bytes.templateText())
            && (0..<bytes.variableCount).allSatisfy { blocks.variable($0) == bytes.variable($0) }
        }
      }
    }
    #expect(agree, "\(String(decoding: message, as: UTF8.self).debugDescription)")
    return agree
  }

  /// Variables with tabs between.
  private func joined(_ message: UnsafeRawBufferPointer, _ miner: borrowing TemplateMiner) -> [UInt8] {
    var joined: [UInt8] = []
    for index in 0..<miner.variableCount {
      let (start, count) = miner.variable(index)
      joined += (index > 0 ? [0x09] : []) + Array(message[start..<start + count])
    }
    return joined
  }
}
