import Foundation
import PlaybookModel
@testable import PlaybookRunner
import Testing

/// A secret in the forms that it goes out in, and comes back in.
@Suite struct SecretFormTests {
  private let secret = "p\"ä/ss wörd+7&<'x"

  private func store(_ text: String) throws -> (SecretStore, TemporaryFolder) {
    let folder = try TemporaryFolder()
    let store = try SecretStore(
      sources: ["api=file:\(try folder.write("api", text))"], environment: [:])
    _ = try store.credential("api")
    return (store, folder)
  }

  @Test func everyFormThatItIsSentOrRepeatedInIsMasked() throws {
    let (store, folder) = try store("svc\n\(secret)\n")
    defer { withExtendedLifetime(folder) {} }
    let allowed = CharacterSet(
      charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
    let percent = try #require(secret.addingPercentEncoding(withAllowedCharacters: allowed))
    let data = Data(secret.utf8)
    let json = String(decoding: try JSONEncoder().encode([secret]), as: UTF8.self).dropFirst(2).dropLast(2)
    var forms = [
      secret, percent, percent.replacingOccurrences(of: "%20", with: "+"), String(json),
      json.replacingOccurrences(of: "\\/", with: "/"), data.map { String(format: "%02x", $0) }.joined(),
      data.map { String(format: "%02X", $0) }.joined(), ShellQuote.quote(secret),
      Data("svc:\(secret)".utf8).base64EncodedString(),
      // Python's json.dumps.
      "p\\\"\\u00e4/ss w\\u00f6rd+7&<'x",
    ]
    forms.append(
      percent.replacingOccurrences(of: "%C3%A4", with: "%c3%a4").replacingOccurrences(of: "%2F", with: "%2f")
        .replacingOccurrences(of: "%C3%B6", with: "%c3%b6").replacingOccurrences(of: "%2B", with: "%2b")
        .replacingOccurrences(of: "%3C", with: "%3c"))
    for form in forms {
      let masked = store.masker.mask("said: \(form); end")
      #expect(
        masked.contains("***") && !masked.contains(form) && masked.hasPrefix("said: "), "\(form): \(masked)")
      #expect(masked.hasSuffix("; end"), "\(form): \(masked)")
    }
  }

  /// Wherever it stands in what was encoded: at each of the three places within a group of base64.
  @Test func base64IsMaskedAtEachAlignment() throws {
    let (store, folder) = try store("Http-Top-S3cret!pw\n")
    defer { withExtendedLifetime(folder) {} }
    for before in ["", "u", "uv", "uvw:"] {
      let text = Data("\(before)Http-Top-S3cret!pw and more".utf8).base64EncodedString()
      let masked = store.masker.mask(text)
      let rest = masked.replacingOccurrences(of: "***", with: "")
      #expect(masked.contains("***") && rest.count < text.count - 20, "\(before): \(masked)")
    }
  }

  @Test func whatWasCutOffIsMaskedToo() throws {
    let (store, folder) = try store("svc\nHttp-Top-S3cret!pw\n")
    defer { withExtendedLifetime(folder) {} }
    let header = Data("svc:Http-Top-S3cret!pw".utf8).base64EncodedString()
    #expect(store.masker.mask("HTTP 403 Http-Top-S3…; verified") == "HTTP 403 ***…; verified")
    #expect(store.masker.mask("Basic \(header.prefix(12))…") == "Basic ***…")
    // Who merely begins with the same letters is nobody's secret.
    #expect(store.masker.mask("Http-Top-Server is up") == "Http-Top-Server is up")
    #expect(store.masker.mask("nothing of it") == "nothing of it")
  }

  /// A credential of one device alone is hidden by the call that sends it.
  @Test func aDevicesOwnCredentialIsHiddenInItsAnswer() throws {
    let folder = try TemporaryFolder()
    _ = try folder.write("d-1", "svc\nDevice-0wn-S3cret\n")
    let store = try SecretStore(sources: ["api=folder:\(folder.path)"], environment: [:])
    let playbook = try Support.playbook("halt-rollout")
    var info = try #require(playbook.authentication.values.first)
    info.storeName = "api"
    let call = CommandCall(
      command: try #require(
        playbook.steps.values.compactMap {
          if case .action(let action) = $0.kind { action.commands.first } else { nil }
        }
        .first), values: [:], authentication: info, device: "d-1")
    let header = Data("svc:Device-0wn-S3cret".utf8).base64EncodedString()
    let answer = call.hiding(
      store, in: CommandAnswer(.refused, text: "you sent \(header)", detail: "403 \(header)"))
    #expect(answer.text == "you sent ***" && answer.detail == "403 ***")
  }
}
