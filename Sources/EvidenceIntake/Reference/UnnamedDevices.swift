import IncidentModel
import LogFormats

/// A source whose events name no device by a field that is known, and one of whose fields holds what looks like names of devices: many would count
/// as one, and nobody would see it.
struct UnnamedDevices: Sendable {
  private let source: String
  /// The device that its events count as.
  private let device: String
  private let field: LikelyDeviceField

  /// Nil where there is nothing to say: also where the source is called like one of a series itself, whose parts are numbered as well.
  init?(_ state: SourceState) {
    guard state.usesDefaultDevice, let field = state.reader.likelyDevices else { return nil }
    var name = state.setup.deviceName
    let isOfSeries = name.withUTF8 { DeviceName.isOfSeries(UnsafeRawBufferPointer($0)) }
    guard !isOfSeries || SharedFileNames.tellsTimeOrCopy(name) else { return nil }
    source = state.setup.description.name
    device = name
    self.field = field
  }

  /// One sentence for each name of a field.
  static func notes(_ all: [UnnamedDevices], hasInventory: Bool) -> [String] {
    var byField: [String: [UnnamedDevices]] = [:]
    for one in all { byField[one.field.name, default: []].append(one) }
    return byField.sorted { $0.key < $1.key }.compactMap { name, sources in
      guard let first = sources.first else { return nil }
      let more = sources.count == 1 ? "" : " (and \(sources.count - 1) more sources like it)"
      let examples = first.field.examples.map { "'\($0)'" }.joined(separator: ", ")
      return
        "'\(first.source)'\(more): all events count as the device '\(first.device)', but '\(name)' holds what look like names of devices "
        + "(\(examples)): \(hasInventory ? "the inventory lists none of them; list them there" : "give an inventory that lists them"), or name "
        + "the field with --mapping"
    }
  }
}
