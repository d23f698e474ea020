public import PlaybookModel

/// Short name for the outcomes of the journal.
public typealias RunRecordOutcome = RunRecord.Outcome

/// Everything a run needs beside its plan.
public struct RunEnvironment: Sendable {
  /// Executors by command type.
  public var executors: ExecutorSet
  /// Where the journal is kept.
  public var journal: any JournalStorage
  /// The clocks.
  public var clock: any RunClock
  /// What replaces secrets in texts.
  public var masker: SecretMasker
  /// Answers timeline gates; nil when there is no timeline.
  public var timeline: (any TimelineGate)?
  /// What the inventory says now; nil when it is what the plan says.
  public var inventory: (any InventorySource)? {
    get { watch?.current }
    set { watch = newValue.map(InventoryWatch.init) }
  }
  /// Where what the inventory says is looked at again while the run goes on.
  private(set) var watch: InventoryWatch?
  /// Devices that are left alone for want of a secret, with why: see `Preflight.Lacks`.
  public var lacking: [String: String] = [:]
  /// By device what other runs may still have under way there: it is not acted on before their time is over.
  public var unseen: [String: UnseenAct] = [:]
  /// Notes that the run's journal gets when it is begun, and when it goes on.
  public var openingNotes: [RecordDraft] = []
  /// Signs checkpoints of the journal; nil for none.
  public var signer: JournalSigner?
  /// Gets progress; called from several tasks.
  public var progress: @Sendable (RunProgress) -> Void
  /// Asks the run to stop.
  public var control: RunControl
  /// Folder for the undo script and the copy of the plan; nil to keep none (tests).
  public var folder: String?

  /// An environment from its parts.
  public init(
    executors: ExecutorSet, journal: any JournalStorage, clock: any RunClock = SystemClock(),
    masker: SecretMasker = SecretMasker(), timeline: (any TimelineGate)? = nil, folder: String? = nil,
    inventory: (any InventorySource)? = nil, signer: JournalSigner? = nil,
    control: RunControl = RunControl(), progress: @escaping @Sendable (RunProgress) -> Void = { _ in }
  ) {
    self.executors = executors
    self.journal = journal
    self.clock = clock
    self.masker = masker
    self.timeline = timeline
    self.folder = folder
    watch = inventory.map(InventoryWatch.init)
    self.signer = signer
    self.control = control
    self.progress = progress
  }
}
