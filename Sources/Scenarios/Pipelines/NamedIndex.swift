public import Analytical

/// A vector index that `retrieve` stages search, and what a search of it takes of a core.
public struct NamedIndex: Sendable, Hashable {
  /// `name`: what `retrieve` stages call it.
  public var name: String
  /// `kind` and its keys: how vectors are found. Of a graph the breadth of searches (efSearch) is not looked
  /// at: each stage says its own, as `probes`.
  public var index: VectorIndex
  /// What parts of a search take on one core: those of `vector_search` for its kind, or
  /// ``Analytical/VectorSearchCoefficients/measuredOnEPYC(_:)``.
  public var coefficients: VectorSearchCoefficients
  /// `cache_mb`: bytes of the host's caches that keep a part of it, which is not read from memory; 0 by
  /// default.
  public var cacheBytes: Double

  /// Creates an index.
  ///
  /// - Parameter coefficients: nil for those measured on an AMD EPYC.
  public init(
    name: String, index: VectorIndex, coefficients: VectorSearchCoefficients? = nil,
    cacheBytes: Double = 0
  ) {
    self.name = name
    self.index = index
    self.coefficients = coefficients ?? .measuredOnEPYC(index.kind)
    self.cacheBytes = cacheBytes
  }
}
