import IncidentModel
import Testing

@Suite struct SecretTextTests {
  @Test(arguments: [
    ("wifi psk=hunter2 ssid=x", "wifi psk=[masked] ssid=x"),
    (#"{"password":"a b","user":"jo"}"#, #"{"password":"[masked]","user":"jo"}"#),
    (#"{\"mqtt_password\":\"s3cr3t\",\"n\":1}"#, #"{\"mqtt_password\":\"[masked]\",\"n\":1}"#),
    ("Authorization: Bearer abcdef123456", "Authorization: [masked]"),
    ("got Bearer abcdef123456 from app", "got Bearer [masked] from app"),
    ("Cookie: sid=17; csrf=9", "Cookie: [masked]"),
    (#"{"token":123456,"n":1}"#, #"{"token":"[masked]","n":1}"#),
    (
      #"{"credentials":{"user":"jo","password":"x"},"n":1}"#,
      #"{"credentials":{"user":"jo","password":"[masked]"},"n":1}"#
    ),
    (#"{"password":"ab\"cd","n":1}"#, #"{"password":"[masked]","n":1}"#),
    ("<password>hunter2</password>", "<password>[masked]</password>"),
    ("run: wifi --passphrase hunter2 --band 5", "run: wifi --passphrase [masked] --band 5"),
    ("network_key 'a b c' joined", "network_key '[masked]' joined"),
    ("HostName=h;DeviceId=d;SharedAccessKey=abc+/=", "HostName=h;DeviceId=d;SharedAccessKey=[masked]"),
    ("root:$6$abcdefgh$0123456789abcdefghijklmnop:1", "root:[masked]:1"),
    ("MIIEowIBAAKCAQEAq7BFUpkGp3+LQmlQ5eDaE0Xh9wG5Fr1V2Tn8s0mVQyZ1jK4p", "[masked]"),
    ("password: hunter", "password: [masked]"),
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
    ("ran sshpass -p geheim88 ssh pi@cam-2", "ran sshpass -p [masked] ssh pi@cam-2"),
    ("COMMAND=/usr/bin/mysql -uroot -pgeheim88 db", "COMMAND=/usr/bin/mysql -uroot -p[masked] db"),
    ("curl -s -u 'admin:a b' http://cam-2/", "curl -s -u 'admin:[masked]' http://cam-2/"),
    ("the password is hunter2", "the password is [masked]"),
    ("Password is swordfish", "Password is [masked]"),
    ("wifi password is 'correct horse'", "wifi password is '[masked]'"),
    ("password is hunter2 for user admin", "password is [masked] for user admin"),
    ("password changed to Hunter!x", "password changed to [masked]"),
    (#"{"msg":"password is: swordfish","n":1}"#, #"{"msg":"password is: [masked]","n":1}"#),
    ("run mosquitto_pub -h b -u jo -P geheim -t x", "run mosquitto_pub -h b -u jo -P [masked] -t x"),
    ("mosquitto_sub --pw 'a b' -t x", "mosquitto_sub --pw '[masked]' -t x"),
    ("snmpget -v2c -c floor7 10.0.0.1", "snmpget -v2c -c [masked] 10.0.0.1"),
    ("snmp community private rw", "snmp community [masked] rw"),
    ("cfg: snmp-server community Fl00r", "cfg: snmp-server community [masked]"),
    ("snmp-server community floor RO 12", "snmp-server community [masked] RO 12"),
    ("rocommunity floor", "rocommunity [masked]"),
    ("command:enable secret 5 $1$mERr$hx5", "command:enable secret 5 [masked]"),
    ("enable password floor", "enable password [masked]"),
    ("username jo privilege 15", "username jo privilege 15"),
    ("username jo password 7 0822455D0A16", "username jo password 7 [masked]"),
    ("Passwort=geheim", "Passwort=[masked]"), ("Kennwort: geheim", "Kennwort: [masked]"),
    ("das Passwort ist geheim", "das Passwort ist [masked]"),
    ("mot de passe=secret1", "mot de passe=[masked]"), ("mot de passe : ouvre", "mot de passe : [masked]"),
    ("contraseña=clave", "contraseña=[masked]"), ("CONTRASEÑA: clave", "CONTRASEÑA: [masked]"),
    ("hasło=tajne", "hasło=[masked]"), (#""wachtwoord":"geheim""#, #""wachtwoord":"[masked]""#),
  ])
  func masks(_ text: String, _ masked: String) {
    #expect(SecretText.masked(text) == masked)
  }

  @Test(arguments: [
    "Failed password for invalid user admin from 10.0.0.1 port 22 ssh2", "password: changed", "tokens=17",
    "password=***",
    "token=null", "basic telemetry started", "compass=12", "bypass: 1234", "https://host:8883/path",
    "secret sauce", "sudo: pi : TTY=pts/6 ; PWD=/home/pi ; USER=root", "pass: 12, fail: 3", "psk=<*>",
    "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "no-color --passive on",
    "password is required", "password is incorrect", "password is too short", "Password is not set",
    "password is about to expire", "password was rejected for user admin", "the password is expired.",
    "password is 8 characters at least", "password is case-sensitive", "password is encrypted with aes256",
    "token is invalid", "secret is being rotated", "invalid username or password entered",
    "password to the vault",
    "password 5 times wrong", "enable password authentication", "snmp community string is invalid",
    "the community meets at noon", "snmp community mismatch from 10.0.0.1", "Passwort ist falsch",
    "Passwort: abgelaufen", "le mot de passe est incorrect", "tar -c a b", "ls -P x",
    "wachtwoord is ongeldig",
    "dropbear -p 22 -u x", "mysql -p db", "curl -u admin http://cam-2/", "mkdir -p a:b",
  ])
  func leavesHarmlessTextAlone(_ text: String) {
    #expect(SecretText.masked(text) == text)
  }

  @Test func aPlaceholderBesideASecretsNameCountsWhereATemplateIsJudged() {
    func kinds(_ text: String) -> [SecretKind] {
      Array(text.utf8).withUnsafeBytes { SecretText.findings(in: $0, takesPlaceholders: true).map(\.kind) }
    }
    #expect(kinds("joined with psk=<*> on channel <*>") == [.presharedKey])
    #expect(kinds("joined on channel=<*>") == [])
  }

  @Test func valuesTakenOutOfTheirTextAreMaskedByThemselves() {
    #expect(SecretText.masked("gw-1\thunter2\t7", values: ["hunter2"]) == "gw-1\t[masked]\t7")
    #expect(SecretText.masked("hunter2", values: ["hunter2"]) == "[masked]")
    #expect(SecretText.masked("hunter22", values: ["hunter2"]) == "hunter22")
  }

  @Test func neverLeavesItsBytes() {
    var random = SystemRandomNumberGenerator()
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

  @Test(arguments: [
    "login password=x9 failed", "Passwort: geheim", "{\"psk\":\"abc\"}", "Authorization: Basic abcd",
  ])
  func maskingTwiceChangesNothingMore(text: String) {
    let once = SecretText.masked(text)
    #expect(once != text && SecretText.masked(once) == once)
  }
}
