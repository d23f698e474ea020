import Foundation
import PlaybookRunner

/// A certificate authority made with `openssl ca`, with a revocation list.
final class TestAuthority: Sendable {
  let folder: TemporaryFolder
  var path: String { folder.path }
  var configuration: String { path + "/openssl.cnf" }
  var certificate: String { path + "/ca.crt" }
  var list: String { path + "/list.pem" }

  init() throws {
    folder = try TemporaryFolder()
    _ = try folder.write(
      "openssl.cnf",
      """
      [ca]
      default_ca = fleet
      [fleet]
      dir = \(folder.path)
      database = $dir/index.txt
      new_certs_dir = $dir/issued
      serial = $dir/serial
      crlnumber = $dir/crlnumber
      certificate = $dir/ca.crt
      private_key = $dir/ca.key
      default_md = sha256
      default_days = 30
      default_crl_days = 30
      policy = any
      unique_subject = no
      copy_extensions = copy
      [any]
      commonName = supplied

      """)
    try run(
      """
      cd \(folder.path) && mkdir issued && touch index.txt && echo 1000 > serial && echo 1000 > crlnumber &&
      openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.crt -days 30 -subj /CN=fleet
      """)
    try writeList()
    try issue("server", names: "IP:127.0.0.1,DNS:localhost")
  }

  private func run(_ line: String) throws {
    let result = try shell(line)
    guard result.code == 0 else { throw RunnerError(.unsupported, result.output) }
  }

  /// Makes NAME.crt and NAME.key (mode 0600), and NAME.pem with both.
  func issue(_ name: String, names: String? = nil) throws {
    let extra = names.map { "-addext subjectAltName=\($0)" } ?? ""
    try run(
      """
      cd \(path) && umask 077 && openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout \(name).key -out \(name).csr \
        -subj /CN=\(name) \(extra) && openssl ca -batch -notext -config openssl.cnf -in \(name).csr -out \(name).crt &&
      cat \(name).crt \(name).key > \(name).pem
      """)
  }

  func revoke(_ name: String) throws {
    try run("cd \(path) && openssl ca -batch -config openssl.cnf -revoke \(name).crt")
    try writeList()
  }

  private func writeList() throws {
    try run("cd \(path) && openssl ca -batch -config openssl.cnf -gencrl -out list.pem && chmod 644 list.pem")
  }

  /// What a client with this certificate trusts and shows.
  func transport(_ name: String) -> TransportSecurity {
    TransportSecurity(
      authorities: certificate, certificate: "\(path)/\(name).crt", key: "\(path)/\(name).key")
  }
}
