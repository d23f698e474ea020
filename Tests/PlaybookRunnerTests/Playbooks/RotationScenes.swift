import Foundation
import PlaybookModel
import PlaybookRunner

/// What several suites rotate: the lab and the plan of it.
extension PlaybookLab {
  /// A rotation of ssh keys, from one of the fleet's keys to another. `comment` is what the old key's line ends with.
  static func keyRotation(
    _ fleet: SSHFleet, _ names: [String], old oldKey: String = "old", new: String = "new",
    newSecret: String = "new", comment: String? = nil, now: Int64 = Support.now
  ) throws -> (lab: PlaybookLab, plan: ExecutionPlan) {
    let lab = try PlaybookLab(
      fleet.folder,
      secrets: [try fleet.secret("old-ssh", key: oldKey), try fleet.secret("new-ssh", key: newSecret)],
      knownHosts: fleet.knownHosts)
    var old = try fleet.publicKey(oldKey)
    if let comment { old = old.split(separator: " ").prefix(2).joined(separator: " ") + " " + comment }
    let plan = try lab.plan(
      "rotate-ssh-key", names, ["address": fleet.address],
      set: [
        "old_key": old, "new_key": try fleet.publicKey(new), "file": "authorized", "port": "\(fleet.port)",
      ], now: now)
    return (lab, plan)
  }

  /// A rotation of passwords at a broker, with the folders `vault` and `oldpw` and the key `identity` of the fleet's folder.
  static func passwordRotation(
    _ broker: MosquittoBroker, _ fleet: SSHFleet, _ names: [String],
    address: (@Sendable (String) -> String)? = nil
  ) throws -> (lab: PlaybookLab, plan: ExecutionPlan) {
    let folder = fleet.folder.path
    let lab = try PlaybookLab(
      fleet.folder,
      secrets: [
        try broker.secret(), try fleet.secret("fleet-ssh", key: "old"), "new-password=folder:\(folder)/vault",
        "old-password=folder:\(folder)/oldpw",
      ], knownHosts: fleet.knownHosts)
    let plan = try lab.plan(
      "rotate-mqtt-password", names, ["address": address ?? fleet.address],
      set: [
        "broker": broker.url, "vault": folder + "/vault", "recipients": folder + "/identity.pub",
        "file": "password", "port": "\(fleet.port)",
      ])
    return (lab, plan)
  }

  /// A rotation of client certificates into the folder `vault` of the fleet's folder.
  static func certificateRotation(
    _ broker: MosquittoBroker, _ fleet: SSHFleet, _ authority: TestAuthority, _ names: [String],
    vault: String = "vault", list name: String = "list.pem"
  ) throws -> (lab: PlaybookLab, plan: ExecutionPlan) {
    let folder = fleet.folder.path
    let lab = try PlaybookLab(
      fleet.folder,
      secrets: [
        try broker.secret(), try fleet.secret("fleet-ssh", key: "old"),
        "new-certificate=folder:\(folder)/\(vault)",
      ], knownHosts: fleet.knownHosts, transport: authority.transport("admin"))
    let list = "\(folder)/\(name)"
    let plan = try lab.plan(
      "rotate-client-certificate", names, ["address": fleet.address],
      set: [
        "broker": broker.secureURL, "authority": authority.configuration, "vault": "\(folder)/\(vault)",
        "issued": authority.path,
        "file": "client.pem", "ca": authority.certificate, "list": list,
        "publish": "cp \(list) \(authority.list) && kill -HUP \(broker.processID)", "stamp": "rotation-1",
        "port": "\(fleet.port)",
      ], now: SystemClock().wallTime())
    return (lab, plan)
  }
}
