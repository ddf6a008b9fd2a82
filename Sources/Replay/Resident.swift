/// A request on an engine, waiting or running.
struct Resident {
  /// Where the scheduler keeps it.
  enum Phase: UInt8 {
    /// In the waiting queue, without memory.
    case waiting
    /// Running and scheduled one by one: its prompt (or, after a preemption, everything that it
    /// had) is not computed yet, or a step's budget did not reach it.
    case prefilling
    /// Running and advancing by one token a step, as a member of the ``DecodeSet``.
    case decoding
    /// Its last token is scheduled; it holds its memory until that step ends.
    case finishing
  }

  /// Its row in the ``RequestTable``.
  var request: Int32
  /// Prompt tokens.
  var input: Int32
  /// Tokens to generate.
  var output: Int32
  /// What its blocks hold.
  var content: BlockContent
  /// How many of its full blocks others may share.
  var sharedBlocks: Int32
  /// The lower, the earlier it is served, where an engine looks at it.
  var priority: Int32 = 0
  /// When it arrived.
  var arrival: Int64 = 0
  /// See ``Phase``.
  var phase: Phase = .waiting
  /// Tokens generated; while decoding, when it joined the ``DecodeSet``.
  var generated: Int32 = 0
  /// Tokens whose keys and values are stored; while decoding, see ``DecodeSet``.
  var computed: Int32 = 0
  /// The place of its admission among all admissions: the order of running requests.
  var order: Int64 = 0
  /// Tokens that the step being scheduled gives it.
  var grant: Int32 = 0
  /// While it runs: where the scheduler keeps its blocks.
  var table: Int32 = -1
  /// How many of its leading blocks have their content named.
  var namedBlocks: Int32 = 0
  /// While decoding: stored tokens less the number of the step that is scheduled next.
  var offset: Int = 0
  /// While decoding: the number of the step that generates its last token.
  var finishStep: Int = 0
  /// Prompt tokens found in the cache at its first admission; -1 before it.
  var cached: Int32 = -1
  /// Leading tokens whose keys and values a store brought: they are stored here at the first admission,
  /// without being computed.
  var fetched: Int32 = 0
  /// Tokens that the last step brought, or brings, in which it got any outside the ``DecodeSet``.
  var brought: Int32 = 0
  /// Whether its latest token is still to come out of the pipeline, so that it cannot be scheduled.
  var isInFlight = false
  /// Whether another engine decodes it: its blocks stay here when its first token is there, until its
  /// keys and values have travelled.
  var isHandedOver = false
  /// Whether its last step brought a token, which is all that is left to compute: it decodes, and
  /// has drafts where these are made.
  var hasCaughtUp = false
  /// How often it lost its memory.
  var preemptions: Int32 = 0
  /// Full blocks found when it last could not be admitted; -1 if that is not known.
  var blockedHits: Int32 = -1
  /// The first content that was missed then; 0 if there was none.
  var blockedMiss: UInt64 = 0
  /// When the first step that worked on it began.
  var scheduled: Int64 = 0
  /// When its first token was ready.
  var firstToken: Int64 = 0
  /// When its latest token was ready; not kept while decoding.
  var lastToken: Int64 = 0

  /// Creates a request that waits.
  init(
    request: Int32, input: Int32, output: Int32, content: BlockContent, blockSize: Int,
    priority: Int32 = 0, arrival: Int64 = 0
  ) {
    self.priority = priority
    self.arrival = arrival
    self.request = request
    self.input = input
    self.output = output
    self.content = content
    sharedBlocks = Int32(
      clamping: content.sharedBlocks(
        input: Int(input), output: Int(output), blockSize: blockSize))
  }

  /// All of its present tokens.
  var tokens: Int { Int(input) + Int(generated) }

  /// Whether it comes before another by priority, then arrival, then its row.
  func precedes(_ other: Resident) -> Bool {
    (priority, arrival, request) < (other.priority, other.arrival, other.request)
  }

  /// The name of its full block at `index`.
  func blockName(_ index: Int, blockSize: Int, chain: [UInt64]) -> UInt64 {
    index < Int(sharedBlocks)
      ? content.shared(index, blockSize: blockSize, chain: chain) : content.own(index)
  }
}
