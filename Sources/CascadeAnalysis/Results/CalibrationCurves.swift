/// The curves of `Calibration`, written by `.ci/fit-calibration`.
enum CalibrationCurves {
  static let all: [String: Calibration.Curve] = [:]
}
