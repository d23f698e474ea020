import Foundation
import PlaybookRunner
import Testing

/// Three network namespaces: devices (10.77.1.2, .3, …) behind a gateway that forwards to servers (10.77.2.2, .3).
/// In IPv6 they have fd77:1::2, …, and fd77:2::2, …. The gateway is where nft works. Needs root.
final class NetworkLab: Sendable {
  private let suffix = String(UInt32.random(in: 0..<0xFFFFFF), radix: 16)
  var gateway: String { "fbg\(suffix)" }
  var devices: String { "fbd\(suffix)" }
  var servers: String { "fbs\(suffix)" }
  private let listeners: [ChildProcess]

  /// Nil, with a failure, where namespaces cannot be made.
  init?() throws {
    let (g, d, s) = ("fbg\(suffix)", "fbd\(suffix)", "fbs\(suffix)")
    let made = try shell(
      """
      set -e
      for n in \(g) \(d) \(s); do ip netns add $n; ip -n $n link set lo up; done
      ip link add \(d)0 netns \(d) type veth peer name \(d)1 netns \(g)
      ip link add \(s)0 netns \(s) type veth peer name \(s)1 netns \(g)
      ip -n \(g) addr add 10.77.1.1/24 dev \(d)1; ip -n \(g) addr add 10.77.2.1/24 dev \(s)1
      for i in 2 3 4 5; do ip -n \(d) addr add 10.77.1.$i/24 dev \(d)0; ip -n \(s) addr add 10.77.2.$i/24 dev \(s)0; done
      ip -n \(g) link set \(d)1 up; ip -n \(g) link set \(s)1 up; ip -n \(d) link set \(d)0 up; ip -n \(s) link set \(s)0 up
      ip -n \(d) route add default via 10.77.1.1; ip -n \(s) route add default via 10.77.2.1
      ip netns exec \(g) sysctl -q -w net.ipv4.ip_forward=1
      for n in \(g) \(d) \(s); do ip netns exec $n sysctl -q -w net.ipv6.conf.all.disable_ipv6=0 net.ipv6.conf.default.disable_ipv6=0; done
      ip -n \(g) addr add fd77:1::1/64 dev \(d)1 nodad; ip -n \(g) addr add fd77:2::1/64 dev \(s)1 nodad
      for i in 2 3 4 5; do ip -n \(d) addr add fd77:1::$i/64 dev \(d)0 nodad; ip -n \(s) addr add fd77:2::$i/64 dev \(s)0 nodad; done
      ip -n \(d) route add default via fd77:1::1; ip -n \(s) route add default via fd77:2::1
      ip netns exec \(g) sysctl -q -w net.ipv6.conf.all.forwarding=1
      """)
    guard made.code == 0 else {
      _ = try? shell("for n in \(g) \(d) \(s); do ip netns del $n; done")
      Issue.record("network namespaces cannot be made here: \(made.output)")
      return nil
    }
    let program =
      "import socket\ns=socket.socket(socket.AF_INET6);s.setsockopt(socket.IPPROTO_IPV6,socket.IPV6_V6ONLY,0);s.setsockopt(socket.SOL_SOCKET,socket.SO_REUSEADDR,1);s.bind(('::',7777));s.listen(500)\nwhile True:\n c,a=s.accept();c.close()"
    listeners = try [g, s].map {
      try ChildProcess("/usr/sbin/ip", ["netns", "exec", $0, "python3", "-c", program])
    }
    for _ in 0..<50 {
      if try connects(from: "10.77.1.2", to: "10.77.2.2"), try connects(from: "10.77.1.2", to: "10.77.1.1") {
        return
      }
      usleep(100_000)
    }
  }

  deinit {
    for listener in listeners { listener.stop() }
    _ = try? shell("for n in \(gateway) \(devices) \(servers); do ip netns del $n; done")
  }

  /// True when a device gets a TCP connection to a server, or to the gateway itself.
  func connects(from device: String, to server: String) throws -> Bool {
    try successes(from: device, to: server, 1) == 1
  }

  /// How many of so many TCP connections, begun at once, are there after a second.
  func successes(from device: String, to server: String, _ count: Int) throws -> Int {
    let program = """
      import socket,select,time
      l=[]
      for _ in range(\(count)):
        s=socket.socket(socket.\(device.contains(":") ? "AF_INET6" : "AF_INET"));s.setblocking(False);s.bind(('\(device)',0))
        try: s.connect(('\(server)',7777))
        except BlockingIOError: pass
        l.append(s)
      end=time.time()+0.8;n=0
      while l and time.time()<end:
        w=select.select([],l,[],max(0,end-time.time()))[1]
        n+=sum(s.getsockopt(socket.SOL_SOCKET,socket.SO_ERROR)==0 for s in w)
        l=[s for s in l if s not in w]
      print(n)
      """
    let result = try ChildProcess.run(
      "/usr/sbin/ip", ["netns", "exec", devices, "python3", "-c", program])
    return Int(result.output.trimmingCharacters(in: .whitespacesAndNewlines)) ?? -1
  }

  func rules() throws -> String { try shell("ip netns exec \(gateway) nft list ruleset").output }
}
