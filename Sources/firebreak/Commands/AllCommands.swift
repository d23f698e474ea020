import ArgumentParser

/// The subcommands, in the order of `firebreak --help`: the way of an incident.
let allCommands: [any ParsableCommand.Type] = [
  Ingest.self, Query.self, Show.self, Sources.self, Devices.self,
  TraceCommand.self, ExplainCommand.self, WhatIfCommand.self,
  PlaybookCommands.self, Postmortem.self, Metrics.self, Serve.self,
  Note.self, Verify.self, Export.self, Formats.self, Simulate.self,
]
