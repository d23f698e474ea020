import Testing

@testable import LogFormats

/// Which field of a record names its device, and which values name nobody.
@Suite struct DeviceNameTests {
  private static let time = #""ts":"2026-11-29T10:00:00Z""#

  private func device(_ members: String) -> String {
    events("{\(Self.time),\(members)}\n").first?.device ?? "no event"
  }

  @Test(arguments: [
    "machine", "unit", "asset", "thing", "node", "serial", "sn", "imei", "mac", "controller", "station",
    "meter",
    "gateway", "device_name", "deviceId", "machineName", "station-id", "pump_id", "charger_serial",
    "ChargePointId", "edgeDevice", "edge_device_id", "UnitID", "Unit No.", "wallbox_sn", "rtu", "plc_name",
    "Meter #", "assettag", "iot_node", "LOCK_ID", "inverterSN", "vehicle", "equipment-number", "ap_mac",
    "Gerätenummer", "Zähler-Nr", "Maschinenname", "id_dispositivo", "nombre_equipo", "numéro de série",
    "Seriennummer", "edge_id", "sysName", "imsi", "vehicle_plate", "outstation", "номер устройства",
  ]) func aWordForADeviceNamesIt(_ key: String) {
    #expect(device(#""\#(key)":"AHU-07","temp":21.5"#) == "AHU-07", "\(key)")
  }

  @Test(arguments: [
    #""device":{"id":"AHU-07","type":"fan"}"#, #""meta":{"device":"AHU-07"}"#,
    #""asset":{"serial_number":"AHU-07"}"#, #""tags":{"machine_name":"AHU-07"}"#,
    #""data":{"station":{"id":"AHU-07","place":"x"}}"#, #""gateway":{"eui":"AHU-07","ip":"10.0.0.1"}"#,
    #""payload":{"unit":{"label":"AHU-07"}}"#, #""edge":{"node":{"id":"AHU-07"}}"#,
  ]) func nestedNamesDoToo(_ members: String) { #expect(device(members) == "AHU-07") }

  /// What a field says of a device, states, units of measurement, and whom a device talks to.
  @Test(arguments: [
    #""device_type":"fan-12""#, #""device_state":"on""#, #""node_version":"v18""#, #""unit":"kWh""#,
    #""unit":"m3""#, #""unit":"kg/m2""#, #""host_os":"linux""#, #""macos":"14.2""#, #""pump":"on""#,
    #""cert_serial":"1234567""#, #""from":"idle","to":"run""#, #""lock":"open""#, #""sensor":21.5"#,
    #""vin":12"#, #""sn":17"#, #""controller":"UsersController""#, #""db_host":"db-12""#,
    #""target_device":"pump-12""#, #""battery_serial":"B-123456""#, #""meter_reading":12345"#,
    #""user":{"name":"jo-12"}"#, #""machine":{"state":{"name":"idle-12"}}"#,
  ]) func otherFieldsDoNot(_ members: String) { #expect(device(members) == "", "\(members)") }

  @Test(arguments: [
    "-", "--", "?", "unknown", "Unknown", "UNKNOWN", "n/a", "N/A", "null", "none", "None", "(none)",
    "<unknown>",
    "00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff", "000000000000", "0.0.0.0", "localhost", "127.0.0.1",
    "To be filled by O.E.M.", "unbekannt", "неизвестно", "",
  ]) func aPlaceholderNamesNobody(_ value: String) {
    #expect(device(#""device":"\#(value)","mac":"aa:bb:cc:00:11:22""#) == "aa:bb:cc:00:11:22")
    #expect(device(#""device":"\#(value)","v":1"#) == "")
    let pairs = events("ts=2026-11-29T10:00:00Z device=\"\(value)\" imei=356938035643809 msg=\"a b\" x=1\n")
    #expect(pairs.map(\.device) == ["356938035643809"])
    let table = events(
      "timestamp,device,Serial No.,v\n2026-11-29T10:00:00Z,\(value),S-77123,1\n2026-11-29T10:00:01Z,d8,S-77124,1\n"
    )
    #expect(table.map(\.device) == ["S-77123", "d8"])
  }

  @Test(arguments: [
    "0", "7", "f0", "node-1", "unknown-7", "none-such", "localhost-3", "00:00:00:00:00:01", "DEFAULT", "ff-1",
  ]) func namesThatLookAlikeAreNames(_ value: String) { #expect(device(#""device":"\#(value)""#) == value) }

  /// Who was heard counts before who handed it on.
  @Test func theDeviceItselfCountsBeforeItsGateway() {
    #expect(device(#""gateway":"gw-1","meter":"m-7""#) == "m-7")
    #expect(device(#""gateway_id":"gw-1","sensor_serial":"S-12345""#) == "S-12345")
    #expect(device(#""host":"collector-1","edge_device_id":"e-17""#) == "e-17")
    #expect(device(#""gateway":"gw-1","unit":"kWh""#) == "gw-1")
  }

  @Test func headingsOfTablesAreReadAlike() {
    let found = events(
      "timestamp,Charger ID,unit,value\n2026-11-29T10:00:00Z,C-7,kWh,12.5\n2026-11-29T10:00:01Z,C-8,kWh,12.5\n"
    )
    #expect(found.map(\.device) == ["C-7", "C-8"])
  }

  @Test func whatStandsAboveATableNamesItsDevice() {
    let rows = "Time,Event,Code\n2026-11-29 10:02:11,on battery,9\n2026-11-29 10:02:40,off battery,8\n"
    for above in ["Device: UPS-7", "# Serial No.: UPS-7", "Unit ID=UPS-7"] {
      #expect(events("\(above)\n\(rows)").map(\.device) == ["UPS-7", "UPS-7"], "\(above)")
    }
    #expect(events("Device: unknown\n\(rows)").map(\.device) == ["", ""])
    #expect(events("Report: UPS-7\n\(rows)").map(\.device) == ["", ""])
    let own = events("Device: gw-1\ntime,meter,v\n2026-11-29 10:02:11,m-7,1\n2026-11-29 10:02:12,-,2\n")
    #expect(own.map(\.device) == ["m-7", "gw-1"])
  }

  @Test(arguments: [
    ("site/1/pump-7/telemetry", "pump-7"), ("$aws/things/Boiler/shadow/update", "Boiler"),
    ("devices/kitchen/status", "kitchen"), (#"site\/1\/pump-7\/telemetry"#, "pump-7"),
    ("v1/devices/me/telemetry", ""), ("site-12/pump-17/temp", ""), ("orders-17", ""), ("api/v12/status", ""),
    ("devices/status", ""),
  ]) func aLevelOfATopicNamesTheDeviceWhereNothingElseDoes(_ topic: String, _ name: String) {
    let member = #""topic":"\#(topic)""#
    #expect(device(member) == name)
    #expect(device(#"\#(member),"device":"d-1""#) == "d-1")
    #expect(events("{\(Self.time),\(member)}\n").first?.fields.contains("topic") == true)
    guard !topic.contains("\\") else { return }
    #expect(events("ts=2026-11-29T10:00:00Z topic=\(topic) msg=\"a b\" x=1\n").map(\.device) == [name])
    let table = events(
      "timestamp,topic,v\n2026-11-29T10:00:00Z,\(topic),1\n2026-11-29T10:00:01Z,\(topic),2\n")
    #expect(table.map(\.device) == [name, name])
  }

  @Test func aVariableIsNoDevice() { #expect(device(#""NodeId":"ns=2;s=Line1.Speed","v":1"#) == "") }

  @Test func keysAreDividedIntoWords() {
    #expect(DeviceWords.words("deviceSerialNumber") == ["device", "serial", "number"])
    #expect(DeviceWords.words("MACAddress") == ["mac", "address"])
    #expect(DeviceWords.words("Station No.") == ["station", "no"])
    #expect(DeviceWords.words("machineid") == ["machine", "id"])
    #expect(DeviceWords.words("macos") == ["macos"])
  }
}
