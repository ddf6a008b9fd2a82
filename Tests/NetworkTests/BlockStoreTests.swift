import Operators
import Testing

@testable import Network

@Suite struct BlockStoreTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var capacity: Int?
    var eviction: BlockStore.Eviction
    var testDescription: String { "\(capacity.map(String.init) ?? "unbounded") \(eviction)" }

    static let all: [Case] = [0, 1, 2, 7, 40, nil].flatMap { capacity in
      BlockStore.Eviction.allCases.map { Case(capacity: capacity, eviction: $0) }
    }
  }

  @Test("A store equals an array under random use", arguments: Case.all)
  func equalsArray(one: Case) {
    var random = SplitMix64(seed: UInt64(one.capacity ?? 99))
    var store = BlockStore(capacity: one.capacity, eviction: one.eviction)
    var naive: [UInt64] = []
    var counts = BlockStore.Counts()
    func use(_ content: UInt64) -> Bool {
      guard let place = naive.firstIndex(of: content) else { return false }
      if one.eviction == .leastRecent { naive.append(naive.remove(at: place)) }
      return true
    }
    for _ in 0..<4000 {
      // Contents that differ in their high bits alone, and zero.
      let content = UInt64.random(in: 0..<60, using: &random) << 56
      switch Int.random(in: 0..<8, using: &random) {
      case 0:
        #expect(store.remove(content) == naive.contains(content))
        naive.removeAll { $0 == content }
      case 1:
        #expect(store.contains(content) == naive.contains(content))
      case 2, 3:
        counts.lookups += 1
        let isThere = use(content)
        if isThere { counts.hits += 1 }
        #expect(store.lookUp(content) == isThere)
      default:
        var evicted: UInt64?
        if !use(content) {
          if one.capacity == 0 {
            evicted = content
          } else {
            if naive.count == one.capacity {
              evicted = naive.removeFirst()
              counts.evictions += 1
            }
            naive.append(content)
            counts.insertions += 1
          }
        }
        #expect(store.insert(content) == evicted)
      }
      #expect(store.count == naive.count)
    }
    #expect(store.contents == naive)
    #expect(store.counts == counts)
  }

  @Test("A cycle of one block more than fits never hits", arguments: BlockStore.Eviction.allCases)
  func cycle(eviction: BlockStore.Eviction) {
    var store = BlockStore(capacity: 50, eviction: eviction)
    for turn in 0..<1000 {
      let content = UInt64(turn % 51)
      if !store.lookUp(content) { _ = store.insert(content) }
    }
    #expect(store.counts.hits == 0)
    #expect(store.counts.evictions == 950)
  }

  /// Che, Tung and Wang, 2002: under independent references a block is there if it was used within the
  /// characteristic time T, where the expected number of such blocks is the capacity. For FIFO
  /// (Martina, Garetto, Leonardi, 2014): it is there with probability rate T / (1 + rate T).
  @Test(
    "Hit rates of independent references are Che's", arguments: BlockStore.Eviction.allCases,
    [20, 100, 300])
  func hitRate(eviction: BlockStore.Eviction, capacity: Int) {
    let weights = (1...500).map { 1 / Double($0) }
    let total = weights.reduce(0, +)
    let rates = weights.map { $0 / total }
    func presence(_ rate: Double, _ time: Double) -> Double {
      eviction == .leastRecent ? 1 - 1 / exponential(rate * time) : rate * time / (1 + rate * time)
    }
    var (low, high) = (0.0, 1e6)
    for _ in 0..<100 {
      let middle = (low + high) / 2
      let expected = rates.reduce(0) { $0 + presence($1, middle) }
      if expected < Double(capacity) { low = middle } else { high = middle }
    }
    let expected = rates.reduce(0) { $0 + $1 * presence($1, low) }

    var store = BlockStore(capacity: capacity, eviction: eviction)
    var random = SplitMix64(seed: UInt64(capacity))
    var sums: [Double] = []
    for rate in rates { sums.append((sums.last ?? 0) + rate) }
    let (warmUp, count) = (10_000, 60_000)
    var hitsBefore = 0
    for turn in 0..<warmUp + count {
      if turn == warmUp { hitsBefore = store.counts.hits }
      let draw = Double.random(in: 0..<1, using: &random)
      var (first, last) = (0, sums.count - 1)
      while first < last {
        let middle = (first + last) / 2
        if sums[middle] <= draw { first = middle + 1 } else { last = middle }
      }
      if !store.lookUp(UInt64(first)) { _ = store.insert(UInt64(first)) }
    }
    let measured = Double(store.counts.hits - hitsBefore) / Double(count)
    // Three standard errors are 0.006; the approximation itself errs by less than 0.005.
    #expect(abs(measured - expected) < 0.01)
  }

  /// e to a positive power, by halving the argument and squaring, so that no library is needed.
  private func exponential(_ power: Double) -> Double {
    let small = power / 1024
    var result = 1 + small * (1 + small / 2 * (1 + small / 3 * (1 + small / 4)))
    for _ in 0..<10 { result *= result }
    return result
  }
}
