import IncidentModel
import LogFormats
import Testing

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
}
