/// What a named field is for.
enum FieldRole: UInt8, Sendable {
  case other = 0
  case time, timeOfDay, date, device, severity, message, program, uptime
}

/// What is known of a field by its name alone.
struct FieldMeaning: Sendable {
  var role = FieldRole.other
  /// Lower wins where several fields could play the same role.
  var rank: UInt8 = 255
  /// Nanoseconds per unit for numbers, where the name says so (`_ms`); 0 where their size must tell.
  var unit: Int64 = 0
  /// Scale of severity numbers.
  var scale = SeverityScale.unknown
  /// What the value of a device's name has to be like.
  var doubt = NameDoubt.none
  /// Measurements have such names too (`t`): a number is a time only where it is long enough for an epoch.
  var isEpochOnly = false

  /// Nothing in particular.
  static let other = FieldMeaning()
}

/// How numbers of severity count.
enum SeverityScale: UInt8, Sendable {
  /// 0 to 7 as syslog; 10 and above as `bunyan`.
  case unknown
  /// As `unknown`, but measurements have such names too (`level`): see `LevelNumbers`.
  case doubtful
  /// Numbers under this name say nothing of severity, words do (`priority`, `niveau`).
  case wordsOnly
  /// bunyan and pino: 10 trace, 20 debug, 30 info, 40 warn, 50 error, 60 fatal.
  case bunyan
  /// Python: 10 debug, 20 info, 30 warning, 40 error, 50 critical.
  case python
  /// OpenTelemetry: 1 to 24, higher is worse.
  case openTelemetry
}

/// The names that log producers give to time, device, severity, message and program. Case, `_`, `-`, blanks and a leading
/// `@` do not matter: `deviceId`, `device_id` and `Device-ID` are one name. Nested names are joined by points.
enum FieldNames {
  /// The meaning of a name; `path` is the dotted path of keys.
  static func meaning(_ path: String) -> FieldMeaning {
    // MongoDB's extended JSON: `"ts":{"$date":…}`.
    for suffix in [".$date", ".$date.$numberLong"] where path.hasSuffix(suffix) {
      let whole = meaning(String(path.dropLast(suffix.utf8.count)))
      return whole.role == .time ? whole : .other
    }
    let name = normalized(path)
    if var known = exact[name] {
      // Written so, it is syslog's.
      if path == "PRIORITY" { known.scale = .unknown }
      return known
    }
    // Units at the end: `ts_ms`, `timestampNs`, `eventTimeMillis`.
    for (suffix, unit) in units where name.hasSuffix(suffix) && name.utf8.count > suffix.utf8.count {
      if var known = exact[String(name.dropLast(suffix.count))], known.role == .time || known.role == .uptime
      {
        known.unit = unit
        return known
      }
    }
    // A nested name counts by its last parts where the one above only wraps: `data.timestamp`, `_source.host.name`.
    for point in name.indices where name[point] == "." {
      guard let known = exact[String(name[name.index(after: point)...])] else { continue }
      let parent = name[..<point].split(separator: ".").last.map(String.init) ?? ""
      guard wrappers.contains(parent), known.role != .device || known.rank < 20 else { continue }
      var lower = known
      lower.rank = known.rank &+ 40
      return lower
    }
    guard let device = DeviceWords.finding(path, isWrapper: wrappers.contains) else { return .other }
    return FieldMeaning(role: .device, rank: device.rank, doubt: device.doubt)
  }

  /// True where a name of this rank is one of those under which messages stand, not one that may hold a remark (`note`, `reason`).
  static func namesMessage(rank: UInt8) -> Bool { rank < 5 || (30..<45).contains(rank) }

  /// Lower case without `_`, `-`, blanks and leading `@` or `.`.
  static func normalized(_ name: String) -> String {
    var result = ""
    for scalar in name.unicodeScalars {
      switch scalar {
      case "_", "-", " ": continue
      case "@" where result.isEmpty || result.utf8.last == 0x2E, "." where result.isEmpty: continue
      default: result += String(scalar).lowercased()
      }
    }
    return result
  }

  private static let wrappers: Set<String> = [
    "data", "payload", "record", "log", "event", "message", "header", "headers", "meta", "metadata", "fields",
    "body", "value", "report", "telemetry", "context", "attributes", "properties", "systemproperties",
    "resource",
    "info", "params", "source", "envelope", "d", "jsonpayload", "annotations", "tags", "labels", "common",
    "extra", "object", "content", "msg", "identity", "uplink",
    "head", "reading", "measurement", "sample", "frame", "packet", "notification", "alarm", "alert",
  ]

  private static let units: [(String, Int64)] = [
    ("milliseconds", 1_000_000), ("microseconds", 1000), ("nanoseconds", 1), ("millis", 1_000_000),
    ("micros", 1000), ("nanos", 1), ("nano", 1), ("seconds", 1_000_000_000), ("secs", 1_000_000_000),
    ("sec", 1_000_000_000), ("msec", 1_000_000), ("usec", 1000), ("nsec", 1), ("ms", 1_000_000), ("us", 1000),
    ("ns", 1), ("s", 1_000_000_000), ("utc", 0), ("iso", 0), ("unix", 0),
  ]

  private static let exact: [String: FieldMeaning] = {
    var table: [String: FieldMeaning] = [:]
    /// Earlier names of a list are preferred to later ones.
    func add(_ role: FieldRole, from rank: UInt8, _ names: String) {
      for (index, name) in names.split(separator: " ").enumerated() where table[String(name)] == nil {
        table[String(name)] = FieldMeaning(role: role, rank: rank &+ UInt8(index / 4))
      }
    }
    add(
      .time, from: 1,
      """
      timestamp ts eventtime time eventtimestamp datetime occurredat measuredat timeunixnano unixtime epoch \
      utctime utc isotime logtime loggedat when at recordedat sampletime observedat observedtime startedat \
      eventdate t tm stamp asctime created createdat creationtime published publishedat generatedat sentat \
      eventcreated tsutc timestamputc localtime starttime start requesttime processedat ingestedat receivedat \
      enqueuedtime receivedtime observedtimeunixnano updated updatedat realtimetimestamp timems \
      sourcerealtimetimestamp rt devicereceipttime isotimestamp timegenerated timecreated
      """)
    add(.date, from: 60, "date day logdate")
    add(.timeOfDay, from: 60, "timeofday clock logclock")
    add(
      .uptime, from: 1,
      """
      uptime monotonic sinceboot monotonictimestamp uptimems timesinceboot systemuptime system.uptime deviceuptime device.uptime \
      sysuptime millis
      """)
    add(
      .device, from: 1,
      """
      deviceid device devicename dev deviceuid deviceguid device.id device.name device.serial thingname \
      thing thingid controllerid nodeid node nodename host.name host.hostname hostname host host.id deveui \
      enddeviceids.deviceid deviceinfo.deveui deviceinfo.devicename clientid client sensorid sensor sensorname \
      entityid entity machineid machine machinename computer computername asset assetid assetname \
      serial serialnumber serialno imei station stationid meterid meter equipment equipmentid unitid \
      endpoint endpointid gatewayid gateway gw gatewayname agent.name agentname agent.hostname \
      mac macaddress macaddr hwaddr ieeeaddress ieeeaddr friendlyname box probe \
      source.device src.device syslog.host kubernetes.node.name resource.host.name sourcehost logsource peer \
      devid eui vehicle vehicleid robot robotid camera cameraid \
      origin instanceid instance system systemname appliance router plc rtu source src
      """)
    add(
      .severity, from: 1,
      """
      level severity loglevel severitytext log.level lvl sev levelname severityname \
      priority prio syslog.severity.name event.severity logseverity severitylevel loglevelname \
      severitynumber levelno levelvalue l attributes.status
      """)
    add(
      .message, from: 1,
      """
      message msg text eventmessage logmessage shortmessage body log messagetext msgtext \
      content description desc details detail event.original fullmessage note line \
      eventtext statement summary reason error.message errormessage error info event eventname raw err \
      textpayload
      """)
    add(
      .program, from: 1,
      """
      program app appname application service.name service servicename process.name process processname \
      procname syslogidentifier ident logger log.logger loggername component componentname \
      subsystem module modulename tag sourcename channel facilityname daemon container.name containername \
      unitname exe comm
      """)
    add(.time, from: 5, "timestring dateandtime")
    add(.time, from: 15, "iothubenqueuedtime")
    add(.device, from: 15, "event.origin iothubconnectiondeviceid devname")
    // What producers write in German, French, Spanish, Italian, Portuguese, Dutch and Polish. English names come first.
    add(
      .time, from: 30,
      """
      zeitstempel zeitpunkt zeit datumzeit datumuhrzeit horodatage dateheure fechahora fechayhora marcadetiempo dataora \
      datahora tijdstip tijdstempel tijd czas datumunduhrzeit dateetheure dataeora
      """)
    add(.date, from: 70, "datum fecha")
    add(.timeOfDay, from: 70, "uhrzeit heure hora orario")
    add(
      .device, from: 40,
      """
      gerät geraet gerätename geraetename geräteid geraeteid appareil équipement equipement dispositivo equipo \
      apparaat urządzenie urzadzenie steuerung anlage rechner rechnername ordinateur computador computadora
      """)
    add(
      .severity, from: 30,
      "stufe schweregrad schwere niveau gravité gravite nivel gravedad severidad severidade livello ernst ebene"
    )
    add(
      .message, from: 30,
      """
      meldung meldungstext nachricht libellé libelle mensaje mensagem messaggio melding bericht komunikat \
      ereignis ereignistext événement evenement evento
      """)
    add(.program, from: 30, "dienst programm komponente composant componente servicio servizio")
    // Polish, and once more German, Spanish, Italian and Portuguese, behind what stood here before.
    add(.device, from: 44, "sterownik maszyna terminale impianto máquina maquina estación estacion zentrale")
    add(.severity, from: 34, "poziom waga ważność waznosc gravità severità criticité criticite dringlichkeit")
    add(.message, from: 34, "wiadomość wiadomosc treść tresc texte texto testo tekst")
    // Chinese, Japanese, Korean and Russian.
    add(
      .time, from: 30,
      """
      时间 时间戳 日期时间 发生时间 記錄時間 時間 時刻 日時 発生日時 発生時刻 タイムスタンプ 시간 시각 일시 발생시간 타임스탬프 \
      время времясобытия датавремя датаивремя меткавремени
      """)
    add(.date, from: 70, "日期 日付 날짜 дата")
    add(
      .device, from: 40,
      """
      设备 设备名 设备名称 设备编号 设备id 设备号 終端 终端 终端编号 主机 主机名 主機 設備 設備名 設備名稱 装置 装置名 機器 機器名 \
      機器id 端末 端末id デバイス デバイス名 ホスト ホスト名 장치 장치명 장치id 장비 장비명 기기 단말 단말기 디바이스 호스트 호스트명 \
      устройство имяустройства идентификаторустройства прибор оборудование узел хост имяхоста контроллер компьютер
      """)
    add(
      .severity, from: 30,
      """
      级别 等级 日志级别 严重程度 严重性 級別 等級 嚴重性 レベル ログレベル 重大度 重要度 심각도 등급 레벨 로그레벨 수준 \
      уровень уровеньважности важность серьезность серьёзность критичность
      """)
    add(
      .message, from: 30,
      """
      消息 信息 内容 日志 日志内容 描述 事件 訊息 內容 メッセージ 本文 イベント 메시지 내용 설명 이벤트 \
      сообщение текст текстсообщения описание событие
      """)
    add(
      .program, from: 30,
      "程序 进程 服务 模块 组件 プログラム プロセス サービス モジュール 프로그램 프로세스 서비스 모듈 программа процесс служба модуль"
    )
    for name in ["level", "lvl"] { table[name]?.scale = .doubtful }
    for name in [
      "l", "priority", "prio", "stufe", "niveau", "nivel", "livello", "ebene", "attributes.status", "poziom",
      "waga",
      "级别", "等级", "級別", "等級", "レベル", "重要度", "등급", "레벨", "수준", "уровень",
    ] {
      table[name]?.scale = .wordsOnly
    }
    for name in ["t", "tm", "at", "when", "start", "rt", "created", "updated", "published", "localtime"] {
      table[name]?.isEpochOnly = true
    }
    for name in ["serial", "serialnumber", "serialno"] { table[name]?.doubt = .number }
    table["severitynumber"]?.scale = .openTelemetry
    table["levelno"]?.scale = .python
    table["timeunixnano"]?.unit = 1
    table["observedtimeunixnano"]?.unit = 1
    table["realtimetimestamp"]?.unit = 1000
    table["sourcerealtimetimestamp"]?.unit = 1000
    table["monotonictimestamp"]?.unit = 1000
    table["uptimems"]?.unit = 1_000_000
    table["timems"]?.unit = 1_000_000
    table["millis"]?.unit = 1_000_000
    // Hundredths of a second (RFC 3418).
    table["sysuptime"]?.unit = 10_000_000
    return table
  }()
}

/// Severity by a word or number in bytes.
enum SeverityText {
  /// 0 to 7 for what the bytes say; 255 where they say nothing.
  static func severity(_ bytes: UnsafeRawBufferPointer, scale: SeverityScale) -> UInt8 {
    guard let first = bytes.first, bytes.count <= 32 else { return 255 }
    if Bytes.isDigit(first) {
      guard let number = Bytes.decimal(bytes) else { return 255 }
      return severity(number, scale: scale)
    }
    var severity = word(bytes)
    if severity < 8 { return severity }
    severity = dressedWord(bytes)
    if severity < 8 { return severity }
    severity = ForeignSeverity.word(bytes)
    return severity < 8 || scale != .unknown ? severity : alarmWord(bytes)
  }

  /// Priorities of alarms (X.733, IEC 60601-1-8, ISA-18.2) under a name that says severity and nothing else: `level` may be `low` as well.
  @inline(never)
  private static func alarmWord(_ bytes: UnsafeRawBufferPointer) -> UInt8 {
    for (severity, words) in alarmWords {
      for word in words where Bytes.isSameWord(word, bytes) { return severity }
    }
    return 255
  }

  private static let alarmWords: [(UInt8, [StaticString])] = [
    (1, ["urgent"]), (2, ["disaster", "very high"]), (3, ["major", "high"]),
    (4, ["minor", "medium", "moderate", "average", "med"]), (5, ["low"]),
    (6, ["cleared", "clear", "normal", "ok"]),
  ]

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
    if end - start == 6, (0x31...0x35).contains(bytes[end - 1]),
      Bytes.isSameWord("debug", Bytes.part(bytes, start, end - 1))
    {
      return 7
    }
    return start > 0 || end < bytes.count ? word(Bytes.part(bytes, start, end)) : 255
  }

  /// 0 to 7 for a number on a scale; 255 where it has none.
  static func severity(_ number: Int64, scale: SeverityScale) -> UInt8 {
    switch scale {
    case .doubtful, .wordsOnly: return 255
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
    guard bytes.count >= 1, bytes.count <= 13 else { return 255 }
    var low: UInt64 = 0
    for byte in bytes.prefix(8) {
      guard Bytes.isLetter(byte) else { return 255 }
      low = low << 8 | UInt64(byte | 0x20)
    }
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
