import Crypto
import CryptoExtras
import Foundation
import PlaybookModel
import Testing

@Suite struct SignatureTests {
  private static let prefix: [UInt8] = [
    0x30, 0x2A, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x03, 0x21, 0x00,
  ]

  private func url(_ bytes: some Sequence<UInt8>) -> String {
    Data(bytes).base64EncodedString().replacingOccurrences(of: "+", with: "-").replacingOccurrences(
      of: "/", with: "_"
    )
    .replacingOccurrences(of: "=", with: "")
  }

  private func entry(_ algorithm: String, _ key: String, number: Int) -> [(String, DocumentNode?)] {
    [
      ("type", .string("jss")), ("id", .string("jss--1111111\(number)-1111-4111-8111-111111111111")),
      ("created", .string("2026-01-02T00:00:00.000Z")), ("modified", .string("2026-01-02T00:00:00.000Z")),
      ("signee", .string("us")), ("related_to", .string("playbook--e042eeb5-e2b1-4b8e-b116-6922a21299ed")),
      ("related_version", .string("2026-01-02T00:00:00.000Z")), ("hash_algorithm", .string("sha-256")),
      ("algorithm", .string(algorithm)), ("public_key", .string(key)),
    ]
  }

  private func with(_ root: DocumentNode, _ signatures: [DocumentNode]) -> DocumentNode {
    var members = (root.members ?? []).filter { $0.name != "signatures" }
    members.append(.init(name: "signatures", value: .array(signatures)))
    return DocumentNode(.object(members))
  }

  @Test func verifiesIndependentSignaturesOverTheBarePlaybookAndSeesEveryChange() throws {
    let root = try #require(document(sample()).root)
    let ed = Curve25519.Signing.PrivateKey()
    let ec = P256.Signing.PrivateKey()
    let edKey = Data(Self.prefix + ed.publicKey.rawRepresentation).base64EncodedString()
    let ecKey = ec.publicKey.derRepresentation.base64EncodedString()
    let first = DocumentNode.object(entry("Ed25519", edKey, number: 1))
    let second = DocumentNode.object(entry("ES256", ecKey, number: 2))
    let firstText = try #require(PlaybookSignature.signedText(first, of: root))
    #expect(firstText.count == 64)
    let secondText = try #require(PlaybookSignature.signedText(second, of: root))
    let signed = with(
      root,
      [
        .object(
          entry("Ed25519", edKey, number: 1) + [
            ("value", .string(url(try ed.signature(for: Data(firstText.utf8)))))
          ]),
        .object(
          entry("ES256", ecKey, number: 2)
            + [("value", .string(url(try ec.signature(for: Data(secondText.utf8)).rawRepresentation)))]),
      ])
    let read = PlaybookDocument(reading: Array(DocumentWriter.json(signed).utf8), now: june)
    #expect(read.verdict == .valid, "\(read.findings)")
    let keys = [
      PlaybookSignature.PinnedKey(name: "ed", text: edKey),
      .init(name: "ec", text: ec.publicKey.pemRepresentation),
    ]
    #expect(PlaybookSignature.verify(signed, keys: keys, now: june) == [.good(key: "ed"), .good(key: "ec")])
    // Adding a signature is no new version.
    #expect(Playbook.contentHash(of: signed) == Playbook.contentHash(of: root))

    let text = DocumentWriter.json(signed).replacingOccurrences(of: "Tell the ward", with: "Tell nobody")
    let altered = try ReadDocument.read(Array(text.utf8)).root
    for verdict in PlaybookSignature.verify(altered, keys: keys, now: june) {
      guard case .bad = verdict else {
        Issue.record("\(verdict)")
        continue
      }
    }
    // A key in the document proves nothing.
    for verdict in PlaybookSignature.verify(signed, keys: [], now: june) {
      guard case .unverified = verdict else {
        Issue.record("\(verdict)")
        continue
      }
    }
  }

  /// A document that is signed once, and the key.
  private func signed(
    _ algorithm: String, _ key: String, _ sign: (Data) throws -> Data
  ) throws -> DocumentNode {
    let root = try #require(document(sample()).root)
    let bare = DocumentNode.object(entry(algorithm, key, number: 1))
    let text = try #require(PlaybookSignature.signedText(bare, of: root))
    return with(
      root, [.object(entry(algorithm, key, number: 1) + [("value", .string(url(try sign(Data(text.utf8)))))])]
    )
  }

  @Test func verifiesEveryAlgorithmItNames() throws {
    let rsa = try _RSA.Signing.PrivateKey(keySize: .bits2048)
    let rsaKey = rsa.publicKey.derRepresentation.base64EncodedString()
    let middle = P384.Signing.PrivateKey()
    let large = P521.Signing.PrivateKey()
    let documents: [(String, DocumentNode)] = [
      (
        rsaKey,
        try signed("RS256", rsaKey) {
          try rsa.signature(for: SHA256.hash(data: $0), padding: .insecurePKCS1v1_5).rawRepresentation
        }
      ),
      (
        rsaKey,
        try signed("RS512", rsaKey) {
          try rsa.signature(for: SHA512.hash(data: $0), padding: .insecurePKCS1v1_5).rawRepresentation
        }
      ),
      (
        rsaKey,
        try signed("PS256", rsaKey) {
          try rsa.signature(for: SHA256.hash(data: $0), padding: .PSS).rawRepresentation
        }
      ),
      (
        middle.publicKey.derRepresentation.base64EncodedString(),
        try signed("ES384", middle.publicKey.derRepresentation.base64EncodedString()) {
          try middle.signature(for: $0).rawRepresentation
        }
      ),
      (
        large.publicKey.derRepresentation.base64EncodedString(),
        try signed("ES512", large.publicKey.derRepresentation.base64EncodedString()) {
          try large.signature(for: $0).rawRepresentation
        }
      ),
    ]
    for (key, node) in documents {
      let pinned = [PlaybookSignature.PinnedKey(name: "k", text: key)]
      let name = node["signatures"]?.items?.first?["algorithm"]?.text ?? ""
      #expect(PlaybookSignature.verify(node, keys: pinned, now: june) == [.good(key: "k")], "\(name)")
      let text = DocumentWriter.json(node).replacingOccurrences(of: "Tell the ward", with: "Tell nobody")
      let altered = PlaybookSignature.verify(
        try ReadDocument.read(Array(text.utf8)).root, keys: pinned, now: june)
      guard case .bad = altered.first else {
        Issue.record("\(name): \(altered)")
        continue
      }
      // A signature of one algorithm is none of another.
      let other = DocumentWriter.json(node).replacingOccurrences(of: "\"RS256\"", with: "\"PS256\"")
      if name == "RS256" {
        let verdict = PlaybookSignature.verify(
          try ReadDocument.read(Array(other.utf8)).root, keys: pinned, now: june)
        #expect(verdict != [.good(key: "k")])
      }
    }
  }
}
