public import Analytical

/// A vector index that `retrieve` stages search, and what a search of it takes of a core.
public struct NamedIndex: Sendable, Hashable {
  /// `name`: what `retrieve` stages call it.
  public var name: String
  /// `kind` and its keys: how vectors are found. Of a graph the breadth of searches (efSearch) is not looked
  /// at: each stage says its own, as `probes`.
  public var index: VectorIndex
  /// What parts of a search take on one core: those of `vector_search` for its kind, or
  /// ``Analytical/VectorSearchCoefficients/measured(_:)``.
  public var coefficients: VectorSearchCoefficients
  /// `cache_mb`: bytes of the host's caches that keep a part of it, which is not read from memory; 0 by
  /// default.
  public var cacheBytes: Double

  /// Creates an index.
  ///
  /// - Parameter coefficients: nil for those measured on one machine.
  public init(
    name: String, index: VectorIndex, coefficients: VectorSearchCoefficients? = nil,
    cacheBytes: Double = 0
  ) {
    self.name = name
    self.index = index
    self.coefficients = coefficients ?? .measured(index.kind)
    self.cacheBytes = cacheBytes
  }
}

extension VectorSearchCoefficients {
  /// What searches took on one core of an AMD EPYC (family 25, model 17) with faiss 1.15.1: the fit to
  /// `SampleTraces/amd-epyc-vector-search`. Of another machine measure your own (`reprise fit-index`).
  public static func measured(_ kind: VectorIndex.Kind) -> Self {
    let nanoseconds: KeyValuePairs<VectorSearchTerm, Double> =
      switch kind {
      case .invertedQuantized:
        [
          .batch: 4247.7, .smallProduct: 0.071229, .largeProduct: 0.064173,
          .tableProduct: 0.082264, .tableEntry: 0.40895, .probe: 1099.6, .lookup: 0.4139,
          .farLookup: 0.037438, .candidate: 2.48, .entry: 41.6, .rerankElement: 1.2942,
        ]
      case .invertedFlat:
        [
          .batch: 923.44, .query: 2429.9, .smallProduct: 0.056741, .largeProduct: 0.034182,
          .probe: 316.84, .element: 0.16719, .entry: 17.188,
        ]
      case .graph: [.candidate: 11.831, .element: 0.3652, .entry: 211.6]
      }
    var found = Self()
    for (term, value) in nanoseconds { found[term] = value / 1e9 }
    return found
  }
}
