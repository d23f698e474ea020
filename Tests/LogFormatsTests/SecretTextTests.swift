import LogFormats
import Testing

@Suite struct SecretTextTests {
  @Test(arguments: [
    ("wifi psk=hunter2 ssid=x", "wifi psk=[masked] ssid=x"),
    (#"{"password":"a b","user":"jo"}"#, #"{"password":"[masked]","user":"jo"}"#),
    (#"{\"mqtt_password\":\"s3cr3t\",\"n\":1}"#, #"{\"mqtt_password\":\"[masked]\",\"n\":1}"#),
    ("Authorization: Bearer abcdef123456", "Authorization: Bearer [masked]"),
    ("mqtts://dev:pa55@broker:8883/x", "mqtts://dev:[masked]@broker:8883/x"),
    ("key AKIAIOSFODNN7EXAMPLE used", "key [masked] used"),
    (
      "jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U.",
      "jwt [masked]."
    ),
    ("t eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmN ok", "t [masked] ok"),
    (
      "-----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA PRIVATE KEY-----",
      "-----BEGIN RSA PRIVATE KEY-----[masked]-----END RSA PRIVATE KEY-----"
    ),
    ("wifiPassword=x9y8z7", "wifiPassword=[masked]"),
  ])
  func masks(_ text: String, _ masked: String) {
    #expect(SecretText.masked(text) == masked)
  }

  @Test(arguments: [
    "Failed password for invalid user admin from 10.0.0.1 port 22 ssh2", "password: changed", "tokens=17",
    "password=***",
    "token=null", "basic telemetry started", "compass=12", "bypass: 1234", "https://host:8883/path",
    "secret sauce",
  ])
  func leavesHarmlessTextAlone(_ text: String) {
    #expect(SecretText.masked(text) == text)
  }

  @Test func neverLeavesItsBytes() {
    var random = Seeded(3)
    let pieces = [
      "password", "=", ":", "\"", "\\", "eyJ", ".", "://", "@", "AKIA", "-----BEGIN ", "PRIVATE KEY-----",
      "Bearer ", "x1", " ",
    ]
    for _ in 0..<3000 {
      var text = ""
      for _ in 0..<Int.random(in: 0...12, using: &random) {
        text += pieces.randomElement(using: &random) ?? ""
      }
      let bytes = Array(text.utf8)
      bytes.withUnsafeBytes { all in
        var last = 0
        for range in SecretText.ranges(in: all) {
          #expect(range.lowerBound >= last && range.upperBound <= all.count && !range.isEmpty)
          last = range.upperBound
        }
      }
    }
  }
}
