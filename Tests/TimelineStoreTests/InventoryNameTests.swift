import IncidentModel
import Testing

@testable import TimelineStore

@Suite struct InventoryNameTests {
  private static func event(_ second: Int64, _ template: String, _ variables: [String], fields: String? = nil)
    -> QueryFixture.Event
  {
    var event = QueryFixture.Event(time: second * 1_000_000_000, device: "cam-9", severity: 6)
    event.template = template
    event.variables = variables
    event.fields = fields
    return event
  }

  /// What the inventory calls a device besides is its name in messages, where it stands whole.
  @Test func addressesOfTheInventoryAreNames() throws {
    let fixture = try QueryFixture(
      events: [
        [
          Self.event(1, "server <*>", ["10.7.0.53."]), Self.event(2, "server <*>", ["10.7.0.53#53"]),
          Self.event(3, "peer <*> down", ["root(10.7.0.54)"]), Self.event(4, "peer <*>", ["[fd00::7]:8883"]),
          Self.event(5, "from aa:bb:cc:00:11:22 here", []),
          Self.event(6, "set", [], fields: #"{"via":"10.7.0.53"}"#),
          // Others' addresses, one of two devices, its own, a number, and a word.
          Self.event(7, "a <*> <*> <*>", ["10.7.0.5", "10.7.0.530", "110.7.0.53"]),
          Self.event(8, "b <*>", ["10.7.0.99"]),
          Self.event(9, "c <*>", ["10.7.0.9"]), Self.event(10, "d <*> for east", ["4711"]),
        ]
      ],
      inventory: (
        ["ip", "line", "mgmt", "serial"],
        [
          ("ns-1", ["10.7.0.53", "east", "", "4711"]),
          ("ns-2", ["10.7.0.54", "east", "fd00::7", "SN-0815-77"]),
          ("cam-7", ["10.7.0.99", "west", "aa:bb:cc:00:11:22", ""]),
          ("cam-8", ["10.7.0.99", "west", "", ""]),
          ("cam-9", ["10.7.0.9", "west", "", ""]),
        ]
      ))
    let evidence = try fixture.reader().loadEvidence().evidence
    #expect(
      zip(evidence.mentionEvents, evidence.mentionDevices).map { "\($0 + 1) \(evidence.devices[Int($1)])" }
        == ["1 ns-1", "2 ns-1", "3 ns-2", "4 ns-2", "5 cam-7", "6 ns-1"])
    #expect(Set(evidence.devices) == ["cam-9", "ns-1", "ns-2", "cam-7", "cam-8"])
  }

  /// A port is a name; what is called like one and measures is not.
  @Test func numbersOfPortsAreNoSeries() throws {
    let fields = #"{"DPT":443,"src_port":50022,"net":{"port":1883},"transport":3,"airport_t":21.5}"#
    let evidence = try QueryFixture(events: [[Self.event(1, "dropped", [], fields: fields)]]).reader()
      .loadEvidence().evidence
    #expect(Set(evidence.series.map(\.name)) == ["transport", "airport_t"])
  }
}
