import ArgumentParser

/// The subcommands, in the order of `firebreak --help`: the way of an incident.
let allCommands: [any ParsableCommand.Type] = [
  Ingest.self, Query.self, Show.self, Sources.self, Devices.self, Clocks.self, SilenceCommand.self,
  TraceCommand.self, Incidents.self, ExplainCommand.self, WhatIfCommand.self,
  PlaybookCommands.self, Doctor.self, Postmortem.self, Metrics.self, Serve.self,
  Note.self, Verify.self, Export.self, Pack.self, Formats.self, Simulate.self,
]
