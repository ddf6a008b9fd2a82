public import Analytical
public import Operators

/// A number of like engines that serve stages, and how requests are routed among them.
public struct EnginePool: Sendable, Hashable {
  /// What an engine does.
  public enum Service: Sendable, Hashable {
    /// `kind: llm`: a language model's engine, with a scheduler and key-value memory.
    case model(ModelService)
    /// `kind: encoder`: forward passes of whole sequences in batches: embedding, reranking, filters,
    /// reward models.
    case encoder(EncoderService)
    /// `kind: cpu`: cores and memory bandwidth that tenants share.
    case processors(ProcessorService)
    /// `kind: search`: a device that searches vector indexes in its memory.
    case searcher(SearchService)
    /// `kind: store`: a level of key-value storage.
    case store(StoreService)
    /// `kind: external`: what is not simulated: a web search, a tool, a user.
    case external(ExternalService)
  }

  /// `name`: told in reports, named by stages.
  public var name: String
  /// `count`: how many engines; 1 by default, and of a store always.
  public var count: Int
  /// What they do.
  public var service: Service
  /// `routing`: how an engine is chosen; see ``PoolRouting``.
  public var routing: PoolRouting
  /// `first_place`: the place in the network of the first engine, counted through all leaves; the others
  /// follow. By default pools stand one after the other. Stores have none: they stand beside what they serve.
  public var firstPlace: Int?
  /// `price_per_hour`: of one engine, in any currency; 0 by default, or the device's where it is known.
  public var pricePerHour: Double?
  /// `busy_watts`, `idle_watts`: power of one engine; by default the device's where it is known.
  public var busyWatts: Double?
  /// See ``busyWatts``.
  public var idleWatts: Double?
  /// `outages`: when engines fail, and come back.
  public var outages: [Outage]
  /// `scaling`: how the number of engines follows the load; nil for a fixed number.
  public var scaling: Scaling?
  /// `admission`: what is turned away; nil for nothing.
  public var admission: Admission?

  /// Creates a pool; see the properties for what defaults mean.
  public init(
    name: String, count: Int = 1, service: Service, routing: PoolRouting = PoolRouting(),
    firstPlace: Int? = nil, pricePerHour: Double? = nil, busyWatts: Double? = nil,
    idleWatts: Double? = nil, outages: [Outage] = [], scaling: Scaling? = nil,
    admission: Admission? = nil
  ) {
    self.name = name
    self.count = count
    self.service = service
    self.routing = routing
    self.firstPlace = firstPlace
    self.pricePerHour = pricePerHour
    self.busyWatts = busyWatts
    self.idleWatts = idleWatts
    self.outages = outages
    self.scaling = scaling
    self.admission = admission
  }
}

/// A language model on like engines: a group as a deployment has it, whose role is of no effect (the stages
/// say what is computed), and the model.
public struct ModelService: Sendable, Hashable {
  /// `model`: a built-in model's name, or the path of a Hugging Face `config.json`.
  public var model: String
  /// The engines: the keys of a deployment's group. Of its name, count and role nothing depends.
  public var group: EngineGroup
  /// `collectives`: the level of the network whose links carry what the devices of an engine exchange in
  /// their steps, beside other bytes; nil, the default, where it has links that nothing else uses.
  public var collectives: String?

  /// Creates a service.
  public init(model: String, group: EngineGroup, collectives: String? = nil) {
    self.model = model
    self.group = group
    self.collectives = collectives
  }
}

/// Forward passes over whole sequences: all tokens at once, nothing is kept.
public struct EncoderService: Sendable, Hashable {
  /// `model`: a built-in model's name, or the path of a Hugging Face `config.json`.
  public var model: String
  /// `device`: the device's name.
  public var device: String
  /// `tensor_parallel`: devices of each engine; 1 by default.
  public var tensorParallel: Int
  /// `data_type`: the type that the model is served in; bf16 by default. Below 16 bits its products and their
  /// weights are in it, and everything else is in bf16.
  public var dataType: DataType
  /// `max_batch`: sequences of one pass; 32 by default.
  public var maxBatch: Int
  /// `max_batch_tokens`: tokens of one pass, but for a longer single sequence; 8,192 by default.
  public var maxBatchTokens: Int

  /// Creates a service.
  public init(
    model: String, device: String, tensorParallel: Int = 1, dataType: DataType = .bfloat16,
    maxBatch: Int = 32, maxBatchTokens: Int = 8192
  ) {
    self.model = model
    self.device = device
    self.tensorParallel = tensorParallel
    self.dataType = dataType
    self.maxBatch = maxBatch
    self.maxBatchTokens = maxBatchTokens
  }
}

/// Cores of a host, and the memory bandwidth that what runs on them shares.
public struct ProcessorService: Sendable, Hashable {
  /// `cores`: work that may run at once, one thread each.
  public var cores: Int
  /// `memory_bandwidth_gb_s`: bytes a nanosecond, all cores together.
  public var memoryBandwidth: Double
  /// `memory_gb`: 10⁹ bytes of one host, which the indexes that are searched there must fit; nil, the default,
  /// for not asking.
  public var memory: Double?

  /// Creates a service.
  public init(cores: Int, memoryBandwidth: Double, memory: Double? = nil) {
    self.cores = cores
    self.memoryBandwidth = memoryBandwidth
    self.memory = memory
  }
}

/// A device, such as a GPU, whose memory holds vector indexes, and which searches them, one batch after the other.
public struct SearchService: Sendable, Hashable {
  /// `device`: the device's name.
  public var device: String
  /// `vector_search`: what parts of a search of lists of codes take on the whole device, as measured there; nil for
  /// its roofline.
  public var quantized: VectorSearchCoefficients?
  /// The same of lists of whole vectors.
  public var flat: VectorSearchCoefficients?

  /// Creates a service.
  public init(
    device: String, quantized: VectorSearchCoefficients? = nil,
    flat: VectorSearchCoefficients? = nil
  ) {
    self.device = device
    self.quantized = quantized
    self.flat = flat
  }

  /// What was measured of searches of such an index; nil for nothing.
  public func coefficients(of kind: VectorIndex.Kind) -> VectorSearchCoefficients? {
    switch kind {
    case .invertedQuantized: quantized
    case .invertedFlat: flat
    case .graph: nil
    }
  }
}

/// A level of key-value storage: one instance for each unit of a level of the network.
public struct StoreService: Sendable, Hashable {
  /// How full blocks make room.
  public enum Eviction: String, Sendable, Hashable, CaseIterable {
    /// The block that was used longest ago goes.
    case leastRecentlyUsed = "lru"
    /// The block that was stored first goes.
    case firstIn = "fifo"
  }

  /// `capacity_gb`: 10⁹ bytes of one instance; nil, the default, for no bound.
  public var capacity: Double?
  /// `bandwidth_gb_s`: bytes a nanosecond of one instance, shared by its readers and writers; by default the
  /// peak of ``curve``.
  public var bandwidth: Double
  /// `latency_us`: microseconds of a look-up; 0 by default.
  public var latency: Double
  /// `engines_per_instance`: how many engines of a language-model pool share one instance, in the order of
  /// their numbers; nil, the default, for all.
  public var enginesPerInstance: Int?
  /// `hit_rate`: the probability that a request's context is found here, instead of simulating what is
  /// stored; nil, the default, for simulating it.
  public var hitRate: Double?
  /// `eviction`: ``Eviction/leastRecentlyUsed`` by default.
  public var eviction: Eviction
  /// `next`: the store that blocks evicted here move to, and where is looked next; nil for none.
  public var next: String?
  /// `write_back`: whether what engines computed is stored here; on by default.
  public var writesBack: Bool
  /// `write_buffer_gb`: 10⁹ bytes that each engine may have on their way to an instance; blocks beyond are not
  /// stored. 16 by default.
  public var writeBuffer: Double
  /// `curve`: what transfers take alone, by their size, as it was measured; nil, the default, for what the
  /// bandwidth alone says.
  public var curve: StorageCurve?

  /// Creates a store.
  public init(
    capacity: Double? = nil, bandwidth: Double, latency: Double = 0, enginesPerInstance: Int? = nil,
    hitRate: Double? = nil, eviction: Eviction = .leastRecentlyUsed, next: String? = nil,
    writesBack: Bool = true, writeBuffer: Double = 16, curve: StorageCurve? = nil
  ) {
    self.capacity = capacity
    self.bandwidth = bandwidth
    self.latency = latency
    self.enginesPerInstance = enginesPerInstance
    self.hitRate = hitRate
    self.eviction = eviction
    self.next = next
    self.writesBack = writesBack
    self.writeBuffer = writeBuffer
    self.curve = curve
  }

  /// Bytes a second that a transfer of so many bytes gets at most, which it gets alone; infinite without a
  /// ``curve``.
  public func rate(bytes: Double) -> Double {
    curve.map { bytes / $0.seconds(bytes: bytes) } ?? .infinity
  }
}

/// Something that takes its time and is not simulated further.
public struct ExternalService: Sendable, Hashable {
  /// `concurrency`: calls that may be under way at once on one engine; nil, the default, for any number.
  public var concurrency: Int?

  /// Creates a service.
  public init(concurrency: Int? = nil) { self.concurrency = concurrency }
}

/// An engine that fails: what it was doing is lost, with all that its memory held.
public struct Outage: Sendable, Hashable {
  /// `engine`: its number in the pool, from 0.
  public var engine: Int
  /// `at_s`: when it fails, in seconds of the replay.
  public var start: Double
  /// `for_s`: how long it is away; nil, the default, for good.
  public var duration: Double?

  /// Creates an outage.
  public init(engine: Int, start: Double, duration: Double? = nil) {
    self.engine = engine
    self.start = start
    self.duration = duration
  }
}

/// How the number of engines follows the load.
///
/// Every ``interval`` the requests of the pool are divided by the engines that are up or on their way: above
/// ``upper`` one more is started, below ``lower`` the last one takes no further requests and stops when it is
/// empty.
public struct Scaling: Sendable, Hashable {
  /// `min_engines`: how many are up at the start, and always.
  public var minimum: Int
  /// `up_at`: requests an engine above which one is added.
  public var upper: Double
  /// `down_at`: requests an engine below which one is taken away.
  public var lower: Double
  /// `interval_s`: seconds between two looks.
  public var interval: Double
  /// `startup_s`: seconds until a new engine serves.
  public var startup: Double

  /// Creates a rule.
  public init(minimum: Int, upper: Double, lower: Double, interval: Double, startup: Double) {
    self.minimum = minimum
    self.upper = upper
    self.lower = lower
    self.interval = interval
    self.startup = startup
  }
}

/// What a pool turns away, so that those it takes are served in time.
public struct Admission: Sendable, Hashable {
  /// `max_outstanding`: requests of one engine at which it takes no more; nil for any number.
  public var maxOutstanding: Int?
  /// `max_wait_s`: the expected wait (requests that wait on the engine ÷ its mean rate of service so far) above
  /// which a request is turned away; nil for any.
  public var maxWait: Double?

  /// Creates a rule.
  public init(maxOutstanding: Int? = nil, maxWait: Double? = nil) {
    self.maxOutstanding = maxOutstanding
    self.maxWait = maxWait
  }
}
