/// Levels of a block store, from the fastest to the slowest: device memory, host memory, disks, a rack's
/// store, a remote one.
///
/// Only placement is decided here; how long it takes to bring blocks from a level lies elsewhere.
/// A chain is the blocks of a prompt from its beginning. A block is of use only if all before it are found
/// too. Blocks of a chain are used from its end to its beginning, so that ends are evicted first.
public struct TieredStore: Sendable {
  /// One level.
  public struct Level: Hashable, Sendable {
    /// How many blocks there is room for; nil for as many as come.
    public var capacity: Int?
    /// Which block leaves when it is full.
    public var eviction: BlockStore.Eviction

    /// A level, by default with the least recently used block leaving.
    public init(capacity: Int?, eviction: BlockStore.Eviction = .leastRecent) {
      self.capacity = capacity
      self.eviction = eviction
    }
  }

  /// What moves where.
  public struct Rules: Hashable, Sendable {
    /// A block that is found in a slower level comes to the first, too.
    public var promotesHits: Bool
    /// What a level evicts goes to the next; else it is lost there.
    public var demotesEvicted: Bool
    /// A block is in one level at most; else promotion leaves it in the slower, too.
    public var isExclusive: Bool
    /// New blocks go to every level at once, else to the first alone. Not with ``isExclusive``.
    public var writesThrough: Bool

    /// Rules, by default those of inclusive levels with write-back.
    public init(
      promotesHits: Bool = true, demotesEvicted: Bool = true, isExclusive: Bool = false,
      writesThrough: Bool = false
    ) {
      self.promotesHits = promotesHits
      self.demotesEvicted = demotesEvicted
      self.isExclusive = isExclusive
      self.writesThrough = writesThrough
    }
  }

  /// The beginning of a chain that was found.
  public struct Found: Hashable, Sendable {
    /// How many leading blocks.
    public var blocks = 0
    /// How many of them come from each level: each from the fastest that has it.
    public var perLevel: [Int]
  }

  /// Blocks that have come to a level, by why.
  public struct Arrivals: Hashable, Sendable {
    /// New ones.
    public var written = 0
    /// From a slower level.
    public var promoted = 0
    /// From the next faster level.
    public var demoted = 0
  }

  /// The levels' blocks, from the fastest.
  public private(set) var levels: [BlockStore]
  /// What moves where.
  public let rules: Rules
  /// What has come to each level.
  public private(set) var arrivals: [Arrivals]
  /// How many blocks left a level for no other; inclusive levels may still hold some of them.
  public private(set) var dropped = 0
  /// The chain in hand.
  private var chain: [UInt64] = []
  /// Where its blocks were found.
  private var origins: [Int] = []

  /// Empty levels from the fastest to the slowest.
  public init(levels: [Level], rules: Rules = Rules()) {
    self.levels = levels.map { BlockStore(capacity: $0.capacity, eviction: $0.eviction) }
    self.rules = rules
    arrivals = Array(repeating: Arrivals(), count: levels.count)
  }

  /// Finds the leading blocks of a chain, uses them, and moves them as the rules say.
  public mutating func lookUp(chain: some Collection<UInt64>) -> Found {
    var found = Found(perLevel: Array(repeating: 0, count: levels.count))
    found.blocks = lookUp(chain: chain, into: &found.perLevel)
    return found
  }

  /// Like ``lookUp(chain:)``, without memory of its own: adds to `perLevel`, which has an element for each
  /// level, and returns how many leading blocks were found.
  public mutating func lookUp(chain: some Collection<UInt64>, into perLevel: inout [Int]) -> Int {
    precondition(perLevel.count == levels.count, "counts are needed for each level")
    origins.removeAll(keepingCapacity: true)
    hold(chain)
    for content in self.chain {
      guard let level = find(content) else { break }
      origins.append(level)
      perLevel[level] += 1
    }
    let blocks = origins.count
    for index in (0..<blocks).reversed() { use(self.chain[index], foundAt: origins[index]) }
    return blocks
  }

  /// How many leading blocks of a chain are in some level; counts nothing and uses nothing.
  public func foundBlocks(of chain: some Collection<UInt64>) -> Int {
    Array(chain).prefix { content in levels.contains { $0.contains(content) } }.count
  }

  /// Stores the blocks of a chain that was computed; those that are there are used.
  public mutating func write(chain: some Collection<UInt64>) {
    hold(chain)
    for index in self.chain.indices.reversed() { write(self.chain[index]) }
  }

  /// Stores one block; see ``write(chain:)``.
  public mutating func write(_ content: UInt64) {
    guard !levels.isEmpty else { return }
    if rules.writesThrough, !rules.isExclusive {
      for level in levels.indices where !levels[level].touch(content) {
        insert(content, at: level, .writing)
      }
    } else if !levels[0].touch(content) {
      moveToFirst(content, .writing)
    }
  }

  // MARK: Parts

  /// Takes a chain in hand: all that is generic about it, so that other modules pay for no more.
  private mutating func hold(_ chain: some Collection<UInt64>) {
    self.chain.removeAll(keepingCapacity: true)
    self.chain.append(contentsOf: chain)
  }

  /// The fastest level that has a content.
  private mutating func find(_ content: UInt64) -> Int? {
    for level in levels.indices {
      let isThere = levels[level].contains(content)
      levels[level].count(hit: isThere)
      if isThere { return level }
    }
    return nil
  }

  private mutating func use(_ content: UInt64, foundAt origin: Int) {
    // Where it was found; a block that came forward in the meantime may have pushed it on.
    levels[origin].touch(content)
    guard rules.promotesHits, origin > 0, !levels[0].touch(content) else { return }
    moveToFirst(content, .promotion)
  }

  private mutating func moveToFirst(_ content: UInt64, _ reason: Reason) {
    if rules.isExclusive {
      for level in levels.indices.dropFirst() { levels[level].remove(content) }
    }
    insert(content, at: 0, reason)
  }

  private enum Reason {
    case writing, promotion, demotion
  }

  /// Puts a content into a level, and what leaves it into the next. A level without room passes on what comes.
  private mutating func insert(_ content: UInt64, at start: Int, _ reason: Reason) {
    var (content, reason) = (content, reason)
    for level in start..<levels.count {
      let before = levels[level].counts.insertions
      let evicted = levels[level].insert(content)
      if levels[level].counts.insertions > before {
        switch reason {
        case .writing: arrivals[level].written += 1
        case .promotion: arrivals[level].promoted += 1
        case .demotion: arrivals[level].demoted += 1
        }
      }
      guard let evicted else { return }
      guard rules.demotesEvicted || evicted == content else { break }
      if evicted != content { reason = .demotion }
      content = evicted
    }
    dropped += 1
  }
}
