/// The vocabularies of CACAO 2.0. Those that the standard calls open (`-ov`) may hold other values; the closed ones not.
public enum Vocabulary {
  /// workflow-step-type-enum (closed).
  public static let stepTypes: Set<String> = [
    "start", "end", "action", "playbook-action", "parallel", "if-condition", "while-condition",
    "switch-condition",
  ]
  /// playbook-type-ov.
  public static let playbookTypes: Set<String> = [
    "attack", "detection", "engagement", "investigation", "mitigation", "notification", "prevention",
    "remediation",
  ]
  /// playbook-activity-type-ov.
  public static let activities: Set<String> = [
    "compose-content", "deliver-content", "identify-audience", "identify-channel", "scan-system",
    "match-indicator",
    "analyze-collected-data", "identify-indicators", "scan-vulnerabilities", "configure-systems",
    "restrict-access",
    "disconnect-system", "eliminate-risk", "revert-system", "restore-data", "restore-capabilities",
    "map-network",
    "identify-steps", "step-sequence", "prepare-engagement", "execute-operation",
    "analyze-engagement-results",
  ]
  /// Those of them that look at systems, or at what is known of them, and change nothing.
  static let lookingActivities: Set<String> = [
    "scan-system", "scan-vulnerabilities", "match-indicator", "analyze-collected-data", "identify-indicators",
    "identify-audience", "identify-channel", "map-network", "identify-steps",
  ]
  /// Activities that a playbook of a type must list (3.1.2).
  public static let requiredActivities: [String: [String]] = [
    "notification": ["compose-content"], "detection": ["match-indicator"],
    "investigation": ["identify-indicators"], "prevention": ["configure-systems"],
    "mitigation": ["eliminate-risk"], "remediation": ["restore-capabilities"], "attack": ["step-sequence"],
    "engagement": ["prepare-engagement", "execute-operation", "analyze-engagement-results"],
  ]
  /// command-type-ov with the types we add.
  public static let commandTypes: Set<String> = [
    "manual", "bash", "caldera-cmd", "elastic", "http-api", "jupyter", "kestrel", "openc2-http", "powershell",
    "sigma", "ssh", "yara", "mqtt", "nft",
  ]
  /// Command types that this implementation runs. The others are refused at load, never skipped.
  public static let supportedCommandTypes: Set<String> = ["manual", "bash", "ssh", "http-api", "mqtt", "nft"]
  /// agent-target-type-ov.
  public static let agentTargetTypes: Set<String> = [
    "group", "individual", "location", "organization", "sector", "http-api", "linux", "net-address",
    "security-category", "ssh",
  ]
  /// authentication-info-type-ov.
  public static let authenticationTypes: Set<String> = ["http-basic", "oauth2", "user-auth"]
  /// data-marking-type-enum (closed).
  public static let markingTypes: Set<String> = ["marking-statement", "marking-tlp", "marking-iep"]
  /// security-category-type-ov.
  public static let securityCategories: Set<String> = [
    "aaa", "analytics", "caldera", "content-gateway", "desktop", "endpoint", "firewall", "handset", "ids",
    "ips",
    "kali", "manx", "orchestrator", "os-linux", "os-mac", "os-windows", "redcanary-atomicred", "ragdoll",
    "router",
    "sandcat", "server", "siem", "switch", "ticketing", "tip", "wireless",
  ]
  /// variable-type-ov.
  public static let variableTypes: Set<String> = [
    "bool", "dictionary", "float", "hexstring", "integer", "ipv4-addr", "ipv6-addr", "long", "mac-addr",
    "hash",
    "md5-hash", "sha256-hash", "string", "uri", "uuid",
  ]
  /// signature-algorithm-type-ov, and the symmetric ones that SHOULD NOT be used.
  public static let signatureAlgorithms: Set<String> = [
    "RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "PS256", "PS384", "PS512", "Ed25519", "Ed448",
    "XMSS-SHA2_10_256", "XMSS-SHA2_16_256", "XMSS-SHA2_20_256", "LMS_SHA256_M32_H5", "LMS_SHA256_M32_H10",
    "LMS_SHA256_M32_H15", "LMS_SHA256_M32_H20", "LMS_SHA256_M32_H25",
  ]
  /// tlpv2_level (closed).
  public static let tlpLevels: Set<String> = [
    "TLP:RED", "TLP:AMBER", "TLP:AMBER+STRICT", "TLP:GREEN", "TLP:CLEAR",
  ]
  /// region-enum (closed).
  public static let regions: Set<String> = [
    "africa", "eastern-africa", "middle-africa", "northern-africa", "southern-africa", "western-africa",
    "americas",
    "caribbean", "central-america", "latin-america-caribbean", "northern-america", "south-america", "asia",
    "central-asia", "eastern-asia", "southern-asia", "south-eastern-asia", "western-asia", "europe",
    "eastern-europe", "northern-europe", "southern-europe", "western-europe", "oceania", "antarctica",
    "australia-new-zealand", "melanesia", "micronesia", "polynesia",
  ]
}
