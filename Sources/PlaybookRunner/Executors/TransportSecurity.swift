import CMosquitto
import Glibc

/// What a TLS connection trusts and what it shows of itself, as PEM files. The other side's certificate must be
/// signed by the authority and name the host; no option turns that off.
public struct TransportSecurity: Sendable, Hashable {
  /// Certificates of the authorities that are trusted, and no others; nil when none was given: then TLS is refused.
  public var authorities: String?
  /// Our own certificate; nil to show none.
  public var certificate: String?
  /// Its private key, which nobody but us may read.
  public var key: String?

  /// What is trusted and shown, from its parts.
  public init(authorities: String? = nil, certificate: String? = nil, key: String? = nil) {
    self.authorities = authorities
    self.certificate = certificate
    self.key = key
  }

  /// Throws when a connection to this address cannot be made safely.
  public func check(for address: String) throws(RunnerError) {
    guard authorities != nil else {
      throw RunnerError(
        .badArgument,
        "'\(address)' needs the certificate authority that certified it: add --tls-ca FILE; no other is trusted"
      )
    }
    try checkFiles()
  }

  /// Throws when a file is missing, or the private key can be read by others.
  func checkFiles() throws(RunnerError) {
    guard (certificate == nil) == (key == nil) else {
      throw RunnerError(.badArgument, "a client certificate needs both --tls-certificate and --tls-key")
    }
    for path in [authorities, certificate, key].compactMap({ $0 }) where access(path, R_OK) != 0 {
      throw RunnerError(.badArgument, "cannot read '\(path)': \(String(cString: strerror(errno)))")
    }
    if let key {
      var status = stat()
      guard stat(key, &status) == 0, status.st_mode & 0o077 == 0 else {
        throw RunnerError(
          .secret, "the private key '\(key)' can be read by others; 'chmod 600' it, and change the key")
      }
    }
  }

  /// Gives libmosquitto the files. Returns what it does not take.
  func apply(to client: OpaquePointer) -> RunnerError? {
    // Hosts are compared and certificates verified by default; said again so that no default can change it.
    mosquitto_tls_opts_set(client, 1, nil, nil)
    mosquitto_tls_insecure_set(client, false)
    let code = mosquitto_tls_set(client, authorities, nil, certificate, key) { buffer, size, _, _ in
      // A key with a passphrase: nobody can be asked here, and OpenSSL must not ask on the terminal.
      if size > 0 { buffer?.pointee = 0 }
      return 0
    }
    guard code != MOSQ_ERR_SUCCESS.rawValue else { return nil }
    return RunnerError(
      .badArgument, "libmosquitto does not take the TLS files: \(String(cString: mosquitto_strerror(code)))")
  }

  /// What a complaint of OpenSSL means for people; nil when it is about something else than trust.
  static func refusal(_ complaint: String) -> String? {
    let known = [
      (
        "certificate verify failed",
        "its certificate is not of the given authority, has expired, or names another host"
      ),
      ("certificate revoked", "it says that our certificate is revoked"),
      ("certificate expired", "it says that our certificate has expired"),
      ("unknown ca", "it does not know the authority of our certificate"),
      ("certificate required", "it asks for a client certificate: --tls-certificate and --tls-key"),
      ("handshake failure", "it does not agree on how to encrypt, or asks for a client certificate"),
      ("bad certificate", "it does not accept our certificate"),
      ("wrong version number", "it does not speak TLS on this port"),
      ("certificate unknown", "it does not accept our certificate"),
    ]
    if let (_, meaning) = known.first(where: { complaint.contains($0.0) }) {
      return "\(meaning) (\(RemoteText.excerpt(complaint, 120)))"
    }
    return complaint.contains("OpenSSL") || complaint.contains("certificate")
      || complaint.contains("host name")
      ? "TLS failed (\(RemoteText.excerpt(complaint, 160)))" : nil
  }
}
