internal import IncidentModel
internal import PostmortemReport

/// Style sheets and script, served as files whose names carry a hash of their content: browsers keep them for good.
enum Assets: String, CaseIterable {
  case report, style, script

  private var content: String {
    switch self {
    case .report: PageChart.styleSheet
    case .style: PageStyle.text
    case .script: PageScript.text
    }
  }

  private static let files: [String: (type: String, content: String)] = {
    var files: [String: (type: String, content: String)] = [:]
    for asset in allCases {
      files[fileName(asset)] = (
        asset == .script ? "text/javascript; charset=utf-8" : "text/css; charset=utf-8", asset.content
      )
    }
    return files
  }()

  private static func fileName(_ asset: Assets) -> String {
    let digits = String(ContentHash.of(asset.content), radix: 16)
    return "\(asset.rawValue)-\(digits).\(asset == .script ? "js" : "css")"
  }
  private static let names = Dictionary(uniqueKeysWithValues: allCases.map { ($0, fileName($0)) })

  static func link(_ asset: Assets) -> Link { Link("assets", names[asset] ?? "") }

  static func response(_ request: WebRequest) -> WebResponse {
    guard request.path.count == 2, request.method != .post, let file = files[request.path[1]] else {
      return WebResponse(404, type: "text/plain; charset=utf-8", body: "no such file\n")
    }
    var response = WebResponse(200, type: file.type, body: file.content)
    response.headers.append(("Cache-Control", "private, max-age=31536000, immutable"))
    return response
  }
}
