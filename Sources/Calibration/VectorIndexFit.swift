public import Analytical
public import ProfilerTraces

/// What parts of a search take on a core, fitted to measured searches of one kind of index.
///
/// Fitted are searches with one thread. Held out are whole groups, all searches of all indexes of one
/// dimension and number of lists (of a graph: of vectors), since searches of one index are alike. Searches with several
/// threads are never fitted: they judge how the law cuts a batch into slices.
public struct VectorIndexFit: Hashable, Sendable {
  /// What is held out together.
  public struct Group: Hashable, Sendable {
    /// Elements of a vector.
    public var dimension: Int
    /// Lists, or of a graph its vectors.
    public var size: Int
    /// Its searches, predicted by a fit that saw none of them.
    public var errors: RelativeErrors
  }

  /// `ivf-pq`, `ivf-flat` or `hnsw`.
  public var kind: String
  /// The parts that were fitted.
  public var terms: [VectorSearchTerm]
  /// What they take, fitted to all searches with one thread.
  public var coefficients: VectorSearchCoefficients
  /// The fit on the searches that it saw.
  public var inSample: RelativeErrors
  /// All searches with one thread, each predicted without its group.
  public var heldOut: RelativeErrors
  /// The groups, by dimension and size.
  public var groups: [Group]
  /// Searches with several threads, each predicted without its group.
  public var threaded: RelativeErrors
  /// Of the sizes that the library writes to files: predicted against told.
  public var storedBytes: RelativeErrors
  /// Of a graph: distances predicted against counted.
  public var distances: RelativeErrors

  /// The least groups and searches that can be fitted and judged.
  public static let fewestGroups = 3, fewestSearches = 30

  /// Fits each kind of index of a file, in a fixed order; kinds without searches are left out.
  ///
  /// - Throws: where a kind has too few searches or groups to hold some out.
  public static func fits(_ searches: [IndexSearch]) throws(CalibrationError) -> [VectorIndexFit] {
    var fits: [VectorIndexFit] = []
    for kind in ["ivf-pq", "ivf-flat", "hnsw"] {
      let of = searches.filter { $0.index.kind.name == kind }
      if !of.isEmpty { fits.append(try VectorIndexFit(kind, of)) }
    }
    return fits
  }

  private init(_ kind: String, _ searches: [IndexSearch]) throws(CalibrationError) {
    let single = searches.filter { $0.threads == 1 }
    let keys = Set(single.map(\.groupKey)).sorted { $0.lexicographicallyPrecedes($1) }
    guard keys.count >= Self.fewestGroups, single.count >= Self.fewestSearches else {
      throw .tooFewSearches(
        kind: kind, found: single.count, groups: keys.count, needed: Self.fewestSearches,
        neededGroups: Self.fewestGroups)
    }
    let terms = VectorSearchTerm.terms(of: searches[0].index.kind)
    guard let all = Self.coefficients(terms, single) else { throw .noSolution }
    (self.kind, self.terms, coefficients) = (kind, terms, all)
    inSample = RelativeErrors(single.map { ($0.predicted(by: all), $0.seconds) })
    groups = []
    var pairs: [(predicted: Double, measured: Double)] = []
    var threadedPairs = pairs
    for key in keys {
      guard
        let without = Self.coefficients(terms, single.filter { $0.groupKey != key })
      else { throw .noSolution }
      let held = single.filter { $0.groupKey == key }.map {
        ($0.predicted(by: without), $0.seconds)
      }
      groups.append(Group(dimension: key[0], size: key[1], errors: RelativeErrors(held)))
      pairs += held
      threadedPairs += searches.filter { $0.threads > 1 && $0.groupKey == key }.map {
        ($0.predicted(by: without), $0.seconds)
      }
    }
    heldOut = RelativeErrors(pairs)
    threaded = RelativeErrors(threadedPairs)
    storedBytes = RelativeErrors(
      searches.compactMap { search in
        search.storedBytes.map { (search.index.memory.stored, $0) }
      })
    distances = RelativeErrors(
      kind != "hnsw"
        ? []
        : single.compactMap { search in
          search.distances.map { counted in
            var even = search.index
            even.imbalance = 1
            return (even.graphDistances, counted)
          }
        })
  }

  private static func coefficients(
    _ terms: [VectorSearchTerm], _ searches: [IndexSearch]
  ) -> VectorSearchCoefficients? {
    let rows = searches.map { search in
      let amounts = search.index.amounts(batch: search.batch, probes: search.probes, k: search.k)
      return terms.map { amounts[$0] }
    }
    guard let fitted = logLeastSquares(rows: rows, targets: searches.map(\.seconds)) else {
      return nil
    }
    var coefficients = VectorSearchCoefficients()
    for (term, value) in zip(terms, fitted) { coefficients[term] = value }
    return coefficients
  }
}

extension VectorIndex.Kind {
  /// `ivf-pq`, `ivf-flat` or `hnsw`, as files of measurements and scenarios call it.
  public var name: String {
    switch self {
    case .invertedQuantized: "ivf-pq"
    case .invertedFlat: "ivf-flat"
    case .graph: "hnsw"
    }
  }
}

extension IndexSearch {
  /// Dimension, and lists or a graph's vectors.
  fileprivate var groupKey: [Int] {
    [index.dimension, index.lists > 0 ? index.lists : index.vectors]
  }

  /// Seconds by a law of these coefficients; bandwidth is in what was measured.
  fileprivate func predicted(by coefficients: VectorSearchCoefficients) -> Double {
    VectorSearchLaw(index, pace: .core(coefficients), memoryBandwidth: .infinity)
      .latency(batch: batch, probes: probes, k: k, threads: threads)
  }
}
