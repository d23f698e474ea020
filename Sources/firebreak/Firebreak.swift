import ArgumentParser

@main
struct Firebreak: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "firebreak",
    abstract: "Reconstruct, contain and explain incidents of connected-device fleets.")
}
