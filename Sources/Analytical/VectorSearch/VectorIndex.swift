public import Operators

/// A nearest-neighbour index over vectors: what it holds, and how it is searched.
///
///     let index = try VectorIndex(
///       .invertedQuantized(lists: 4096, subquantizers: 64), vectors: 5_000_000, dimension: 768)
///     index.memory.total            // bytes
///     index.work(batch: 16, probes: 32, k: 10).scan.bytes
///
/// The layouts are those of the library faiss: inverted lists (Jégou et al., "Product Quantization for Nearest Neighbor Search",
/// 2011) and a navigable graph (Malkov and Yashunin, "Efficient and Robust Approximate Nearest
/// Neighbor Search Using Hierarchical Navigable Small World Graphs", 2018).
public struct VectorIndex: Hashable, Sendable {
  /// How vectors are found.
  public enum Kind: Hashable, Sendable {
    /// IVF-PQ: lists of codes, each of `subquantizers` parts of `codeBits` bits.
    case invertedQuantized(lists: Int, subquantizers: Int, codeBits: Int = 8)
    /// IVF-Flat: lists of whole vectors.
    case invertedFlat(lists: Int)
    /// HNSW: a graph of up to 2 · `graphDegree` neighbours in its lowest layer and `graphDegree` above,
    /// searched with a queue of `efSearch` candidates.
    case graph(graphDegree: Int, efSearch: Int)
  }

  /// How vectors are found.
  public var kind: Kind
  /// The number of vectors.
  public var vectors: Int
  /// Elements of a vector.
  public var dimension: Int
  /// Results that are compared again with their whole vectors; 0 for none.
  public var rerankDepth: Int
  /// The type of whole vectors, where they are kept.
  public var vectorType: DataType
  /// The type of centroids, code books and look-up tables.
  public var tableType: DataType
  /// Vectors of the lists that a search probes, over the mean list: above one where queries fall where
  /// vectors do, into the longer lists. Measure it as codes scanned · lists / (vectors · probes). In a
  /// graph, looks over those of ``graphDistances``.
  public var imbalance: Double
  /// Whether the part of the tables that is the same for all queries is kept for each list, as faiss
  /// does unless it exceeds 2 GiB; it then is read in place of being computed.
  public var keepsListTables: Bool

  /// The most bytes of kept tables unless asked for otherwise: faiss's `precomputed_table_max_bytes`.
  public static let largestListTables = 2_147_483_648.0

  /// Creates an index.
  ///
  /// - Parameter keepsListTables: nil for what faiss does.
  /// - Throws: ``AnalyticalError/index(problem:)`` where a size cannot be.
  public init(
    _ kind: Kind, vectors: Int, dimension: Int, rerankDepth: Int = 0,
    vectorType: DataType = .float32, tableType: DataType = .float32, imbalance: Double = 1,
    keepsListTables: Bool? = nil
  ) throws(AnalyticalError) {
    func check(
      _ value: Int, _ range: ClosedRange<Int>, _ name: String
    ) throws(AnalyticalError) {
      guard range.contains(value) else {
        throw .index(
          problem: "\(name) is \(value); it must be from \(range.lowerBound) to \(range.upperBound)"
        )
      }
    }
    try check(vectors, 1...(1 << 40), "vectors")
    try check(dimension, 1...(1 << 16), "dimension")
    try check(rerankDepth, 0...(1 << 20), "rerank depth")
    guard imbalance.isFinite, imbalance > 0, imbalance <= 1e6 else {
      throw .index(problem: "imbalance is \(imbalance); it must be above 0 and at most 1e6")
    }
    switch kind {
    case .invertedQuantized(let lists, let parts, let bits):
      try check(lists, 1...(1 << 24), "lists")
      try check(parts, 1...dimension, "sub-quantisers")
      try check(bits, 1...16, "code bits")
      guard dimension.isMultiple(of: parts) else {
        throw .index(
          problem: "dimension \(dimension) cannot be divided into \(parts) sub-quantisers")
      }
    case .invertedFlat(let lists): try check(lists, 1...(1 << 24), "lists")
    case .graph(let degree, let effort):
      try check(degree, 2...(1 << 12), "graph degree")
      try check(effort, 1...(1 << 24), "efSearch")
    }
    self.kind = kind
    self.vectors = vectors
    self.dimension = dimension
    self.rerankDepth = rerankDepth
    self.vectorType = vectorType
    self.tableType = tableType
    self.imbalance = imbalance
    self.keepsListTables = false
    self.keepsListTables =
      keepsListTables ?? (listTableBytes > 0 && listTableBytes <= Self.largestListTables)
  }

  /// Inverted lists; 0 in a graph.
  public var lists: Int {
    switch kind {
    case .invertedQuantized(let lists, _, _), .invertedFlat(let lists): lists
    case .graph: 0
    }
  }

  /// Vectors that a query of so many probes is compared with, or their codes.
  ///
  /// Lists: `probes · vectors / lists · imbalance`, never more than all. In a graph `probes` is not
  /// looked at: see ``graphDistances``.
  public func scanned(probes: Int) -> Double {
    guard lists > 0 else { return graphDistances }
    let part = Double(min(max(0, probes), lists)) / Double(lists)
    return min(Double(vectors), part * Double(vectors) * imbalance)
  }

  /// Distances that a search of the graph computes.
  ///
  /// A search makes about efSearch hops to 2·M neighbours each, and passes over those that it has seen:
  /// after x looks at random `n · (1 - exp(-x / n))` of n vectors are seen. Of x = 0.9 · (2·M)^0.89 ·
  /// efSearch^0.92 the three numbers were fitted to counts of faiss's HNSW over 20,000 to 100,000
  /// clustered vectors, of which it misses each by a fifth on average (docs/ACCURACY.md); in these a
  /// logarithm of n did not help. ``imbalance`` multiplies x. It is 0 for other indexes.
  public var graphDistances: Double {
    guard case .graph(let degree, let effort) = kind else { return 0 }
    let all = Double(vectors)
    let looks = 0.9 * power(2 * Double(degree), 0.89) * power(Double(effort), 0.92) * imbalance
    return all * (1 - exponential(-looks / all))
  }
}
