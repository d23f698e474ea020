/// What stands under names such as `unit` and `pump` where they name no device.
enum MeasureWords {
  /// True for units of measurement and states.
  static func contains(_ value: UnsafeRawBufferPointer) -> Bool {
    guard value.count <= 12 else { return false }
    return words.contains(String(decoding: value, as: UTF8.self).lowercased())
  }

  /// True for the units of systemd.
  static func isService(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let point = value.lastIndex(of: 0x2E) else { return false }
    return services.contains(
      String(decoding: Bytes.part(value, point &+ 1, value.count), as: UTF8.self))
  }

  private static let words = Set(
    """
    on off open opened close closed run running stop stopped start started idle ok okay good bad error fault faulty fail failed ready \
    standby active inactive enabled disabled true false yes no auto automatic manual low high normal alarm warning locked unlocked \
    charging full empty up down online offline none any all \
    kwh wh mwh kw mw w kva va var v mv kv a ma ah mah hz khz mhz ghz bar mbar pa hpa kpa mpa psi psig c f k degc degf celsius \
    fahrenheit kelvin percent pct ratio count rpm ppm ppb m mm cm km in ft l ml m3 l/s l/h l/min m3/h m/s km/h kg g t lb s sec seconds \
    ms us min minutes h hours days lux lx lm db dbm dba ohm kohm volt volts amp amps ampere watt watts joule j n nm bytes kb mb gb bit bits \
    kbps mbps °c °f
    """.split(separator: " ").map(String.init))

  private static let services: Set<String> = [
    "service", "socket", "timer", "scope", "slice", "mount", "target", "device", "path", "swap", "automount",
  ]
}
