internal import IncidentModel
internal import TimelineStore

/// A page of the desk: one file each, listed in `AllPages.swift`. The first segment of the address is its name.
protocol WebPage: Sendable {
  /// First segment of the address; empty for the overview.
  static var name: String { get }
  /// What the navigation calls it; empty where it is not in there.
  static var title: String { get }
  /// What it shows. Reading only.
  static func content(_ context: PageContext) throws -> PageContent
  /// Does what a form asks for and says where to go on.
  static func act(_ context: PageContext) throws -> Link
}

extension WebPage {
  static func act(_ context: PageContext) throws -> Link {
    throw PageError(status: 405, title: "Nothing can be changed here", words: "This page has no forms.")
  }
}

/// What a page may use.
struct PageContext {
  let request: WebRequest
  let desk: Desk
  let reader: CaseReader
  /// Of the browser that asks.
  let session: Gatekeeper.Session
  /// A list is asked for, not the page: drawings and the like need not be made, and lists are longer.
  var isForPrograms = false

  /// The address asked for.
  var link: Link { Link(request) }
  /// Segments of the path behind the page's name.
  var rest: [String] { Array(request.path.dropFirst()) }

  /// The hidden fields that every form needs: its token, and where to go back to.
  func hidden(back: Link? = nil) -> HTML {
    el(.input, .type("hidden"), .name("token"), .value(session.token))
      + el(.input, .type("hidden"), .name("back"), .value((back ?? link).text))
  }

  /// Where a form wants to go back to.
  var back: Link { Link(local: request.formField("back") ?? "/") }
}

/// What a page gives back.
struct PageContent {
  var title: String
  var main: HTML
  /// The first is what CSV and JSON carry where the address names none.
  var listings: [Listing] = []
  /// Something is still being made ready: the page is loaded again after so many seconds.
  var again: Int?
}

/// Why there is no page, for people: what, and what to do next.
struct PageError: Error {
  var status: Int
  var title: String
  var words: String
  var next: (link: Link, words: String)?
}
