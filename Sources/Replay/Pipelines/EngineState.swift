import Scenarios

/// An engine of any kind, as its pool sees it.
struct EngineState {
  /// What it is, and where among its like.
  enum Kind {
    case model
    case encoder
    case processors
    case external
    case store
  }

  var pool: Int
  /// Its number in the pool.
  var number: Int
  var kind: Kind
  /// Its place among the engines of its kind; hosts, devices that search
  /// and externals share ``PipelineFleet/queues``.
  var place: Int
  /// Its place in the network.
  var leaf = 0
  /// For a host: the link that stands for its memory.
  var memoryLink: Int32 = -1
  /// Tokens of requests that were sent here and that the scheduler does not have: on their way, or waiting for
  /// keys and values.
  var approaching = Scheduler.WorkLeft()
  var isUp = true
  /// Whether it takes no further requests, and stops when it is empty.
  var isDraining = false
  /// Whether it was started to follow the load, or stopped.
  var isStarting = false
  /// Whether it was stopped, or never started, as the load wanted no more.
  var isStopped = false
  /// Whether it has failed and not come back.
  var isAway = false
  /// Raised when it fails, so that what was foreseen of it is known to be void.
  var epoch: UInt32 = 0
  /// Whether an encoder's boundary is foreseen.
  var isWoken = false
  /// When the service under way began.
  var serviceStart: Int64 = 0
  /// Time in which it worked; of hosts and externals with a bound, by the part of their places.
  var busyTime = 0.0
  /// Since when it is up.
  var upSince: Int64 = 0
  /// Time in which it was up, before that.
  var upTime: Int64 = 0
  var served = 0
  /// Of a language model's engine: requests of its scheduler that ended, as many of a stage that thinks as it has
  /// paths.
  var endedPaths = 0
  var failures = 0
  /// What engines in its place did that failed.
  var earlierTotals: [EngineTotals] = []

  init(pool: Int, number: Int, kind: Kind, place: Int) {
    (self.pool, self.number, self.kind, self.place) = (pool, number, kind, place)
  }

  /// Whether requests may be sent here.
  var isOpen: Bool { isUp && !isDraining }
}

/// A pool and what is waiting for it.
struct PoolState {
  /// Its first engine among all.
  var first: Int
  var count: Int
  var rule: any RoutingRule
  /// Whether its engines are up from the first to the last.
  var isSteady = false
  /// Its engines as ranks that step together, by their places among models; nil where each steps alone.
  var lockstep: Lockstep?
  /// Tasks for which no engine is up.
  var pending: [TaskTry] = []
  /// Whether nothing can happen but that numbers of engines are looked at, so that its own is not.
  var isAsleep = false
  /// What tells blocks of its model from others' in stores; 0 where all pools that use these serve one model.
  var salt: UInt64 = 0
  /// Requests that were turned away.
  var shed = 0

  /// Its engines among all.
  var range: Range<Int> { first..<(first + count) }
}
