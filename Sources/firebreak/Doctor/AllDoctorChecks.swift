/// The checks, in the order of the report: ourselves, who may say so, what is known, what is to be done, with whom.
let allDoctorChecks: [any DoctorCheck.Type] = [
  ClockCheck.self, DiskCheck.self, ProgramsCheck.self, SignersCheck.self, CaseCheck.self, InventoryCheck.self,
  PlaybooksCheck.self, SecretsCheck.self, BackendsCheck.self,
]
