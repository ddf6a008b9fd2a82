public import Scenarios

/// A scenario with everything resolved that costs time: models, devices, prices, searches.
public struct ScenarioPlan: Sendable {
  /// What is simulated.
  public var scenario: Scenario
  /// For each of ``Scenarios/Scenario/pools`` what its engines cost.
  public var pools: [PoolPlan]
  /// What searches cost: for each that occurs on each pool, batches of 1, 2, 3… up to its
  /// ``Scenarios/Retrieval/maxBatch``.
  public var searches: [PlacedSearch: [SearchCost]]

  /// Creates a plan.
  public init(
    scenario: Scenario, pools: [PoolPlan], searches: [PlacedSearch: [SearchCost]] = [:]
  ) {
    self.scenario = scenario
    self.pools = pools
    self.searches = searches
  }
}

/// A search, and the pool whose engines do it.
public struct PlacedSearch: Sendable, Hashable {
  /// What is searched, and how.
  public var retrieval: Retrieval
  /// The pool's name.
  public var pool: String

  /// Creates a search of a pool's.
  public init(_ retrieval: Retrieval, on pool: String) {
    self.retrieval = retrieval
    self.pool = pool
  }
}

/// What one search of a vector index, or a batch of them, takes of its engine.
public struct SearchCost: Sendable, Hashable {
  /// Nanoseconds of one thread, or of a whole device.
  public var threadTime: Double
  /// Bytes of memory traffic that all on the host compete with; 0 on a device, which serves one batch at a time.
  public var bytes: Double

  /// Creates a cost.
  public init(threadTime: Double, bytes: Double) {
    self.threadTime = threadTime
    self.bytes = bytes
  }
}

/// What the engines of a pool cost.
public struct PoolPlan: Sendable {
  /// The prices of steps, where the pool runs a model.
  public var pricing: EnginePricing?
  /// A language model's engines with their blocks derived.
  public var group: EngineGroup?
  /// Bytes of the keys and values of one token, all devices of an engine together; 0 without a language model.
  public var keyValueBytesPerToken: Double
  /// Over how many layers these are spread; 1 without a language model.
  public var layers: Int
  /// Watts of an engine that works; nil where nobody knows.
  public var busyWatts: Double?
  /// Watts of an engine that does not.
  public var idleWatts: Double?
  /// What an hour of one engine costs; nil where nobody knows.
  public var pricePerHour: Double?

  /// Creates a plan; of a pool without a model nothing need be known.
  public init(
    pricing: EnginePricing? = nil, group: EngineGroup? = nil, keyValueBytesPerToken: Double = 0,
    layers: Int = 1, busyWatts: Double? = nil, idleWatts: Double? = nil, pricePerHour: Double? = nil
  ) {
    self.pricing = pricing
    self.group = group
    self.keyValueBytesPerToken = keyValueBytesPerToken
    self.layers = max(1, layers)
    self.busyWatts = busyWatts
    self.idleWatts = idleWatts
    self.pricePerHour = pricePerHour
  }
}
