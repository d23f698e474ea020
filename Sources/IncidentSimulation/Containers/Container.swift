/// Something that holds log files: one file per kind, listed in `AllContainers.swift`.
protocol Container {
  /// Adds a file. `modified` is in nanoseconds since the epoch.
  mutating func add(_ path: String, modified: Int64, _ bytes: [UInt8]) throws(SimulationError)
  /// Ends the container and returns its bytes.
  mutating func finish() throws(SimulationError) -> [UInt8]
}

/// How the logs of a site were collected.
enum Collection: Int, CaseIterable {
  /// Files in a folder.
  case folder
  /// One `.tar.gz`, as support bundles are.
  case tarGzip
  /// One `.zip`.
  case zip
  /// A zip of one `.tar.gz` per gateway.
  case nested
}
