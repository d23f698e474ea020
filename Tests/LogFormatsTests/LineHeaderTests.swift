import Testing

@testable import LogFormats

/// What stands before a message: priorities, mnemonics, hosts, severity words.
@Suite struct LineHeaderTests {
  private func trial(_ text: String) -> FormatTrial {
    Array(text.utf8).withUnsafeBytes { FormatTrial(catalog: FormatCatalog(), bytes: $0) }
  }

  private func row(_ line: String) throws -> FormatTrial.Row { try #require(trial(line + "\n").rows.first) }

  // MARK: Severity words

  @Test(arguments: [
    ("- fleet.ota - ERROR - update failed", 3), ("[mqtt-1] ERROR c.a.fleet.Broker - failed", 3),
    ("[mqtt-1] WARN  c.a.fleet.Broker - slow", 4), ("12 [ERROR] [MY-012345] [InnoDB] Disk full", 3),
    ("12 [Warning] [MY-010055] [Server] slow", 4), ("12 [Note] [MY-010055] [Server] note", 5),
    ("CET [1234] LOG:  database system is ready", 6), ("CET [1235] fleet@meters ERROR:  deadlock", 3),
    ("CET [1236] FATAL:  failed", 2), ("CET [1236] PANIC:  could not write", 0),
    ("[fleet] [error] spdlog default", 3), ("[INF] a", 6), ("INF b", 6), ("WRN b", 4), ("[VRB] b", 7),
    ("level=error d", 3), ("E/tag: e", 3), ("*ERROR* f", 3), ("[main] ERROR i", 3), ("pid=1 ERROR k", 3),
    ("123 ERROR l", 3), ("{ERROR} q", 3), ("ERR! s", 3), ("LOG_ERR t", 3), ("kern.err u", 3),
    ("[main] error: v", 3),
    // What is part of a message.
    ("Errors were found m", 255), ("Info desk opened n", 255), ("D t", 255), ("A problem u", 255),
    ("I am here v", 255), ("I/O error: x", 255), ("pump says ERROR 7", 255), ("error in a sentence", 255),
    ("[gw-1] pump says ERROR 7", 255), ("CET is no level", 255), ("user@host wrote ERROR", 255),
  ])
  func findsTheSeverityBehindAStamp(_ text: String, _ severity: UInt8) throws {
    #expect(try row("2026-11-12 10:03:05.123 \(text)").severity == severity)
  }

  @Test(arguments: [
    ("ERROR:fleet.ota:update failed", 3, "fleet.ota", "update failed"),
    ("WARNING:root:slow", 4, "root", "slow"), ("error: no such file", 3, "", "error: no such file"),
    ("[warn] slow", 4, "", "[warn] slow"), ("FATAL out of memory", 2, "", "FATAL out of memory"),
    ("ERROR:http://x", 3, "", "ERROR:http://x"), ("Failed: 0, passed: 7", 255, "", "Failed: 0, passed: 7"),
    ("Errors: 0", 255, "", "Errors: 0"), ("(c) 2026", 255, "", "(c) 2026"), ("[e] x", 255, "", "[e] x"),
    ("information for you", 255, "", "information for you"),
  ])
  func findsTheSeverityALineBeginsWith(
    _ line: String, _ severity: UInt8, _ program: String, _ message: String
  ) throws {
    let row = try row(line)
    #expect(row.severity == severity && row.program == program && row.message == message)
  }

  @Test(arguments: [
    ("%SYS-3-CPUHOG", 3), ("%ASA-1-105003", 1), ("%ROUTING-BGP-5-ADJCHANGE", 5), ("%DAEMON-4-SNMP_TRAP", 4),
    ("%%01IFNET/4/LINK_STATE(l)", 4), ("%SYS-9-NONE", 255), ("%CPU-load", 255), ("%", 255), ("%%01", 255),
  ])
  func readsTheSeverityOfMnemonics(_ mnemonic: String, _ severity: UInt8) throws {
    #expect(try row("Nov 12 10:03:05 sw-1 \(mnemonic): text").severity == severity)
    // A priority says the same; it counts.
    #expect(try row("<190>Nov 12 10:03:05 sw-1 \(mnemonic): text").severity == 6)
  }

  // MARK: Priorities

  @Test func aPriorityCountsWithoutAStamp() throws {
    let rows = trial("<27>dropbear[123]: no stamp\n<11>app: err\n<13>some words\n<34>\n").rows
    #expect(rows.map(\.severity) == [3, 3, 5, 255] && rows.map(\.program) == ["dropbear", "app", "", ""])
    #expect(rows.map(\.message).prefix(3) == ["no stamp", "err", "some words"])
    #expect(rows[0].fields == #"{"facility":"daemon","pid":123}"# && rows[0].time == "none")
  }

  @Test func whatStandsBehindAPriorityIsReadAsItself() throws {
    let forti = trial(
      (7...9).map {
        "<185>date=2026-11-12 time=10:03:0\($0) hostname=\"FGT60F\" logid=\"01\" level=\"critical\" msg=\"Power\"\n"
      }.joined())
    #expect(forti.elected == "logfmt")
    #expect(forti.rows.map(\.device) == ["FGT60F", "FGT60F", "FGT60F"])
    #expect(forti.rows[0].message == "Power" && forti.rows[0].fields.contains(#""facility":"local7""#))
    // A name is what others call a firewall by; its serial number they do not know.
    let named = trial(
      "<189>date=2026-11-12 time=10:03:07 devname=\"fw-oslo\" devid=\"FG100F7\" msg=\"Edit\"\n")
    #expect(named.rows.map(\.device) == ["fw-oslo"])
    let edge = trial(
      "<6> 2026-11-12 09:03:06.123 +00:00 [INF] [EdgeHub] - ok\n<3> 2026-11-12 09:03:07.123 +00:00 [EdgeHub] - bad\n"
    )
    #expect(edge.rows.map(\.time) == ["2026-11-12T09:03:06.123Z", "2026-11-12T09:03:07.123Z"])
    #expect(edge.rows.map(\.severity) == [6, 3])
    #expect(edge.rows[0].stamp == "2026-11-12 09:03:06.123 +00:00")
    let json = trial(#"<132>{"ts":"2026-11-12T09:03:06Z","device":"d-1","msg":"up"}"# + "\n")
    #expect(json.rows[0].device == "d-1" && json.rows[0].severity == 4 && json.rows[0].message == "up")
  }

  @Test func inAMixedFileLinesWithAPriorityAreRead() {
    let rows = trial(
      """
      <13>Nov 12 10:03:05 gw-1 app: ok
      <13>Nov 12 10:03:06 gw-1 app: ok
      <27>dropbear[123]: no stamp
      <165>1 2026-11-12T10:03:07.500Z srx-7 RT_FLOW - - - denied
      <12>{"ts":"2026-11-12T09:03:06Z","device":"d-1","msg":"up"}
      <14>words alone
      <165>1 2026-13-11T22:14:15Z a b c d - a month 13
      <165>1 yesterday a b c d - no stamp

      """
    ).rows.filter { $0.verdict != "blank" }
    #expect(rows.map(\.device) == ["gw-1", "gw-1", "", "srx-7", "d-1", "", "a", ""])
    #expect(rows[6].time == "none" && rows[6].message == "a month 13")
    #expect(rows.map(\.severity) == [5, 5, 3, 5, 4, 6, 5, 255])
    #expect(rows.last?.verdict.hasPrefix("refused: ") == true)
    // Elsewhere `<1>` may be anything.
    let text = trial("2026-11-12 10:03:05 list:\n<1> one\n<27>dropbear[123]: bad\n2026-11-12 10:03:06 end\n")
      .rows
    #expect(text.map(\.verdict) == ["event", "continuation", "event", "event"])
  }

  // MARK: Cisco

  @Test func readsCiscosOwnHeader() {
    let rows = trial(
      """
      *Mar  1 18:46:11.451 CET: %LINK-3-UPDOWN: down
      000123: Nov 12 2026 10:03:04.567 CET: %OSPF-5-ADJCHG: Process 1
      <189>45: sw-core-1: Nov 12 10:03:05.001 CET: %SYS-5-RESTART: System restarted
      <187>46: sw-core-1: *Nov 12 10:03:06.001: %PLATFORM-3-ELEMENT_CRITICAL: x
      <187>47: Nov 12 10:03:06.001: %LINK-3-UPDOWN: x
      <187>48: 2d03h: %LINK-3-UPDOWN: y
      Nov 12 10:03:05 10.1.1.254 45: sw-core-1: *Nov 12 09:03:05.001: %SYS-5-RESTART: System restarted --

      """
    ).rows.filter { $0.verdict != "blank" }
    #expect(
      rows.map(\.program) == [
        "%LINK-3-UPDOWN", "%OSPF-5-ADJCHG", "%SYS-5-RESTART", "%PLATFORM-3-ELEMENT_CRITICAL",
        "%LINK-3-UPDOWN",
        "%LINK-3-UPDOWN", "%SYS-5-RESTART",
      ])
    #expect(rows.map(\.severity) == [3, 5, 5, 3, 3, 3, 5])
    #expect(rows.map(\.device) == ["", "", "sw-core-1", "sw-core-1", "", "", "10.1.1.254"])
    #expect(
      rows[2].time == "11-12T10:03:05.001" && rows[5].time == "none" && rows[6].time == "11-12T10:03:05")
    #expect(rows[6].fields == #"{"sequence":45,"origin":"sw-core-1","origin_time":"*Nov 12 09:03:05.001"}"#)
    #expect(rows[6].message == "System restarted --")
  }

  // MARK: Hosts

  @Test(arguments: [
    ("10.0.0.7:514 app: x", "10.0.0.7", "app"), ("10.0.0.7 app: x", "10.0.0.7", "app"),
    ("::ffff:10.0.0.7 app: x", "::ffff:10.0.0.7", "app"), ("[gw-1] app: x", "gw-1", "app"),
    (#"("U6LR,7845580000aa,v6.5.28.14491") app: x"#, "7845580000aa", "app"),
    ("Message forwarded from gw-1: app[7]: x", "gw-1", "app"), ("Message board app: x", "Message", ""),
    (" mx-edge-1 chassisd[1500]: x", "mx-edge-1", "chassisd"), (" words without a tag", "", ""),
    (" app: x", "", "app"), ("2001:db8::7 app[1]: x", "2001:db8::7", "app"),
  ])
  func namesTheHost(_ rest: String, _ device: String, _ program: String) throws {
    let row = try row("Nov 12 10:03:05 \(rest)")
    #expect(row.device == device && row.program == program)
  }

  @Test func aLocalStampWithHostAndProcessIsSyslog() {
    let rows = trial(
      """
      2026-06-15 09:00:03 A124 agent[124]: report sent
      2026-06-15 09:00:03 A124 agent[124]: report sent
      2026-06-15 09:00:03 A125 agent[125]: report sent
      2026-06-15 09:00:03 A124 agent[124]: report sent
      2026-06-15 09:00:04 A124 kernel: oops
      2026-06-15 09:00:05 ERROR agent: no host
      2026-06-15 09:00:06 other agent: a logger or a host

      """
    ).rows.filter { $0.verdict != "blank" }
    #expect(rows.map(\.device) == ["A124", "A124", "A125", "A124", "A124", "", ""])
    #expect(rows.map(\.severity) == [255, 255, 255, 255, 255, 3, 255])
    #expect(rows.allSatisfy { $0.verdict == "event" && $0.time.hasSuffix("(no zone)") })
  }

  @Test func journalctlsFormsNameTheirHost() {
    let full = trial(
      """
      Thu 2026-11-12 10:03:05 CET gw-1 sshd[123]: Failed password for root from 10.0.0.9 port 22 ssh2
      Thu 2026-11-12 10:03:06 CET gw-1 kernel: oops
      -- Boot 1234567890abcdef1234567890abcdef --
      Thu 2026-11-12 10:04:06 CET gw-1 ssh.service[7]: x

      """
    ).rows.filter { $0.verdict != "blank" }
    #expect(full.map(\.verdict) == ["event", "event", "structure", "event"])
    #expect(
      full.filter { $0.verdict == "event" }.allSatisfy {
        $0.device == "gw-1" && $0.time.hasPrefix("2026-11-12T")
      })
    #expect(full.map(\.program) == ["sshd", "kernel", "", "ssh.service"])
  }

  @Test func whereLinesHaveAPriorityItBeginsARecord() {
    let rows = trial(
      "<163>2026-11-12 10:03:05 link lost\n<162>anything else\n  at x\n<166>2026-11-12 10:03:06 link is back\n"
    ).rows
    #expect(rows.map(\.verdict) == ["event", "event", "continuation", "event"])
    #expect(rows.map(\.severity) == [3, 2, 255, 6])
    #expect(rows[1].message == "anything else")
  }

  @Test func aRowOfUnitsBelowTheHeaderIsNoEvent() {
    let rows = trial(
      """
      time,device,temp
      -,[C],[C]
      2026-11-12 10:03:05,p1,1
      2026-11-12 10:03:06,[p2],2

      """
    ).rows.filter { $0.verdict != "blank" }
    #expect(rows.map(\.verdict) == ["structure", "structure", "event", "event"])
    #expect(rows.map(\.device) == ["", "", "p1", "[p2]"])
  }

  @Test func theLastLineOfATracebackBelongsToIt() {
    for line in [
      "homeassistant.exceptions.ConfigEntryNotReady", "requests.exceptions.ConnectTimeout: timed out",
      "asyncio.exceptions.CancelledError", "SystemExit: 1", "OSError: [Errno 113] x",
    ] {
      #expect(Array(line.utf8).withUnsafeBytes { Continuation.continues($0) }, "\(line)")
    }
    for line in ["gw.plant.example: down", "Mr.Smith", "a.B", "file.TXT", "app.Started:now", "e.g. This"] {
      #expect(!Array(line.utf8).withUnsafeBytes { Continuation.continues($0) }, "\(line)")
    }
  }
}

/// Severities, fields and names in languages other than English.
@Suite struct ForeignHeaderTests {
  @Test(arguments: [
    ("[错误] 连接断开", 3), ("[警告] 温度高", 4), ("[信息] 心跳正常", 6), ("【严重】停机", 2), ("[エラー] 切断", 3),
    ("[情報] 起動", 6), ("警告：温度", 4), ("[오류] 연결 끊김", 3), ("[경고] 온도", 4), ("[ОШИБКА] нет связи", 3),
    ("[Предупреждение] температура", 4), ("(сбой) питание", 3), ("[błąd] brak", 3), ("[Ostrzeżenie] x", 4),
    ("[crítico] parada", 2), ("[información] listo", 6), ("[Störung] Antrieb", 3), ("[falha] rede", 3),
    ("[schwerwiegend] Halt", 2), ("[informatie] klaar", 6),
    // What is part of a message.
    ("错误率为零", 255), ("[主机] 启动", 255), ("ошибка в тексте", 255),
  ])
  func findsTheSeverityInBrackets(_ text: String, _ severity: UInt8) throws {
    let row = try #require(events("2026-11-12 10:03:05.123 \(text)\n").first)
    #expect(row.severity == severity)
  }

  @Test(arguments: [
    ("时间", "设备", "级别", "错误", "消息"), ("日時", "機器", "レベル", "エラー", "メッセージ"),
    ("시간", "장치", "심각도", "오류", "메시지"), ("Время", "Устройство", "Уровень", "Ошибка", "Сообщение"),
    ("czas", "urządzenie", "poziom", "błąd", "komunikat"), ("Zeit", "Gerät", "Stufe", "Fehler", "Meldung"),
    ("horodatage", "équipement", "gravité", "erreur", "libellé"),
    ("fechahora", "equipo", "gravedad", "error", "mensaje"),
    ("dataora", "dispositivo", "gravità", "errore", "messaggio"),
    ("tijdstip", "apparaat", "ernst", "fout", "bericht"),
  ])
  func findsWhatFieldsAreFor(
    _ time: String, _ device: String, _ severity: String, _ word: String, _ message: String
  ) throws {
    let line =
      #"{"\#(time)":"2026-09-07T00:01:11.735Z","\#(device)":"pump-073","\#(severity)":"\#(word)","\#(message)":"x y"}"#
    let row = try #require(events(line + "\n").first)
    #expect(row.device == "pump-073" && row.severity == 3 && row.message == "x y", "\(row)")
    #expect(row.time.hasPrefix("2026-09-07T00:01:11.735"))
  }

  /// The collector's count, `logging origin-id`, and the device's own count.
  @Test func readsANameBetweenTwoCounts() throws {
    let row = try #require(
      events("<190>320: hub-fra-1: 000320: Apr 14 02:03:57.222: %SYS-6-LOGOUT: User a exited\n").first)
    #expect(row.device == "hub-fra-1" && row.message == "User a exited", "\(row)")
    #expect(row.time.contains("04-14T02:03:57.222"))
  }

  @Test(arguments: [
    ("[ERROR] pump-17 net: connection lost", "pump-17", "net"), ("[错误] SB31013 网络: 连接断开", "SB31013", "网络"),
    ("[INFO] worker-3 pool: idle", "", ""), ("[INFO] utf-8 decoder: ready", "", ""),
    ("[INFO] http2 client: slow", "", ""), ("[INFO] starting server: ok", "", ""),
    ("[INFO] pump-17 is well: yes", "", ""),
  ])
  func aNameOfASeriesBehindALevelIsTheDevice(_ text: String, _ device: String, _ program: String) throws {
    let row = try #require(events("2026-11-12 10:03:05.123 \(text)\n").first)
    #expect((row.device, row.program) == (device, program), "\(row)")
  }
}
