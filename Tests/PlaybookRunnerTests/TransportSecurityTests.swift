import Foundation
import PlaybookModel
import PlaybookRunner
import Testing

/// TLS to a real broker that asks for certificates and reads a revocation list.
@Suite(.serialized) struct TransportSecurityTests {
  private func ask(
    _ broker: MosquittoBroker, _ transport: TransportSecurity, url: String? = nil
  ) async throws -> CommandAnswer {
    let executor = MQTTExecutor(secrets: try SecretStore(sources: [], environment: [:]), transport: transport)
    let call = CommandCall(
      command: PlaybookCommand(.mqtt, text: "DYNSEC getClient", content: "{\"username\":\"pump-1\"}"),
      values: [:],
      target: AgentTarget(type: "net-address", name: "b", kind: "url", address: url ?? broker.secureURL),
      timeout: 5_000_000_000)
    let answer = await executor.execute(call)
    await executor.close()
    return answer
  }

  @Test func onlyTheGivenAuthorityIsTrustedAndOurCertificateIsAskedFor() async throws {
    guard Support.has("mosquitto"), Support.has("openssl") else { return }
    let authority = try TestAuthority()
    try authority.issue("admin")
    try authority.issue("pump-1")
    let broker = try await MosquittoBroker(clients: ["pump-1"], authority: authority)
    let good = try await ask(broker, authority.transport("admin"))
    #expect(good.effect == .done, "\(good)")
    // A certificate that is no administrator's.
    let device = try await ask(broker, authority.transport("pump-1"))
    #expect(device.effect == .refused, "\(device)")
    // Another authority than the broker's.
    let other = try TestAuthority()
    let wrong = try await ask(
      broker,
      TransportSecurity(
        authorities: other.certificate, certificate: authority.path + "/admin.crt",
        key: authority.path + "/admin.key"))
    #expect(wrong.effect == .refused && wrong.detail.contains("authority"), "\(wrong)")
    // No certificate of ours.
    let bare = try await ask(broker, TransportSecurity(authorities: authority.certificate))
    #expect(bare.effect == .refused, "\(bare)")
    // The host is not in the broker's certificate.
    let renamed = try await ask(
      broker, authority.transport("admin"), url: "mqtts://127.0.0.2:\(broker.securePort)")
    #expect(renamed.effect != .done, "\(renamed)")
    // TLS on a port without it.
    let plain = try await ask(broker, authority.transport("admin"), url: "mqtts://127.0.0.1:\(broker.port)")
    #expect(plain.effect != .done, "\(plain)")
  }

  @Test func withoutAnAuthorityOrWithAnOpenKeyNothingIsPlanned() async throws {
    guard Support.has("openssl") else { return }
    let authority = try TestAuthority()
    try authority.issue("admin")
    func plan(_ transport: TransportSecurity, _ url: String) throws -> String {
      try MQTTExecutor(secrets: try SecretStore(sources: [], environment: [:]), transport: transport)
        .planText(
          CommandCall(
            command: PlaybookCommand(.mqtt, text: "DYNSEC getClient", content: "{}"), values: [:],
            target: AgentTarget(type: "net-address", name: "b", kind: "url", address: url)))
    }
    #expect(throws: RunnerError.self) { try plan(TransportSecurity(), "mqtts://127.0.0.1") }
    #expect(throws: RunnerError.self) { try plan(authority.transport("admin"), "wss://127.0.0.1") }
    #expect(try plan(authority.transport("admin"), "mqtts://127.0.0.1").contains("127.0.0.1:8883 by TLS"))
    chmod(authority.path + "/admin.key", 0o644)
    #expect(throws: RunnerError.self) { try plan(authority.transport("admin"), "mqtts://127.0.0.1") }
  }

  @Test func aRevokedCertificateIsRefusedAfterTheListIsReadAgainAndASessionEndsByDisabling() async throws {
    guard Support.has("mosquitto"), Support.has("openssl") else { return }
    let authority = try TestAuthority()
    for name in ["admin", "pump-1", "second"] { try authority.issue(name) }
    let broker = try await MosquittoBroker(clients: ["pump-1"], authority: authority)
    let session = try Client(
      port: broker.securePort, user: "pump-1", transport: authority.transport("pump-1"))
    #expect(await session.waitForConnection())
    #expect(try await ask(broker, authority.transport("admin")).effect == .done)
    try authority.revoke("pump-1")
    kill(broker.processID, SIGHUP)
    try await Task.sleep(for: .milliseconds(300))
    // Who is connected stays connected.
    #expect(session.current.connected)
    let executor = MQTTExecutor(
      secrets: try SecretStore(sources: [], environment: [:]), transport: authority.transport("admin"))
    let cut = await executor.execute(
      CommandCall(
        command: PlaybookCommand(.mqtt, text: "DYNSEC disableClient", content: "{\"username\":\"pump-1\"}"),
        values: [:],
        target: AgentTarget(type: "net-address", name: "b", kind: "url", address: broker.secureURL)))
    #expect(cut.effect == .done, "\(cut)")
    #expect(await session.wait { !$0.connected })
    session.close()
    let again = try Client(port: broker.securePort, user: "pump-1", transport: authority.transport("pump-1"))
    try await Task.sleep(for: .seconds(1))
    #expect(!again.current.connected)
    again.close()
    await executor.close()
    // Our own certificate, revoked: the executor says so.
    try authority.revoke("admin")
    kill(broker.processID, SIGHUP)
    try await Task.sleep(for: .milliseconds(300))
    let revoked = try await ask(broker, authority.transport("admin"))
    #expect(revoked.effect == .refused && revoked.detail.contains("revoked"), "\(revoked)")
  }
}
