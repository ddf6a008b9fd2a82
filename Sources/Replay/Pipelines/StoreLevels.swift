import Network
import Scenarios

/// The stores of a scenario: what each instance holds, and where it stands.
struct StoreLevels {
  /// One instance of a store.
  struct Instance {
    var blocks: BlockStore
    /// The link that stands for its bandwidth.
    var link: Int32
    /// Where it is in the network; nil beside its engine.
    var endpoint: Int?
    var bytesRead = 0.0
    var bytesWritten = 0.0
    /// Requests that looked here, and those of them that found anything.
    var lookups = 0
    var hits = 0
  }

  /// Instances by pool; none for pools that are no stores.
  private(set) var instances: [[Instance]]
  /// How many engines share an instance, by pool.
  private var sharing: [Int]
  /// The first engine's place.
  private let firstLeaf: Int
  let services: [StoreService?]

  /// No stores.
  init() { (instances, sharing, firstLeaf, services) = ([], [], 0, []) }

  /// Makes the stores of a scenario for the engines in these places.
  ///
  /// - Parameters:
  ///   - leaves: from the first to the last engine that may use any of them.
  ///   - blockBytes: of the keys and values that one block holds.
  init(
    _ scenario: Scenario, leaves: Range<Int>, blockBytes: Double, links: inout ScenarioLinks
  ) throws(PipelineError) {
    instances = Array(repeating: [], count: scenario.pools.count)
    sharing = Array(repeating: 1, count: scenario.pools.count)
    firstLeaf = leaves.lowerBound
    var services: [StoreService?] = Array(repeating: nil, count: scenario.pools.count)
    for (index, pool) in scenario.pools.enumerated() {
      guard case .store(let service) = pool.service else { continue }
      services[index] = service
      let shared = min(max(1, service.enginesPerInstance ?? leaves.count), max(1, leaves.count))
      sharing[index] = shared
      let capacity = service.capacity.map { bytes -> Int in
        let blocks = 1e9 * bytes / max(1, blockBytes)
        return blocks < 1e9 ? Int(blocks) : 1_000_000_000
      }
      let eviction: BlockStore.Eviction =
        service.eviction == .firstIn ? .firstIn : .leastRecent
      for number in 0..<((leaves.count + shared - 1) / shared) {
        let first = leaves.lowerBound + number * shared
        let last = min(first + shared, leaves.upperBound) - 1
        let name = "\(pool.name) \(number)"
        instances[index].append(
          Instance(
            blocks: BlockStore(capacity: capacity, eviction: eviction),
            link: links.add(name, bytesPerSecond: 1e9 * service.bandwidth),
            endpoint: try links.attach(name, servingLeaves: first...max(first, last))))
      }
    }
    self.services = services
  }

  /// Turns numbers of own links into links of the network.
  mutating func open(_ base: Int32) {
    for pool in instances.indices {
      for number in instances[pool].indices { instances[pool][number].link += base }
    }
  }

  /// The instance of a store that the engine in a place uses.
  func number(of store: Int, for leaf: Int) -> Int {
    min((leaf - firstLeaf) / sharing[store], max(0, instances[store].count - 1))
  }

  /// Changes an instance.
  mutating func update<Result>(
    _ store: Int, _ number: Int, _ change: (inout Instance) -> Result
  ) -> Result {
    change(&instances[store][number])
  }
}
