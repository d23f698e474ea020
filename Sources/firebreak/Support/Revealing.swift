import ArgumentParser
import IncidentModel
import TimelineStore

/// `--reveal`: show secrets in the evidence instead of masking them. Whoever asks is entered into the custody log first.
struct RevealOption: ParsableArguments {
  @Flag(
    help: "Show passwords, keys and tokens in the evidence instead of [masked]; entered into the custody log."
  )
  var reveal = false

  /// How this command shows texts from the evidence. With `--reveal` the custody log gets an entry, durable before anything
  /// is shown; a case that cannot be written reveals nothing.
  func masking(_ reader: CaseReader, command: String, subject: String) throws -> Masking {
    guard reveal else { return Masking(isOn: true) }
    do {
      try Custody.record(
        "reveal", subject: subject, detail: "\(command) showed secrets unmasked",
        in: CaseFile(path: reader.path))
    } catch {
      throw CommandError(
        "cannot reveal secrets: the custody log of '\(reader.path)' has to say so first, and cannot (\(error)); "
          + "copy the case to where it can be written, or leave --reveal away")
    }
    return Masking(isOn: false)
  }
}

/// Masks secrets in what a command shows, or does not.
struct Masking {
  /// True where secrets are masked.
  var isOn: Bool
  /// Secrets known from elsewhere in the case, masked where they are the whole of a value.
  var values: Set<String> = []

  /// A text from the evidence.
  func callAsFunction(_ text: String) -> String {
    isOn ? SecretText.masked(SecretText.masked(text), values: values) : text
  }

  /// A value with its name, which may be what tells that it is a secret.
  func callAsFunction(_ text: String, name: String) -> String {
    guard isOn, !text.isEmpty else { return text }
    let last = name.split(separator: ".").last.map(String.init) ?? name
    var pair = "\(last)=\(text)"
    let isNamed = pair.withUTF8 { bytes in
      SecretText.findings(in: UnsafeRawBufferPointer(bytes)).contains {
        $0.range.lowerBound == last.utf8.count + 1
      }
    }
    return isNamed ? SecretText.mask : self(text)
  }

  /// Bytes from the evidence.
  func callAsFunction(_ bytes: [UInt8]) -> [UInt8] {
    isOn ? bytes.withUnsafeBytes { SecretText.masked(bytes: $0) } ?? bytes : bytes
  }

  /// An event.
  func callAsFunction(_ event: TimelineEvent) -> TimelineEvent {
    guard isOn else { return event }
    var event = event
    if let masked = event.messageBytes.withUnsafeBytes({ SecretText.masked(bytes: $0) }) {
      event.messageBytes = masked
    }
    if let fields = event.fields { event.fields = SecretText.masked(fields) }
    return event
  }
}

extension CaseReader {
  /// Secrets in the events of templates that hold some, so that a statement which takes them out of their text does not
  /// show them. At most `limit` events are looked at.
  func knownSecrets(limit: Int = 200_000) throws -> Set<String> {
    var values: Set<String> = []
    guard try hasSecretMarks() else { return values }
    try forEachEvent(matching: try query("secret:*"), limit: limit) { event in
      for text in [event.messageBytes, Array((event.fields ?? "").utf8)] {
        text.withUnsafeBytes { bytes in
          for one in SecretText.findings(in: bytes) where one.range.count >= 3 {
            values.insert(String(decoding: bytes[one.range], as: UTF8.self))
          }
        }
      }
      return true
    }
    return values
  }
}
