/// The words of severity beyond those of loggers, which `SeverityText.word` knows by their letters: those of other languages, of alarms, and of
/// priorities. One list for columns, members, cells of rows, and what stands behind a stamp.
enum SeverityWords {
  /// What a word is besides a severity.
  enum Kind: UInt8 {
    /// Nothing else.
    case level
    /// It names what happens as well (`ALARM`, `FAULT`, `panne`): in a text it may be cleared, reset or armed.
    case event
    /// Amounts and states are called so as well (`high`, `normal`): a severity where nothing but severities stand.
    case priority
  }

  /// Longer words are none: `предупреждение` has 28 bytes.
  private static let longest = 32

  /// 0 to 7 and the kind of a word as a whole; nil for others.
  @inline(never)
  static func find(_ bytes: UnsafeRawBufferPointer) -> (severity: UInt8, kind: Kind)? {
    guard bytes.count >= 2, bytes.count <= longest, let packed = known[hash(bytes)] else { return nil }
    return (packed & 7, Kind(rawValue: packed >> 3) ?? .level)
  }

  /// 0 to 7 for a word as a whole that is no priority; 255 for others.
  static func word(_ bytes: UnsafeRawBufferPointer) -> UInt8 {
    guard let found = find(bytes), found.kind != .priority else { return 255 }
    return found.severity
  }

  /// True for a word that is a severity and nothing else, whoever writes it.
  static func isLevel(_ bytes: UnsafeRawBufferPointer) -> Bool {
    SeverityText.word(bytes) < 8 || find(bytes).map { $0.kind == .level } ?? false
  }

  /// The word at the beginning of a text, in brackets (`[错误]`, `【警告】`, `(Ошибка)`) or before a colon or bar: its severity and the offset
  /// behind it. `start` is the offset of the word or of the bracket 【 before it, `isBracketed` whether an ASCII bracket stands there.
  /// Beside levels it may stand before a blank, in capitals where its script has them.
  @inline(never)
  static func level(
    _ bytes: UnsafeRawBufferPointer, at start: Int, isBracketed: Bool, besideLevels: Bool
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
    if Bytes.matches("：", bytes, at: end) { return (severity, end &+ 3) }
    guard besideLevels, bytes[end] == 0x20 || bytes[end] == 0x09 else { return nil }
    let text = String(decoding: Bytes.part(bytes, word, end), as: UTF8.self)
    return text == text.uppercased() ? (severity, end) : nil
  }

  /// FNV-1a: words are looked up without making strings of them.
  private static func hash(_ bytes: some Sequence<UInt8>) -> UInt64 {
    bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
  }

  /// Severity and kind by the hash of a word.
  private static let known: [UInt64: UInt8] = {
    var table: [UInt64: UInt8] = [:]
    for (kind, list) in [(Kind.priority, priorities), (.event, happenings), (.level, levels)] {
      for (severity, words) in list {
        for entry in words.split(separator: " ") {
          let word = String(entry).replacing("_", with: " ")
          // As written in the middle of a text, at its beginning, and in capitals.
          let forms = [word, word.prefix(1).uppercased() + String(word.dropFirst()), word.uppercased()]
          for form in forms {
            table[hash(form.utf8)] = severity | kind.rawValue << 3
          }
        }
      }
    }
    return table
  }()

  private static let levels: [(UInt8, String)] = [
    (0, "紧急 緊急 긴급 emergência urgence аварийный авария"),
    (1, "тревога 警报 警報 경보 urgent urgente dringend pilne срочный срочно"),
    (
      2,
      """
      严重 嚴重 致命 危急 致命的 重大 심각 치명적 위험 危険 危险 критический критическая критическое критично критичный фатальная фатальный \
      фатально crítico crítica critica disaster grave gravi peligro pericolo perigo gefahr gevaar krytyczna kritisk \
      kritiskt kritik kritický опасность
      """
    ),
    (
      3,
      """
      错误 錯誤 異常 异常 故障 失败 失敗 エラー 障害 오류 에러 실패 장애 ошибка сбой отказ ошибки błąd blad błędy major majeur majeure \
      mayor maggiore maior schwer serious anomalie anomalia anomalía неисправность
      """
    ),
    (
      4,
      """
      警告 告警 预警 予警 注意 경고 주의 предупреждение внимание ostrzeżenie ostrzezenie uwaga atenção atencao atención atencion attention \
      achtung précaution precaution caution prealarm pre-alarm voralarm vorwarnung warnmeldung préalarme prealarma preallarme minor \
      varning advarsel uyarı varování figyelmeztetés mineur mineure menor minore
      """
    ),
    (
      5,
      "通知 提示 お知らせ 알림 통지 уведомление замечание advisory meldung melding komunikat nota remarque leve lieve leicht"
    ),
    (
      6,
      """
      信息 资讯 資訊 一般 情報 정보 информация инфо сведения bilgi información informacion informação informacao informationen \
      betriebsmeldung
      """
    ),
    (
      7,
      "调试 偵錯 除錯 跟踪 デバッグ トレース 디버그 추적 отладка трассировка débogage depuración depuracion depuração diagnose diagnostic"
    ),
  ]

  private static let happenings: [(UInt8, String)] = [
    (
      3,
      """
      alarm alarme alarma allarme fault störung stoerung störfall ausfall échec panne défaut defaut avería averia falla guasto avaria \
      defeito storing defect awaria usterka alarmmeldung störmeldung fehlermeldung \
      larm fel fejl feil hata arıza chyba porucha hiba 报警 報警 アラーム 알람 고장
      """
    )
  ]

  /// Priorities of alarms (X.733, IEC 60601-1-8, ISA-18.2).
  private static let priorities: [(UInt8, String)] = [
    (2, "very_high sehr_hoch muy_alta molto_alta très_élevée"),
    (3, "high hoch haute élevé élevée alto alta hoog wysoki wysoka 高 높음 высокий высокая высокое"),
    (
      4,
      """
      medium moderate average med mittel moyen moyenne medio media médio média gemiddeld średni średnia sredni srednia 中 보통 средний \
      средняя среднее
      """
    ),
    (
      5,
      "low niedrig gering faible bas basse bajo baja basso bassa baixo baixa laag niski niska 低 낮음 низкий низкая низкое"
    ),
    (6, "cleared clear normal ok okay 正常 정상 норма normale"),
  ]
}
