/// How the numbers of severity in one source count, as far as its first bytes show it: by what else its records hold, and by which numbers come
/// how often. A single number tells nothing: 4 is a warning of syslog and an information of Windows.
enum LevelScale: Sendable {
  /// Nothing speaks against the scale of syslog; see `LevelNumbers`.
  case open
  /// 0 to 7, 0 as bad as it gets: GELF, and what forwards syslog.
  case syslog
  /// 1 critical, 2 error, 3 warning, 4 information, 5 verbose.
  case windows
  /// 10 to 60; smaller ones are something else.
  case bunyan
  /// A scale that the source does not tell, or no severities.
  case unknown
}

/// The scales of the numbers of one source.
struct LevelScales: Sendable {
  /// Of those under names that measurements have as well (`level`).
  var level = LevelScale.open
  /// Of those under names that say severity: `open`, or `unknown` where they are none of syslog's.
  var severity = LevelScale.open

  init(level: LevelScale = .open, severity: LevelScale = .open) {
    self.level = level
    self.severity = severity
  }
}

/// The numbers of severity among the first bytes of a source, under names of one kind.
struct LevelSurvey {
  private var counts = InlineArray<10, Int>(repeating: 0)
  private var total = 0
  private var hasTens = false
  private var hasOthers = false

  /// Bytes that are looked at.
  private static let headBytes = 16 << 10
  /// So many have to be there before their frequencies say anything.
  private static let least = 8

  /// The scales of a source that begins so.
  static func scales(of source: UnsafeRawBufferPointer) -> LevelScales {
    let head = UnsafeRawBufferPointer(rebasing: source.prefix(headBytes))
    var levels = LevelSurvey()
    var severities = LevelSurvey()
    read(head, &levels, &severities)
    // Most sources have words.
    guard levels.total + severities.total > 0 else { return LevelScales() }
    if Bytes.find(#""short_message""#, head) != nil { return LevelScales(level: .syslog) }
    return LevelScales(
      level: isWindows(head) ? .windows : levels.scale(above: 4),
      // A log of errors alone is one of syslog's; one of emergencies alone is not.
      severity: severities.scale(above: 2) == .unknown ? .unknown : .open)
  }

  /// An event of Windows has a number beside its channel or provider.
  private static func isWindows(_ head: UnsafeRawBufferPointer) -> Bool {
    let hasNumber = ([#""EventID""#, #""EventId""#, #""event_id""#, #""eventId""#] as [StaticString]).contains
    {
      Bytes.find($0, head) != nil
    }
    return hasNumber
      && ([#""Channel""#, #""ProviderName""#, #""Provider""#, #""provider_name""#, #""LogName""#]
        as [StaticString])
        .contains { Bytes.find($0, head) != nil }
  }

  /// The scale, where on syslog's the commonest number has to be above `least`.
  private func scale(above least: Int) -> LevelScale {
    if hasOthers { return .unknown }
    if hasTens { return .bunyan }
    guard total >= Self.least else { return .open }
    // Most of what is logged is information: where most would be as bad as this, the numbers are not syslog's.
    var most = 0
    for number in 0..<10 where counts[number] >= counts[most] { most = number }
    return most > least ? .open : .unknown
  }

  private static func read(
    _ head: UnsafeRawBufferPointer, _ levels: inout LevelSurvey, _ severities: inout LevelSurvey
  ) {
    var i = 0
    while i < head.count {
      let sign = nextSign(head, i)
      guard sign < head.count else { return }
      i = sign &+ 1
      let name = name(in: head, before: sign)
      guard !name.isEmpty else { continue }
      let isLevel = isOne(name, of: levelNames)
      guard isLevel || isOne(name, of: severityNames) else { continue }
      var value = TextLine.skipBlanks(head, i)
      if value < head.count, head[value] == 0x22 { value &+= 1 }
      if isLevel { levels.add(head, at: value) } else { severities.add(head, at: value) }
    }
  }

  /// The next colon or equals sign.
  private static func nextSign(_ head: UnsafeRawBufferPointer, _ start: Int) -> Int {
    let colon = Bytes.find(0x3A, head, from: start, to: head.count)
    return Bytes.find(0x3D, head, from: start, to: colon)
  }

  private mutating func add(_ head: UnsafeRawBufferPointer, at start: Int) {
    var i = start
    let isNegative = i < head.count && head[i] == 0x2D
    if isNegative { i &+= 1 }
    guard let number = StampReader.number(head, &i, most: 6) else { return }
    let hasFraction = i &+ 1 < head.count && head[i] == 0x2E && Bytes.isDigit(head[i &+ 1])
    total &+= 1
    if isNegative || hasFraction || number > 69 {
      hasOthers = true
    } else if number < 10 {
      counts[number] &+= 1
    } else {
      hasTens = true
    }
  }

  private static let levelNames: [StaticString] = ["level", "lvl"]
  private static let severityNames: [StaticString] = [
    "severity", "sev", "loglevel", "log_level", "severity_level", "severitylevel",
  ]

  private static func isOne(_ name: UnsafeRawBufferPointer, of names: [StaticString]) -> Bool {
    for known in names where Bytes.isSameWord(known, name) { return true }
    return false
  }

  /// The name that ends before an offset, quotes and blanks left out, where it ends as one for severities may.
  private static func name(in head: UnsafeRawBufferPointer, before end: Int) -> UnsafeRawBufferPointer {
    var last = end
    while last > 0, head[last &- 1] == 0x20 || head[last &- 1] == 0x22 { last &-= 1 }
    var first = last
    guard last > 2,
      head[last &- 1] | 0x20 == 0x6C || head[last &- 1] | 0x20 == 0x79 || head[last &- 1] | 0x20 == 0x76
    else { return Bytes.part(head, 0, 0) }
    while first > 0, last &- first < 16, Bytes.isLetter(head[first &- 1]) || head[first &- 1] == 0x5F {
      first &-= 1
    }
    return Bytes.part(head, first, last)
  }
}
