import ConsoleOutput
import IncidentModel
import PlaybookModel
import PlaybookRunner

/// Do the brokers, services and devices answer that playbooks act through, and do they know us? Nothing is changed there.
struct BackendsCheck: DoctorCheck {
  static let name = "backends"

  static func run(_ context: DoctorContext) async -> [DoctorFinding] {
    var findings: [DoctorFinding] = []
    for url in context.options.brokers { findings += await broker(url, context) }
    for url in context.options.services { findings += await service(url) }
    findings += await devices(context)
    if context.playbooks.contains(where: {
      $0.playbook.map { ProgramsCheck.types($0).contains(.nft) } ?? false
    }) {
      findings.append(await nft(context))
    }
    if context.options.brokers.isEmpty {
      findings.append(.skipped("brokers", "--broker mqtt://ADDRESS:1883 --secret broker-admin=file:PATH"))
    }
    return findings
  }

  /// Nothing on the run path may need DNS.
  private static func nameWarning(_ host: String, _ subject: String) -> [DoctorFinding] {
    if NetworkText.isIPv4(host) || NetworkText.isIPv6(host) || host == "localhost" { return [] }
    return [
      .warning(subject, "is a name: when DNS is down it has no address", "use the address, or /etc/hosts")
    ]
  }

  private static func broker(_ url: String, _ context: DoctorContext) async -> [DoctorFinding] {
    let subject = Sanitizer.escape(url)
    guard let parts = URLParts(url), ["mqtt", "mqtts"].contains(parts.scheme) else {
      return [.failure(subject, "is no address of a broker", "mqtt://HOST:PORT or mqtts://HOST:PORT")]
    }
    var findings = nameWarning(parts.host, subject)
    let isEncrypted = parts.scheme == "mqtts"
    if !isEncrypted, parts.host != "localhost", !parts.host.hasPrefix("127."), parts.host != "::1" {
      findings.append(
        .warning(
          subject, "is not encrypted: the administrator's password goes over the network as it is",
          "mqtts, with --tls-ca"))
    }
    let secret = "broker-admin"
    guard context.secrets.knows(secret) else {
      let probe = await BackendProbe.connect(
        host: parts.host, port: parts.port ?? (isEncrypted ? 8883 : 1883))
      findings.append(
        probe.isReached
          ? .warning(subject, "a connection opens; nobody logged in", "--secret \(secret)=file:PATH")
          : .failure(
            subject, Sanitizer.escape(probe.detail), "isolate by address (isolate-address) while it is down"))
      return findings
    }
    let call = CommandCall(
      command: PlaybookCommand(.mqtt, text: "DYNSEC getDefaultACLAccess", content: "{}"), values: [:],
      target: AgentTarget(type: "net-address", name: "broker", kind: "url", address: url),
      authentication: AuthenticationInfo(storeName: secret), timeout: 5_000_000_000)
    findings.append(await ask(subject, call, context, "answers, and we may administer it"))
    return findings
  }

  private static func ask(
    _ subject: String, _ call: CommandCall, _ context: DoctorContext, _ good: String
  ) async -> DoctorFinding {
    do {
      let answer = try await context.executors.executor(call.command.type).execute(call)
      let detail = Sanitizer.escape(answer.detail)
      return switch answer.effect {
      case .done: .ok(subject, good)
      case .refused: .failure(subject, "says no: \(detail)", "check the secret and the keys now")
      case .unreachable: .failure(subject, "cannot be reached: \(detail)", "find another way to it now")
      case .unknown:
        .failure(subject, "accepts and does not answer: \(detail)", "restart it, or find another way")
      }
    } catch {
      return .failure(subject, Sanitizer.escape("\(error)"), "")
    }
  }

  private static func service(_ url: String) async -> [DoctorFinding] {
    let subject = Sanitizer.escape(url)
    guard let parts = URLParts(url), ["http", "https"].contains(parts.scheme) else {
      return [.failure(subject, "is no address of a service", "https://HOST:PORT")]
    }
    let probe = await BackendProbe.connect(
      host: parts.host, port: parts.port ?? (parts.scheme == "https" ? 443 : 80))
    return nameWarning(parts.host, subject) + [
      probe.isReached
        ? .ok(subject, "a connection opens")
        : .failure(subject, Sanitizer.escape(probe.detail), "playbooks that go through it cannot be run")
    ]
  }

  /// A sample of the devices that have an address, evenly over the inventory: ssh greeting, host key, login.
  private static func devices(_ context: DoctorContext) async -> [DoctorFinding] {
    guard let inventory = context.inventory, context.options.sample > 0,
      let column = inventory.attributes.firstIndex(of: "address"),
      context.playbooks.contains(where: {
        $0.playbook.map { ProgramsCheck.types($0).contains(.ssh) } ?? false
      })
    else { return [] }
    let rows = (0..<inventory.count).filter { !inventory.value(row: $0, attribute: column).isEmpty }
    let step = max(1, rows.count / context.options.sample)
    var findings: [DoctorFinding] = []
    for row in stride(from: 0, to: rows.count, by: step).prefix(context.options.sample).map({ rows[$0] }) {
      let address = inventory.value(row: row, attribute: column)
      let subject = Sanitizer.escape(inventory.devices[row])
      findings += nameWarning(address, subject)
      guard context.secrets.knows("fleet-ssh") else {
        let probe = await BackendProbe.connect(
          host: address, port: context.options.sshPort, waitsForGreeting: true)
        findings.append(
          probe.isReached && probe.detail.hasPrefix("SSH-")
            ? .warning(
              subject, "ssh answers; nobody logged in", "--secret fleet-ssh=file:PATH --known-hosts FILE")
            : .failure(
              subject, Sanitizer.escape(probe.detail),
              "a device that cannot be reached joins the queue of a run"))
        continue
      }
      let call = CommandCall(
        command: PlaybookCommand(.ssh, text: "true"), values: [:],
        target: AgentTarget(
          type: "ssh", name: subject, kind: "dname", address: address, port: String(context.options.sshPort)),
        authentication: AuthenticationInfo(storeName: "fleet-ssh"), device: inventory.devices[row],
        timeout: 10_000_000_000)
      findings.append(
        await ask(subject, call, context, "ssh answers, its host key is known, and we may log in"))
    }
    return findings
  }

  private static func nft(_ context: DoctorContext) async -> DoctorFinding {
    // Asks for what every table would be in; changes nothing.
    let call = CommandCall(
      command: PlaybookCommand(.nft, text: "list tables"), values: [:], timeout: 5_000_000_000)
    let finding = await ask("nftables", call, context, "works here")
    return finding.state == .ok || context.areNamed
      ? finding : .warning("nftables", finding.found, "playbooks with nft run on the gateway, as root")
  }
}
