import Testing

@testable import PlaybookRunner

/// Programs that do not do as they are told.
@Suite struct ProcessCallTests {
  private let environment = ["PATH": "/usr/bin:/bin"]

  init() { Support.ignoreBrokenPipes() }

  /// An ssh whose connection is refused is gone before it has read its script. That must never end us.
  @Test func aProgramThatDoesNotReadItsInputEndsAsItEnds() async throws {
    for size in [1, 1000, 1_000_000] {
      for _ in 0..<60 {
        let outcome = try await ProcessCall.run(
          "/bin/sh", ["-c", "exec 0<&-; exit 7"], environment: environment,
          input: [UInt8](repeating: 120, count: size), timeout: 10_000_000_000)
        #expect(outcome.exitCode == 7 && !outcome.timedOut)
      }
    }
  }

  @Test func allOfTheInputArrivesAlsoBehindAClosedOutput() async throws {
    let folder = try TemporaryFolder()
    let input = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    let outcome = try await ProcessCall.run(
      "/bin/sh", ["-c", "exec >&- 2>&-; sleep 0.2; cat > \(folder.path)/copy"], environment: environment,
      input: input, timeout: 20_000_000_000)
    #expect(outcome.exitCode == 0)
    let there = try ChildProcess.run("/usr/bin/wc", ["-c", folder.path + "/copy"])
    #expect(there.output.hasPrefix("1000000 "))
  }

  @Test func aProgramThatClosesItsOutputAndWorksOnHasNoMoreTimeThanOthers() async throws {
    let start = ContinuousClock.now
    let outcome = try await ProcessCall.run(
      "/bin/sh", ["-c", "exec >&- 2>&-; sleep 30"], environment: environment, timeout: 500_000_000)
    #expect(outcome.timedOut && outcome.exitCode == nil)
    #expect(ContinuousClock.now - start < .seconds(20))
  }
}
