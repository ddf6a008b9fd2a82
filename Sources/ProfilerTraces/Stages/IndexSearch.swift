public import Analytical

/// Measured searches of vector indexes: one machine, one library.
public struct IndexSearches: Hashable, Sendable {
  /// The processor, as it names itself.
  public var processor: String
  /// The library and its version.
  public var library: String
  /// The searches, in the order of the file.
  public var searches: [IndexSearch]

  /// Creates a set of searches.
  public init(processor: String, library: String, searches: [IndexSearch]) {
    self.processor = processor
    self.library = library
    self.searches = searches
  }
}

/// A measured search.
public struct IndexSearch: Hashable, Sendable {
  /// What was searched. Its imbalance is the one counted in this search, or the one that the index
  /// states, where the searches were not counted.
  public var index: VectorIndex
  /// Queries of a batch.
  public var batch: Int
  /// Lists searched a query; 0 in a graph.
  public var probes: Int
  /// Results a query.
  public var k: Int
  /// Threads of the search.
  public var threads: Int
  /// Seconds of a batch, the least of several.
  public var seconds: Double
  /// Distances that a query computed, on average; nil where nobody counted.
  public var distances: Double?
  /// What the library writes to a file, in bytes; nil where it is not known.
  public var storedBytes: Double?
  /// The line of the file.
  public var line: Int

  /// Creates a search.
  public init(
    _ index: VectorIndex, batch: Int, probes: Int, k: Int, threads: Int = 1, seconds: Double,
    distances: Double? = nil, storedBytes: Double? = nil, line: Int = 0
  ) {
    self.index = index
    self.batch = batch
    self.probes = probes
    self.k = k
    self.threads = threads
    self.seconds = seconds
    self.distances = distances
    self.storedBytes = storedBytes
    self.line = line
  }
}
