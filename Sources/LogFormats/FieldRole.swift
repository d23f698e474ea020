/// What a named field is for.
enum FieldRole: UInt8, Sendable {
  case other = 0
  case time, timeOfDay, date, device, severity, message, program, uptime

  /// A time, a clock or a date.
  var isOfTime: Bool { self == .time || self == .timeOfDay || self == .date }
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
  /// Seconds east of UTC of times that name no zone themselves, where the name says so (`_utc`).
  var zone: Int32?

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
  /// As `wordsOnly`, and priorities of alarms are severities (`AlarmPriority` is `high`).
  case alarmWords
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
    var found = plainMeaning(path)
    guard let told = FieldZone(path) else { return found }
    if !told.name.isEmpty {
      let rest = plainMeaning(told.name)
      if rest.role.isOfTime, !found.role.isOfTime || rest.rank < found.rank { found = rest }
    }
    // Beside the same time in a zone that nobody names, this one is certain.
    if told.east != nil, found.role.isOfTime, found.rank > 0 { found.rank -= 1 }
    found.zone = told.east
    return found
  }

  /// True for a name that says of itself that it is a time, a date or a clock.
  static func isTime(_ name: String) -> Bool { plainMeaning(name).role.isOfTime }

  /// The meaning of a name that is taken as a whole.
  private static func plainMeaning(_ path: String) -> FieldMeaning {
    // MongoDB's extended JSON: `"ts":{"$date":…}`.
    for suffix in [".$date", ".$date.$numberLong"] where path.hasSuffix(suffix) {
      let whole = plainMeaning(String(path.dropLast(suffix.utf8.count)))
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
      if lower.scale == .wordsOnly, recordKinds.contains(parent) { lower.scale = .alarmWords }
      return lower
    }
    if let known = ofRecord(name) { return known }
    guard let device = DeviceWords.finding(path, isWrapper: wrappers.contains) else { return .other }
    return FieldMeaning(role: .device, rank: device.rank, doubt: device.doubt)
  }

  /// Names that begin with what the record is, or in Chinese, Japanese and Korean end with what the value is: `AlarmText`, `alert_priority`,
  /// `Meldeklasse`, `报警时间`.
  private static func ofRecord(_ name: String) -> FieldMeaning? {
    func meaning(_ rest: Substring) -> FieldMeaning? {
      if classes.contains(String(rest)) { return FieldMeaning(role: .severity, rank: 36, scale: .alarmWords) }
      guard rest.utf8.count >= 3, var known = exact[String(rest)] else { return nil }
      switch known.role {
      case .time, .date, .timeOfDay, .severity, .message: break
      default: return nil
      }
      if known.rank < 30 { known.rank += 30 }
      if known.scale == .wordsOnly { known.scale = .alarmWords }
      return known
    }
    guard !name.contains(".") else { return nil }
    for kind in recordKinds where name.hasPrefix(kind) && name.utf8.count > kind.utf8.count {
      if let known = meaning(name.dropFirst(kind.count)) { return known }
    }
    guard let last = name.unicodeScalars.last, last.value >= 0x2E80 else { return nil }
    for index in name.indices.dropFirst() {
      if let known = meaning(name[index...]) { return known }
    }
    return nil
  }

  private static let recordKinds = [
    "alarm", "alert", "event", "fault", "incident", "notification", "trap", "problem", "log", "ereignis",
    "meldungs",
    "meldung", "melde", "störungs", "störung", "stoerungs", "fehler", "alarme", "alarma", "allarme", "evento",
    "événement", "evenement",
  ]

  private static let classes: Set<String> = ["class", "klasse", "classe", "clase", "category", "kategorie"]

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
    "head", "system", "reading", "measurement", "sample", "frame", "packet", "notification", "alarm", "alert",
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
      textpayload problem
      """)
    add(
      .program, from: 1,
      """
      program app appname application service.name service servicename process.name process processname \
      procname syslogidentifier ident logger log.logger loggername component componentname \
      subsystem module modulename tag sourcename channel facilityname daemon container.name containername \
      unitname exe comm
      """)
    // When something happened, which the date of a record (`created_at`) beside it does not tell.
    add(
      .time, from: 3,
      "reportedat reportedtime capturedat capturetime measuredon measured logged observed captured sampled reported recorded occurred"
    )
    add(
      .time, from: 5,
      "timestring dateandtime startsat activeat raisedat triggeredat detectedat firedat happenedat firstoccurrence"
    )
    // The target of a measurement of Prometheus, and of an alarm about it.
    add(.device, from: 26, "labels.instance metric.instance")
    // What tools make of Windows' event logs.
    add(.time, from: 10, "timecreated.systemtime timecreated.#attributes.systemtime")
    add(.program, from: 10, "provider.name provider.#attributes.name providername")
    add(.time, from: 15, "iothubenqueuedtime")
    add(.device, from: 15, "event.origin iothubconnectiondeviceid devname sysname")
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
    for name in ["measured", "logged", "observed", "captured", "sampled", "reported", "recorded", "occurred"]
    {
      table[name]?.isEpochOnly = true
    }
    for name in ["t", "tm", "at", "when", "start", "rt", "created", "updated", "published", "localtime"] {
      table[name]?.isEpochOnly = true
    }
    for name in ["topic", "mqtttopic", "subject.topic"] {
      table[name] = FieldMeaning(role: .device, rank: 120, doubt: .topic)
    }
    for name in ["nodeid", "node"] { table[name]?.doubt = .node }
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
