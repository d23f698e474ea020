internal import Glibc
internal import IncidentModel

/// Instants as pages show them: UTC, and the reader's local time in addition.
enum Moment {
  /// `2025-02-22 02:41:14.345`, with the local time as a hint. Times that no set clock shows say so.
  static func html(_ instant: Instant, digits: Int = 3) -> HTML {
    let text = instant.rfc3339(fractionDigits: digits)
    var attributes: [Attribute] = [.named(.datetime, instant.rfc3339(fractionDigits: 9))]
    if let local = local(instant) {
      attributes += [.title("\(local) here"), .data("local", local)]
    }
    return element(.time, attributes, .text(plain(text)))
  }

  /// The same to the second with its zone, for sentences: only columns have a heading that says it.
  static func utc(_ instant: Instant, digits: Int = 0) -> HTML { html(instant, digits: digits) + " UTC" }

  /// UTC and local time in words, for pages about one thing.
  static func both(_ instant: Instant, digits: Int = 3) -> HTML {
    let shown = utc(instant, digits: digits)
    guard let local = local(instant) else { return shown }
    return shown + el(.span, .class("local"), text: " · \(local) here")
  }

  /// UTC without markup: `2025-02-22 02:41:14`.
  static func words(_ instant: Instant, digits: Int = 0) -> String {
    plain(instant.rfc3339(fractionDigits: digits))
  }

  private static func plain(_ text: String) -> String {
    String(text.dropLast().map { $0 == "T" ? " " : $0 })
  }

  /// Hour and zone on this machine; nil where the zone cannot be told.
  static func local(_ instant: Instant) -> String? {
    let seconds =
      instant.nanoseconds >= 0
      ? instant.nanoseconds / 1_000_000_000 : (instant.nanoseconds - 999_999_999) / 1_000_000_000
    var time = time_t(seconds)
    var parts = tm()
    guard localtime_r(&time, &parts) != nil else { return nil }
    var text = [CChar](repeating: 0, count: 64)
    guard strftime(&text, text.count, "%a %H:%M:%S %Z", &parts) > 0 else { return nil }
    return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
