public import Operators

/// What serves requests: groups of like engines, all of one model, and how requests reach them.
///
/// As text it is YAML; `TraceSchemas/deployment.schema.json` is the contract, and
/// ``init(yaml:path:)`` its reader.
public struct Deployment: Sendable, Hashable {
  /// The version of the format.
  public static let version = 1

  /// A built-in model's name, or the path of a Hugging Face `config.json`.
  public var model: String
  /// The groups of engines; at least one.
  public var engines: [EngineGroup]
  /// How requests are routed to engines.
  public var routing: Routing
  /// `decode_pool`: which engine decodes what another one prefilled; of effect only with roles.
  public var decodePool: DecodePool
  /// `convert_at_waiting`: when so many requests wait on the prefill engine that one is routed to, a decode
  /// engine computes the whole of it. Nil, the default, for never.
  public var conversionQueue: Int?
  /// `transfer`: how keys and values travel between engines with roles; nil without roles.
  public var transfer: KeyValueTransfer?

  /// The most engines of all groups together.
  public static let maxEngines = 4096

  /// The engines of all groups together.
  public var engineCount: Int { engines.reduce(0) { $0 + $1.count } }

  /// Creates a deployment.
  public init(
    model: String, engines: [EngineGroup], routing: Routing = .roundRobin,
    decodePool: DecodePool = .global, conversionQueue: Int? = nil,
    transfer: KeyValueTransfer? = nil
  ) {
    self.model = model
    self.engines = engines
    self.routing = routing
    self.decodePool = decodePool
    self.conversionQueue = conversionQueue
    self.transfer = transfer
  }
}

/// How requests are routed to engines when they arrive.
public enum Routing: String, Sendable, Hashable, CaseIterable, Codable {
  /// The next engine in turn.
  case roundRobin = "round-robin"
  /// The engine with the fewest requests, waiting and running; of equals the first.
  case leastLoaded = "least-loaded"
}

/// A number of like engines: one server process each, on one or several devices.
///
/// Names in YAML and defaults are those of vLLM's arguments, where it has them.
public struct EngineGroup: Sendable, Hashable {
  /// The group's name, told in reports.
  public var name: String
  /// `count`: how many engines; 1 by default.
  public var count: Int
  /// `device`: the device's name, resolved later.
  public var device: String
  /// `tensor_parallel`: devices of each engine; 1 by default.
  public var tensorParallel: Int
  /// `expert_parallel`: groups of experts that lie on different devices, of the engine or, in ``lockstep``, of
  /// all engines of the group; 1 by default, where every engine has all experts.
  public var expertParallel: Int
  /// `data_type`: the type that the model is served in; bf16 by default. Below 16 bits its products and their
  /// weights are in it, and everything else is in bf16.
  public var dataType: DataType
  /// `kv_cache_dtype`: the type of keys and values; nil, the default, for ``dataType``'s, and bf16 where that
  /// has less than 16 bits.
  public var keyValueType: DataType?
  /// `runtime`: the software whose measurements price the engine's steps, such as `vLLM` or `vLLM
  /// 0.24.0`; any by default.
  public var runtime: String?
  /// `max_num_seqs`: requests that may run at once; 256 by default.
  public var maxSequences: Int
  /// `max_num_batched_tokens`: tokens that one step may compute; 2,048 by default.
  public var maxBatchedTokens: Int
  /// `max_model_len`: prompt and generated tokens of one request. Longer requests are rejected.
  public var maxModelLength: Int
  /// `block_size`: tokens that one key-value block holds; 16 by default.
  public var blockSize: Int
  /// `num_gpu_blocks`: key-value blocks, vLLM's null block included. Nil where it must be derived
  /// from ``memoryUtilization``.
  public var blockCount: Int?
  /// `memory_utilization`: the part of the device's memory that the engine may use; 0.9 by
  /// default, and of no effect where ``blockCount`` is given.
  public var memoryUtilization: Double
  /// `enable_prefix_caching`: whether a request may find blocks that others left; on by default.
  public var enablesPrefixCaching: Bool
  /// `enable_chunked_prefill`: whether a prompt may be computed in several steps; on by default.
  /// Off, `max_num_batched_tokens` must hold the longest request.
  public var enablesChunkedPrefill: Bool
  /// `long_prefill_token_threshold`: the most prompt tokens of one request in one step; 0, the
  /// default, for no limit but the step's.
  public var longPrefillTokenThreshold: Int
  /// `full_sequence_admission`: whether a request is admitted only if all its present tokens fit
  /// into free memory (vLLM: `scheduler_reserve_full_isl`); on by default.
  public var fullSequenceAdmission: Bool
  /// `async_scheduling`: whether a step is scheduled while the one before it runs, so that an
  /// arrival waits a step longer and a finished request's memory is free a step later; off by
  /// default.
  public var asyncScheduling: Bool
  /// `cudagraph_capture_sizes`: the token counts of captured graphs, ascending. A step of no more
  /// tokens than the last of them computes as many as the next one has; none by default.
  /// `max_cudagraph_capture_size` gives ``defaultGraphSizes(upTo:)``.
  public var graphSizes: [Int]
  /// `policy`: how the engine chooses what each step computes; vLLM's way by default.
  public var policy: SchedulingPolicy
  /// `scheduling_policy`: first come, first served by default, or by the requests' priorities; only
  /// with policy ``SchedulingPolicy/vllm``.
  public var queueOrder: QueueOrder
  /// `pipeline_parallel`: stages of each engine, of equal shares of the layers; 1 by default. As
  /// many batches are in flight. Only with policy ``SchedulingPolicy/vllm``, not asynchronous.
  public var pipelineParallel: Int
  /// `data_parallel_lockstep`: whether the group's engines are data-parallel ranks that step together,
  /// as they must where their experts exchange tokens; off by default. Not with
  /// ``pipelineParallel``.
  public var lockstep: Bool
  /// Speculative decoding, if the engine does it; only with policy ``SchedulingPolicy/vllm``.
  public var speculation: SpeculativeDecoding?
  /// `role`: what part of requests the engines compute; whole ones by default. Others only with policy
  /// ``SchedulingPolicy/vllm``, without pipelines, lockstep, drafts and asynchronous scheduling.
  public var role: EngineRole
  /// How large keys and values are. Nil where that must be derived from the model, which only engines
  /// with role ``EngineRole/prefill`` need.
  public var keyValues: KeyValueSize?

  /// The most key-value blocks that an engine may have.
  public static let mostBlocks = 67_108_864

  /// The most positions that sample in a step: one for each sequence, and its drafts.
  public var sampledPositions: Int { maxSequences * (1 + (speculation?.tokens ?? 0)) }

  /// Creates a group; see the properties for what defaults mean.
  public init(
    name: String, count: Int = 1, device: String, tensorParallel: Int = 1,
    expertParallel: Int = 1, dataType: DataType = .bfloat16, keyValueType: DataType? = nil,
    runtime: String? = nil,
    maxSequences: Int = 256, maxBatchedTokens: Int = 2048, maxModelLength: Int,
    blockSize: Int = 16, blockCount: Int? = nil,
    memoryUtilization: Double = 0.9, enablesPrefixCaching: Bool = true,
    enablesChunkedPrefill: Bool = true, longPrefillTokenThreshold: Int = 0,
    fullSequenceAdmission: Bool = true, asyncScheduling: Bool = false, graphSizes: [Int] = [],
    policy: SchedulingPolicy = .vllm, queueOrder: QueueOrder = .firstCome,
    pipelineParallel: Int = 1, lockstep: Bool = false, speculation: SpeculativeDecoding? = nil,
    role: EngineRole = .both, keyValues: KeyValueSize? = nil
  ) {
    self.name = name
    self.count = count
    self.device = device
    self.tensorParallel = tensorParallel
    self.expertParallel = expertParallel
    self.dataType = dataType
    self.keyValueType = keyValueType
    self.runtime = runtime
    self.maxSequences = maxSequences
    self.maxBatchedTokens = maxBatchedTokens
    self.maxModelLength = maxModelLength
    self.blockSize = blockSize
    self.blockCount = blockCount
    self.memoryUtilization = memoryUtilization
    self.enablesPrefixCaching = enablesPrefixCaching
    self.enablesChunkedPrefill = enablesChunkedPrefill
    self.longPrefillTokenThreshold = longPrefillTokenThreshold
    self.fullSequenceAdmission = fullSequenceAdmission
    self.asyncScheduling = asyncScheduling
    self.graphSizes = graphSizes
    self.policy = policy
    self.queueOrder = queueOrder
    self.pipelineParallel = pipelineParallel
    self.lockstep = lockstep
    self.speculation = speculation
    self.role = role
    self.keyValues = keyValues
  }

  /// The sizes that vLLM (0.11 and later) captures of itself: 1, 2, 4, then every 8 below 256, then
  /// every 16.
  public static func defaultGraphSizes(upTo largest: Int) -> [Int] {
    [1, 2, 4].filter { $0 <= largest }
      + Array(stride(from: 8, through: min(largest, 255), by: 8))
      + Array(stride(from: 256, through: largest, by: 16))
  }
}
