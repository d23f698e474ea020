/// One message to be: who says what about whom, and when it reaches the log. 32 bytes; its text is made on writing.
struct Record: Sendable {
  /// Arrival at the log in true time, nanoseconds since the epoch.
  var arrival: Int64
  /// Nanoseconds between being said and arriving.
  var transit: Int32
  /// Who says it: the stamp comes from this entity's clock.
  var speaker: Int32
  /// Another entity the text names, or -1.
  var subject: Int32
  /// A number the text carries.
  var value: UInt32
  /// What is said.
  var utterance: Utterance

  init(
    _ utterance: Utterance, at time: Int64, speaker: Int, subject: Int = -1, value: UInt32 = 0,
    transit: Int32 = 0
  ) {
    arrival = time + Int64(transit)
    self.transit = transit
    self.speaker = Int32(speaker)
    self.subject = Int32(subject)
    self.value = value
    self.utterance = utterance
  }

  /// Total order, so that sorting gives the same file everywhere.
  static func precedes(_ a: Record, _ b: Record) -> Bool {
    if a.arrival != b.arrival { return a.arrival < b.arrival }
    if a.speaker != b.speaker { return a.speaker < b.speaker }
    if a.utterance.rawValue != b.utterance.rawValue { return a.utterance.rawValue < b.utterance.rawValue }
    return (a.value, a.subject) < (b.value, b.subject)
  }
}

/// Which log a message ends up in.
enum Place: UInt8, Sendable { case gateway, broker, updateService, cloud, monitor }

/// Everything that anybody in the fleet can say.
enum Utterance: UInt8, Sendable, CaseIterable {
  // Ordinary life, in the gateway's log.
  case alive, frameSent, frameRelayed, radio, clock, weakRadio, lateSample, lease, cron, knock, batchPushed
  // Ordinary life in the middle.
  case clientConnected, clientLeft, batchReceived, apiRequest, probeRound, slowLookup
  // Rollout.
  case rolloutOpened, rolloutBatch, rolloutProgress, imageSwitched
  // Devices failing by themselves, and what others say of them.
  case oops, bankGaveUp, modemAborted, markedOffline, reconnectFlood, takeover
  // Overload.
  case backlogExceeded, handshakesDropped, shedding, sessionLost, upstreamBusy, ingestStalled, poolDry
  // Worm.
  case loginAccepted, unknownImage, taskStarved, flowBurst
  // Dependency failures.
  case linkDown, standbyFailed, noRoute, tokenRefused, certificateExpired, handshakeFailed, authUnreachable
  // Unrelated failures.
  case batteryFlat, sensorDead

  /// The log it goes to.
  var place: Place {
    switch self {
    case .clientConnected, .clientLeft, .batchReceived, .reconnectFlood, .takeover, .backlogExceeded,
      .handshakesDropped, .standbyFailed, .authUnreachable:
      .broker
    case .apiRequest, .shedding, .tokenRefused, .certificateExpired: .cloud
    case .probeRound, .ingestStalled, .poolDry, .slowLookup: .monitor
    case .rolloutOpened, .rolloutBatch, .rolloutProgress: .updateService
    default: .gateway
    }
  }

  /// The program that says it.
  var program: StaticString {
    switch self {
    case .alive, .frameSent, .lateSample, .sessionLost, .taskStarved, .batteryFlat, .sensorDead,
      .handshakeFailed:
      "agentd"
    case .frameRelayed, .batchPushed, .markedOffline, .upstreamBusy, .noRoute: "relayd"
    case .radio, .weakRadio: "radiod"
    case .clock: "chronyd"
    case .lease: "dnsmasq-dhcp"
    case .cron: "CRON"
    case .knock: "sshd"
    case .clientConnected, .clientLeft, .batchReceived, .reconnectFlood, .takeover, .backlogExceeded,
      .handshakesDropped, .standbyFailed, .authUnreachable:
      "mosquitto"
    case .apiRequest, .shedding, .tokenRefused, .certificateExpired: "sessiond"
    case .probeRound, .ingestStalled, .poolDry, .slowLookup: "fleetwatch"
    case .rolloutOpened, .rolloutBatch, .rolloutProgress: "rolloutd"
    case .imageSwitched: "swupd"
    case .oops, .flowBurst, .linkDown: "kernel"
    case .bankGaveUp: "bootctl"
    case .modemAborted: "modemd"
    case .loginAccepted: "telnetd"
    case .unknownImage: "init"
    }
  }

  /// Severity as in RFC 5424, 6.2.1.
  var severity: Int {
    switch self {
    case .frameSent, .frameRelayed, .radio, .apiRequest: 7
    case .alive, .lease, .cron, .batchPushed, .batchReceived, .clientConnected, .clientLeft, .probeRound,
      .clock:
      6
    case .rolloutBatch, .rolloutProgress: 6
    case .rolloutOpened, .imageSwitched, .loginAccepted, .takeover: 5
    case .weakRadio, .lateSample, .knock, .slowLookup, .markedOffline, .unknownImage, .flowBurst,
      .reconnectFlood:
      4
    case .oops, .bankGaveUp, .backlogExceeded, .ingestStalled, .standbyFailed, .certificateExpired: 2
    case .batteryFlat: 1
    default: 3
    }
  }

  /// True for what is said because something failed.
  var isTestimony: Bool { rawValue >= Utterance.oops.rawValue }
}
