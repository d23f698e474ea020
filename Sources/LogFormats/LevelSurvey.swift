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

/// The numbers of severity among the first bytes of a source.
struct LevelSurvey {
  private var counts = InlineArray<10, Int>(repeating: 0)
  private var total = 0
  private var hasTens = false
  private var hasOthers = false

  /// Bytes that are looked at.
  private static let headBytes = 16 << 10
  /// Numbers that are looked at.
  private static let limit = 1000
  /// So many have to be there before their frequencies say anything.
  private static let least = 8

  /// The scale of a source that begins so.
  static func scale(of source: UnsafeRawBufferPointer) -> LevelScale {
    let head = UnsafeRawBufferPointer(rebasing: source.prefix(headBytes))
    var survey = LevelSurvey()
    survey.read(head)
    // Most sources have words.
    guard survey.total > 0 else { return .open }
    if Bytes.find(#""short_message""#, head) != nil { return .syslog }
    return isWindows(head) ? .windows : survey.scale
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

  private var scale: LevelScale {
    if hasOthers { return .unknown }
    if hasTens { return .bunyan }
    guard total >= Self.least else { return .open }
    // Most of what is logged is information. Where most would be warnings and worse, or 0, it is no syslog's number.
    var most = 0
    for number in 0..<10 where counts[number] >= counts[most] { most = number }
    return most >= 5 ? .open : .unknown
  }

  private mutating func read(_ head: UnsafeRawBufferPointer) {
    var i = 0
    while i < head.count, total < Self.limit {
      let sign = Self.nextSign(head, i)
      guard sign < head.count else { return }
      i = sign &+ 1
      guard Self.namesLevel(head, before: sign) else { continue }
      var value = TextLine.skipBlanks(head, i)
      if value < head.count, head[value] == 0x22 { value &+= 1 }
      add(head, at: value)
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

  private static let names: [StaticString] = ["level", "lvl", "loglevel", "log_level", "severity", "sev"]

  /// True where a name for severities ends before an offset, quotes and blanks left out.
  private static func namesLevel(_ head: UnsafeRawBufferPointer, before end: Int) -> Bool {
    var last = end
    while last > 0, head[last &- 1] == 0x20 || head[last &- 1] == 0x22 { last &-= 1 }
    guard last > 2,
      head[last &- 1] | 0x20 == 0x6C || head[last &- 1] | 0x20 == 0x79 || head[last &- 1] | 0x20 == 0x76
    else { return false }
    var first = last
    while first > 0, last &- first < 12, Bytes.isLetter(head[first &- 1]) || head[first &- 1] == 0x5F {
      first &-= 1
    }
    let name = Bytes.part(head, first, last)
    for known in names where Bytes.isSameWord(known, name) { return true }
    return false
  }
}
