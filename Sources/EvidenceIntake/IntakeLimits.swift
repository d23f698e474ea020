/// Bounds that hostile or broken evidence cannot pass. All absolute, but for runs of one byte: honest heartbeat
/// logs compress 343 to 1, so a ratio alone says nothing.
public struct IntakeLimits: Sendable, Hashable {
  /// Bytes of one line that are kept as its text; the rest is known by offset and length.
  public var lineBytes = 1 << 20
  /// Uncompressed bytes of one source.
  public var sourceBytes: UInt64 = 256 << 30
  /// Containers inside one another: `a.zip` → `b.tar` → `c.gz` is three.
  public var nesting = 8
  /// Members of one path, those of nested archives included.
  public var members = 100_000
  /// Length of a run of one byte value that a compressed source may unfold to at more than 100 to 1.
  public var constantRun: UInt64 = 64 << 20
  /// Memory of the process that unpacks archives, in bytes.
  public var helperMemory: UInt64 = 1 << 30
  /// The limits in force unless said otherwise.
  public init() {}
}
