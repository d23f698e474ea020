/// Severity by words that are not all ASCII: Chinese, Japanese, Korean, Russian, and accented ones of other languages.
enum ForeignSeverity {
  /// Longer words are none: `предупреждение` has 28 bytes.
  private static let longest = 32

  /// 0 to 7 for a word as a whole; 255 for others.
  @inline(never)
  static func word(_ bytes: UnsafeRawBufferPointer) -> UInt8 {
    guard bytes.count >= 2, bytes.count <= longest else { return 255 }
    return known[hash(bytes)] ?? 255
  }

  /// The word at the beginning of a text, in brackets (`[错误]`, `【警告】`, `(Ошибка)`) or before a colon or bar: its severity and the offset
  /// behind it. `start` is the offset of the word or of the bracket 【 before it, `isBracketed` whether an ASCII bracket stands there.
  @inline(never)
  static func level(
    _ bytes: UnsafeRawBufferPointer, at start: Int, isBracketed: Bool
  ) -> (severity: UInt8, end: Int)? {
    let isLenticular = !isBracketed && Bytes.matches("【", bytes, at: start)
    let word = isLenticular ? start &+ 3 : start
    let limit = min(bytes.count, word &+ longest &+ 1)
    var end = word
    while end < limit, bytes[end] >= 0x80 || Bytes.isLetter(bytes[end]) {
      if isLenticular ? Bytes.matches("】", bytes, at: end) : Bytes.matches("：", bytes, at: end) { break }
      end &+= 1
    }
    guard end > word, end < bytes.count else { return nil }
    let severity = Self.word(Bytes.part(bytes, word, end))
    guard severity < 8 else { return nil }
    if isLenticular { return Bytes.matches("】", bytes, at: end) ? (severity, end &+ 3) : nil }
    if isBracketed {
      while end < bytes.count, bytes[end] == 0x20 { end &+= 1 }
      guard end < bytes.count, bytes[end] == 0x5D || bytes[end] == 0x3E || bytes[end] == 0x29 else {
        return nil
      }
      return (severity, end &+ 1)
    }
    if bytes[end] == 0x3A || bytes[end] == 0x7C { return (severity, end &+ 1) }
    return Bytes.matches("：", bytes, at: end) ? (severity, end &+ 3) : nil
  }

  /// FNV-1a: words are looked up without making strings of them.
  private static func hash(_ bytes: some Sequence<UInt8>) -> UInt64 {
    bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
  }

  private static let known: [UInt64: UInt8] = {
    var table: [UInt64: UInt8] = [:]
    for (severity, words) in words {
      for word in words.split(separator: " ") {
        // As written in the middle of a text, at its beginning, and in capitals.
        for form in [String(word), word.prefix(1).uppercased() + word.dropFirst(), word.uppercased()] {
          table[hash(form.utf8)] = severity
        }
      }
    }
    return table
  }()

  private static let words: [(UInt8, String)] = [
    (0, "紧急 緊急 긴급 emergência аварийный авария"),
    (1, "тревога 警报 警報 경보"),
    (
      2,
      """
      严重 嚴重 致命 危急 致命的 重大 심각 치명적 위험 критический критическая критическое критично критичный фатальная фатальный \
      фатально crítico crítica
      """
    ),
    (
      3,
      """
      错误 錯誤 異常 异常 故障 失败 失敗 エラー 障害 오류 에러 실패 장애 ошибка сбой отказ ошибки błąd błędy störung échec défaut avería
      """
    ),
    (4, "警告 告警 预警 注意 경고 주의 предупреждение внимание ostrzeżenie atenção atención précaution"),
    (5, "通知 提示 알림 통지 уведомление замечание"),
    (6, "信息 资讯 資訊 一般 正常 情報 정보 информация инфо сведения información informação"),
    (7, "调试 偵錯 除錯 跟踪 デバッグ トレース 디버그 추적 отладка трассировка débogage depuración depuração"),
  ]
}
