import Analytical
import Foundation
import Operators
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

  /// An index of lists of any shape, and a search of it.
  private func random(_ seed: UInt64) throws -> (NamedIndex, Retrieval) {
    var random = SplitMix64(seed: seed)
    let lists = Int.random(in: 1...4096, using: &random)
    let parts = 1 << Int.random(in: 0...6, using: &random)
    let kind: VectorIndex.Kind =
      seed % 2 == 0
      ? .invertedFlat(lists: lists) : .invertedQuantized(lists: lists, subquantizers: parts)
    let index = try VectorIndex(
      kind, vectors: Int.random(in: lists...5_000_000, using: &random), dimension: 8 * parts,
      rerankDepth: [0, 50][Int.random(in: 0...1, using: &random)])
    var named = NamedIndex(name: "i", index: index)
    // On some processors a matrix product is slower, for all that one knows.
    if seed % 5 == 0 {
      named.coefficients[.largeProduct] = 3 * named.coefficients[.smallProduct]
    }
    return (
      named,
      Retrieval(
        index: "i", probes: Int.random(in: 1...lists, using: &random),
        documents: Int.random(in: 1...100, using: &random), maxBatch: 64)
    )
  }

  @Test(
    "A batch costs no less than a smaller one, and no more than its searches one by one",
    arguments: 0..<60)
  func batches(seed: UInt64) throws {
    let (index, retrieval) = try random(seed)
    let device = try #require(Device.builtIn(named: "h100-sxm"))
    for device in [nil, device] {
      let costs = SearchCost.batches(index, retrieval, on: device)
      let alone =
        device.map { SearchCost(index, retrieval, on: $0) } ?? SearchCost(index, retrieval)
      #expect(costs.count == 64)
      #expect(costs.first == alone)
      for (number, cost) in costs.enumerated() {
        let most = Double(number + 1) * (1 + 1e-12)
        #expect(cost.threadTime > 0 && cost.threadTime <= most * alone.threadTime)
        #expect(cost.bytes <= most * alone.bytes)
        guard number > 0 else { continue }
        #expect(cost.threadTime >= costs[number - 1].threadTime)
        #expect(cost.bytes >= costs[number - 1].bytes)
      }
      #expect((device == nil) == (alone.bytes > 0))
    }
  }

  @Test("On a device each phase takes its arithmetic, its traffic or a launch, whatever is longest")
  func device() throws {
    // 2^20 vectors of 64 elements in 1,024 lists, codes of 16 bytes; 32 probes scan 2^15.
    let index = NamedIndex(
      name: "i",
      index: try VectorIndex(
        .invertedQuantized(lists: 1024, subquantizers: 16), vectors: 1 << 20, dimension: 64,
        rerankDepth: 100, keepsListTables: true))
    let device = Device(
      name: "d", peakFlops: [.float32: 1e12], memoryBandwidth: 1e11, memoryBytes: 1e9,
      launchFloor: 5000, source: "made")
    func expected(_ queries: Double) -> Double {
      let entries = 16.0 * 256
      let (product, centroids) = (2 * queries * 1024 * 64, 4 * (1024 * 64 + queries * (64 + 1024)))
      let tables = (
        queries * (2 * 256 * 64 + 2 * 32 * entries), 4 * (256 * 64 + queries * 32 * entries)
      )
      let codes = queries * 32_768 * 16
      let again = queries * 100 * 64
      // Of n distances in random order r (1 + ln n/r) enter the best r = 100.
      let entering = 100 * (1 + log(32_768 / 100.0))
      let selection = queries * (32_768 + entering * log2(101))
      var nanoseconds = max(5000, product / 1e3, centroids / 1e2)
      nanoseconds += max(5000, tables.0 / 1e3, tables.1 / 1e2)
      nanoseconds += max(5000, codes / 1e3, codes / 1e2)
      nanoseconds += max(5000, selection / 1e3, 8 * queries * entering / 1e2)
      return nanoseconds + max(5000, 3 * again / 1e3, 4 * again / 1e2)
    }
    let retrieval = Retrieval(index: "i", probes: 32, documents: 10, maxBatch: 256)
    let costs = SearchCost.batches(index, retrieval, on: device)
    for batch in [1, 2, 16, 256] {
      let time = costs[batch - 1].threadTime
      #expect(abs(time / expected(Double(batch)) - 1) < 1e-12, "\(batch)")
    }
    // Alone nearly all is launches; in a batch codes and tables are read at the memory's pace.
    #expect(costs[0].threadTime < 6 * 5000 + 5000)
    #expect(costs[255].threadTime / 256 < costs[0].threadTime / 2)
  }

  @Test("A device's memory holds the indexes that are searched there", arguments: [1e9, 2e9])
  func memory(bytes: Double) throws {
    // Codes of 64 bytes and identities of 8 for each of 20 million: 1.44 GB.
    let index = NamedIndex(
      name: "wiki",
      index: try VectorIndex(
        .invertedQuantized(lists: 64, subquantizers: 64), vectors: 20_000_000, dimension: 64))
    let retrieval = Retrieval(index: "wiki", probes: 4, documents: 5)
    let scenario = Scenario(
      name: "s",
      pools: [EnginePool(name: "gpu", service: .searcher(SearchService(device: "d")))],
      pipelines: [
        StagePipeline(
          name: "p",
          stages: [Stage(name: "find", action: .retrieve(retrieval), pool: "gpu")])
      ], indexes: [index])
    let device = Device(
      name: "d", peakFlops: [.float32: 1e12], memoryBandwidth: 1e11, memoryBytes: bytes,
      source: "made")
    #expect(throws: PipelineError.missing(what: "device", pool: "gpu")) {
      try scenario.searchCosts()
    }
    guard bytes < 1.44e9 else {
      let costs = try scenario.searchCosts(on: ["gpu": device])
      #expect(costs.mapValues(\.count) == [PlacedSearch(retrieval, on: "gpu"): 1])
      return
    }
    let error = #expect(throws: PipelineError.self) {
      try scenario.searchCosts(on: ["gpu": device])
    }
    #expect(
      "\(error.map(String.init(describing:)) ?? "")".contains("take 1.45 GB, and a d has 1.0"))
  }

  @Test("What was measured on a device takes the place of its roofline, for the kinds that were")
  func measuredDevice() throws {
    var coefficients = VectorSearchCoefficients()
    coefficients[.batch] = 50e-6
    coefficients[.query] = 2e-6
    let indexes = try [
      NamedIndex(
        name: "codes",
        index: VectorIndex(
          .invertedQuantized(lists: 64, subquantizers: 8), vectors: 50_000, dimension: 64)),
      NamedIndex(
        name: "whole",
        index: VectorIndex(.invertedFlat(lists: 64), vectors: 50_000, dimension: 64)),
    ]
    let searches = indexes.map {
      Retrieval(index: $0.name, probes: 4, documents: 5, maxBatch: 3)
    }
    let scenario = Scenario(
      name: "s",
      pools: [
        EnginePool(
          name: "gpu", service: .searcher(SearchService(device: "d", quantized: coefficients)))
      ],
      pipelines: [
        StagePipeline(
          name: "p",
          stages: searches.map { Stage(name: $0.index, action: .retrieve($0), pool: "gpu") })
      ], indexes: indexes)
    let device = Device(
      name: "d", peakFlops: [.float32: 1e12], memoryBandwidth: 1e11, memoryBytes: 1e10,
      source: "made")
    let costs = try scenario.searchCosts(on: ["gpu": device])
    let measured = try #require(costs[PlacedSearch(searches[0], on: "gpu")])
    for (batch, cost) in zip(1..., measured) {
      #expect(abs(cost.threadTime - (50_000 + 2_000 * Double(batch))) < 1e-6)
      #expect(cost.bytes == 0)
    }
    #expect(measured.count == 3)
    #expect(
      costs[PlacedSearch(searches[1], on: "gpu")]
        == SearchCost.batches(indexes[1], searches[1], on: device))
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
    let costs = try scenario.searchCosts().mapValues(\.[0])
    func placed(_ search: Retrieval) -> PlacedSearch { PlacedSearch(search, on: "hosts") }
    #expect(
      costs == [
        placed(few): SearchCost(index, few), placed(many): SearchCost(index, many),
      ])
    // 28 lists more, of each a probe, a table of 8 · 256 entries and 781.25 codes at the least.
    let (first, second) = (try #require(costs[placed(few)]), try #require(costs[placed(many)]))
    let more = (second.threadTime - first.threadTime) / 1e9
    let rates = VectorSearchCoefficients.measuredOnEPYC(index.index.kind)
    let code = 8 * rates[.lookup] + rates[.candidate]
    let least = 28 * (rates[.probe] + 2048 * rates[.tableEntry] + 781.25 * code)
    // Tables of 8 KiB fit the first cache; of 25,000 codes some ten more enter the best five.
    #expect(more >= least)
    #expect(more <= least + 11 * rates[.entry])
  }
}
