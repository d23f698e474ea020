extension Scenario {
  /// Every scenario, in the order of the help text.
  public static let all: [Scenario] = [
    firmwareCascade, worm, dependencyFailure, certificateExpiry, metricDegradation, quiet,
  ]
}
