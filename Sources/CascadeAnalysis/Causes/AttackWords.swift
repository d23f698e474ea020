/// Whether a message tells in words of an attack on a network.
///
/// Most words for attacks are words for everyday work elsewhere: a controller scans its inputs and its fieldbus, a reader scans bar codes, a radio
/// scans channels, a flood sensor stands in water, a pump has a flow. Such a word counts only where something beside it makes it one of a network
/// (hosts, ports, SYN, packets, connections), and where nothing beside it says that it is such work. As far as the words are known.
public enum AttackWords {
  /// What a message tells of an attack.
  public enum Finding: Sendable {
    /// Its speaker attacks: `SYN flood started`, `scanning ports of 10.0.0.7`.
    case made
    /// Somebody saw it: `port scan from 10.0.0.7`, `40 new flows to tcp/23`. Whom the message names may have made it.
    case seen
  }

  /// What a message tells; nil where it tells of none.
  public static func finding(in text: String) -> Finding? {
    // What varies keeps its place, so that words around it are no neighbours.
    let words = text.lowercased().split(whereSeparator: \.isWhitespace).flatMap { token -> [Substring] in
      // Where to read more is no word of the message: the scheme of an address names no traffic.
      token.contains("://") ? ["*"] : token.split { !($0.isLetter || $0 == "*" || $0 == "'") }
    }
    let told = Told(Array(words.prefix(48)))
    if told.isOfAttack { return told.isOfSomebodyElse ? .seen : .made }
    return told.isOfTraffic ? .seen : nil
  }

  /// True where words name what machines do every day in the words of an attack: "bus scan", "bar code scan".
  static func tellOfEverydayWork(_ words: [Substring]) -> Bool {
    words.contains { everyday.contains($0) } || words.contains("i") && words.contains("o")
  }

  private struct Told {
    let words: [Substring]
    let all: Set<Substring>

    init(_ words: [Substring]) {
      self.words = words
      all = Set(words)
    }

    var isOfAttack: Bool {
      if !all.isDisjoint(with: attacks) || all.contains("brute") && all.contains("force") { return true }
      if all.contains("payload"), !all.isDisjoint(with: ["malicious", "shell", "malware", "implant"]) {
        return true
      }
      return isMeant(attempts)
    }

    /// What a neighbour sees of one that floods or searches.
    var isOfTraffic: Bool {
      if !all.isDisjoint(with: ["syn", "portscan", "portscans"]) || isMeant(movements) { return true }
      return !all.isDisjoint(with: refusals) && !all.isDisjoint(with: refused) && !isEveryday
    }

    /// `attack from 10.0.0.7 detected`: who says so is the one attacked, or watches.
    var isOfSomebodyElse: Bool {
      all.isDisjoint(with: ["outbound", "outgoing", "sent", "sending", "started", "starting"])
        && !all.isDisjoint(with: seen)
    }

    private var isEveryday: Bool { AttackWords.tellOfEverydayWork(words) }

    /// Whether one of some words that have other meanings as well is meant as one of a network.
    private func isMeant(_ doubtful: Set<Substring>) -> Bool {
      let isEveryday = isEveryday
      return words.indices.contains { place in
        guard doubtful.contains(words[place]), !isPartOfName(place) else { return false }
        var beside = all.subtracting([words[place]])
        // "outbound flow", "flow, src=setpoint": of water as well.
        if words[place] == "flow" { beside.subtract(["outbound", "inbound", "src"]) }
        if !beside.isDisjoint(with: decisive) { return true }
        guard !isEveryday else { return false }
        // "port scan", and what somebody is doing to one.
        return !beside.isDisjoint(with: network) || isPort(place - 1) || isPort(place + 1)
          || areCounted(place)
          || words[place].hasSuffix("ing") && !beside.isDisjoint(with: victims)
      }
    }

    /// "new flows", "flows to ADDRESS": of what flows in pipes there is one.
    private func areCounted(_ place: Int) -> Bool {
      guard words[place] == "flows" else { return false }
      let rest = words[(place + 1)...].prefix(2)
      return place > 0 && words[place - 1] == "new" || rest.first == "to" && rest.last == "*"
    }

    private func isPort(_ place: Int) -> Bool {
      words.indices.contains(place) && (words[place] == "port" || words[place] == "ports")
    }

    /// "flood sensor", "scan rate", "water flow": a thing or a quantity that is called so.
    private func isPartOfName(_ place: Int) -> Bool {
      place + 1 < words.count && things.contains(words[place + 1])
        || place > 0 && waters.contains(words[place - 1])
    }
  }

  // MARK: Words

  /// Of attacks alone.
  private static let attacks: Set<Substring> = [
    "ddos", "exploit", "exploits", "exploiting", "bruteforce", "bruteforcing", "attack", "attacks",
    "attacking", "portscanning",
  ]
  /// Of attacks where a network is spoken of.
  private static let attempts: Set<Substring> = [
    "scan", "scanning", "scanned", "flood", "floods", "flooding", "brute", "probing", "sweeping", "spoofed",
    "spoofing",
  ]
  /// Of traffic where a network is spoken of.
  private static let movements: Set<Substring> = [
    "flow", "flows", "outbound", "egress", "probes", "probing", "sweep", "sweeps", "scans", "portscan",
  ]
  private static let refusals: Set<Substring> = [
    "blocked", "denied", "deny", "throttled", "throttling", "ratelimit", "ratelimited",
  ]
  private static let refused: Set<Substring> = network.union([
    "port", "inbound", "connection", "acl", "syn",
  ])
  private static let seen: Set<Substring> = [
    "from", "by", "src", "source", "detected", "suspected", "blocked", "denied", "dropped", "rejected",
    "refused", "prevented", "stopped", "mitigated", "under", "von", "durch", "erkannt", "depuis", "desde",
  ]
  /// Nothing that machines scan or count every day is called so.
  private static let decisive: Set<Substring> = [
    "syn", "telnet", "ssh", "smb", "rdp", "hosts", "subnet", "subnets", "victim", "victims", "botnet",
    "exploit",
  ]
  /// Of networks, and of fieldbuses that run over them.
  private static let network: Set<Substring> = [
    "tcp", "udp", "icmp", "arp", "dns", "ntp", "http", "https", "packet", "packets", "pps", "traffic",
    "firewall", "conntrack", "src", "dst", "spt", "dpt", "ports", "ips", "addresses", "targets",
    "connections", "credentials", "outbound", "inbound", "internet", "datagrams", "pings",
  ]
  /// One of them is something else as often, unless somebody is doing something to it.
  private static let victims: Set<Substring> = [
    "host", "target", "address", "neighbours", "neighbors", "network", "networks", "range",
  ]
  /// What machines read, ask and tune to.
  private static let everyday: Set<Substring> = [
    "modbus", "mbus", "profibus", "profinet", "canopen", "canbus", "devicenet", "ethercat", "bacnet", "dali",
    "knx", "hart", "onewire", "bus", "busses", "buses", "fieldbus", "slave", "slaves", "register",
    "registers", "coil", "coils", "plc", "plcs", "rtu", "io", "inputs", "outputs", "cycle", "cycles",
    "overrun", "barcode", "barcodes", "bar", "qr", "rfid", "nfc", "laser", "lidar", "radar", "wifi", "wlan",
    "ble", "bluetooth", "zigbee", "lora", "lorawan", "radio", "rf", "channel", "channels", "frequency",
    "frequencies", "band", "bands", "antenna", "ssid", "ssids", "beacon", "beacons", "cell", "cells",
    "serial", "usb", "com", "uart", "spi", "lane", "lanes", "belt", "conveyor", "pallet", "parcel", "badge",
    "card", "ticket", "charging", "charge", "inlet", "outlet", "intake", "exhaust", "drain", "suction",
    "discharge", "hydraulic", "feldbus", "eingänge", "ausgänge", "kanal", "kanäle", "funk",
  ]
  /// Behind a word of an attack: what is named by it.
  private static let things: Set<Substring> = [
    "sensor", "sensors", "detector", "detectors", "meter", "meters", "switch", "switches", "gate", "gates",
    "valve", "valves", "light", "lights", "lamp", "lamps", "probe", "probes", "transmitter", "transmitters",
    "level", "levels", "rate", "rates", "time", "control", "controller", "contact", "head", "heads", "engine",
    "line", "lines", "tool", "zone", "area", "plain", "barrier", "pump", "pumps", "door", "doors", "button",
    "melder", "alarm", "alarms", "warning", "warnings", "temperature", "pressure",
  ]
  /// Before it.
  private static let waters: Set<Substring> = [
    "water", "flash", "river", "rain", "storm", "sewage", "air", "gas", "oil", "coolant", "steam", "heat",
    "temperature", "pressure", "level", "no", "low", "high",
  ]
}
