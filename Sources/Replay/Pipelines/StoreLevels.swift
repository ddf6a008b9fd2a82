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
    /// What each engine in its reach writes here, by its place from the instance's first on.
    var writers: [Writer]
    var bytesRead = 0.0
    var bytesWritten = 0.0
    /// Blocks that were not stored, as their writer's buffer was full.
    var dropped = 0
    /// Requests that looked here, and those of them that found anything.
    var lookups = 0
    var hits = 0
    /// The blocks that are here by name and have not come, where engines may fail before they have.
    var unwritten: [UInt64: Int] = [:]
    /// How many blocks were to be written.
    var writeCount = 0
  }

  /// A block that an engine writes.
  struct Write {
    var name: UInt64
    /// Tells writes of one name apart: the block may be evicted, and written again.
    var number: Int
  }

  /// What one engine writes to an instance: a transfer at a time, and what has come since it began after it, as one.
  struct Writer {
    /// Bytes of the transfer under way; 0 for none.
    var sending = 0.0
    /// Bytes that go next.
    var waiting = 0.0
    /// The flow of the transfer under way; -1 for none.
    var flow: Int32 = -1
    /// The blocks of both, where their engine may fail before they have come.
    var sendingBlocks: [Write] = []
    var waitingBlocks: [Write] = []
  }

  /// One engine among those that write to an instance of a store.
  struct WriterPlace: Equatable {
    /// The store's pool.
    var store: Int32
    /// The instance's number there.
    var number: Int32
    /// The engine's place among the instance's writers.
    var writer: Int32
  }

  /// Instances by pool; none for pools that are no stores.
  private(set) var instances: [[Instance]]
  /// How many engines share an instance, by pool.
  private var sharing: [Int]
  /// The first engine's place.
  private let firstLeaf: Int
  let services: [StoreService?]
  /// Whether engines may fail, so that what they write is known by name.
  let losesWrites: Bool

  /// No stores.
  init() { (instances, sharing, firstLeaf, services, losesWrites) = ([], [], 0, [], false) }

  /// Makes the stores of a scenario for the engines in these places.
  ///
  /// - Parameters:
  ///   - leaves: from the first to the last engine that may use any of them.
  ///   - blockBytes: of the keys and values that one block holds, by pool; 0 for pools that are no stores.
  init(
    _ scenario: Scenario, leaves: Range<Int>, blockBytes: [Double], links: inout ScenarioLinks
  ) throws(PipelineError) {
    instances = Array(repeating: [], count: scenario.pools.count)
    sharing = Array(repeating: 1, count: scenario.pools.count)
    firstLeaf = leaves.lowerBound
    losesWrites = scenario.pools.contains { !$0.outages.isEmpty }
    var services: [StoreService?] = Array(repeating: nil, count: scenario.pools.count)
    for (index, pool) in scenario.pools.enumerated() {
      guard case .store(let service) = pool.service else { continue }
      services[index] = service
      let shared = min(max(1, service.enginesPerInstance ?? leaves.count), max(1, leaves.count))
      sharing[index] = shared
      let capacity = service.capacity.map { bytes -> Int in
        let blocks = 1e9 * bytes / max(1, blockBytes[index])
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
            endpoint: try links.attach(name, servingLeaves: first...max(first, last)),
            writers: Array(repeating: Writer(), count: max(1, last - first + 1))))
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

  /// The place of an engine among the writers of its instance.
  func writer(of store: Int, for leaf: Int) -> Int {
    leaf - firstLeaf - number(of: store, for: leaf) * sharing[store]
  }

  /// Where the engine in a place writes to a store; nil where it does not.
  func writerPlace(in store: Int, for leaf: Int) -> WriterPlace? {
    guard leaf >= firstLeaf, !instances[store].isEmpty else { return nil }
    let (number, writer) = (number(of: store, for: leaf), writer(of: store, for: leaf))
    guard writer < instances[store][number].writers.count else { return nil }
    return WriterPlace(
      store: Int32(truncatingIfNeeded: store), number: Int32(truncatingIfNeeded: number),
      writer: Int32(truncatingIfNeeded: writer))
  }

  /// The place in the network of an instance's writer.
  func leaf(of place: WriterPlace) -> Int {
    firstLeaf + Int(place.number) * sharing[Int(place.store)] + Int(place.writer)
  }

  /// Changes an instance.
  mutating func update<Result>(
    _ store: Int, _ number: Int, _ change: (inout Instance) -> Result
  ) -> Result {
    change(&instances[store][number])
  }
}
