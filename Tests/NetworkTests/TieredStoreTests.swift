import Testing

@testable import Network

@Suite struct TieredStoreTests {
  /// The same levels as arrays, the next to be evicted in front.
  private struct NaiveTiers {
    var levels: [[UInt64]]
    var capacities: [Int?]
    var evictions: [BlockStore.Eviction]
    var rules: TieredStore.Rules
    var arrivals: [TieredStore.Arrivals]

    mutating func touch(_ content: UInt64, _ level: Int) -> Bool {
      guard let place = levels[level].firstIndex(of: content) else { return false }
      if evictions[level] == .leastRecent {
        levels[level].append(levels[level].remove(at: place))
      }
      return true
    }

    mutating func insert(
      _ content: UInt64, _ level: Int, _ reason: WritableKeyPath<TieredStore.Arrivals, Int>
    ) {
      guard level < levels.count, !touch(content, level) else { return }
      guard capacities[level] != 0 else { return insert(content, level + 1, reason) }
      arrivals[level][keyPath: reason] += 1
      levels[level].append(content)
      guard let capacity = capacities[level], levels[level].count > capacity else { return }
      let evicted = levels[level].removeFirst()
      if rules.demotesEvicted { insert(evicted, level + 1, \.demoted) }
    }

    mutating func toFirst(
      _ content: UInt64, _ reason: WritableKeyPath<TieredStore.Arrivals, Int>
    ) {
      if rules.isExclusive {
        for level in 1..<levels.count { levels[level].removeAll { $0 == content } }
      }
      insert(content, 0, reason)
    }

    mutating func lookUp(_ chain: [UInt64]) -> TieredStore.Found {
      let origins = chain.map { content in levels.firstIndex { $0.contains(content) } }
      let found = origins.prefix { $0 != nil }.compactMap { $0 }
      for (content, origin) in zip(chain, found).reversed() {
        _ = touch(content, origin)
        if rules.promotesHits, origin > 0, !touch(content, 0) { toFirst(content, \.promoted) }
      }
      return TieredStore.Found(
        blocks: found.count,
        perLevel: levels.indices.map { level in found.count { $0 == level } })
    }

    mutating func write(_ chain: [UInt64]) {
      for content in chain.reversed() {
        if rules.writesThrough, !rules.isExclusive {
          for level in levels.indices where !touch(content, level) {
            insert(content, level, \.written)
          }
        } else if !touch(content, 0) {
          toFirst(content, \.written)
        }
      }
    }
  }

  @Test("Levels equal arrays under random chains", arguments: 0..<16)
  func equalsArrays(bits: Int) {
    let rules = TieredStore.Rules(
      promotesHits: bits & 1 != 0, demotesEvicted: bits & 2 != 0, isExclusive: bits & 4 != 0,
      writesThrough: bits & 8 != 0)
    for capacities: [Int?] in [[4, 9, 20], [6, 3], [0, 5, nil], [3, 0, 8], [7]] {
      var random = TestGenerator(UInt64(bits))
      let evictions = capacities.map { _ in
        BlockStore.Eviction.allCases.randomElement(using: &random) ?? .leastRecent
      }
      var store = TieredStore(
        levels: zip(capacities, evictions).map { .init(capacity: $0, eviction: $1) }, rules: rules)
      var naive = NaiveTiers(
        levels: capacities.map { _ in [] }, capacities: capacities, evictions: evictions,
        rules: rules, arrivals: capacities.map { _ in .init() })
      for _ in 0..<300 {
        // Conversations: chains that share beginnings.
        let start = UInt64.random(in: 0..<5, using: &random) * 10
        let chain = (0..<UInt64.random(in: 0...9, using: &random)).map { start + $0 }
        let found = store.lookUp(chain: chain)
        #expect(store.foundBlocks(of: chain) >= 0)
        #expect(found == naive.lookUp(chain))
        store.write(chain: chain.dropFirst(found.blocks))
        naive.write(Array(chain.dropFirst(found.blocks)))
        #expect(store.levels.map(\.contents) == naive.levels)
      }
      #expect(store.arrivals == naive.arrivals)
      if rules.isExclusive {
        let all = store.levels.flatMap(\.contents)
        #expect(Set(all).count == all.count)
      }
    }
  }

  @Test("A chain comes from the levels that have it, up to its first gap")
  func chain() {
    var store = TieredStore(
      levels: [.init(capacity: 2), .init(capacity: nil)], rules: .init(promotesHits: false))
    store.write(chain: [1, 2, 3, 4])
    // Ends go first: the first level keeps the beginning.
    #expect(store.levels.map { $0.contents.sorted() } == [[1, 2], [3, 4]])
    #expect(store.foundBlocks(of: [1, 2, 9, 3]) == 2)
    #expect(store.lookUp(chain: [1, 2, 3, 4, 5, 1]) == .init(blocks: 4, perLevel: [2, 2]))
    #expect(store.lookUp(chain: [9, 1]) == .init(blocks: 0, perLevel: [0, 0]))
    #expect(store.levels[0].counts == .init(lookups: 6, hits: 2, insertions: 4, evictions: 2))
    #expect(store.levels[1].counts == .init(lookups: 4, hits: 2, insertions: 2, evictions: 0))
    #expect(store.arrivals[1].demoted == 2)
    #expect(store.dropped == 0)
  }

  @Test("Exclusive levels together hold what one store of their size does under LRU")
  func oneLargeStore() {
    // Demotion of the least recent and promotion of hits make one LRU list cut in pieces.
    var tiers = TieredStore(
      levels: [.init(capacity: 8), .init(capacity: 16), .init(capacity: 40)],
      rules: .init(isExclusive: true))
    var whole = BlockStore(capacity: 64)
    var random = TestGenerator(3)
    for _ in 0..<20_000 {
      let content =
        UInt64.random(in: 0..<10, using: &random) * UInt64.random(in: 0..<12, using: &random)
      let found = tiers.lookUp(chain: [content]).blocks == 1
      #expect(found == whole.lookUp(content))
      if !found {
        tiers.write(content)
        _ = whole.insert(content)
      }
    }
    #expect(whole.counts.hits > 10_000)
    #expect(whole.counts.evictions == tiers.dropped)
  }
}
