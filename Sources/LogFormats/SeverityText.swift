/// Severity by a word or number in bytes.
enum SeverityText {
  /// 0 to 7 for what the bytes say; 255 where they say nothing.
  static func severity(_ bytes: UnsafeRawBufferPointer, scale: SeverityScale) -> UInt8 {
    guard let first = bytes.first, bytes.count <= 32 else { return 255 }
    if Bytes.isDigit(first) {
      guard let number = Bytes.decimal(bytes) else { return numberedWord(bytes) }
      return severity(number, scale: scale)
    }
    var severity = word(bytes)
    if severity < 8 { return severity }
    severity = dressedWord(bytes)
    if severity < 8 { return severity }
    guard let (found, kind) = SeverityWords.find(bytes) else { return numberedWord(bytes) }
    // Priorities are severities under a name that says severity and nothing else: `level` may be `low` as well.
    return kind != .priority || scale == .unknown || scale == .alarmWords ? found : 255
  }

  /// 0 to 7 for a word with its number: `3-Error`, `2 (Critical)`, `Error (3)`. The word counts, whatever the scale.
  @inline(never)
  private static func numberedWord(_ bytes: UnsafeRawBufferPointer) -> UInt8 {
    func isLetter(_ byte: UInt8) -> Bool { Bytes.isLetter(byte) || byte >= 0x80 }
    guard let start = bytes.firstIndex(where: isLetter) else { return 255 }
    let end = bytes[start...].firstIndex { !isLetter($0) } ?? bytes.count
    func isBeside(_ byte: UInt8) -> Bool { !isLetter(byte) && byte != 0x25 && byte != 0x2E }
    guard start > 0 || end < bytes.count, bytes[..<start].allSatisfy(isBeside),
      bytes[end...].allSatisfy(isBeside),
      bytes.contains(where: Bytes.isDigit)
    else { return 255 }
    return cell(Bytes.part(bytes, start, end))
  }

  /// 0 to 7 for a cell or bracket that holds nothing but a word for a severity; 255 for others. One letter says too little.
  static func cell(_ bytes: UnsafeRawBufferPointer) -> UInt8 {
    guard bytes.count >= 3 || bytes.count == 2 && bytes[0] >= 0x80 else { return 255 }
    let severity = word(bytes)
    return severity < 8 ? severity : SeverityWords.word(bytes)
  }

  /// 0 to 7 for a word with something around it: blanks, a colon behind, `LOG_ERR`, `kern.err`, `DEBUG2`.
  @inline(never)
  private static func dressedWord(_ bytes: UnsafeRawBufferPointer) -> UInt8 {
    var start = 0
    var end = bytes.count
    while start < end, bytes[start] <= 0x20 { start += 1 }
    while end > start, bytes[end - 1] <= 0x20 || bytes[end - 1] == 0x3A { end -= 1 }
    let text = Bytes.part(bytes, start, end)
    if let (_, severity) = SyslogText.facilityAndSeverity(text) { return severity }
    if Bytes.matches("LOG_", text, at: 0) { start += 4 }
    if Bytes.matches("SEVERITY_", text, at: 0) { start += 9 }
    // `DEBUG2` of PostgreSQL; OpenTelemetry divides each of its levels so.
    if end - start > 4, (0x31...0x35).contains(bytes[end - 1]) {
      let severity = word(Bytes.part(bytes, start, end - 1))
      if severity < 8 { return severity }
    }
    // `WARN+2`, as Go's slog writes what lies between its levels.
    if end - start > 4, Bytes.isDigit(bytes[end - 1]), bytes[end - 2] == 0x2B || bytes[end - 2] == 0x2D {
      end -= 2
    }
    guard start > 0 || end < bytes.count else { return 255 }
    let inner = Bytes.part(bytes, start, end)
    let severity = word(inner)
    return severity < 8 ? severity : SeverityWords.word(inner)
  }

  /// 0 to 7 for a number on a scale; 255 where it has none.
  static func severity(_ number: Int64, scale: SeverityScale) -> UInt8 {
    switch scale {
    case .doubtful, .wordsOnly, .alarmWords: return 255
    case .openTelemetry:
      switch number {
      case 1...8: return 7
      case 9...12: return 6
      case 13...16: return 4
      case 17...20: return 3
      case 21...24: return 2
      default: return 255
      }
    case .python:
      switch number {
      case 1..<20: return 7
      case 20..<30: return 6
      case 30..<40: return 4
      case 40..<50: return 3
      case 50...: return 2
      default: return 255
      }
    case .unknown, .bunyan:
      switch number {
      case 0...7: return UInt8(number)
      case 10..<30: return 7
      case 30..<40: return 6
      case 40..<50: return 4
      case 50..<60: return 3
      case 60...69: return 2
      default: return 255
      }
    }
  }

  /// 0 to 7 for a word in any case; 255 for words that say nothing of severity.
  static func word(_ bytes: UnsafeRawBufferPointer) -> UInt8 {
    guard bytes.count >= 1, bytes.count <= 13, let low = Bytes.packedLetters(bytes) else { return 255 }
    // The first eight letters tell these words apart; the count tells whether the rest fits.
    switch (low, bytes.count) {
    case (0x69, 1), (0x696E_666F, 4), (0x696E_666F_726D_6174, 11...13), (0x69_6E66, 3): return 6
    case (0x77, 1), (0x7761_726E, 4), (0x77_6172_6E69_6E67, 7), (0x77_726E, 3): return 4
    case (0x65, 1), (0x65_7272, 3), (0x65_7272_6F72, 5), (0x7365_7665_7265, 6), (0x6661_696C_7572_65, 7),
      (0x6661_696C, 4), (0x6661_696C_6564, 6), (0x6572_726F_7273, 6):
      return 3  // err, failure…
    case (0x64, 1), (0x64_6562_7567, 5), (0x64_6267, 3), (0x74, 1), (0x74_7261_6365, 5), (0x74_7263, 3),
      (0x76, 1), (0x76_6572_626F_7365, 7), (0x6669_6E65, 4), (0x66_696E_6572, 5), (0x66_696E_6573_74, 6),
      (0x7665_7262, 4), (0x76_7262, 3):
      return 7
    case (0x6E, 1), (0x6E6F_7469_6365, 6), (0x6E_6F74_65, 4): return 5
    case (0x63, 1), (0x6372_6974, 4), (0x6372_6974_6963_616C, 8), (0x66, 1), (0x66_6174_616C, 5),
      (0x66_746C, 3), (0x6372_69, 3):
      return 2
    case (0x61, 1), (0x61_6C65_7274, 5): return 1
    // In German, French, Spanish, Italian, Portuguese and Dutch.
    case (0x6665_686C_6572, 6), (0x6572_7265_7572, 6), (0x6572_726F_7265, 6), (0x6572_726F, 4),
      (0x666F_7574, 4), (0x6661_6C6C_6F, 5), (0x6661_6C68_61, 5), (0x65_726E_7374_6967, 7):
      return 3  // fehler, erreur, errore, erro, fout, fallo, falha, ernstig
    case (0x77_6172_6E75_6E67, 7), (0x6176_6572_7469_7373, 13), (0x6164_7665_7274_656E, 11),
      (0x6176_7669_736F, 6), (0x61_7669_736F, 5), (0x7761_6172_7363_6875, 12),
      (0x616C_6572_7461, 6), (0x616C_6572_7465, 6), (0x6174_7465_6E7A_696F, 10):
      // warnung, avertissement, advertencia, avviso, aviso, waarschuwing, alerta, alerte, attenzione
      return 4
    case (0x68_696E_7765_6973, 7):
      return 5  // hinweis
    case (0x6B72_6974_6973_6368, 8), (0x6372_6974_6971_7565, 8), (0x63_7269_7469_636F, 7),
      (0x6B72_7974_7963_7A6E, 9), (0x6B72_6974_6965_6B, 7), (0x7363_6877_6572_7769, 13):
      return 2  // kritisch, critique, critico, krytyczny, kritiek, schwerwiegend
    case (0x696E_666F_726D_6174, 10), (0x696E_666F_726D_6163, 10), (0x696E_666F_726D_617A, 12):
      return 6  // informatie, informacja, informazione
    case (0x65_6D65_7267, 5), (0x656D_6572_6765_6E63, 9), (0x656D_6572_6765_6E63, 10),
      (0x656D_6572_6765_6E7A, 9), (0x6E6F_7466_616C_6C, 7), (0x70_616E_6963, 5):
      return 0
    default: return 255
    }
  }
}
