public import IncidentModel

/// A device that a target query named, with the strongest basis of the evidence that named it.
public struct SelectedDevice: Sendable, Hashable {
  /// The name as the evidence or the inventory has it.
  public var device: String
  /// Who vouches for the name in the evidence that selected it; nil when the inventory alone did.
  public var basis: IdentityBasis?
  /// A device from its parts.
  public init(device: String, basis: IdentityBasis? = nil) {
    self.device = device
    self.basis = basis
  }
}

/// Everything a plan is made from beside the playbook, frozen.
public struct TargetSelection: Sendable {
  /// The query as given.
  public var expression: String
  /// What it selected.
  public var devices: [SelectedDevice]
  /// Devices that must not be touched: what we stand on (brokers, gateways on the way, our own host), with the reason.
  public var protected: [String: String]
  /// By selected device: the devices of the inventory that hang on it (`Carriers.dependants`).
  public var dependants: [String: [String]]
  /// The fleet.
  public var inventory: Inventory
  /// Identifies the evidence and the inventory that the query was answered from; changes when they do.
  public var caseDigest: String

  /// A selection from its parts.
  public init(
    expression: String, devices: [SelectedDevice], inventory: Inventory, protected: [String: String] = [:],
    dependants: [String: [String]] = [:], caseDigest: String
  ) {
    self.expression = expression
    self.devices = devices
    self.inventory = inventory
    self.protected = protected
    self.dependants = dependants
    self.caseDigest = caseDigest
  }
}
