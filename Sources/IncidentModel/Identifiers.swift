/// A device, service or other entity, by `ContentHash` of its name's bytes: the same wherever it is computed.
public struct DeviceID: Hashable, Sendable, Comparable {
  /// The 64 bits. The store keeps them as a signed integer with the same bit pattern.
  public var rawValue: UInt64
  /// An id from its 64 bits.
  public init(rawValue: UInt64) { self.rawValue = rawValue }
  /// The id of the device with this name.
  public init(name: String) { rawValue = ContentHash.of(name) }
  /// By bit pattern, for a total order only.
  public static func < (a: DeviceID, b: DeviceID) -> Bool { a.rawValue < b.rawValue }
}

/// A message template, by `ContentHash` of `program`, a NUL byte and the template's text.
public struct TemplateID: Hashable, Sendable, Comparable {
  /// The 64 bits. The store keeps them as a signed integer with the same bit pattern.
  public var rawValue: UInt64
  /// An id from its 64 bits.
  public init(rawValue: UInt64) { self.rawValue = rawValue }
  /// By bit pattern, for a total order only.
  public static func < (a: TemplateID, b: TemplateID) -> Bool { a.rawValue < b.rawValue }
}

/// A source of evidence (a file, or a member of an archive), by the first 64 bits of its SHA-256.
public struct SourceID: Hashable, Sendable, Comparable {
  /// The 64 bits. The store keeps them as a signed integer with the same bit pattern.
  public var rawValue: UInt64
  /// An id from its 64 bits.
  public init(rawValue: UInt64) { self.rawValue = rawValue }
  /// By bit pattern, for a total order only.
  public static func < (a: SourceID, b: SourceID) -> Bool { a.rawValue < b.rawValue }
}

/// An event of one case, by its row id: given once in (source, member, offset) order and never changed.
/// Its name outside the case is an `EvidenceReference`.
public struct EventID: Hashable, Sendable, Comparable {
  /// The row id, from 1.
  public var rawValue: Int64
  /// An id from a row id.
  public init(rawValue: Int64) { self.rawValue = rawValue }
  /// Evidence order.
  public static func < (a: EventID, b: EventID) -> Bool { a.rawValue < b.rawValue }
}
