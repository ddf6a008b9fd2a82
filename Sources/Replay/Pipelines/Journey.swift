/// A request under way through its pipeline.
struct Journey {
  /// Its number among all, from 0.
  var number = 0
  /// The log's name for it.
  var id = ""
  /// The pipeline's number.
  var pipeline = 0
  /// Its session's name.
  var session: String?
  var requestClass: String?
  var arrival: Int64 = 0
  /// Tokens of its own prompt.
  var prompt = 0
  /// The prompt, and what stages added.
  var context = 0
  /// Tokens of passages that the log has in the prompt, and which here a stage brings.
  var passageTokens = 0
  /// Whether passages were retrieved for it; nil where the log does not tell, or no stage asks.
  var hasPassages: Bool?
  /// From 0 to 1: of the log, or drawn.
  var difficulty = 0.0
  /// A bit for each optional stage that the log does not have it pass.
  var passedOver: UInt64 = 0
  /// Tokens of its answer.
  var output = 0
  var priority: Int32 = 0
  /// Stages that have not ended.
  var stagesLeft = 0
  /// When the answer's first token was ready; -1 before.
  var firstToken: Int64 = -1
  /// When its latest one was.
  var lastToken: Int64 = -1
  /// The stage that brought the first token.
  var answeredBy = -1
  /// Where its names of content begin in the ``ChainStore``; -1 without any.
  var chainStart = -1
  var chainCount = 0
  /// Tokens that each name stands for.
  var tokensPerName = 16
  /// Names that came with the log.
  var loggedNames = 0
  /// From which piece on names are its own.
  var namedFrom = 0
  /// Prompt tokens that an engine's memory or a store had.
  var cachedTokens = 0
  var fetchedTokens = 0
  /// How often a stage began anew because its engine failed.
  var retries = 0
  /// Whether any pipeline takes its class.
  var hasPipeline = true
  var isInUse = false
}

/// A stage of a request under way.
struct StageTask {
  /// What becomes of it.
  enum Phase: UInt8 {
    /// Stages before it have not ended.
    case waiting
    /// What it needs travels to its engine.
    case travelling
    /// It waits on its engine.
    case queued
    /// It is served.
    case running
    case ended
    /// It was not for this request.
    case skipped
  }

  var phase = Phase.waiting
  /// Predecessors that have not ended.
  var predecessorsLeft: Int16 = 0
  /// The predecessor that ended last; -1 at the beginning.
  var lastPredecessor: Int16 = -1
  /// Its engine, counted over all pools; -1 before it is chosen.
  var engine: Int32 = -1
  /// Raised when it begins anew, so that what belonged to the try before is known.
  var attempt: UInt32 = 0
  /// Parts that have not ended: paths, or transfers.
  var partsLeft: Int32 = 0
  /// When all before it had ended; -1 before.
  var ready: Int64 = -1
  /// When what it needs was sent to its engine.
  var sent: Int64 = 0
  /// When what it needs had come to its engine.
  var arrived: Int64 = 0
  /// When its service began.
  var started: Int64 = 0
  /// For a context: when its first token was ready.
  var firstToken: Int64 = 0
  var ended: Int64 = 0
  /// Leading tokens that its engine's memory and stores have together, where a stage before it looked.
  var fetched: Int32 = 0
  /// Of these, tokens that stores brought.
  var brought: Int32 = 0
  /// The same as ``fetched``, but also where stores added nothing to what memory had.
  var had: Int32 = 0
  /// The epoch of its engine when that was chosen.
  var epoch: UInt32 = 0
  /// For a fetch, and for a context whose blocks came meanwhile: the store whose blocks came last; -1 for the nearest.
  var store: Int32 = -1
  /// Transfers from stores that have not come.
  var fetchesLeft: Int32 = 0
  /// When the latest of them came.
  var fetchEnd: Int64 = 0
  /// For a context whose blocks come meanwhile: when these were sent; -1 for none.
  var fetchStart: Int64 = -1
  /// For a context that is on its engine without them: whether it is, and since when it would have begun; -1 before.
  var awaitsBlocks = false
  var turn: Int64 = -1
  /// Nanoseconds in which it would have begun, had its blocks been there.
  var fetchWait: Int64 = 0
  /// Nanoseconds that its blocks were on their way while it waited for something else.
  var fetchHidden: Int64 = 0
  /// Nanoseconds in which engines served it that failed.
  var lostService: Int64 = 0
  /// Whether it began anew because its engine failed.
  var isRestarted = false
  /// Whether its engine's load counts it, and as what.
  var isCounted = false
  /// Whether it is counted among what is on its way to its engine.
  var isApproaching = false
  var loadInput: Int32 = 0
  var loadOutput: Int32 = 0
  /// The first of its tickets; -1 without any.
  var firstTicket: Int32 = -1
  /// The slot of its keys and values on its engine, while a decode needs them; -1 otherwise.
  var heldSlot: Int32 = -1
  /// For a decode: the flow of those of its keys and values that go ahead, layer by layer; -1 otherwise.
  var layersFlow: Int32 = -1
}

/// A request on a language model's engine: a task, or one path of it.
struct Ticket {
  var task: Int32 = -1
  var attempt: UInt32 = 0
  /// Its engine, counted over all pools.
  var engine: Int32 = -1
  /// Its neighbours among the tickets of its task; -1 at the ends.
  var previous: Int32 = -1
  var next: Int32 = -1
  /// What names its own tokens; 0 for those of the journey.
  var path: UInt64 = 0
  /// How often its path has split.
  var depth: Int32 = 0
  /// Tokens of the context that it began with.
  var input: Int32 = 0
  /// Where the names of its content begin; -1 without any.
  var chainStart = -1
  var chainCount = 0
  var isInUse = false
}

/// A task on an encoder, a host or something external. It keeps its places until it ends, even where its task
/// is of no use any more.
struct Work {
  var task: Int32 = -1
  var attempt: UInt32 = 0
  /// Its engine, counted over all pools.
  var engine: Int32 = -1
  /// Places that it takes there.
  var places: Int32 = 1
  /// When it was begun; -1 before, and for sequences of an encoder, whose passes are.
  var started: Int64 = -1
  /// The next search of its batch; -1 at the end.
  var next: Int32 = -1
  /// Of a batch's first search the last one's number.
  var last: Int32 = -1
  /// Raised whenever its place is used again.
  var serial: UInt32 = 0
  var isInUse = false
}

/// A try at a task, for lists in which it may grow stale.
struct TaskTry: Equatable {
  var task: Int32
  var attempt: UInt32
}
