/// Words of a text that may be names of devices.
enum NamesInText {
  typealias Text = UnsafeBufferPointer<UInt8>

  /// False for most variables: one word without anything that divides names.
  @inline(__always) static func mayHold(_ variable: Text) -> Bool {
    variable.last == UInt8(ascii: ".") || variable.contains(where: mayStandBesideName)
  }

  /// Calls `isName` with each word of two bytes or more, and where that is none, with the word's parts between `/ : @ = #`.
  static func forEachWord(in text: Text, _ isName: (Text) -> Bool) {
    var at = 0
    while at < text.count {
      while at < text.count, endsWord(text[at]) { at += 1 }
      var end = at
      while end < text.count, !endsWord(text[end]) { end += 1 }
      var stop = end
      // A full stop ends a sentence, not a name.
      while stop > at, text[stop - 1] == UInt8(ascii: ".") || text[stop - 1] == UInt8(ascii: ":") {
        stop -= 1
      }
      if stop - at >= 2 {
        let word = Text(rebasing: text[at..<stop])
        if !isName(word), word.contains(where: dividesNames) { forEachPart(of: word, isName) }
      }
      at = end
    }
  }

  private static func forEachPart(of word: Text, _ isName: (Text) -> Bool) {
    var from = 0
    for i in 0...word.count where i == word.count || dividesNames(word[i]) {
      if i - from >= 2 { _ = isName(Text(rebasing: word[from..<i])) }
      from = i + 1
    }
  }

  private static func dividesNames(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: "/") || byte == UInt8(ascii: ":") || byte == UInt8(ascii: "@")
      || byte == UInt8(ascii: "=") || byte == UInt8(ascii: "#")
  }

  /// `(10.1.2.3)`, `[10.1.2.3]:80`, too.
  private static func mayStandBesideName(_ byte: UInt8) -> Bool {
    dividesNames(byte) || byte == UInt8(ascii: ")") || byte == UInt8(ascii: "]") || byte == UInt8(ascii: ",")
  }

  private static func endsWord(_ byte: UInt8) -> Bool {
    switch byte {
    case 0...0x20, UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "("), UInt8(ascii: ")"),
      UInt8(ascii: "["),
      UInt8(ascii: "]"), UInt8(ascii: "{"), UInt8(ascii: "}"), UInt8(ascii: ","), UInt8(ascii: ";"),
      UInt8(ascii: "<"),
      UInt8(ascii: ">"):
      true
    default: false
    }
  }
}
