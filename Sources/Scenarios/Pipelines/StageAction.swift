/// What a stage does to a request. Its context is the prompt, and what earlier stages added to it.
public enum StageAction: Sendable, Hashable {
  /// `tokenize`, `pad`, `detokenize`, `process`: work of cores in proportion to tokens.
  case process(ProcessorWork)
  /// `embed`, `rerank`, `filter`, `score`: a forward pass of an encoder.
  case encode(EncoderWork)
  /// `retrieve`: a search of a vector index, on cores or a device, whose documents join the context.
  case retrieve(Retrieval)
  /// `call`: something external.
  case call(ExternalCall)
  /// `fetch`: key-values of the context are looked for in stores and brought to the engine of the next
  /// stage that computes a prompt. What is not found is computed.
  case fetch
  /// `prefetch`: the same, and the request goes on meanwhile: it waits on its engine like others, is passed over
  /// while its blocks are on their way, and keeps its place among those that came after it.
  case prefetch
  /// `prefill`: the context and the first token of the answer; key-values stay for a `decode`.
  case prefill
  /// `decode`: what follows the first token, on another engine, to which key-values travel first.
  case decode
  /// `generate`: prompt and answer on one engine.
  case generate
  /// `think`: tokens before the answer, which join the context.
  case think(Thinking)

  /// Whether it looks key-values up in stores.
  public var looksUp: Bool { self == .fetch || self == .prefetch }
}

/// Tokens of a request that a stage works on.
public enum TokenSource: String, Sendable, Hashable, CaseIterable {
  /// The request's own prompt.
  case prompt
  /// The prompt, and all that was added to it.
  case context
  /// The answer.
  case answer
  /// The context and the answer.
  case all
}

/// Work of cores.
public struct ProcessorWork: Sendable, Hashable {
  /// `tokens_of`: the context by default, for `detokenize` the answer.
  public var source: TokenSource
  /// `us`: microseconds of one thread for each request.
  public var perRequest: Double
  /// `us_per_token`: microseconds of one thread for each token.
  public var perToken: Double
  /// `bytes_per_token`: of memory traffic; 0 by default.
  public var bytesPerToken: Double
  /// `threads`: cores that share the work evenly; 1 by default.
  public var threads: Int

  /// Creates work.
  public init(
    source: TokenSource, perRequest: Double = 0, perToken: Double = 0, bytesPerToken: Double = 0,
    threads: Int = 1
  ) {
    self.source = source
    self.perRequest = perRequest
    self.perToken = perToken
    self.bytesPerToken = bytesPerToken
    self.threads = threads
  }
}

/// A forward pass over sequences.
public struct EncoderWork: Sendable, Hashable {
  /// `tokens_of`: the prompt by default; for `filter` and `score` all.
  public var source: TokenSource
  /// `tokens`: of each sequence, instead of those of ``source``.
  public var tokens: Int?
  /// `sequences`: how many for each request; 1 by default. Reranking has one for each document.
  public var sequences: Int

  /// Creates work.
  public init(source: TokenSource, tokens: Int? = nil, sequences: Int = 1) {
    self.source = source
    self.tokens = tokens
    self.sequences = sequences
  }
}

/// A search of a vector index.
public struct Retrieval: Sendable, Hashable {
  /// `index`: the name of one of ``Scenario/indexes``.
  public var index: String
  /// `probes`: lists that are scanned, or the breadth of the search of a graph.
  public var probes: Int
  /// `documents`: how many are found.
  public var documents: Int
  /// `tokens_per_document`: tokens that each adds to the context; 512 by default, as in HERMES.
  public var tokensPerDocument: Int
  /// `threads`: cores that share one search evenly, which is an ideal: faiss searches one query on one thread;
  /// 1 by default.
  public var threads: Int
  /// `max_batch`: how many requests' searches on one engine are served as one; 1 by default, each alone. Only like
  /// searches share a batch: all that a stage says is the same.
  public var maxBatch: Int
  /// `max_wait_us`: microseconds that the first search of a batch waits for others while it is not full; 0 by
  /// default, those of the same instant. A batch that waits for its engine takes further ones until it begins.
  public var maxWait: Double
  /// `from_log`: whether a request whose log tells its passages gets these: their tokens, which the log counts in the
  /// prompt, join the context here, in place of ``documents`` times ``tokensPerDocument``; a request without passages
  /// passes in no time. Off by default.
  public var isLogged: Bool

  /// Creates a search.
  public init(
    index: String, probes: Int, documents: Int, tokensPerDocument: Int = 512, threads: Int = 1,
    maxBatch: Int = 1, maxWait: Double = 0, isLogged: Bool = false
  ) {
    self.index = index
    self.probes = probes
    self.documents = documents
    self.tokensPerDocument = tokensPerDocument
    self.threads = threads
    self.maxBatch = maxBatch
    self.maxWait = maxWait
    self.isLogged = isLogged
  }
}

/// A call of something external.
public struct ExternalCall: Sendable, Hashable {
  /// `seconds`, or one of the distributions: how long it takes.
  public var duration: DurationDistribution
  /// `tokens`: that its answer adds to the context; 0 by default.
  public var tokens: Int

  /// Creates a call.
  public init(duration: DurationDistribution, tokens: Int = 0) {
    self.duration = duration
    self.tokens = tokens
  }
}

/// Reasoning before the answer.
public struct Thinking: Sendable, Hashable {
  /// `tokens`: of each path; nil, the default, for ``scale`` times the answer's.
  public var tokens: Int?
  /// `scale`: HERMES takes 8 to 32 for one path and 4 to 16 for several; 8 by default.
  public var scale: Double
  /// `branches`: into how many paths each splits, level by level; `[8]` is eight paths that share the
  /// context's key-values, `[2, 4]` a tree of two paths that split into four each after half of their
  /// tokens. `[1]` by default.
  public var branches: [Int]
  /// `keep`: how many paths must end before the stage does, the others being given up; nil, the default,
  /// for all.
  public var keep: Int?
  /// `carries`: whether one path's tokens join the context of later stages; on by default.
  public var carries: Bool

  /// Creates reasoning.
  public init(
    tokens: Int? = nil, scale: Double = 8, branches: [Int] = [1], keep: Int? = nil,
    carries: Bool = true
  ) {
    self.tokens = tokens
    self.scale = scale
    self.branches = branches
    self.keep = keep
    self.carries = carries
  }
}

/// How long something takes: one value, or one drawn for each request.
public enum DurationDistribution: Sendable, Hashable {
  /// `seconds`: always.
  case constant(Double)
  /// `mean_s` alone: exponential.
  case exponential(mean: Double)
  /// `from_s`, `to_s`: any value between, with the same probability.
  case uniform(Double, Double)
  /// `mean_s`, `cv`: log-normal with this mean and coefficient of variation.
  case logNormal(mean: Double, variation: Double)
  /// `measured_s`: one of these, with the same probability.
  case measured([Double])
}
