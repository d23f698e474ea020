import CMosquitto
import Glibc
import PlaybookModel
import Synchronization

/// Seconds, longer than any run's connection lives.
private let oneDay: UInt32 = 86_400

/// A connection to an MQTT 5 broker over libmosquitto, for publishing and for commands to mosquitto's dynamic security.
///
/// libmosquitto runs its own network thread and calls back on it; everything shared stands behind one lock.
/// Answers of dynamic security come on one topic for all administrators and are matched by `correlationData`.
final class BrokerConnection: Sendable {
  static let dynsecTopic = "$CONTROL/dynamic-security/v1"

  /// Where and as whom.
  struct Address: Sendable, Hashable {
    var host: String
    var port: Int
    var user: String
    /// What TLS trusts and shows; nil for a connection that is not encrypted.
    var transport: TransportSecurity?
  }

  /// What came of a message.
  enum Reply: Sendable {
    /// The answer to a command.
    case answer(DocumentNode)
    /// The broker confirmed the message (no answer is expected).
    case confirmed
    /// The broker refused the message.
    case refused(String)
    /// The message went out and nothing came back.
    case lost(String)
    /// The message could not be sent.
    case notSent(String)
  }

  private struct State {
    var connected: CheckedContinuation<String?, Never>?
    var isUp = false
    var isClosed = false
    /// Waiting for an answer, by correlation data.
    var answers: [String: CheckedContinuation<Reply, Never>] = [:]
    /// Waiting for the broker's confirmation, by message id. The value says which answer it belongs to, if any.
    var confirmations: [Int32: String] = [:]
    /// Confirmations that came before `publish` returned the message's id.
    var early: [Int32: Int32] = [:]
    /// Those that want an answer and not only a confirmation.
    var wantsAnswer: Set<String> = []
    /// An outcome of connecting that came before anybody waited for it.
    var earlyOutcome: String??
    /// A reference to ourselves while libmosquitto's thread runs; 0 when it does not.
    var kept: UInt = 0
    /// What OpenSSL said last; libmosquitto's own words are "A TLS error occurred".
    var complaint = ""

    /// Who is to be told what, after the broker confirmed or refused a message.
    mutating func settle(_ correlation: String, _ code: Int32) -> (CheckedContinuation<Reply, Never>, Reply)?
    {
      if code < 128 && wantsAnswer.contains(correlation) { return nil }
      wantsAnswer.remove(correlation)
      guard let waiting = answers.removeValue(forKey: correlation) else { return nil }
      if code < 128 { return (waiting, .confirmed) }
      return (
        waiting, .refused("the broker refused the message: \(String(cString: mosquitto_reason_string(code)))")
      )
    }
  }

  private let state = Mutex(State())
  // libmosquitto locks its handle itself when it runs its own thread.
  nonisolated(unsafe) private let client: OpaquePointer

  /// Sets up a client; nothing is sent yet. Throws when libmosquitto has no memory or no thread.
  init(_ address: Address, secret: String) throws(RunnerError) {
    _ = Self.library
    guard let client = mosquitto_new(nil, true, nil) else {
      throw RunnerError(.unsupported, "libmosquitto cannot make a client")
    }
    self.client = client
    mosquitto_int_option(client, MOSQ_OPT_PROTOCOL_VERSION, Int32(MQTT_PROTOCOL_V5))
    if !address.user.isEmpty || !secret.isEmpty {
      mosquitto_username_pw_set(client, address.user, secret)
    }
    if let transport = address.transport, let problem = transport.apply(to: client) {
      mosquitto_destroy(client)
      throw problem
    }
    mosquitto_user_data_set(client, Unmanaged.passUnretained(self).toOpaque())
    setCallbacks()
  }

  deinit {
    mosquitto_destroy(client)
  }

  private static let library: Int32 = mosquitto_lib_init()
  private static let alert =
    "it ended the TLS session: our certificate is missing, revoked, expired, or of an authority it does not know"

  private static func connection(_ pointer: UnsafeMutableRawPointer?) -> BrokerConnection? {
    pointer.map { Unmanaged<BrokerConnection>.fromOpaque($0).takeUnretainedValue() }
  }

  private func setCallbacks() {
    mosquitto_log_callback_set(client) { _, data, level, text in
      guard level == MOSQ_LOG_ERR, let text else { return }
      let words = RemoteText.bounded(Array(String(cString: text).utf8))
      BrokerConnection.connection(data)?.didComplain(words)
    }
    mosquitto_connect_v5_callback_set(client) { client, data, code, _, _ in
      // libmosquitto would connect again a second after a connection is lost, and send what was not confirmed once more (MQTT
      // 5.0, 4.4): a command whose fate is not known must be looked after, and not go out twice.
      if let client, code == 0 { mosquitto_reconnect_delay_set(client, oneDay, oneDay, false) }
      BrokerConnection.connection(data)?.didConnect(code)
    }
    mosquitto_disconnect_v5_callback_set(client) { client, data, code, _ in
      // Even that long a wait ends at once where whoever sent something wakes the library's thread too late. The socket is closed by now, so
      // that this tells the thread, which is the one that calls us, to connect no more, and nothing else.
      if let client { mosquitto_disconnect(client) }
      BrokerConnection.connection(data)?.didDisconnect(code)
    }
    mosquitto_subscribe_v5_callback_set(client) { _, data, _, count, granted, _ in
      let first = count > 0 ? granted?.pointee ?? 128 : 128
      BrokerConnection.connection(data)?.didSubscribe(first)
    }
    mosquitto_publish_v5_callback_set(client) { _, data, message, code, _ in
      BrokerConnection.connection(data)?.didPublish(message, code)
    }
    mosquitto_message_v5_callback_set(client) { _, data, message, _ in
      guard let message, let payload = message.pointee.payload else { return }
      let bytes = UnsafeRawBufferPointer(start: payload, count: Int(message.pointee.payloadlen))
      BrokerConnection.connection(data)?.didReceive(Array(bytes))
    }
  }

  /// Connects. Returns why it failed, or nil.
  func connect(_ address: Address, timeout: Int64) async -> (reason: String, reached: Bool)? {
    let started = mosquitto_connect_async(client, address.host, Int32(address.port), 30)
    let problem = errno
    if started != MOSQ_ERR_SUCCESS.rawValue {
      let reason =
        started == MOSQ_ERR_ERRNO.rawValue
        ? String(cString: strerror(problem)) : String(cString: mosquitto_strerror(started))
      // A quick broker answers the handshake before this call is back.
      if started == MOSQ_ERR_TLS.rawValue {
        let complaint = state.withLock { $0.complaint }
        let why = TransportSecurity.refusal(complaint) ?? "TLS cannot be set up: \(complaint)"
        return ("\(address.host):\(address.port) refused: \(why)", true)
      }
      if started == MOSQ_ERR_ERRNO.rawValue, problem == EPROTO {
        return ("\(address.host):\(address.port) refused: \(Self.alert)", true)
      }
      return ("cannot connect to \(address.host):\(address.port): \(reason)", false)
    }
    // libmosquitto's thread calls us back: while it runs we must not go away.
    let keep = UInt(bitPattern: Unmanaged.passRetained(self).toOpaque())
    state.withLock { $0.kept = keep }
    mosquitto_loop_start(client)
    if let reason = await wait(timeout: timeout) {
      await close()
      let refused = reason.hasPrefix("refused")
      return ("\(address.host):\(address.port) \(reason)", refused)
    }
    return nil
  }

  /// Subscribes to the answers of dynamic security, which only its administrators may. Returns why it failed, or nil.
  func listen(_ address: Address, timeout: Int64) async -> (reason: String, reached: Bool)? {
    var message: Int32 = 0
    mosquitto_subscribe_v5(client, &message, Self.dynsecTopic + "/response", 1, 0, nil)
    if let reason = await wait(timeout: timeout) {
      await close()
      return ("\(address.host):\(address.port) \(reason)", reason.hasPrefix("refused"))
    }
    return nil
  }

  /// Waits for the connection's or the subscription's outcome: nil when fine.
  private func wait(timeout: Int64) async -> String? {
    let timer = Task { [weak self] in
      try await Task.sleep(for: .nanoseconds(timeout))
      self?.finishWait("did not answer in time")
    }
    defer { timer.cancel() }
    return await withCheckedContinuation { continuation in
      let already = state.withLock { state -> String?? in
        if let early = state.earlyOutcome {
          state.earlyOutcome = nil
          return .some(early)
        }
        state.connected = continuation
        return nil
      }
      if let already { continuation.resume(returning: already) }
    }
  }

  private func finishWait(_ reason: String?) {
    let waiting = state.withLock { state in
      let waiting = state.connected
      state.connected = nil
      // The first outcome counts: after a refusal the broker also closes the connection.
      if waiting == nil, state.earlyOutcome == nil { state.earlyOutcome = .some(reason) }
      return waiting
    }
    waiting?.resume(returning: reason)
  }

  private func didConnect(_ code: Int32) {
    if code == 0 {
      state.withLock { $0.isUp = true }
      finishWait(nil)
    } else {
      finishWait("refused the connection: \(String(cString: mosquitto_reason_string(code)))")
    }
  }

  /// libmosquitto's thread ends without another word when TLS fails on the way up.
  private func didComplain(_ words: String) {
    let isUp = state.withLock { state in
      state.complaint = words
      return state.isUp
    }
    if !isUp, let why = TransportSecurity.refusal(words) { finishWait("refused: \(why)") }
  }

  private func didSubscribe(_ granted: Int32) {
    finishWait(granted < 128 ? nil : "refused the subscription to the answers (not an administrator?)")
  }

  private func didDisconnect(_ code: Int32) {
    let waiting = state.withLock { state in
      state.isUp = false
      let waiting = Array(state.answers.values)
      state.answers = [:]
      state.confirmations = [:]
      return waiting
    }
    for continuation in waiting {
      continuation.resume(returning: .lost("the connection broke off before the answer"))
    }
    guard code != 0 else { return }
    // An alert of the other side comes as this error alone, without OpenSSL's words.
    if code == MOSQ_ERR_ERRNO.rawValue, errno == EPROTO {
      return finishWait("refused: \(Self.alert)")
    }
    let complaint = state.withLock { $0.complaint }
    if let why = TransportSecurity.refusal(complaint) { return finishWait("refused: \(why)") }
    finishWait("closed the connection: \(String(cString: mosquitto_strerror(code)))")
  }

  private func didPublish(_ message: Int32, _ code: Int32) {
    let waiting = state.withLock { state -> (CheckedContinuation<Reply, Never>, Reply)? in
      guard let correlation = state.confirmations.removeValue(forKey: message) else {
        state.early[message] = code
        return nil
      }
      return state.settle(correlation, code)
    }
    waiting?.0.resume(returning: waiting?.1 ?? .confirmed)
  }

  private func didReceive(_ bytes: [UInt8]) {
    guard let root = try? ReadDocument.read(bytes).root, let responses = root["responses"]?.items else {
      return
    }
    for response in responses {
      guard let correlation = response["correlationData"]?.text else { continue }
      let waiting = state.withLock { state in
        state.wantsAnswer.remove(correlation)
        return state.answers.removeValue(forKey: correlation)
      }
      waiting?.resume(returning: .answer(response))
    }
  }

  /// True while messages can be sent.
  var isUp: Bool { state.withLock { $0.isUp && !$0.isClosed } }

  /// Sends a message at QoS 1 and waits for the answer with this correlation, or, without `wantsAnswer`, for the
  /// broker's confirmation.
  func send(
    topic: String, payload: [UInt8], correlation: String, wantsAnswer: Bool, timeout: Int64
  ) async -> Reply {
    guard isUp else { return .notSent("the connection is down") }
    let timer = Task { [weak self] in
      try await Task.sleep(for: .nanoseconds(timeout))
      let waiting = self?.state.withLock { state in
        state.wantsAnswer.remove(correlation)
        return state.answers.removeValue(forKey: correlation)
      }
      waiting?.resume(returning: .lost("no answer in time"))
    }
    defer { timer.cancel() }
    return await withCheckedContinuation { continuation in
      state.withLock { state in
        state.answers[correlation] = continuation
        if wantsAnswer { state.wantsAnswer.insert(correlation) }
      }
      var message: Int32 = 0
      let code = payload.withUnsafeBytes { bytes in
        mosquitto_publish_v5(client, &message, topic, Int32(bytes.count), bytes.baseAddress, 1, false, nil)
      }
      let waiting = state.withLock { state -> (CheckedContinuation<Reply, Never>, Reply)? in
        guard code == MOSQ_ERR_SUCCESS.rawValue else {
          state.wantsAnswer.remove(correlation)
          return state.answers.removeValue(forKey: correlation).map {
            ($0, .notSent(String(cString: mosquitto_strerror(code))))
          }
        }
        if let early = state.early.removeValue(forKey: message) { return state.settle(correlation, early) }
        state.confirmations[message] = correlation
        return nil
      }
      waiting?.0.resume(returning: waiting?.1 ?? .confirmed)
    }
  }

  /// Gives back the reference that the running thread had.
  private func letGo() {
    let kept = state.withLock { state in
      defer { state.kept = 0 }
      return state.kept
    }
    guard let pointer = UnsafeRawPointer(bitPattern: kept) else { return }
    Unmanaged<BrokerConnection>.fromOpaque(pointer).release()
  }

  /// Ends libmosquitto's thread, and with our last reference the connection.
  ///
  /// The thread goes first: `mosquitto_disconnect` beside a running one closes the socket that the thread is about to put
  /// into an `fd_set`, which aborts the whole program ("bit out of range 0 - FD_SETSIZE"). The broker sees a closed
  /// socket; there is no will and no session that a DISCONNECT would have to end.
  func close() async {
    let first = state.withLock { state in
      defer { state.isClosed = true }
      return !state.isClosed
    }
    guard first else { return }
    let handle = UInt(bitPattern: client)
    // Joining libmosquitto's thread blocks; a thread of our own does it.
    await withCheckedContinuation { (done: CheckedContinuation<Void, Never>) in
      BlockingWork.run {
        mosquitto_loop_stop(OpaquePointer(bitPattern: handle), true)
        done.resume()
        self.letGo()
      }
    }
    didDisconnect(0)
  }
}
