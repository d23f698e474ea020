/// The values under names that leave in doubt whether they name devices (`unit`, `pump`), among the first bytes of a source. Of one fleet some names
/// are like those of a series and some are not (`chg-3ae9`, `chg-a6dd`, `tariffd`): judged line by line, half of it would be lost.
struct SeriesSurvey {
  fileprivate struct Values {
    var distinct: Set<String> = []
    var named = 0
    /// A unit of measurement, a state or a service of the operating system was among them.
    var areMixed = false
  }

  private static let distinctLimit = 256
  private var doubtful: [String: Bool] = [:]
  private var found: [String: Values] = [:]

  /// The names, as they are written, most of whose values can only be names, and none a unit or a state.
  var deviceNames: Set<String> {
    Set(found.filter { !$0.value.areMixed && $0.value.named * 2 > $0.value.distinct.count }.keys)
  }

  /// A value under a name.
  mutating func add(_ key: String, _ value: UnsafeRawBufferPointer) {
    guard Bytes.isLetter(value[0]) || value[0] >= 0x80 else { return }
    let isDoubtful = doubtful[key] ?? (FieldNames.meaning(key).doubt == .series)
    guard doubtful.count < Self.distinctLimit || doubtful[key] != nil else { return }
    doubtful[key] = isDoubtful
    if isDoubtful { found[key, default: Values()].add(value) }
  }
}

extension SeriesSurvey.Values {
  fileprivate mutating func add(_ value: UnsafeRawBufferPointer) {
    guard !DeviceName.isPlaceholder(value), distinct.count < 256,
      distinct.insert(String(decoding: value, as: UTF8.self)).inserted
    else { return }
    if MeasureWords.contains(value) || MeasureWords.isService(value) { areMixed = true }
    if DeviceName.isOfSeries(value) || isDivided(value) { named += 1 }
  }

  /// `chg-a6dd`: letters, a divider, and three letters and digits or more of which one is a digit. `kg-m2` is a unit.
  private func isDivided(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let divider = value.lastIndex(where: { $0 == 0x2D || $0 == 0x5F }), divider >= 2,
      value.count &- divider > 3, Bytes.isLetter(value[0])
    else { return false }
    let last = Bytes.part(value, divider &+ 1, value.count)
    return last.allSatisfy { Bytes.isLetter($0) || Bytes.isDigit($0) } && last.contains(where: Bytes.isDigit)
  }
}
