import Analytical
import Scenarios
import Testing

@testable import Replay

@Suite struct SearchCostTests {
  /// Costs in nanoseconds that make each part of a sum tell itself.
  private func costs(_ nanoseconds: [(VectorSearchTerm, Double)]) -> VectorSearchCoefficients {
    var costs = VectorSearchCoefficients()
    for (term, value) in nanoseconds { costs[term] = value / 1e9 }
    return costs
  }

  @Test("A query of lists costs what its parts add up to")
  func lists() throws {
    // 1,000 vectors of 8 elements in 10 lists: 3 probes scan 300.
    let index = NamedIndex(
      name: "i", index: try VectorIndex(.invertedFlat(lists: 10), vectors: 1000, dimension: 8),
      coefficients: costs([
        (.batch, 1000), (.query, 100), (.smallProduct, 2), (.largeProduct, 1e6), (.probe, 7),
        (.candidate, 3), (.element, 0.5),
      ]))
    let cost = SearchCost(index, Retrieval(index: "i", probes: 3, documents: 300, threads: 4))
    // 10 lists of 8 products; 300 candidates of 8 elements.
    let work: [Double] = [1000, 100, 2 * 80, 7 * 3, 3 * 300, 0.5 * 2400]
    let expected = work.reduce(0, +)
    #expect(abs(cost.threadTime - expected) < 1e-6)
    // Centroids, the query and a distance to each; 32 bytes a vector; 8 bytes of each result's identity, of
    // which all 300 enter.
    let bytes: Double = 4 * 98 + 32 * 300 + 8 * 300
    #expect(abs(cost.bytes - bytes) < 1e-6)
  }

  @Test("A query of a graph has the stage's breadth")
  func graph() throws {
    let index = NamedIndex(
      name: "i",
      index: try VectorIndex(
        .graph(graphDegree: 16, efSearch: 1), vectors: 100_000, dimension: 64),
      coefficients: costs([(.candidate, 10)]))
    let retrieval = Retrieval(index: "i", probes: 128, documents: 10)
    let asked = try VectorIndex(
      .graph(graphDegree: 16, efSearch: 128), vectors: 100_000, dimension: 64)
    let cost = SearchCost(index, retrieval)
    #expect(abs(cost.threadTime - 10 * asked.graphDistances) < 1e-6)
    // A vector's elements for each distance, and 32 links of 4 bytes a hop.
    let bytes = asked.graphDistances * 256 + 16_384
    #expect(abs(cost.bytes - bytes) < 1e-3)
  }

  @Test("What caches hold is not read from memory")
  func caches() throws {
    var index = NamedIndex(
      name: "i", index: try VectorIndex(.invertedFlat(lists: 10), vectors: 1000, dimension: 8))
    let retrieval = Retrieval(index: "i", probes: 3, documents: 5)
    let whole = SearchCost(index, retrieval)
    index.cacheBytes = index.index.memory.total / 4
    let cached = SearchCost(index, retrieval)
    #expect(abs(cached.bytes - 0.75 * whole.bytes) < 1e-9 * whole.bytes)
    #expect(cached.threadTime == whole.threadTime)
    index.cacheBytes = 1e9
    #expect(SearchCost(index, retrieval).bytes == 0)
  }

  @Test("A scenario's searches are priced by their indexes")
  func scenario() throws {
    let index = NamedIndex(
      name: "wiki",
      index: try VectorIndex(
        .invertedQuantized(lists: 64, subquantizers: 8), vectors: 50_000, dimension: 64))
    let (few, many) = (
      Retrieval(index: "wiki", probes: 4, documents: 5),
      Retrieval(index: "wiki", probes: 32, documents: 5)
    )
    let stages = [few, many, Retrieval(index: "other", probes: 1, documents: 1)].map {
      Stage(name: "\($0.index)-\($0.probes)", action: .retrieve($0), pool: "hosts")
    }
    let scenario = Scenario(
      name: "s", pools: [hostPool()], pipelines: [StagePipeline(name: "p", stages: stages)],
      indexes: [index])
    let costs = scenario.searchCosts
    #expect(costs == [few: SearchCost(index, few), many: SearchCost(index, many)])
    // 28 lists more, of each a probe, a table of 8 · 256 entries and 781.25 codes at the least.
    let (first, second) = (try #require(costs[few]), try #require(costs[many]))
    let more = (second.threadTime - first.threadTime) / 1e9
    let rates = VectorSearchCoefficients.measuredOnEPYC(index.index.kind)
    let code = 8 * rates[.lookup] + rates[.candidate]
    let least = 28 * (rates[.probe] + 2048 * rates[.tableEntry] + 781.25 * code)
    // Tables of 8 KiB fit the first cache; of 25,000 codes some ten more enter the best five.
    #expect(more >= least)
    #expect(more <= least + 11 * rates[.entry])
  }
}
