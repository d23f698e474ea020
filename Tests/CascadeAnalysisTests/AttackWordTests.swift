import Testing

@testable import CascadeAnalysis

/// What tells of an attack, and what of machines that scan, flood and flow in everyday life.
@Suite struct AttackWordTests {
  @Test(arguments: [
    "flood sensor lost contact", "flood detector 3 packets lost", "modbus scan abort, slave table corrupt",
    "Modbus TCP scan failed, slave <*> dropped <*> packets", "bus scan failed: no slaves", "I/O scan overrun",
    "plc scan time exceeded on ports <*>", "barcode scan error <*>", "bar code scan of lane <*> denied",
    "wifi scan found no AP", "scanning <*> channels for neighbours", "RFID scan blocked, antenna <*>",
    "flood gate closed", "water flow below limit", "flow <*> l/min at pump <*>", "flow sensor: no packets",
    "outbound flow of <*> low",
    "no order from <*> for <*> s, closing flow, see http://kb.heat.local/412",
    "no order from <*> for <*> s, closing flow, src=setpoint",
    "scan failed, help: https://docs.plc.example/<*>",
    "outbound conveyor stopped", "temperature probes of freezer <*> failed", "ventilation sweep done",
    "charging port blocked", "inlet port blocked at valve <*>", "virus scan finished", "cell scan <*>",
    "flooding of basement <*>", "payload dropped: CRC", "payload too large", "brute strength of spring low",
    "scan complete", "scan <*> done", "outbound call to service", "egress button pressed",
  ]) func everydayWorkIsNoAttack(_ text: String) {
    #expect(AttackWords.finding(in: text) == nil)
  }

  @Test(arguments: [
    "SYN flood started", "udp flood sent to <*>", "flooding target <*>", "scanning ports of <*>",
    "port scan of <*>",
    "outbound scan burst port=<*> n=<*>", "scanned <*> hosts", "scanning neighbours", "scanning subnet <*>",
    "scanning hosts for open modbus ports", "brute force against <*>", "DDoS module loaded",
    "malicious payload executed", "attacking <*>", "spoofed ARP packets out", "http flood: <*> targets",
  ]) func whoAttacksSaysSo(_ text: String) {
    #expect(AttackWords.finding(in: text) == .made)
  }

  /// Who writes it was attacked or watches: the one that it names may be the attacker.
  @Test(arguments: [
    "port scan from <*>", "SYN flood from <*> detected", "attack by <*> blocked",
    "<*> new flows to tcp/<*> by <*>",
    "outbound syn of <*>", "<*> outbound flows seen",
    "flow limit: <*> new flows to <*> in <*> s by <*>", "<*> flows to <*> by <*>", "denied tcp from <*>",
    "<*> blocked by firewall",
    "egress to <*> hosts: <*>",
    "brute force attack suspected, <*>",
  ]) func whoSeesAnAttackDoesNotMakeIt(_ text: String) {
    #expect(AttackWords.finding(in: text) == .seen)
  }

  @Test func whatAReaderRefusesIsNoAttemptFromOutside() {
    #expect(OutsideAttempts.tellsOfRefusal("scan from <*>"))
    #expect(!OutsideAttempts.tellsOfRefusal("barcode scan from <*> unreadable"))
    #expect(!OutsideAttempts.tellsOfRefusal("modbus probe lost from <*>"))
  }
}
