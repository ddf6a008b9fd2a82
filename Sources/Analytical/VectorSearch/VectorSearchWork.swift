import Operators

/// What a batch of searches computes and reads, phase by phase.
public struct VectorSearchWork: Hashable, Sendable {
  /// Comparing queries with all centroids.
  public var coarse = OperatorWork()
  /// Making look-up tables of distances to code words.
  public var tables = OperatorWork()
  /// Comparing with the vectors, or their codes, of the probed lists or on the way through the graph.
  public var scan = OperatorWork()
  /// Keeping the best.
  public var selection = OperatorWork()
  /// Comparing the best again with their whole vectors.
  public var rerank = OperatorWork()

  /// Creates no work.
  public init() {}

  /// The phases in their order, each of which needs the one before it.
  public var phases: [OperatorWork] { [coarse, tables, scan, selection, rerank] }

  /// All together.
  public var total: OperatorWork {
    phases.reduce(into: OperatorWork()) { sum, phase in
      sum.flops += phase.flops
      sum.bytes += phase.bytes
    }
  }
}

extension VectorIndex {
  /// The work of a batch of queries that share one pass over centroids and code books.
  ///
  /// - Centroids: a matrix product, 2 operations an element and pair; read once a batch.
  /// - Tables: 2 operations an element of the code books and query. For each probed list `m · 2^bits`
  ///   entries are combined of the query's and the list's, the latter read where kept, else computed.
  /// - Scan: an addition a part of a code, 3 operations an element of a whole vector (difference,
  ///   square, sum); a code's bits or a vector's elements are read once a query. A hop of a graph also
  ///   reads its 2·M links.
  /// - Selection: a comparison a distance, and log₂ of what is kept for each that enters; of n in random
  ///   order `r · (1 + ln(n / r))` enter the best r. An entry's identity is read then.
  /// - Rerank: 3 operations an element, whole vectors read.
  ///
  /// The caches of a processor may hold part of it: the bytes are those that are touched, the most that
  /// cross the memory bus.
  ///
  /// - Parameters:
  ///   - batch: queries; fewer than one are none.
  ///   - probes: lists searched a query; a graph does not look at it.
  ///   - k: results a query.
  public func work(batch: Int, probes: Int, k: Int) -> VectorSearchWork {
    var work = VectorSearchWork()
    guard batch > 0 else { return work }
    let (queries, size) = (Double(batch), Double(dimension))
    let scanned = scanned(probes: probes)
    let wide = vectorType.bytesPerElement
    let entry = tableType.bytesPerElement
    let lists = Double(lists)
    let probed = min(Double(max(0, probes)), lists)
    if lists > 0 {
      work.coarse.flops = 2 * queries * lists * size
      work.coarse.bytes = entry * (lists * size + queries * (size + lists))
    }
    switch kind {
    case .invertedQuantized(_, let parts, let bits):
      let words = power(2, Double(bits))
      let entries = Double(parts) * words
      work.tables.flops = queries * (2 * words * size + 2 * probed * entries)
      work.tables.bytes = entry * words * size
      if keepsListTables {
        work.tables.bytes += queries * probed * entries * entry
      } else {
        work.tables.flops += 2 * queries * probed * words * size
      }
      work.scan.flops = queries * scanned * Double(parts)
      work.scan.bytes = queries * scanned * Double((parts * bits + 7) / 8)
    case .invertedFlat:
      work.scan.flops = 3 * queries * scanned * size
      work.scan.bytes = queries * scanned * size * wide
    case .graph(let degree, let effort):
      work.scan.flops = 3 * queries * scanned * size
      work.scan.bytes =
        queries * (scanned * size * wide + Double(effort) * 2 * Double(degree) * 4)
    }
    let kept = keptResults(k)
    let entering = entering(kept, of: scanned)
    work.selection.flops = queries * (scanned + entering * logarithm(1 + kept) / logarithm(2))
    work.selection.bytes = lists > 0 ? 8 * queries * entering : 0
    let again = min(Double(rerankDepth), scanned)
    work.rerank.flops = 3 * queries * again * size
    work.rerank.bytes = queries * again * size * wide
    return work
  }

  /// How many of the best a search keeps: results, those to compare again, or a graph's candidates.
  func keptResults(_ k: Int) -> Double {
    guard case .graph(_, let effort) = kind else { return Double(max(1, k, rerankDepth)) }
    return Double(max(1, k, effort))
  }

  /// How many of so many distances in random order enter the best ones that are kept.
  func entering(_ kept: Double, of scanned: Double) -> Double {
    scanned <= kept ? scanned : kept * (1 + logarithm(scanned / kept))
  }
}
