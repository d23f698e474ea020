import PlaybookModel
import Testing

@Suite struct JournalChainTests {
  private func chain(_ count: Int) -> [RunRecord] {
    var previous = JournalChain.start
    return (1...count).map { number in
      let record = JournalChain.link(
        RunRecord(
          run: "r", sequence: number, wallTime: 1_780_272_000_000_000_000, monotonicTime: Int64(number),
          kind: .note,
          target: number % 2 == 0 ? "pump" : nil, detail: "record \(number) \"quoted\" \u{1B}"),
        after: previous)
      previous = record.hash
      return record
    }
  }

  @Test func verifiesWhatWasNotTouched() {
    #expect(JournalChain.firstProblem(in: chain(20)) == nil)
    #expect(JournalChain.firstProblem(in: []) == nil)
  }

  @Test func seesEveryChangeRemovalInsertionAndExchange() {
    let good = chain(10)
    for index in good.indices {
      var changed = good
      changed[index].detail += "x"
      #expect(JournalChain.firstProblem(in: changed) != nil)
      changed = good
      changed[index].wallTime += 1
      #expect(JournalChain.firstProblem(in: changed) != nil)
      if index < good.count - 1 {
        var removed = good
        removed.remove(at: index)
        #expect(JournalChain.firstProblem(in: removed) != nil)
        var exchanged = good
        exchanged.swapAt(index, index + 1)
        #expect(JournalChain.firstProblem(in: exchanged) != nil)
      }
      var doubled = good
      doubled.insert(good[index], at: index)
      #expect(JournalChain.firstProblem(in: doubled) != nil)
    }
  }
}
