/// Why a simulation could not be made.
public struct SimulationError: Error, Sendable, CustomStringConvertible {
  /// The kinds of failure.
  public enum Code: String, Sendable { case invalidSetting, outputExists, cannotWrite, compression, stopped }
  /// The kind.
  public var code: Code
  /// One sentence: what could not be done, on what, why, what to do.
  public var description: String
  /// The file concerned, where there is one.
  public var path: String?

  init(_ code: Code, _ description: String, path: String? = nil) {
    self.code = code
    self.description = description
    self.path = path
  }
}
