import IncidentModel

/// The simulated fleet: entities are dense integers, their attributes small codes, their names computed.
///
/// Order of entities: devices, gateways, brokers (one per region), then the four central services.
struct Fleet: Sendable {
  /// What an entity is.
  enum Role: UInt8 { case device, gateway, broker, updateService, cloud, monitor, identity }

  /// A product line: the prefix of its device names and the firmware it shipped with.
  struct Product: Sendable {
    let model: String
    let prefix: StaticString
    let firmware: [String]
  }

  static let products: [Product] = [
    Product(model: "thermo-x2", prefix: "thr-", firmware: ["4.11.3", "4.11.1"]),
    Product(model: "lock-l5", prefix: "lck-", firmware: ["2.8.0", "2.7.4"]),
    Product(model: "meter-e1", prefix: "mtr-", firmware: ["4.11.3", "4.10.8"]),
    Product(model: "cam-v7", prefix: "cam-", firmware: ["6.0.9", "6.0.2"]),
    Product(model: "valve-q", prefix: "vlv-", firmware: ["1.3.22", "1.3.20"]),
  ]
  /// Version of the release that the update service hands out in the rollout scenarios.
  static let newFirmware = "4.12.0"
  static let rings = ["everyone", "early", "frozen"]
  static let criticalities = ["normal", "high"]
  static let cities = [
    "osl", "lyn", "gdn", "trn", "bcn", "ghe", "brn", "plz", "mlm", "crk", "tpr", "svl", "zgb", "grz", "ant",
    "bsl",
  ]
  static let regionNames = [
    "north", "south", "east", "west", "alpine", "baltic", "celtic", "iberia", "nordic", "levant", "coast",
    "plains",
    "lakes", "fjord", "delta", "upland", "island", "valley", "forest", "harbor", "border", "central", "inner",
    "outer",
  ]

  let deviceCount: Int
  let devicesPerGateway: Int
  let gatewayCount: Int
  let gatewaysPerSite = 2
  let siteCount: Int
  let regionCount: Int
  let seed: UInt64
  let chance: Chance

  /// Per device: index into `products`, hardware revision 1…3, firmware (index, or 255 = new), ring, and how much
  /// hangs on it (2: lives).
  private(set) var model: [UInt8]
  private(set) var hardware: [UInt8]
  var firmware: [UInt8]
  private(set) var ring: [UInt8]
  private(set) var criticality: [UInt8]
  /// Clock minus true time in milliseconds, for every entity.
  private(set) var skewMilliseconds: [Int32]

  init(devices: Int, seed: UInt64, maximumSkew: Double, chance: Chance) {
    deviceCount = devices
    self.seed = seed
    self.chance = chance
    devicesPerGateway = max(6, min(200, devices / 40))
    gatewayCount = (devices + devicesPerGateway - 1) / devicesPerGateway
    siteCount = (gatewayCount + 1) / 2
    regionCount = max(1, min(siteCount, min(24, 3 + devices / 5000)))
    model = []
    hardware = []
    firmware = []
    ring = []
    criticality = []
    model.reserveCapacity(devices)
    hardware.reserveCapacity(devices)
    firmware.reserveCapacity(devices)
    ring.reserveCapacity(devices)
    criticality.reserveCapacity(devices)
    for device in 0..<devices {
      let draw = chance.unit(device, .model)
      model.append(draw < 0.30 ? 0 : draw < 0.48 ? 1 : draw < 0.70 ? 2 : draw < 0.88 ? 3 : 4)
      hardware.append(UInt8(1 + chance.below(3, device, .hardware)))
      firmware.append(chance.unit(device, .firmware) < 0.8 ? 0 : 1)
      let ringDraw = chance.unit(device, .ring)
      ring.append(ringDraw < 0.72 ? 0 : ringDraw < 0.80 ? 1 : 2)
      let worth = chance.unit(device, .criticality)
      criticality.append(worth < 0.85 ? 0 : worth < 0.97 ? 1 : 2)
    }
    let total = devices + gatewayCount + regionCount + 4
    skewMilliseconds = Array(repeating: 0, count: total)
    for entity in 0..<(devices + gatewayCount) where maximumSkew > 0 {
      // Servers run NTP; cheap devices often cannot reach it, a few gateways are set by hand.
      let share = entity < devices ? 0.4 : 0.06
      guard chance.unit(entity, .skewed) < share else { continue }
      let seconds = chance.uniform(-maximumSkew..<maximumSkew, entity, .skewAmount)
      skewMilliseconds[entity] = Int32(seconds * 1000)
    }
  }

  var count: Int { skewMilliseconds.count }
  var brokers: Range<Int> { (deviceCount + gatewayCount)..<(deviceCount + gatewayCount + regionCount) }
  var gateways: Range<Int> { deviceCount..<(deviceCount + gatewayCount) }
  var updateService: Int { count - 4 }
  var cloud: Int { count - 3 }
  var monitor: Int { count - 2 }
  var identity: Int { count - 1 }

  func role(_ entity: Int) -> Role {
    if entity < deviceCount { return .device }
    if entity < deviceCount + gatewayCount { return .gateway }
    if entity < deviceCount + gatewayCount + regionCount { return .broker }
    switch count - entity {
    case 4: return .updateService
    case 3: return .cloud
    case 2: return .monitor
    default: return .identity
    }
  }

  /// Gateway entity of a device.
  func gateway(of device: Int) -> Int { deviceCount + device / devicesPerGateway }
  /// Site number of a gateway entity.
  func site(ofGateway gateway: Int) -> Int { (gateway - deviceCount) / gatewaysPerSite }
  /// Region number of a site.
  func region(ofSite site: Int) -> Int { site % regionCount }
  /// Region number of a device or gateway.
  func region(of entity: Int) -> Int {
    region(ofSite: site(ofGateway: entity < deviceCount ? gateway(of: entity) : entity))
  }
  /// Broker entity of a device or gateway.
  func broker(of entity: Int) -> Int { brokers.lowerBound + region(of: entity) }
  /// Devices behind a gateway.
  func devices(of gateway: Int) -> Range<Int> {
    let first = (gateway - deviceCount) * devicesPerGateway
    return first..<min(deviceCount, first + devicesPerGateway)
  }
  /// Gateway entities of a site.
  func gateways(ofSite site: Int) -> Range<Int> {
    let first = deviceCount + site * gatewaysPerSite
    return first..<min(deviceCount + gatewayCount, first + gatewaysPerSite)
  }
  /// Hours east of UTC at a site.
  func zoneHours(ofSite site: Int) -> Int { region(ofSite: site) % 3 }

  /// The six hex digits of a device's name: a bijection of 22-bit numbers, so that names are unique and say nothing.
  func serial(_ device: Int) -> UInt32 {
    let mask: UInt32 = 0x3F_FFFF
    var x = UInt32(device)
    x = (x &* 0x2C_1B3D) & mask
    x ^= x >> 11
    x = (x &* 0x29_7A2D &+ UInt32(truncatingIfNeeded: seed & 0xFFFF)) & mask
    x ^= x >> 13
    return (x & mask) | 0x40_0000
  }

  /// Appends the name of an entity.
  func putName(_ entity: Int, _ out: inout ByteBuffer) {
    switch role(entity) {
    case .device:
      out.put(Fleet.products[Int(model[entity])].prefix)
      out.putHex(UInt64(serial(entity)), digits: 6)
    case .gateway:
      out.put("edge-")
      putSiteName(site(ofGateway: entity), &out)
      out.put("-")
      out.putDecimal((entity - deviceCount) % gatewaysPerSite + 1)
    case .broker:
      out.put("mq-")
      out.put(text: Fleet.regionNames[entity - brokers.lowerBound])
    case .updateService: out.put("ota-hub")
    case .cloud: out.put("session-api")
    case .monitor: out.put("watchtower")
    case .identity: out.put("idp")
    }
  }

  /// Appends the name of a site.
  func putSiteName(_ site: Int, _ out: inout ByteBuffer) {
    out.put(text: Fleet.cities[site % Fleet.cities.count])
    out.putDecimal(site / Fleet.cities.count + 1)
  }

  /// The name of an entity as text.
  func name(_ entity: Int) -> String {
    var buffer = ByteBuffer(capacity: 32)
    putName(entity, &buffer)
    return buffer.text
  }

  /// The name of a site as text.
  func siteName(_ site: Int) -> String {
    var buffer = ByteBuffer(capacity: 16)
    putSiteName(site, &buffer)
    return buffer.text
  }

  /// The firmware version a device reports at the end of the window.
  func firmwareVersion(_ device: Int) -> String {
    let code = Int(firmware[device])
    return code == 255 ? Fleet.newFirmware : Fleet.products[Int(model[device])].firmware[code]
  }
}
