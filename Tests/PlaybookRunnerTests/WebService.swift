import Foundation
import PlaybookRunner
import Synchronization

/// A real HTTP server (Python's) on loopback, with or without TLS, that answers as its paths say and keeps what it got.
final class WebService: Sendable {
  let port: Int
  let folder: TemporaryFolder
  private let process: ChildProcess

  /// Starts it. With `certificates` it speaks TLS and wants client certificates of that authority.
  init(certificates: Certificates? = nil) async throws {
    folder = try TemporaryFolder()
    port = try Support.freePort()
    let script = try folder.write("server.py", Self.script)
    var arguments = [script, String(port), folder.path + "/requests"]
    if let certificates {
      arguments += [certificates.path("server.pem"), certificates.path("ca.pem")]
    }
    process = try ChildProcess("/usr/bin/python3", arguments, output: folder.path + "/log")
    for _ in 0..<200 {
      if (try? String(contentsOfFile: folder.path + "/log", encoding: .utf8))?.contains("ready") == true {
        return
      }
      try await Task.sleep(for: .milliseconds(30))
    }
    process.stop()
    throw RunnerError(.unsupported, "the web service does not start")
  }

  deinit { process.stop() }

  /// What it got: a line `METHOD path` for each request.
  var requests: [String] {
    ((try? String(contentsOfFile: folder.path + "/requests", encoding: .utf8)) ?? "").split(separator: "\n")
      .map(
        String.init)
  }

  private static let script = """
    import http.server, json, ssl, sys, time
    class Handler(http.server.BaseHTTPRequestHandler):
      protocol_version = 'HTTP/1.1'
      def log_message(self, *a): pass
      def answer(self):
        body = self.rfile.read(int(self.headers.get('Content-Length') or 0))
        with open(sys.argv[2], 'a') as f: f.write(self.command + ' ' + self.path + '\\n')
        kind = self.path.split('?')[0].split('/')[1]
        if kind == 'slow': time.sleep(5)
        if kind == 'drop':
          self.connection.close(); return
        status = int(self.path.split('/')[2]) if kind == 'status' else 200
        headers = {}
        if kind == 'away': status, headers = 302, {'Location': 'http://192.0.2.1/x'}
        if kind == 'port': status, headers = 302, {'Location': 'http://127.0.0.1:1/x'}
        if kind == 'here': status, headers = 302, {'Location': '/echo/there'}
        if kind == 'round': status, headers = 302, {'Location': '/round'}
        if kind == 'flood': text = b'x' * 20000000
        elif kind == 'long': text = b'a line of a listing ' * 5000 + b'state=held'
        elif kind == 'escape': text = b'a\\x1b[2Jb\\x00\\xff'
        else: text = json.dumps({'method': self.command, 'path': self.path, 'body': body.decode('utf-8', 'replace'),
          'headers': {k: v for k, v in self.headers.items()}}).encode()
        self.send_response(status)
        for k, v in headers.items(): self.send_header(k, v)
        self.send_header('Content-Length', str(len(text)))
        self.end_headers()
        try:
          if self.command != 'HEAD': self.wfile.write(text)
        except OSError: pass
      do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_PATCH = answer
    server = http.server.ThreadingHTTPServer(('127.0.0.1', int(sys.argv[1])), Handler)
    server.daemon_threads = True
    if len(sys.argv) > 3:
      context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
      context.load_cert_chain(sys.argv[3])
      context.load_verify_locations(sys.argv[4])
      context.verify_mode = ssl.CERT_REQUIRED
      server.socket = context.wrap_socket(server.socket, server_side=True)
    print('ready', flush=True)
    server.serve_forever()
    """
}

/// A certificate authority of a test with certificates of its, made by openssl.
struct Certificates {
  let folder: TemporaryFolder

  /// `ca.pem`, and for each name `NAME.pem` with certificate and key. Names are also host names; 127.0.0.1 is in all.
  init(_ names: [String] = ["server", "client"]) throws {
    folder = try TemporaryFolder()
    try run([
      "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=test-ca", "-keyout",
      path("ca.key"), "-out", path("ca.pem"),
    ])
    for name in names {
      try run([
        "req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=\(name)", "-keyout", path("\(name).key"),
        "-out", path("\(name).csr"),
      ])
      let extra = try folder.write("\(name).ext", "subjectAltName=IP:127.0.0.1,DNS:localhost,DNS:\(name)\n")
      try run([
        "x509", "-req", "-in", path("\(name).csr"), "-CA", path("ca.pem"), "-CAkey", path("ca.key"),
        "-CAcreateserial", "-days", "2", "-extfile", extra, "-out", path("\(name).crt"),
      ])
      _ = try folder.write("\(name).pem", try text("\(name).crt") + text("\(name).key"))
    }
  }

  func path(_ name: String) -> String { folder.path + "/" + name }
  func text(_ name: String) throws -> String { try String(contentsOfFile: path(name), encoding: .utf8) }
  private func run(_ arguments: [String]) throws {
    let made = try ChildProcess.run("/usr/bin/openssl", arguments)
    guard made.code == 0 else { throw RunnerError(.unsupported, made.output) }
  }
}
