internal import Glibc
internal import IncidentModel
internal import PostmortemReport
internal import Synchronization
internal import TimelineStore

/// The desk in the browser: serves the pages of one case on 127.0.0.1 until it is stopped.
public final class PageServer: Sendable {
  /// The port that is listened on.
  public let port: UInt16
  private let server: LoopbackServer
  private let gate: Gatekeeper

  /// Opens the case and listens; nothing is answered before `run`.
  /// - Parameters:
  ///   - path: The case.
  ///   - port: 0 takes a free one.
  public init(path: String, port: UInt16, services: any DeskServices) throws {
    let desk = try Desk(path: path, services: services)
    let box = HandlerBox()
    server = try LoopbackServer(port: port) { request in box.handle(request) }
    self.port = server.port
    gate = Gatekeeper(port: server.port)
    let server = server
    box.set(PageHandler(desk: desk, gate: gate, feed: LiveFeed(desk: desk) { server.isStopping }))
  }

  /// Answers until `isInterrupted` says so.
  public func run(isInterrupted: () -> Bool) {
    server.run(isInterrupted: isInterrupted)
    server.stop()
  }

  /// A link that lets one browser in, once. For eyes and browsers only: it belongs in no argument list and in no log.
  public func startLink() -> String { "http://127.0.0.1:\(port)/start?code=\(gate.newCode())" }
}

/// The port is known only once the server listens, and the handler needs it.
private final class HandlerBox: Sendable {
  private let handler = Mutex<PageHandler?>(nil)
  func set(_ handler: PageHandler) { self.handler.withLock { $0 = handler } }
  func handle(_ request: WebRequest) -> WebResponse {
    guard let handler = handler.withLock({ $0 }) else {
      return WebResponse(503, type: "text/plain; charset=utf-8", body: "starting\n")
    }
    return handler.handle(request)
  }
}

/// From a request to an answer: gate, assets, session, page, format.
struct PageHandler: Sendable {
  let desk: Desk
  let gate: Gatekeeper
  let feed: LiveFeed

  func handle(_ request: WebRequest) -> WebResponse {
    let started = Connection.now
    var response = answer(request)
    response.headers += SecurityHeaders.list
    if !response.headers.contains(where: { $0.name == "Cache-Control" }) {
      response.headers.append(("Cache-Control", "no-store"))
    }
    let tenths = Int(((Connection.now - started) * 10_000).rounded())
    response.headers.append(("Server-Timing", "page;dur=\(tenths / 10).\(tenths % 10)"))
    return response
  }

  private func answer(_ request: WebRequest) -> WebResponse {
    if let refusal = gate.refusal(request) {
      return WebResponse(refusal.status, type: "text/plain; charset=utf-8", body: refusal.words + "\n")
    }
    if request.path.first == "assets" { return Assets.response(request) }
    if request.path == ["start"] { return start(request) }
    guard let session = gate.session(request) else {
      return failure(
        PageError(
          status: 401, title: "Open the link that firebreak printed",
          words:
            "This page belongs to the person who started it. 'firebreak serve' prints a link that lets one "
            + "browser in, once; press Enter in its terminal for another."), request)
    }
    if request.path == ["live"] { return feed.response() }
    if request.method == .post { return act(request, session) }
    return show(request, session)
  }

  /// Exchanges the one-time code for the cookie. A page, not a redirect: a strict cookie is not sent along one that began
  /// elsewhere, in a terminal or a mail.
  private func start(_ request: WebRequest) -> WebResponse {
    guard request.method == .get, let code = request.field("code"), let cookie = gate.exchange(code: code)
    else {
      return failure(
        PageError(
          status: 403, title: "This link was used already",
          words:
            "A start link lets one browser in, once. Press Enter in the terminal of 'firebreak serve' for another."
        ), request)
    }
    var response = WebResponse(200, type: Self.htmlType, body: Layout.welcome())
    response.headers.append(
      ("Set-Cookie", "\(gate.cookieName)=\(cookie); Path=/; HttpOnly; SameSite=Strict"))
    return response
  }

  private func show(_ request: WebRequest, _ session: Gatekeeper.Session) -> WebResponse {
    guard let page = AllPages.page(request.path) else { return failure(Self.nowhere, request) }
    do {
      let wanted = Self.format(request)
      guard wanted != .html else {
        return try desk.read { reader, state in
          let context = PageContext(request: request, desk: desk, reader: reader, session: session)
          return WebResponse(
            200, type: Self.htmlType, body: try Layout.page(page.content(context), page, context, state))
        }
      }
      let listing = try listing(page, request, session)
      var response = WebResponse(200, type: "application/json; charset=utf-8", body: "")
      if wanted == .json {
        response.body = Array(listing.json.utf8)
      } else {
        response = WebResponse(200, type: "text/csv; charset=utf-8; header=present", body: listing.csv)
        response.headers.append(
          ("Content-Disposition", "attachment; filename=\"firebreak-\(listing.name).csv\""))
        if listing.next != nil { stream(&response, listing, page, request, session) }
      }
      response.headers.append(("Vary", "Accept"))
      return response
    } catch {
      return failure(Self.explain(error), request)
    }
  }

  /// The list that a request names, or the page's first.
  private func listing(_ page: any WebPage.Type, _ request: WebRequest, _ session: Gatekeeper.Session) throws
    -> Listing
  {
    try desk.read { reader, _ in
      let content = try page.content(
        PageContext(request: request, desk: desk, reader: reader, session: session, isForPrograms: true))
      let name = request.field("list")
      guard
        let listing = name == nil
          ? content.listings.first : content.listings.first(where: { $0.name == name })
      else {
        throw PageError(
          status: 404, title: "There is no such list here",
          words: "This page has: \(content.listings.map(\.name).joined(separator: ", ")).")
      }
      return listing
    }
  }

  /// CSV is the whole list, however long: one page of it after the other is read and sent. Where that cannot be finished
  /// the last chunk is missing, so that nobody takes a part for the whole (RFC 9112, 8).
  private func stream(
    _ response: inout WebResponse, _ first: Listing, _ page: any WebPage.Type, _ request: WebRequest,
    _ session: Gatekeeper.Session
  ) {
    response.body = []
    response.headers.append(("Transfer-Encoding", "chunked"))
    response.stream = { [self] stream in
      func send(_ text: String) -> Bool {
        text.isEmpty || stream.send("\(String(text.utf8.count, radix: 16))\r\n\(text)\r\n")
      }
      guard send(first.csv) else { return }
      var next = first.next
      while let link = next {
        var following = request
        following.query = link.fields + [("list", first.name), ("format", "csv")]
        do {
          let listing = try listing(page, following, session)
          guard listing.next != link, send(listing.csv(withHeader: false)) else { return }
          next = listing.next
        } catch {
          return
        }
      }
      _ = stream.send("0\r\n\r\n")
    }
  }

  private func act(_ request: WebRequest, _ session: Gatekeeper.Session) -> WebResponse {
    guard gate.isWriteAllowed(request, session) else {
      return failure(
        PageError(
          status: 403, title: "The form is not from this page",
          words: "It carries no token of this browser. Load the page again and repeat."), request)
    }
    if request.path == ["link"] {
      let link = Link("start", query: [("code", gate.newCode(seconds: 600))])
      return WebResponse(
        200, type: Self.htmlType, body: Layout.startLink("http://127.0.0.1:\(gate.portNumber)\(link.text)"))
    }
    guard let page = AllPages.page(request.path) else { return failure(Self.nowhere, request) }
    do {
      return WebResponse(
        redirect: try desk.read { reader, _ in
          try page.act(PageContext(request: request, desk: desk, reader: reader, session: session))
        })
    } catch {
      return failure(Self.explain(error), request)
    }
  }

  static let htmlType = "text/html; charset=utf-8"
  private static let nowhere = PageError(
    status: 404, title: "There is no such page", words: "The address leads nowhere here.")

  private enum Format { case html, csv, json }

  private static func format(_ request: WebRequest) -> Format {
    switch request.field("format") {
    case "csv": return .csv
    case "json": return .json
    case "html": return .html
    default: break
    }
    let accepted = request.headers["accept"] ?? ""
    guard !accepted.contains("text/html") else { return .html }
    if accepted.contains("text/csv") { return .csv }
    return accepted.contains("application/json") ? .json : .html
  }

  private func failure(_ error: PageError, _ request: WebRequest) -> WebResponse {
    if Self.format(request) != .html {
      return WebResponse(
        error.status, type: "text/plain; charset=utf-8", body: "\(error.title). \(error.words)\n")
    }
    return WebResponse(error.status, type: Self.htmlType, body: Layout.failure(error))
  }

  /// What went wrong, in words for people.
  static func explain(_ error: any Error) -> PageError {
    switch error {
    case let error as PageError: return error
    case let error as QueryError:
      let (line, caret) = error.excerpt()
      return PageError(
        status: 400, title: "The question cannot be understood",
        words: error.message + (error.hint.map { ": " + $0 } ?? "") + "\n" + line + "\n" + caret)
    case let error as StoreError:
      switch error.code {
      case .locked:
        return PageError(
          status: 503, title: "The case is being written",
          words: "Another command holds it just now. Load the page again in a moment.")
      case .limit:
        return PageError(
          status: 503, title: "That took too long",
          words:
            "It was stopped, so that the page stays usable. Ask for a shorter time or one device. (\(error.reason))"
        )
      case .query: return PageError(status: 400, title: "That cannot be asked", words: error.description)
      case .readOnly, .diskFull:
        return PageError(status: 409, title: "Nothing was written", words: error.description)
      default: return PageError(status: 500, title: "The case cannot be read", words: error.description)
      }
    default: return PageError(status: 500, title: "That did not work", words: "\(error)")
    }
  }
}

extension Gatekeeper {
  /// For links that are shown.
  var portNumber: UInt16 { port }
}
