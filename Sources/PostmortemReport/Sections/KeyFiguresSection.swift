import IncidentModel

/// 2: eight key numbers, each with how it was computed.
enum KeyFiguresSection: ReportSection {
  static let number = 2
  static let id = "key-figures"
  static let title = "Key figures"

  static let figures: [MetricID] = [
    .affected, .attackRate, .deviceHours, .ttd, .ttc, .ttr90, .doublingTime, .explained,
  ]

  static func blocks(_ context: SectionContext) -> [Block] { [.keyFigures(figures)] }
}
