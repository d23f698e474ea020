/// Commands and targets that no playbook holds: for probes that look whether something can be reached.
extension PlaybookCommand {
  /// A command of a type with its text.
  public init(_ type: CommandType, text: String, content: String? = nil) {
    self.type = type
    self.text = text
    self.content = content
    headers = []
    activity = nil
    description = nil
  }
}

extension AgentTarget {
  /// A target with one address of a kind (`dname`, `ipv4`, `url`…).
  public init(type: String, name: String, kind: String, address: String, port: String? = nil) {
    id = "\(type)--probe"
    self.type = type
    self.name = name
    self.address = [kind: [address]]
    self.port = port
    authentication = nil
  }
}

extension AuthenticationInfo {
  /// What stands in the secret store under a name.
  public init(storeName: String) {
    id = "user-auth--probe"
    type = "user-auth"
    user = nil
    secret = nil
    header = nil
    self.storeName = storeName
  }
}
