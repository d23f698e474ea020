/// The words of each message. None of them holds a quotation mark or a backslash, so JSON needs no escaping.
extension Record {
  /// Appends the message's text.
  func putMessage(_ out: inout ByteBuffer, _ fleet: Fleet) {
    let number = Int(value)
    switch utterance {
    case .alive:
      out.put("alive, up ")
      out.putDecimal(number)
      out.put(" s, heap ")
      out.putDecimal(30 + number % 41)
      out.put("%")
    case .frameSent:
      out.put("sent frame ")
      out.putDecimal(number)
      out.put(" (")
      out.putDecimal(96 + number % 160)
      out.put(" bytes)")
    case .frameRelayed: named("frame ", number, " of ", " handed upstream", &out, fleet)
    case .radio:
      out.put("link quality ")
      out.putDecimal(number % 256)
      out.put(", rssi -")
      out.putDecimal(48 + number % 40)
      out.put(" dBm")
    case .clock:
      out.put("selected source 192.0.2.")
      out.putDecimal(number % 250)
    case .weakRadio: plain("weak signal, rssi -", 88 + number % 9, " dBm", &out)
    case .lateSample: plain("sample late by ", number % 900, " ms", &out)
    case .lease: named("lease ", 3600, " s renewed for ", "", &out, fleet)
    case .cron: out.put("(root) CMD (run-parts /etc/cron.hourly)")
    case .knock: plain("connection closed by 203.0.113.", number % 250, " [preauth]", &out)
    case .batchPushed: named("pushed batch ", number, " to ", "", &out, fleet)
    case .clientConnected, .takeover:
      out.put("New client connected from ")
      putAddress(Int(subject), &out)
      out.put(":")
      out.putDecimal(32_768 + number % 28_000)
      out.put(" as ")
      fleet.putName(Int(subject), &out)
      out.put(utterance == .takeover ? " (p4, c0, k60), old session taken over." : " (p4, c1, k60).")
    case .clientLeft:
      out.put("Client ")
      fleet.putName(Int(subject), &out)
      out.put(" disconnected.")
    case .batchReceived: named("accepted batch ", number, " from ", "", &out, fleet)
    case .apiRequest: named("GET /v3/shadow 200 in ", number % 90, " ms for ", "", &out, fleet)
    case .probeRound: plain("round ", number, " complete, all samples fresh", &out)
    case .slowLookup: plain("name lookup took ", 900 + number % 800, " ms", &out)
    case .rolloutOpened:
      out.put("rollout ro-")
      out.putDecimal(number)
      out.put(" opened: image ")
      out.put(text: Fleet.newFirmware)
      out.put(", rings everyone+early, pace unlimited")
    case .rolloutBatch: plain("ro-41 batch released to ", number, " targets", &out)
    case .rolloutProgress: plain("ro-41 progress ", number, " of 1000", &out)
    case .imageSwitched:
      out.put("image ")
      out.put(text: Fleet.newFirmware)
      out.put(" verified, switching to bank ")
      out.put(number % 2 == 0 ? "A" : "B")
    case .oops:
      out.put("Oops: unable to handle paging request at ")
      out.putHex(UInt64(value) | 0xC000_0000, digits: 8)
    case .bankGaveUp: plain("start attempt ", 2 + number % 7, " did not come up, starting over", &out)
    case .modemAborted: plain("initialisation aborted, code -", 5 + number % 100, "", &out)
    case .markedOffline: named("nothing for ", number, " s from ", ", marked offline", &out, fleet)
    case .reconnectFlood: plain("", 200 + number % 4000, " handshakes pending from returning clients", &out)
    case .backlogExceeded: plain("accept backlog exceeded, ", 4096 + number % 9000, " waiting", &out)
    case .handshakesDropped: plain("dropped ", 100 + number % 900, " half-open handshakes", &out)
    case .shedding: plain("session store saturated, shedding ", 20 + number % 60, " percent of calls", &out)
    case .sessionLost: plain("cloud session lost, next try in ", 8 + number % 120, " s", &out)
    case .upstreamBusy: named("upstream busy, code ", 503, ", kept mail of ", "", &out, fleet)
    case .ingestStalled: plain("ingest stalled, newest sample is ", 120 + number % 600, " s old", &out)
    case .poolDry: plain("worker pool dry, ", 40 + number % 900, " probes skipped", &out)
    case .loginAccepted: named("login support accepted on tty", number % 8, " from ", "", &out, fleet)
    case .unknownImage:
      out.put("unlisted program /run/.")
      out.putHex(UInt64(value) & 0xFFFF, digits: 4)
      out.put(" started as root")
    case .taskStarved: plain("sampling task starved for ", 800 + number % 9000, " ms", &out)
    case .flowBurst:
      named("flow limit: ", 150 + number % 4000, " new flows to tcp/2323 in 60 s by ", "", &out, fleet)
    case .linkDown: plain("uplink wan", number % 2, ": carrier lost", &out)
    case .standbyFailed:
      plain("listener stopped, standby did not take over, error ", 90 + number % 30, "", &out)
    case .noRoute: plain("no way upstream, ", number % 500, " frames held", &out)
    case .tokenRefused:
      named("", 10 + number % 400, " calls refused, no answer from token issuer ", "", &out, fleet)
    case .authUnreachable:
      plain("authentication backend unreachable, ", 5 + number % 300, " clients turned away", &out)
    case .certificateExpired:
      plain("own certificate is past its end date, serial ", 5000 + number % 4000, "", &out)
    case .handshakeFailed: plain("server certificate rejected, alert ", 45, "", &out)
    case .batteryFlat: plain("cell voltage ", 1800 + number % 300, " mV, shutting down", &out)
    case .sensorDead: plain("sensor bus stuck, channel ", number % 16, " given up", &out)
    }
  }

  private func plain(_ before: StaticString, _ number: Int, _ after: StaticString, _ out: inout ByteBuffer) {
    out.put(before)
    out.putDecimal(number)
    out.put(after)
  }

  private func named(
    _ before: StaticString, _ number: Int, _ between: StaticString, _ after: StaticString,
    _ out: inout ByteBuffer,
    _ fleet: Fleet
  ) {
    out.put(before)
    out.putDecimal(number)
    out.put(between)
    fleet.putName(Int(subject), &out)
    out.put(after)
  }

  /// A private address, one per entity.
  private func putAddress(_ entity: Int, _ out: inout ByteBuffer) {
    out.put("10.")
    out.putDecimal(entity >> 16 & 255)
    out.put(".")
    out.putDecimal(entity >> 8 & 255)
    out.put(".")
    out.putDecimal(entity & 255)
  }
}
