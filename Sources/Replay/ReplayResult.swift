public import Operators

/// What became of one request.
public struct RequestOutcome: Sendable, Hashable {
  /// How a request ended.
  public enum Status: UInt8, Sendable, Hashable {
    /// All of its tokens were generated.
    case finished
    /// It could never run: longer than the model's limit, than the key-value memory, or empty.
    case rejected
    /// The run was cut before its end.
    case unfinished
  }

  /// How it ended.
  public var status: Status = .unfinished
  /// The engine that served it.
  public var engine: Int32 = 0
  /// When it arrived, on the replay's clock.
  public var arrival: Nanoseconds = .zero
  /// When the first step that worked on it began.
  public var scheduled: Nanoseconds = .zero
  /// When its first token was ready.
  public var firstToken: Nanoseconds = .zero
  /// When its last token was ready.
  public var lastToken: Nanoseconds = .zero
  /// Prompt tokens.
  public var inputTokens: Int32 = 0
  /// Tokens generated.
  public var outputTokens: Int32 = 0
  /// Prompt tokens found in the prefix cache when it was first scheduled.
  public var cachedTokens: Int32 = 0
  /// How often it lost its memory and began again.
  public var preemptions: Int32 = 0

  /// An outcome to be filled in.
  public init() {}

  /// Time to first token.
  public var timeToFirstToken: Nanoseconds { firstToken - arrival }
  /// Time from arrival to the last token.
  public var endToEnd: Nanoseconds { lastToken - arrival }
  /// Time from arrival to the first step that worked on it.
  public var queueTime: Nanoseconds { scheduled - arrival }
  /// Mean time per output token after the first, or nil with fewer than two tokens.
  public var timePerOutputToken: Nanoseconds? {
    guard outputTokens > 1 else { return nil }
    return Nanoseconds(
      rounding: Double((lastToken - firstToken).rawValue) / Double(outputTokens - 1))
  }
}

/// One engine step, or a run of like decode steps advanced in one go.
public struct StepRecord: Sendable, Hashable {
  /// The engine that ran it.
  public var engine: Int32
  /// How many steps this record stands for; 1 unless ``ReplayOptions`` lets runs be merged.
  public var steps: Int32
  /// When it began.
  public var start: Nanoseconds
  /// How long it took.
  public var duration: Nanoseconds
  /// What it computed (the first step's shape, where several were merged).
  public var shape: StepShape
  /// Requests waiting when it was scheduled.
  public var waiting: Int32
  /// Key-value blocks in use while it ran.
  public var blocksInUse: Int32
  /// Requests that lost their memory when it was scheduled.
  public var preempted: Int32

  /// Creates a record.
  public init(
    engine: Int32, steps: Int32, start: Nanoseconds, duration: Nanoseconds, shape: StepShape,
    waiting: Int32, blocksInUse: Int32, preempted: Int32
  ) {
    self.engine = engine
    self.steps = steps
    self.start = start
    self.duration = duration
    self.shape = shape
    self.waiting = waiting
    self.blocksInUse = blocksInUse
    self.preempted = preempted
  }
}
