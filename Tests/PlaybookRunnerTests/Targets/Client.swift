import CMosquitto
import Foundation
import PlaybookRunner
import Synchronization

/// A device of the test: an MQTT client that says what happens to its connection.
final class Client: Sendable {
  struct State {
    var connected = false
    var connectCode: Int32?
    var disconnectCode: Int32?
    var sent = 0
    var confirmed = 0
    /// Messages that the broker refused.
    var denied = 0
  }
  private let state = Mutex(State())
  nonisolated(unsafe) private let handle: OpaquePointer

  init(
    port: Int, user: String, password: String = "device-password", transport: TransportSecurity? = nil
  ) throws {
    mosquitto_lib_init()
    guard let made = mosquitto_new("test-\(user)", true, nil) else {
      throw RunnerError(.unsupported, "no client")
    }
    handle = made
    mosquitto_int_option(handle, MOSQ_OPT_PROTOCOL_VERSION, Int32(MQTT_PROTOCOL_V5))
    if let transport {
      mosquitto_tls_set(handle, transport.authorities, nil, transport.certificate, transport.key, nil)
    } else {
      mosquitto_username_pw_set(handle, user, password)
    }
    mosquitto_user_data_set(handle, Unmanaged.passUnretained(self).toOpaque())
    mosquitto_connect_v5_callback_set(handle) { _, data, code, _, _ in
      Client.from(data).state.withLock { state in
        state.connectCode = code
        state.connected = code == 0
      }
    }
    mosquitto_disconnect_v5_callback_set(handle) { _, data, code, _ in
      Client.from(data).state.withLock { state in
        state.disconnectCode = code
        state.connected = false
      }
    }
    mosquitto_publish_v5_callback_set(handle) { _, data, _, code, _ in
      Client.from(data).state.withLock { state in
        state.confirmed += 1
        if code >= 128 { state.denied += 1 }
      }
    }
    mosquitto_connect(handle, "127.0.0.1", Int32(port), 30)
    mosquitto_loop_start(handle)
  }

  deinit { mosquitto_destroy(handle) }

  private static func from(_ data: UnsafeMutableRawPointer?) -> Client {
    Unmanaged<Client>.fromOpaque(data!).takeUnretainedValue()
  }

  var current: State { state.withLock { $0 } }

  /// Waits up to five seconds for a state.
  func wait(_ condition: (State) -> Bool) async -> Bool {
    for _ in 0..<250 {
      if condition(current) { return true }
      try? await Task.sleep(for: .milliseconds(20))
    }
    return false
  }

  func waitForConnection() async -> Bool { await wait { $0.connected } }

  /// Connects again: libmosquitto's loop ends when a reconnection is refused.
  func reconnect() {
    mosquitto_loop_stop(handle, true)
    mosquitto_reconnect(handle)
    mosquitto_loop_start(handle)
  }

  func publish(_ topic: String, _ text: String) {
    state.withLock { $0.sent += 1 }
    let bytes = Array(text.utf8)
    mosquitto_publish(handle, nil, topic, Int32(bytes.count), bytes, 1, false)
  }

  /// True when the broker lets it publish.
  func mayPublish() async -> Bool {
    let before = current
    publish("fleet/probe", "probe")
    guard await wait({ $0.confirmed > before.confirmed }) else { return false }
    return current.denied == before.denied
  }

  /// Waits until the broker confirmed everything; a broker that makes thousands of clients takes its time.
  func waitUntilSent() async {
    for _ in 0..<24 {
      if await wait({ $0.confirmed >= $0.sent }) { return }
    }
  }

  func close() {
    mosquitto_disconnect(handle)
    mosquitto_loop_stop(handle, true)
  }
}
