/// Names of months as syslog daemons with a localized `strftime` write them.
enum MonthNames {
  /// 1 to 12 for English names, short or long, and the abbreviations of glibc's German, French, Spanish, Italian,
  /// Portuguese and Dutch locales; nil for others. Upper and lower case do not matter in ASCII.
  static func month(_ bytes: UnsafeRawBufferPointer) -> Int? {
    guard bytes.count >= 3, bytes.count <= 12 else { return nil }
    for (month, names) in all.enumerated() {
      for name in names where name.utf8CodeUnitCount == bytes.count && equal(name, bytes) { return month + 1 }
    }
    return nil
  }

  private static func equal(_ name: StaticString, _ bytes: UnsafeRawBufferPointer) -> Bool {
    for index in 0..<bytes.count {
      let byte = bytes[index]
      let lower = byte &- 0x41 < 26 ? byte | 0x20 : byte
      if name.utf8Start[index] != lower { return false }
    }
    return true
  }

  private static let all: [[StaticString]] = [
    ["jan", "january", "janv", "ene", "gen"], ["feb", "february", "févr", "fév", "fev"],
    ["mar", "march", "mär", "mars", "mrt", "mrz"], ["apr", "april", "avril", "abr", "avr"],
    ["may", "mai", "mei", "mag", "mayo", "maio"], ["jun", "june", "juin", "giu", "juni"],
    ["jul", "july", "juil", "lug", "juli"], ["aug", "august", "août", "ago"],
    ["sep", "september", "sept", "set"], ["oct", "october", "okt", "ott", "out"], ["nov", "november"],
    ["dec", "december", "dez", "déc", "dic", "des"],
  ]
}
