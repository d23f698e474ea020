public import PlaybookModel

/// The executors of a run, by command type.
public struct ExecutorSet: Sendable {
  private var byType: [CommandType: any CommandExecutor]

  /// Executors from a list; a later one replaces an earlier one of the same type.
  public init(_ executors: [any CommandExecutor]) {
    byType = [:]
    for executor in executors { byType[type(of: executor).type] = executor }
  }

  /// All command types there are. `knownHosts` is the file of host keys that ssh trusts, `networkNamespace` the one that
  /// nft works in (nil: that of this process), `transport` what TLS connections trust and show.
  public static func all(
    secrets: SecretStore, prompter: any ManualPrompter, knownHosts: String = "/etc/ssh/ssh_known_hosts",
    networkNamespace: String? = nil, transport: TransportSecurity = TransportSecurity()
  ) -> ExecutorSet {
    ExecutorSet([
      ManualExecutor(prompter: prompter),
      BashExecutor(secrets: secrets),
      MQTTExecutor(secrets: secrets, transport: transport),
      SSHExecutor(secrets: secrets, knownHosts: knownHosts),
      HTTPExecutor(secrets: secrets, transport: transport),
      NFTExecutor(namespace: networkNamespace),
    ])
  }

  /// The executor of a type. Throws when there is none: an unknown command is never skipped.
  public func executor(_ type: CommandType) throws(RunnerError) -> any CommandExecutor {
    guard let executor = byType[type] else {
      throw RunnerError(.unsupported, "nothing here runs commands of type '\(type.name)'")
    }
    return executor
  }

  /// Other executors in the place of these, for the same types.
  func wrapped(_ wrap: (any CommandExecutor) -> any CommandExecutor) -> ExecutorSet {
    var set = ExecutorSet([])
    set.byType = byType.mapValues(wrap)
    return set
  }

  /// Puts an executor in, in place of the one of its type.
  public mutating func replace(_ executor: any CommandExecutor) { byType[type(of: executor).type] = executor }
}
