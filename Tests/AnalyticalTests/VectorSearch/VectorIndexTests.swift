import Analytical
import Operators
import Testing

@Suite struct VectorIndexTests {
  private func quantized(
    vectors: Int = 1_000_000, dimension: Int = 128, lists: Int = 1024, parts: Int = 16,
    rerank: Int = 0
  ) throws -> VectorIndex {
    try VectorIndex(
      .invertedQuantized(lists: lists, subquantizers: parts), vectors: vectors,
      dimension: dimension, rerankDepth: rerank)
  }

  @Test func `The memory of an index is what its arrays take in bytes`() throws {
    let lists = try quantized().memory
    #expect(lists.centroids == 1024 * 128 * 4)
    #expect(lists.codeBooks == 256 * 128 * 4)
    #expect(lists.vectors == 16_000_000)
    #expect(lists.identities == 8 * 1_001_024)
    #expect(lists.listTables == 1024 * 16 * 256 * 4)
    #expect(lists.rerankVectors == 0)
    #expect(try quantized(rerank: 100).memory.rerankVectors == 1_000_000 * 128 * 4)
    let flat = try VectorIndex(.invertedFlat(lists: 64), vectors: 1000, dimension: 96).memory
    // 1,000 vectors and 64 centroids of 96 numbers of four bytes, and 1,064 numbers of eight.
    let bytes = 384_000 + 24_576 + 8512.0
    #expect(flat.stored == bytes)
    var half = try VectorIndex(.invertedFlat(lists: 64), vectors: 1000, dimension: 96)
    half.vectorType = .float16
    #expect(flat.vectors == 2 * half.memory.vectors)
    // Two links of the lowest layer and 1/15 of 16 above, four bytes each.
    let graph = try VectorIndex(
      .graph(graphDegree: 16, efSearch: 64), vectors: 15_000, dimension: 32
    ).memory
    let links = 15_000.0 * 140 + 64_000
    #expect(graph.links == links)
    #expect(graph.total == graph.links + 15_000 * 128)
  }

  @Test func `A code of bits that fill no byte is rounded up, and large tables are not kept`()
    throws
  {
    let odd = try VectorIndex(
      .invertedQuantized(lists: 8, subquantizers: 3, codeBits: 5), vectors: 100, dimension: 12)
    #expect(odd.memory.vectors == 200)
    #expect(odd.memory.codeBooks == 32 * 12 * 4)
    #expect(odd.keepsListTables)
    // 65,536 lists of 64 tables of 256 floats are 4 GiB.
    #expect(try !quantized(lists: 65_536, parts: 64).keepsListTables)
  }

  @Test(
    arguments: [
      (0, 1, 1, 1, "vectors is 0"), (10, 0, 1, 1, "dimension is 0"), (10, 8, 0, 1, "lists is 0"),
      (10, 8, 1, 3, "cannot be divided"), (10, 8, 1, 0, "sub-quantisers is 0"),
      (.max, 8, 1, 1, "vectors is"),
    ])
  func `Sizes that cannot be are refused`(
    vectors: Int, dimension: Int, lists: Int, parts: Int, words: String
  ) {
    let error = #expect(throws: AnalyticalError.self) {
      try quantized(vectors: vectors, dimension: dimension, lists: lists, parts: parts)
    }
    #expect(error?.description.contains(words) == true)
  }

  @Test func `Work is what a loop over queries, lists and codes counts`() throws {
    // 64 vectors in 4 lists of 16, 8 dimensions in 2 parts: counted by hand, one step at a time.
    let index = try VectorIndex(
      .invertedQuantized(lists: 4, subquantizers: 2), vectors: 64, dimension: 8, rerankDepth: 5)
    let work = index.work(batch: 3, probes: 2, k: 1)
    var flops = (coarse: 0.0, tables: 0.0, scan: 0.0, rerank: 0.0)
    var codeBytes = 0.0
    for _ in 0..<3 {
      for _ in 0..<4 { for _ in 0..<8 { flops.coarse += 2 } }
      for _ in 0..<256 { for _ in 0..<8 { flops.tables += 2 } }
      for _ in 0..<2 {
        for _ in 0..<(2 * 256) { flops.tables += 2 }
        for _ in 0..<16 {
          flops.scan += 2
          codeBytes += 2
        }
      }
      for _ in 0..<5 { for _ in 0..<8 { flops.rerank += 3 } }
    }
    #expect(work.coarse.flops == flops.coarse)
    #expect(work.tables.flops == flops.tables)
    #expect(work.scan.flops == flops.scan)
    #expect(work.scan.bytes == codeBytes)
    #expect(work.rerank.flops == flops.rerank)
    #expect(work.rerank.bytes == 3 * 5 * 8 * 4)
    // Centroids are read once a batch, queries and distances once a query.
    #expect(work.coarse.bytes == 4 * (4 * 8 + 3 * (8 + 4)))
    #expect(index.work(batch: 0, probes: 2, k: 1) == VectorSearchWork())
    #expect(index.work(batch: -1, probes: -1, k: -1) == VectorSearchWork())
  }

  @Test func `A search never scans more than there is`() throws {
    var index = try quantized()
    index.imbalance = 1.5
    #expect(index.scanned(probes: 1) == 1.5 * 1_000_000 / 1024)
    #expect(index.scanned(probes: 1024) == 1_000_000)
    #expect(index.scanned(probes: .max) == 1_000_000)
    #expect(index.scanned(probes: .min) == 0)
    var last = 0.0
    for effort in [1, 10, 100, 1000, 100_000] {
      let graph = try VectorIndex(
        .graph(graphDegree: 16, efSearch: effort), vectors: 5000, dimension: 8)
      #expect(graph.graphDistances > last && graph.graphDistances <= 5000)
      last = graph.graphDistances
    }
  }

  @Test func `Threads search slices, and memory may be what limits`() throws {
    var unit = VectorSearchCoefficients()
    unit[.batch] = 5
    unit[.query] = 2
    var law = VectorSearchLaw(
      try quantized(), pace: .core(unit), memoryBandwidth: .infinity)
    // 5 for the call and 2 a query of the longest slice: 10, 4 (of 3 threads), 1 queries.
    for (threads, seconds) in [(1, 25.0), (3, 13), (10, 7), (64, 7), (0, 25), (.min, 25)] {
      #expect(law.latency(batch: 10, probes: 1, k: 1, threads: threads) == seconds)
    }
    #expect(law.latency(batch: 0, probes: 1, k: 1, threads: 1) == 0)
    let traffic = law.trafficBytes(batch: 10, probes: 1, k: 1)
    law.memoryBandwidth = traffic / 100
    #expect(law.latency(batch: 10, probes: 1, k: 1, threads: 10) == 100)
    law.cacheBytes = law.index.memory.total
    #expect(law.trafficBytes(batch: 10, probes: 1, k: 1) == 0)
  }

  @Test func `On a roofline the longer of arithmetic and traffic counts, phase by phase`() throws {
    let index = try quantized(rerank: 50)
    let work = index.work(batch: 8, probes: 16, k: 10)
    let law = VectorSearchLaw(index, pace: .roofline(flops: 1e12), memoryBandwidth: 1e11)
    var seconds = 0.0
    for phase in [work.coarse, work.tables, work.scan, work.selection, work.rerank] {
      seconds += max(phase.flops / 1e12, phase.bytes / 1e11)
    }
    #expect(law.latency(batch: 8, probes: 16, k: 10, threads: 1) == seconds)
    let added = work.total.flops / 1e12 + work.total.bytes / 1e11
    #expect(seconds < added)
    let device = try #require(Device.builtIn(named: "h100-sxm"))
    #expect(
      VectorSearchLaw(index, on: device).latency(batch: 8, probes: 16, k: 10, threads: 1) < seconds)
  }

  @Test func `Amounts grow with probes and batch, and large batches are multiplied as matrices`()
    throws
  {
    let index = try quantized()
    let (small, large) = (
      index.amounts(batch: 19, probes: 4, k: 10), index.amounts(batch: 20, probes: 4, k: 10)
    )
    #expect(small[.smallProduct] == 19 * 1024 * 128 && small[.largeProduct] == 0)
    #expect(large[.largeProduct] == 20 * 1024 * 128 && large[.smallProduct] == 0)
    #expect(index.amounts(batch: 1, probes: 8, k: 10)[.tableEntry] == 8 * 16 * 256)
    // 16 tables of 1 KiB fit in the first cache; of 64 half of them do.
    #expect(small[.farLookup] == 0)
    let wide = try quantized(parts: 64).amounts(batch: 1, probes: 1, k: 1)
    #expect(wide[.farLookup] == wide[.lookup] / 2)
  }
}

@Suite struct StorageLawTests {
  private func points(_ values: [(Double, Double)]) -> [StorageCurve.Point] {
    values.map { StorageCurve.Point(bytes: $0.0, seconds: $0.1) }
  }

  @Test func `A curve passes through its points, straight in logarithms between them`() throws {
    let curve = try #require(StorageCurve(points([(100, 1), (10_000, 4), (1, 0.5)])))
    #expect(curve.seconds(bytes: 0) == 0.5 && curve.seconds(bytes: -1) == 0.5)
    #expect(abs(curve.seconds(bytes: 100) - 1) < 1e-12)
    #expect(abs(curve.seconds(bytes: 1000) - 2) < 1e-12)
    #expect(abs(curve.seconds(bytes: 10) - 0.5.squareRoot()) < 1e-12)
    #expect(curve.seconds(bytes: 20_000) == 8)
  }

  @Test func `Times never fall with the size, and bad points are left out`() throws {
    let curve = try #require(
      StorageCurve(points([(1, 1), (2, 8), (3, 2), (4, 16), (5, .nan), (-1, 1), (6, 0)])))
    #expect(curve.points.count == 4)
    #expect(abs(curve.points[1].seconds - 4) < 1e-12 && abs(curve.points[2].seconds - 4) < 1e-12)
    var last = 0.0
    for step in 0...600 {
      let seconds = curve.seconds(bytes: Double(step) / 100)
      #expect(seconds >= last)
      last = seconds
    }
    #expect(StorageCurve([]) == nil)
  }

  @Test func `A line is latency and bytes over bandwidth`() {
    let law = StorageLaw.line(latency: 2, bandwidth: 4)
    #expect(law.seconds(bytes: 8) == 4 && law.seconds(bytes: -8) == 2)
  }
}
