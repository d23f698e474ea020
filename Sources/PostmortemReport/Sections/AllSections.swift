/// The sections in the order of the outline. A test compares this list with the folder.
enum AllSections {
  static let list: [any (ReportSection & SendableMetatype).Type] = [
    ControlSection.self, SummarySection.self, KeyFiguresSection.self, ImpactSection.self, EventsSection.self,
    CausesSection.self, SpreadSection.self, DetectionSection.self, ResponseSection.self, LessonsSection.self,
    WhatIfSection.self, ActionsSection.self, ClocksSection.self, AppendixSection.self,
  ]
}
