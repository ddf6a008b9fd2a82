public import RequestLogs

/// What a search chooses from, and what it is held against: engines, how many, on which devices, and how
/// requests reach them.
///
/// As text it is YAML; `TraceSchemas/search.schema.json` is the contract, and ``init(yaml:path:)`` its reader.
public struct SearchSpace: Sendable, Hashable {
  /// The version of the format.
  public static let version = 1

  /// What reports call it.
  public var name: String
  /// A built-in model's name, or the path of a Hugging Face `config.json`.
  public var model: String
  /// What can be had; at least one.
  public var devices: [SearchDevice]
  /// The engines that serve whole requests, but for their device; at least one.
  public var engines: [EngineChoice]
  /// `replicas`: how many engines of one kind.
  public var replicas: [Int]
  /// `routing`: how requests are routed to engines.
  public var routings: [Routing]
  /// `split`: designs that prefill and decode apart; nil for none.
  public var split: SplitSpace?
  /// `mix_devices`: whether designs may have engines on two kinds of devices.
  public var mixesDevices = false
  /// `slo`: what latencies are held against.
  public var objectives: LatencyObjectives
  /// `budget`: what a design may take.
  public var budget = SearchBudget()
  /// `objective`: what is best.
  public var objective = SearchObjective.cost
  /// `workload`: requests that are drawn; nil where a log holds them.
  public var workload: SyntheticWorkload?
  /// `seed`: what all draws follow from.
  public var seed: UInt64 = 0

  /// The most designs of a search.
  public static let maxDesigns = 200_000
  /// The most kinds of engines, but for their device, of one part of a search.
  public static let maxEngines = 20_000

  /// Creates a space; see the properties for what defaults mean.
  public init(
    name: String, model: String, devices: [SearchDevice], engines: [EngineChoice],
    replicas: [Int] = [1], routings: [Routing] = [.leastLoaded], objectives: LatencyObjectives
  ) {
    self.name = name
    self.model = model
    self.devices = devices
    self.engines = engines
    self.replicas = replicas
    self.routings = routings
    self.objectives = objectives
  }

  /// How many designs there are, or more than ``maxDesigns``.
  public var designCount: Int {
    /// Deployments of so many engines need no routing where it is one engine.
    func ways(_ total: Int, single: Int) -> Int {
      (total - single).clampedTimes(routings.count).clampedPlus(single)
    }
    let alone = engines.count * replicas.count { $0 == 1 } * devices.count
    let kinds = engines.count.clampedTimes(devices.count)
    var count = ways(kinds.clampedTimes(replicas.count), single: alone)
    if let split {
      let (prefill, decode) = (split.prefill, split.decode)
      count = count.clampedPlus(
        ways(
          prefill.engines.count.clampedTimes(devices.count).clampedTimes(prefill.replicas.count)
            .clampedTimes(decode.engines.count).clampedTimes(devices.count)
            .clampedTimes(decode.replicas.count),
          single: 0))
    }
    if mixesDevices {
      let each = engines.count.clampedTimes(replicas.count)
      let pairs = devices.count * (devices.count - 1) / 2
      count = count.clampedPlus(ways(each.clampedTimes(each).clampedTimes(pairs), single: 0))
    }
    return count
  }
}

/// A kind of device that a search may use.
public struct SearchDevice: Sendable, Hashable {
  /// `device`: its name, resolved later.
  public var device: String
  /// `count`: how many there are.
  public var count: Int
  /// `price_per_hour`: US dollars for one; nil for the data sheet's.
  public var pricePerHour: Double?
  /// `per_node`: how many are joined by their own links, which tensor parallelism needs; nil for any number.
  public var perNode: Int?

  /// Creates a kind of device.
  public init(device: String, count: Int, pricePerHour: Double? = nil, perNode: Int? = nil) {
    self.device = device
    self.count = count
    self.pricePerHour = pricePerHour
    self.perNode = perNode
  }
}

/// One way to set an engine up.
public struct EngineChoice: Sendable, Hashable {
  /// The settings, without name, device and count.
  public var group: EngineGroup
  /// What was chosen, of keys that there is a choice of: as the file has them.
  public var settings: [Setting]
  /// Why these settings cannot be had together; nil where they can, and ``group`` has them.
  public var fault: String?

  /// A key and its value.
  public struct Setting: Sendable, Hashable {
    /// The key.
    public var key: String
    /// The value, as it was written.
    public var value: String

    /// Creates a setting.
    public init(key: String, value: String) {
      self.key = key
      self.value = value
    }
  }

  /// Creates a choice.
  public init(_ group: EngineGroup, settings: [Setting] = [], fault: String? = nil) {
    self.group = group
    self.settings = settings
    self.fault = fault
  }
}

/// Designs whose engines prefill or decode.
public struct SplitSpace: Sendable, Hashable {
  /// The engines of one role.
  public struct Side: Sendable, Hashable {
    /// The settings to choose from, with the role.
    public var engines: [EngineChoice]
    /// How many engines.
    public var replicas: [Int]

    /// Creates a side.
    public init(engines: [EngineChoice], replicas: [Int]) {
      self.engines = engines
      self.replicas = replicas
    }
  }

  /// Engines that prefill.
  public var prefill: Side
  /// Engines that decode.
  public var decode: Side
  /// `transfer`: how keys and values travel.
  public var transfer: KeyValueTransfer
  /// `decode_pool`: which engine decodes.
  public var decodePool = DecodePool.global
  /// `convert_at_waiting`: see ``Deployment/conversionQueue``.
  public var conversionQueue: Int?

  /// Creates designs.
  public init(prefill: Side, decode: Side, transfer: KeyValueTransfer) {
    self.prefill = prefill
    self.decode = decode
    self.transfer = transfer
  }
}

/// What a design may take.
public struct SearchBudget: Sendable, Hashable {
  /// `devices`: of all kinds together; nil for any number.
  public var devices: Int?
  /// `price_per_hour`: US dollars; nil for any.
  public var pricePerHour: Double?

  /// Creates a budget without limits.
  public init() {}
}

/// What is best. Of equals the cheaper, then the one with more requests within the limits, then the lower P99 of
/// TTFT, then of TPOT, then the first.
public enum SearchObjective: String, Sendable, Hashable, CaseIterable, Codable {
  /// The lowest price of those that hold the SLO.
  case cost
  /// The fewest devices of those that hold the SLO.
  case devices
  /// The most requests within the SLO's last limits, whether or not all of them hold.
  case goodput
  /// The lowest P99 of the time to first token of those that hold the SLO.
  case ttft
  /// The lowest P99 of the time per output token of those that hold the SLO.
  case tpot
}

extension Int {
  /// The product of two counts, at most a large number.
  func clampedTimes(_ other: Int) -> Int {
    let (product, overflow) = multipliedReportingOverflow(by: other)
    return overflow ? .max / 4 : Swift.min(product, .max / 4)
  }

  /// The sum of two counts, at most a large number.
  func clampedPlus(_ other: Int) -> Int { Swift.min(self, .max / 4) + Swift.min(other, .max / 4) }
}
