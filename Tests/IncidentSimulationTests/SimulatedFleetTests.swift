import IncidentSimulation
import Testing

@Suite struct SimulatedFleetTests {
  @Test func fatesFollowTheSharesAndStay() {
    var shares = SimulatedFleet.Shares()
    shares.failed = 0.1
    shares.unreachable = 0.2
    shares.noAnswer = 0.05
    let fleet = SimulatedFleet(count: 20_000, seed: 5, shares: shares)
    let replies = (0..<fleet.count).map { fleet.reply($0) }
    for (reply, share) in [
      (SimulatedFleet.Reply.failed, 0.1), (.unreachable, 0.2), (.noAnswer, 0.05), (.done, 0.65),
    ] {
      let found = Double(replies.count { $0 == reply }) / 20_000
      #expect(abs(found - share) < 0.01, "\(reply)")
    }
    #expect(replies == (0..<fleet.count).map { SimulatedFleet(count: 1, seed: 5, shares: shares).reply($0) })
    #expect(fleet.isInWantedState(replies.firstIndex(of: .done) ?? 0))
    #expect(fleet.name(484) == "sim-0001e4")
  }
}
