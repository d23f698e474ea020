import Foundation
import PlaybookRunner

/// hawkBit as far as operators and devices need it here: the Management API (`/rest/v1`) and the Direct Device Integration
/// API (https://www.eclipse.org/hawkbit/apis/ddi_api/), so that real SWUpdate clients poll it, download from it and
/// report to it.
final class HawkBitServer: Sendable {
  let port: Int
  let folder: TemporaryFolder
  private let process: ChildProcess
  var url: String { "http://127.0.0.1:\(port)" }

  /// `sets` are distribution sets by id: version and file in the folder.
  init(_ folder: TemporaryFolder, sets: [String: (version: String, file: String)]) async throws {
    self.folder = folder
    port = try Support.freePort()
    let list = sets.mapValues { ["version": $0.version, "file": $0.file] }
    _ = try folder.write(
      "sets.json", String(decoding: try JSONSerialization.data(withJSONObject: list), as: UTF8.self))
    let program = try folder.write("server.py", Self.program)
    process = try ChildProcess(
      "/usr/bin/python3", [program, folder.path, "\(port)", "operator", "hawkbit-password"],
      output: folder.path + "/server.log")
    for _ in 0..<100 {
      if await BackendProbe.connect(host: "127.0.0.1", port: port, timeoutMilliseconds: 200).isReached {
        return
      }
      try await Task.sleep(for: .milliseconds(50))
    }
    throw RunnerError(.unsupported, "the server does not start")
  }

  deinit { process.stop() }

  /// Assigns a distribution set to a device as somebody else would.
  func assign(_ set: String, to device: String) throws {
    let done = try shell(
      "curl -sf -u operator:hawkbit-password -d '{\"id\": \(set)}' \(url)/rest/v1/targets/\(device)/assignedDS"
    )
    if done.code != 0 { throw RunnerError(.unsupported, "the server does not assign: \(done.output)") }
  }

  /// A device polls, and says that it has installed what is assigned to it.
  func poll(_ device: String) throws {
    let base = "\(url)/default/controller/v1/\(device)"
    let done = try shell(
      """
      number=$(curl -sf \(base) | grep -o 'deploymentBase/[0-9]*' | tr -dc 0-9) || exit 0
      curl -sf -d '{"status": {"execution": "closed", "result": {"finished": "success"}}}' \(base)/deploymentBase/$number/feedback
      """)
    if done.code != 0 { throw RunnerError(.unsupported, "the device cannot poll: \(done.output)") }
  }

  /// Where the secret store finds the operator.
  func secret() throws -> String {
    "hawkbit=file:" + (try folder.write("hawkbit-secret", "operator\nhawkbit-password\n"))
  }

  /// Waits until a device has polled: before that the server does not know it.
  func waitForDevice(_ name: String) async throws {
    for _ in 0..<300 {
      if requests.contains("GET /default/controller/v1/\(name)") { return }
      try await Task.sleep(for: .milliseconds(50))
    }
    throw RunnerError(.unsupported, "the device '\(name)' does not poll")
  }

  /// The requests so far: method and path.
  var requests: [String] {
    let text = (try? String(contentsOfFile: folder.path + "/requests", encoding: .utf8)) ?? ""
    return text.split(separator: "\n").compactMap { line in
      let fields = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String]
      return fields.map { "\($0[0]) \($0[1])" }
    }
  }

  private static let program = #"""
    import base64, hashlib, http.server, json, os, re, sys, threading
    folder, port, user, password = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
    lock, log = threading.Lock(), open(folder + "/requests", "a", buffering=1)
    sets = json.load(open(folder + "/sets.json"))           # id -> {"version", "file"}
    targets, rollouts, actions = {}, {"7": "running"}, {}
    here = f"http://127.0.0.1:{port}"

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        def log_message(self, *_): pass
        def answer(self, code, body=None):
            data = b"" if body is None else json.dumps(body).encode()
            self.send_response(code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)
        def do_GET(self): self.handle_any()
        def do_POST(self): self.handle_any()
        def do_PUT(self): self.handle_any()
        def handle_any(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            path = self.path.split("?")[0]
            log.write(json.dumps([self.command, path, body.decode(errors="replace")]) + "\n")
            with lock:
                if path.startswith("/rest/v1/"):
                    wanted = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
                    if self.headers.get("Authorization") != wanted: return self.answer(401, {"errorCode": "unauthorized"})
                    return self.manage(path[9:], body)
                return self.device(path, body)
        def manage(self, path, body):
            m = re.fullmatch(r"targets/([^/]+)/assignedDS", path)
            if m and self.command == "GET":
                action = actions.get(targets.get(m[1], {}).get("action", ""))
                if m[1] not in targets: return self.answer(404, {"errorCode": "entityNotFound"})
                if action is None: return self.answer(204)
                return self.answer(200, {"id": int(action["set"]), "version": sets[action["set"]]["version"]})
            if m:
                wanted = json.loads(body)
                wanted = wanted[0] if isinstance(wanted, list) else wanted
                ds = str(wanted["id"])
                if ds not in sets: return self.answer(404, {"errorCode": "entityNotFound"})
                target = targets.setdefault(m[1], {"installed": None})
                number = str(len(actions) + 1)
                actions[number] = {"target": m[1], "set": ds, "status": "running"}
                target["action"] = number
                return self.answer(200, {"assigned": 1, "alreadyAssigned": 0, "total": 1, "assignedActions": [{"id": int(number)}]})
            if m := re.fullmatch(r"targets/([^/]+)/installedDS", path):
                target = targets.get(m[1])
                if target is None: return self.answer(404, {"errorCode": "entityNotFound"})
                if target["installed"] is None: return self.answer(204)
                return self.answer(200, {"id": int(target["installed"]), "version": sets[target["installed"]]["version"]})
            if m := re.fullmatch(r"rollouts/([^/]+)(/pause|/resume)?", path):
                if m[1] not in rollouts: return self.answer(404, {"errorCode": "entityNotFound"})
                if m[2]: rollouts[m[1]] = "paused" if m[2] == "/pause" else "running"
                return self.answer(200, {"id": int(m[1]), "status": rollouts[m[1]]})
            return self.answer(404, {"errorCode": "unknown"})
        def device(self, path, body):
            if m := re.fullmatch(r"/files/(.+)", path):
                data = open(os.path.join(folder, os.path.basename(m[1])), "rb").read()
                self.send_response(200)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                return self.wfile.write(data)
            m = re.fullmatch(r"/default/controller/v1/([^/]+)(/.*)?", path)
            if not m: return self.answer(404)
            name, rest = m[1], m[2] or ""
            target = targets.setdefault(name, {"installed": None})
            base = f"{here}/default/controller/v1/{name}"
            action = actions.get(target.get("action", ""))
            if rest == "":
                links = {"configData": {"href": base + "/configData"}}
                if action and action["status"] == "running":
                    links["deploymentBase"] = {"href": f"{base}/deploymentBase/{target['action']}?c=-1"}
                return self.answer(200, {"config": {"polling": {"sleep": "00:00:01"}}, "_links": links})
            if rest == "/configData": return self.answer(200)
            if n := re.fullmatch(r"/deploymentBase/(\d+)(/feedback)?", rest):
                action = actions.get(n[1])
                if not action or action["target"] != name: return self.answer(404)
                if n[2]:
                    status = json.loads(body)["status"]
                    if status["execution"] == "closed":
                        action["status"] = status["result"]["finished"]
                        if action["status"] == "success": target["installed"] = action["set"]
                    return self.answer(200)
                chosen = sets[action["set"]]
                data = open(f"{folder}/{chosen['file']}", "rb").read()
                hashes = {k: hashlib.new(k, data).hexdigest() for k in ("sha1", "md5", "sha256")}
                href = f"{here}/files/{chosen['file']}"
                return self.answer(200, {"id": n[1], "deployment": {"download": "forced", "update": "forced", "chunks": [{
                    "part": "os", "version": chosen["version"], "name": "firmware", "artifacts": [{
                        "filename": chosen["file"], "hashes": hashes, "size": len(data),
                        "_links": {"download": {"href": href}, "download-http": {"href": href}}}]}]}})
            return self.answer(404)

    http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
    """#
}

/// A device with a real SWUpdate that polls a server, installs, restarts, and tells what became of it.
final class UpdatingDevice: Sendable {
  private let process: ChildProcess
  let version: String

  /// Its version stands in the file `version`.
  init(_ name: String, _ server: HawkBitServer, certificate: String, hardware: String, version: String) throws
  {
    self.version = version
    let home = server.folder.path + "/" + name
    try FileManager.default.createDirectory(atPath: home + "/tmp", withIntermediateDirectories: true)
    // SWUpdate wants a restart after an installation, and is then told with -c 2 that the new version runs.
    let script = try server.folder.write(
      name + "/device.sh",
      """
      trap 'kill $pid 2>/dev/null; exit 0' TERM
      export TMPDIR=\(home)/tmp
      confirm=
      while :; do
        : > log
        swupdate -k \(certificate) -H \(hardware) -u "-t default -u \(server.url) -i \(name) -p 1 $confirm" > log 2>&1 &
        pid=$!
        while kill -0 $pid 2>/dev/null && ! grep -q 'SWUPDATE successful' log; do sleep 0.1; done
        sleep 0.3
        kill $pid 2>/dev/null
        wait $pid 2>/dev/null
        confirm='-c 2'
      done

      """)
    process = try ChildProcess(
      "/bin/bash", ["-c", "cd \(home) && exec bash \(script)"], output: home + "/out")
  }

  var runs: String {
    (try? String(contentsOfFile: version, encoding: .utf8))?.trimmingCharacters(in: .whitespacesAndNewlines)
      ?? ""
  }

  func stop() { process.stop() }
}
