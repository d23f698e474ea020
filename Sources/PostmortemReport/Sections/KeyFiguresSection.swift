import IncidentModel

/// 2: eight key numbers, each with how it was computed.
enum KeyFiguresSection: ReportSection {
  static let number = 2
  static let id = "key-figures"
  static let title = "Key figures"

  static let figures: [MetricID] = [
    .affected, .attackRate, .deviceHours, .ttd, .ttc, .ttr90, .doublingTime, .explained,
  ]

  static func blocks(_ context: SectionContext) -> [Block] {
    guard context.audience.isPlain else { return [.keyFigures(figures)] }
    // Readers who decide get the same figures in plain words; the reason why one has no value is the engineers' business.
    func fact(_ id: MetricID, _ words: String) -> (term: String, value: Prose) {
      (words, context.plain(id))
    }
    return [
      .facts([
        fact(.affected, "Devices affected"), fact(.attackRate, "Share of devices affected"),
        fact(.deviceHours, "Hours of service lost, summed over devices"),
        fact(.ttd, "Time until somebody knew"), fact(.ttc, "Time until no new device failed"),
        fact(.ttr90, "Time until nine in ten were well again"),
        fact(.stillAffected, "Still affected when the evidence ends"),
      ])
    ]
  }
}
