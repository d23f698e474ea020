/// Names of fields that name a device, by the words that they are made of: `machine_name`, `assetId`, `Station No.`, `meta.edge-device`,
/// `gateway.serial_number`. A word for a device has to stand last, or before words for identifiers; what else a field says of a device
/// (`device_type`, `host_os`, `node.version`) does not name it.
enum DeviceWords {
  /// How well a name says that a field names the device of its record.
  struct Finding: Equatable {
    /// Lower is better; counts as `FieldMeaning.rank`.
    var rank: UInt8
    var doubt = NameDoubt.none
  }

  /// What a dotted path of keys says; nil where it names no device. `isWrapper` tells of the keys above, normalized, that only wrap.
  static func finding(_ path: String, isWrapper: (String) -> Bool) -> Finding? {
    var levels = path.split(separator: ".").map { words($0) }.filter { !$0.isEmpty }
    guard levels.count <= 6, var last = levels.popLast() else { return nil }
    var identifiers = takeIdentifiers(&last)
    // `id_dispositivo`, `nombre_equipo`: these languages put it first.
    if identifiers.isEmpty, last.count > 1, leading.contains(last[0]) {
      identifiers = [last.removeFirst()]
    }
    if last.isEmpty, let above = levels.popLast() {
      // `device.id`, `asset.serial_number`: the key above tells whose.
      guard !isWrapper(above.joined()) else {
        guard let finding = byIdentifier(identifiers, of: []) else { return nil }
        return allWrap(levels, isWrapper) ? wrapped(finding) : nil
      }
      last = above
      if identifiers.isEmpty { return nil }
      identifiers += takeIdentifiers(&last)
    }
    let found = last.isEmpty ? byIdentifier(identifiers, of: []) : byNoun(last, identifiers)
    guard let found, allWrap(levels, isWrapper) else { return nil }
    return levels.isEmpty ? found : wrapped(found)
  }

  private static func allWrap(_ levels: [[String]], _ isWrapper: (String) -> Bool) -> Bool {
    levels.allSatisfy { level in
      isWrapper(level.joined()) || level.last.map { nouns[$0] != nil || ownMachines.contains($0) } ?? false
    }
  }

  /// What stands at the top of a record says it better.
  private static func wrapped(_ finding: Finding) -> Finding {
    Finding(rank: finding.rank &+ 40, doubt: finding.doubt)
  }

  // MARK: Words

  /// The words of a key in small letters: divided by signs, blanks and changes from small to large letters.
  static func words(_ key: some StringProtocol) -> [String] {
    var words: [String] = []
    var word = ""
    var previous: Unicode.Scalar = " "
    let scalars = Array(key.unicodeScalars)
    for (index, scalar) in scalars.enumerated() {
      let isLetter = scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)
      let isLarge = scalar.properties.isUppercase
      let beginsWord =
        isLarge
        && (previous.properties.isLowercase
          || previous.properties.isUppercase && index + 1 < scalars.count
            && scalars[index + 1].properties.isLowercase)
      if !isLetter || beginsWord, !word.isEmpty {
        words.append(word)
        word = ""
      }
      if isLetter { word += String(scalar).lowercased() } else if scalar == "#" { words.append("no") }
      previous = scalar
    }
    if !word.isEmpty { words.append(word) }
    return words.flatMap(divided)
  }

  /// `machineid` as `machine` and `id`: many write the two as one.
  private static func divided(_ word: String) -> [String] {
    guard nouns[word] == nil, !identifiers.contains(word), !parts.contains(word) else { return [word] }
    for (noun, _) in nouns where word.hasPrefix(noun) && word.utf8.count > noun.utf8.count {
      let rest = String(word.dropFirst(noun.count))
      if identifiers.contains(rest) { return [noun, rest] }
    }
    for hardware in hardwareIdentifiers.keys where word.hasPrefix(hardware) {
      let rest = String(word.dropFirst(hardware.count))
      if identifiers.contains(rest) { return [hardware, rest] }
    }
    return [word]
  }

  /// Takes the words for identifiers off the end.
  private static func takeIdentifiers(_ words: inout [String]) -> [String] {
    var taken: [String] = []
    while let last = words.last, identifiers.contains(last) {
      taken.insert(last, at: 0)
      words.removeLast()
    }
    return taken
  }

  // MARK: Whom a name names

  /// True for `peer`, `target_host`, `broker`, `from`: another device than that of the record.
  static func nameAnother(_ key: String) -> Bool {
    words(key).contains { others.contains($0) || ends.contains($0) }
  }

  /// True for `gateway_id`, `hub`: one that hands on what others say.
  static func nameRelay(_ key: String) -> Bool {
    var words = Self.words(key)
    _ = takeIdentifiers(&words)
    return words.last.map { nouns[$0] == .relay } ?? false
  }

  /// True for `Source`, `origin`, `system`: programs are named so as often as devices.
  static func nameOrigin(_ key: String) -> Bool {
    let words = Self.words(key)
    return words.last.map(places.contains) ?? false
  }

  /// True for `session`, `order_no`, `code`: numbers under such a name refer to something and measure nothing.
  static func nameReference(_ key: String) -> Bool {
    guard let last = words(key).last else { return false }
    return identifiers.contains(last) || parts.contains(last) || references.contains(last)
  }

  /// True for `error_code`, `firmware`, `port`: values that look like names and are none of devices.
  static func nameNumbered(_ key: String) -> Bool {
    words(key).contains { parts.contains($0) || values.contains($0) }
  }

  // MARK: What they say

  /// `serial`, `sn`, `imei` and the like name the device that has them, whatever it is called (`wallbox_serial`), but for parts of it and
  /// things that are no devices.
  private static func byIdentifier(_ identifiers: [String], of owner: [String]) -> Finding? {
    guard !owner.contains(where: { parts.contains($0) || others.contains($0) }) else { return nil }
    if identifiers.contains("vin") { return Finding(rank: 11, doubt: .vehicle) }
    // `db_hostname`: whom it talks to.
    let isOwn = owner.allSatisfy { ownMachines.contains($0) || nouns[$0] != nil }
    return identifiers.filter { $0 != "hostname" || isOwn }.compactMap { hardwareIdentifiers[$0] }.min()
      .map { Finding(rank: $0, doubt: $0 == 12 ? .none : .number) }
  }

  private static func byNoun(_ words: [String], _ identifiers: [String]) -> Finding? {
    guard let noun = words.last else { return nil }
    let owner = words.dropLast()
    guard let kind = kind(noun, behind: owner.last) else { return byIdentifier(identifiers, of: words) }
    guard !owner.contains(where: { parts.contains($0) || others.contains($0) }),
      !identifiers.contains("tag") || kind == .general
    else { return nil }
    // An address says whom it was reached at, which is less than a name.
    let isAddress = identifiers.contains { addresses.contains($0) }
    switch kind {
    case .general: return Finding(rank: isAddress ? 22 : identifiers.isEmpty ? 8 : 3)
    case .kind: return Finding(rank: isAddress ? 22 : identifiers.isEmpty ? 14 : 11)
    case .relay: return Finding(rank: isAddress ? 23 : 18)
    case .machine:
      // `db_host`, `api_client`: whom it talks to.
      guard !isAddress, owner.allSatisfy({ ownMachines.contains($0) || nouns[$0] != nil }) else { return nil }
      return Finding(rank: 12)
    case .named:
      guard !identifiers.isEmpty else { return Finding(rank: 24, doubt: .series) }
      return (noun == "unit" || noun == "display") && identifiers == ["name"]
        ? nil : Finding(rank: isAddress ? 22 : 13)
    }
  }

  private static func kind(_ noun: String, behind before: String?) -> Kind? {
    if noun == "point" || noun == "box" {
      return before.map(["charge", "charging", "access"].contains) ?? false ? .kind : nouns[noun]
    }
    return nouns[noun]
  }

  private enum Kind {
    /// A device, whatever it is.
    case general
    /// A kind of device.
    case kind
    /// One that hands on what others say: they are the device where they are named.
    case relay
    /// A computer, of which programs name several: their own, and those that they talk to.
    case machine
    /// A device only where an identifier follows: alone it may be a state or a unit of measurement (`pump`: `on`, `unit`: `bar`).
    case named
  }

  private static let nouns: [String: Kind] = {
    var table: [String: Kind] = [:]
    for (kind, words) in [
      (Kind.general, "device dev thing asset machine equipment appliance apparatus instrument"),
      (
        .general,
        """
        gerät geräte geraet geraete maschine maschinen anlage anlagen dispositivo equipo appareil équipement equipement apparaat \
        urządzenie maszyna устройство устройства прибор оборудование
        """
      ),
      (
        .kind,
        "poste 号機 호기 zähler zaehler compteur contador medidor contatore licznik счетчик счётчик steuerung estación estacion станция датчик"
      ),
      (
        .kind,
        """
        node station meter sensor robot vehicle truck camera plc rtu ied terminal computer workstation evse chargepoint chargebox \
        wallbox datalogger wearable tracker beacon drone kiosk atm outstation cpe ont olt enodeb gnodeb bts
        """
      ),
      (.relay, "gateway gw hub bridge concentrator aggregator collector router"),
      (.machine, "host client endpoint"),
      (
        .named,
        """
        unit controller lock pump valve switch charger inverter ups pack panel reader display door light lamp streetlight luminaire fan \
        motor compressor generator heater thermostat detector relay module board box ap modem printer scanner probe monitor recorder \
        player phone tablet watch cabinet cell intersection elevator lift turbine transformer tank boiler chiller ahu vav fcu crac hvac \
        bms ventilator infuser collar agent signal edge transmitter transceiver receiver
        """
      ),
      (
        .named,
        """
        pumpe ventil schloss aufzug wechselrichter ladesäule ladesaeule lüfter kessel verdichter roboter fahrzeug kamera zentrale pompe vanne \
        ascenseur onduleur borne chaudière serrure bomba válvula valvula ascensor inversor cargador cámara camara pompa valvola ascensore \
        caldaia telecamera pomp klep omvormer laadpaal winda falownik zawór насос клапан лифт инвертор 泵 水泵 阀门 电梯 逆变器 充电桩 ポンプ \
        エレベーター 펌프 밸브
        """
      ),
    ] {
      for word in words.split(separator: " ") { table[String(word)] = kind }
    }
    return table
  }()

  private static let identifiers: Set<String> = [
    "id", "ids", "identifier", "ident", "identity", "name", "no", "nr", "num", "number", "label", "tag",
    "ref",
    "uid", "uuid", "guid", "udid", "serial", "serialnumber", "serialno", "sn", "imei", "meid", "esn", "eui",
    "eui64", "mac", "macaddress", "macaddr", "hwaddr", "imsi", "iccid", "plate", "addr", "address", "ip",
    "vin", "hostname", "instance",
    "nummer", "kennung", "bezeichnung", "nombre", "nom", "nome", "naam", "nazwa", "numer", "numero", "número",
    "numéro",
    "имя", "номер", "seriennummer", "serienummer", "serie", "série",
  ]

  private static let leading: Set<String> = [
    "id", "nombre", "nom", "nome", "numero", "número", "numéro", "код", "имя",
  ]

  private static let addresses: Set<String> = ["addr", "address", "ip"]

  /// Numbers that makers give to each of their devices.
  private static let hardwareIdentifiers: [String: UInt8] = [
    "serial": 11, "serialnumber": 11, "serialno": 11, "sn": 11, "imei": 11, "meid": 11, "esn": 11, "udid": 11,
    "eui": 11, "eui64": 11, "imsi": 15, "iccid": 15, "seriennummer": 11, "serienummer": 11, "serie": 11,
    "série": 11, "hostname": 12,
    "mac": 16, "macaddress": 16, "macaddr": 16, "hwaddr": 16,
  ]

  /// What has a number of its own and is no device, or a part of one; devices of an operating system.
  private static let parts: Set<String> = [
    "cert", "certificate", "x509", "crl", "ca", "key", "tls", "ssl", "battery", "sim", "disk", "drive", "cpu",
    "dimm", "soa", "zone", "ticket", "order", "invoice", "transaction", "event", "message", "msg", "packet",
    "request", "block", "storage", "boot", "root", "usb", "audio", "video", "input", "output", "net",
    "network",
    "pci", "tty", "loop", "mapper", "bus", "port", "interface", "firmware", "software", "os",
  ]

  /// Whose device it is where it is not that of the record.
  private static let others: Set<String> = [
    "target", "dest", "destination", "dst", "remote", "peer", "parent", "upstream", "downstream", "next",
    "previous", "prev", "old", "new", "neighbor", "neighbour", "other", "related", "broker", "proxy", "via",
    "last", "linked", "paired", "to", "backup", "standby", "successor", "predecessor", "affected", "failed",
  ]

  /// The two sides of a connection.
  private static let ends: Set<String> = [
    "from", "src", "sender", "receiver", "recipient", "caller", "callee",
  ]

  private static let places: Set<String> = [
    "source", "src", "origin", "system", "instance", "quelle", "herkunft", "fuente", "origen", "fonte",
    "sorgente", "bron", "źródło", "источник",
  ]

  /// What has numbered values.
  private static let values: Set<String> = [
    "code", "codes", "error", "err", "fault", "alarm", "alert", "reason", "cause", "status", "state", "mode",
    "level", "version", "fw", "sw", "hw", "revision", "rev", "release", "build", "model", "type", "kind",
    "class", "profile", "recipe", "program", "user", "operator", "channel", "slot", "connector", "session",
    "batch", "job", "task", "rule", "policy", "phase", "step", "sequence", "seq", "unit", "thread", "worker",
    "queue", "topic", "location", "site", "area", "room", "building", "floor", "street", "district", "param",
    "parameter", "value", "signal", "point", "metric", "field", "hash", "token",
  ]

  private static let references: Set<String> = [
    "code", "session", "batch", "job", "task", "rule", "policy", "phase", "step", "sequence", "seq", "line",
    "row", "index", "pid", "tid",
    "thread", "user", "operator", "version", "revision", "rev", "release", "build", "slot", "channel",
    "connector", "shift", "bay", "gate",
    "platform", "room", "floor", "schicht", "gleis", "linie", "auftrag", "auftragsnummer", "benutzer",
    "usuario", "utilisateur", "pedido",
  ]

  /// Which of several computers the record's own is.
  private static let ownMachines: Set<String> = [
    "log", "syslog", "source", "src", "origin", "sender", "local", "agent", "beat", "reporting", "own",
    "this",
    "edge", "iot", "field", "mqtt", "observer",
  ]
}
