import Foundation
import Glibc
import Synchronization
import Testing

/// A broker that is down, refuses, talks nonsense or says nothing: the run ends, in time, with nothing done.
@Suite struct UnhelpfulBrokerTests {
  /// What the server does with a connection.
  enum Manner: String, CaseIterable, Sendable { case down, closes, refuses, talksNonsense, silent }

  /// A server on a free loopback port, with a thread of its own, gone with the object.
  final class Server: Sendable {
    let port: UInt16
    private let listener: Int32
    private let held = Mutex<[Int32]>([])

    init(_ manner: Manner) throws {
      let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
      var address = sockaddr_in()
      address.sin_family = sa_family_t(AF_INET)
      address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
      var length = socklen_t(MemoryLayout<sockaddr_in>.size)
      let bound = withUnsafeMutablePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
        }
      }
      try #require(bound)
      listener = descriptor
      port = UInt16(bigEndian: address.sin_port)
      if manner == .down { return }
      try #require(listen(descriptor, 16) == 0)
      Thread.detachNewThread { [self] in
        while true {
          let client = accept(descriptor, nil, nil)
          if client < 0 { return }
          answer(client, manner)
        }
      }
    }

    private func answer(_ client: Int32, _ manner: Manner) {
      var buffer = [UInt8](repeating: 0, count: 512)
      switch manner {
      case .down, .closes: close(client)
      case .refuses, .talksNonsense:
        _ = read(client, &buffer, buffer.count)
        // CONNACK of MQTT 3.1.1 with return code 5, not authorised; or what a web server says.
        let reply =
          manner == .refuses ? [0x20, 0x02, 0x00, 0x05] : Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8)
        _ = write(client, reply, reply.count)
        held.withLock { $0.append(client) }
      case .silent: held.withLock { $0.append(client) }
      }
    }

    func stop() {
      shutdown(listener, Int32(SHUT_RDWR))
      close(listener)
      for client in held.withLock({ $0 }) { close(client) }
    }
  }

  @Test(arguments: Manner.allCases) func nothingIsDoneAndTheRunEnds(_ manner: Manner) throws {
    let work = try Workspace()
    try work.write("a.log", Workspace.log(20) + Workspace.log(20, host: "gw-2"))
    try work.write(
      "inv.csv",
      "device,life_safety\ngw-1,no\ngw-2,no\ngw-3,no\ngw-4,no\ngw-5,no\ngw-6,no\ngw-7,no\ngw-8,no\n")
    try #require(
      try work.ingest(work.at("a.log"), options: ["--inventory", work.at("inv.csv")]).run.exit == 0)
    try work.write("admin", "admin\nsecret-of-the-test\n")
    chmod(work.at("admin"), 0o600)
    let server = try Server(manner)
    defer { server.stop() }
    let playbook = Repository.root.appending(path: "Playbooks/isolate-device").path(percentEncoded: false)
    let secret = "broker-admin=file:" + work.at("admin")
    let plan = try work.firebreak(
      "playbook", "plan", playbook, "--targets", "device:gw-1 OR device:gw-2", "--set",
      "broker=mqtt://127.0.0.1:\(server.port)", "--case", work.at("x.firebreak"), "--output",
      work.at("p.plan"),
      "--secret", secret)
    try #require(plan.exit == 0, "\(plan.errors)")
    let clock = ContinuousClock.now
    let run = try work.firebreak(
      "playbook", "run", work.at("p.plan"), "--case", work.at("x.firebreak"), "--secret", secret)
    #expect(run.exit == 1, "\(run.output)\(run.errors)")
    #expect(ContinuousClock.now - clock < .seconds(90))
    #expect(run.output.contains("halted"))
    #expect(run.output.contains("0 ok"))
    #expect(!(plan.output + plan.errors + run.output + run.errors).contains("secret-of-the-test"))
    let status = try work.firebreak("playbook", "status", "--case", work.at("x.firebreak"))
    #expect(status.output.contains("gw-"))
    #expect(status.output.contains("unreachable") || status.output.contains("unknown"))
    for name in try FileManager.default.contentsOfDirectory(atPath: work.path) where name != "admin" {
      guard let data = FileManager.default.contents(atPath: work.at(name)) else { continue }
      #expect(data.range(of: Data("secret-of-the-test".utf8)) == nil, "\(name)")
    }
  }
}
