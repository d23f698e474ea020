import CascadeAnalysis
import IncidentModel

/// The full list of affected devices as CSV, for the file beside a report.
public enum DeviceList {
  /// Header and one row per affected device in the order of the onsets. Names are those of the report's audience.
  public static func csv(_ material: ReportMaterial, options: ReportOptions) -> (text: String, rows: Int) {
    let picture = material.picture
    let redactor = Redactor(options, inputDigest: picture.facts.inputDigest)
    var recovery: [String: Instant] = [:]
    for interval in picture.lastIntervals { recovery[interval.device] = interval.end }
    let isKnown = picture.intervals != nil
    var relapses: [String: Int] = [:]
    for interval in picture.intervals ?? [] where interval.relapseEvent != nil {
      relapses[interval.device, default: 0] += 1
    }
    var text = CSVText.row([
      "device", "onset", "earliest", "latest", "seen_by", "probability", "identity_basis", "recovered",
      "relapses", "events",
    ])
    // Of those without a usable time the cells are empty.
    func stamp(_ instant: Instant) -> String {
      Format.isPlausible(instant) ? instant.rfc3339(fractionDigits: 9) : ""
    }
    for onset in picture.onsets + picture.untimed {
      text += CSVText.row([
        redactor.name(onset.device).display, stamp(onset.time), stamp(onset.interval.lowerBound),
        stamp(onset.interval.upperBound),
        onset.kind.rawValue, Format.fixed(min(1, max(0, onset.probability)), digits: 4), onset.basis.name,
        recovery[onset.device]?.rfc3339(fractionDigits: 9) ?? (isKnown ? "still affected" : "not determined"),
        isKnown ? String(relapses[onset.device] ?? 0) : "",
        options.audience.isRedacted
          ? "" : onset.evidence.prefix(20).map { String($0.rawValue) }.joined(separator: " "),
      ])
    }
    return (text, picture.affected)
  }
}
