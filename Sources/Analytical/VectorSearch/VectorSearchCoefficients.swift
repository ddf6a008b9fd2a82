import Operators

/// What a search does on a processor core, in the parts that take time of their own.
///
/// Each is counted by ``VectorIndex/amounts(batch:probes:k:)`` and priced by
/// ``VectorSearchCoefficients``.
public enum VectorSearchTerm: Int, CaseIterable, Hashable, Sendable {
  /// The call.
  case batch
  /// A query.
  case query
  /// A multiplication and addition of the comparison with centroids, in small batches: one
  /// query after another.
  case smallProduct
  /// The same in batches of at least ``VectorSearchCoefficients/largeBatch``: as a matrix product.
  case largeProduct
  /// A multiplication and addition for the query's table of distances to code words.
  case tableProduct
  /// An entry of the table of a probed list.
  case tableEntry
  /// A probed list.
  case probe
  /// A part of a code that is looked up.
  case lookup
  /// A part whose table does not fit in the first cache; beside the look-up.
  case farLookup
  /// A code or vector: its loop, and whether it is among the best.
  case candidate
  /// An element of a vector that is compared whole.
  case element
  /// An entry into the best.
  case entry
  /// An element that is compared again.
  case rerankElement

  /// The key in scenario files: nanoseconds a unit.
  public var key: String {
    switch self {
    case .batch: "batch_ns"
    case .query: "query_ns"
    case .smallProduct: "small_batch_product_ns"
    case .largeProduct: "large_batch_product_ns"
    case .tableProduct: "table_product_ns"
    case .tableEntry: "table_entry_ns"
    case .probe: "probe_ns"
    case .lookup: "lookup_ns"
    case .farLookup: "far_lookup_ns"
    case .candidate: "candidate_ns"
    case .element: "element_ns"
    case .entry: "entry_ns"
    case .rerankElement: "rerank_element_ns"
    }
  }

  /// The terms that searches of a kind of index have.
  public static func terms(of kind: VectorIndex.Kind) -> [VectorSearchTerm] {
    switch kind {
    case .invertedQuantized:
      [
        .batch, .query, .smallProduct, .largeProduct, .tableProduct, .tableEntry, .probe, .lookup,
        .farLookup, .candidate, .entry, .rerankElement,
      ]
    case .invertedFlat:
      [.batch, .query, .smallProduct, .largeProduct, .probe, .candidate, .element, .entry]
    case .graph: [.batch, .query, .candidate, .element, .entry]
    }
  }
}

/// What each part of a search takes on one processor core, in seconds a unit.
public struct VectorSearchCoefficients: Hashable, Sendable {
  private var values: [Double]

  /// The least queries of a thread that are compared with centroids by a matrix product: faiss's
  /// `distance_compute_blas_threshold`.
  public static let largeBatch = 20
  /// The first cache that a list's table competes for, in bytes: 32 KiB on most processors.
  public static let firstCache = 32_768.0

  /// Creates coefficients that are all zero.
  public init() { values = [Double](repeating: 0, count: VectorSearchTerm.allCases.count) }

  /// Seconds a unit.
  public subscript(term: VectorSearchTerm) -> Double {
    get { values[term.rawValue] }
    set { values[term.rawValue] = newValue }
  }

  /// Seconds of so much of each part.
  public func seconds(_ amounts: VectorSearchAmounts) -> Double {
    var sum = 0.0
    for index in values.indices { sum += values[index] * amounts.values[index] }
    return sum
  }
}

/// How much of each part a batch of searches has.
public struct VectorSearchAmounts: Hashable, Sendable {
  fileprivate var values = [Double](repeating: 0, count: VectorSearchTerm.allCases.count)

  /// How much.
  public subscript(term: VectorSearchTerm) -> Double {
    get { values[term.rawValue] }
    set { values[term.rawValue] = newValue }
  }
}

extension VectorIndex {
  /// How much of each part of a search a batch has on one core.
  ///
  /// - Parameters: as of ``work(batch:probes:k:)``.
  public func amounts(batch: Int, probes: Int, k: Int) -> VectorSearchAmounts {
    var amounts = VectorSearchAmounts()
    guard batch > 0 else { return amounts }
    let (queries, size) = (Double(batch), Double(dimension))
    let scanned = scanned(probes: probes)
    let probed = min(Double(max(0, probes)), Double(lists))
    amounts[.batch] = 1
    amounts[.query] = queries
    let isLarge = batch >= VectorSearchCoefficients.largeBatch
    amounts[isLarge ? .largeProduct : .smallProduct] = queries * Double(lists) * size
    amounts[.probe] = queries * probed
    amounts[.candidate] = queries * scanned
    amounts[.entry] = queries * entering(keptResults(k), of: scanned)
    switch kind {
    case .invertedQuantized(_, let parts, let bits):
      let words = power(2, Double(bits))
      let entries = Double(parts) * words
      amounts[.tableProduct] =
        queries * words * size * (keepsListTables ? 1 : 1 + probed)
      amounts[.tableEntry] = queries * probed * entries
      amounts[.lookup] = queries * scanned * Double(parts)
      let beyond = 1 - VectorSearchCoefficients.firstCache / (entries * tableType.bytesPerElement)
      amounts[.farLookup] = amounts[.lookup] * max(0, beyond)
    case .invertedFlat, .graph: amounts[.element] = queries * scanned * size
    }
    amounts[.rerankElement] = queries * min(Double(rerankDepth), scanned) * size
    return amounts
  }
}
