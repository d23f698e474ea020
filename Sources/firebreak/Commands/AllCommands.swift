import ArgumentParser

/// The subcommands, in the order of `firebreak --help`: the way of an incident.
let allCommands: [any ParsableCommand.Type] = [
  Simulate.self,
]
