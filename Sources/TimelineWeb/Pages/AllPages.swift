/// The pages, in the order of the navigation.
enum AllPages {
  static let list: [any WebPage.Type] = [
    OverviewPage.self, TimelinePage.self, EventPageView.self, CascadePage.self, FleetPage.self,
    ResponsePage.self, ReportPage.self, EvidencePage.self, SQLPage.self, HelpPage.self,
  ]

  /// The page of an address.
  static func page(_ path: [String]) -> (any WebPage.Type)? {
    let name = path.first ?? ""
    return list.first { $0.name == name }
  }
}
