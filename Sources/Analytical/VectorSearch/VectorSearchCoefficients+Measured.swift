extension VectorSearchCoefficients {
  /// What `reprise fit-index` found for a kind of index on one core of an AMD EPYC (family 25, model 17)
  /// with faiss-cpu 1.15.1: `SampleTraces/amd-epyc-vector-search`.
  ///
  /// A start where nothing was measured on the machine in question; of IVF-PQ, searches of indexes that
  /// the fit did not see err 9 % on average, of HNSW 19 %, and IVF-Flat was not judged well
  /// (docs/ACCURACY.md). Searches shared caches and memory with other programs.
  public static func measuredOnEPYC(_ kind: VectorIndex.Kind) -> VectorSearchCoefficients {
    let nanoseconds: [(VectorSearchTerm, Double)]
    switch kind {
    case .invertedQuantized:
      nanoseconds = [
        (.batch, 4247.7), (.smallProduct, 0.071229), (.largeProduct, 0.064173),
        (.tableProduct, 0.082264), (.tableEntry, 0.40895), (.probe, 1099.6), (.lookup, 0.41390),
        (.farLookup, 0.037438), (.candidate, 2.4800), (.entry, 41.600), (.rerankElement, 1.2942),
      ]
    case .invertedFlat:
      nanoseconds = [
        (.batch, 923.44), (.query, 2429.9), (.smallProduct, 0.056741), (.largeProduct, 0.034182),
        (.probe, 316.84), (.element, 0.16719), (.entry, 17.188),
      ]
    case .graph: nanoseconds = [(.candidate, 1.6882), (.element, 0.27225), (.entry, 318.05)]
    }
    var coefficients = VectorSearchCoefficients()
    for (term, value) in nanoseconds { coefficients[term] = value * 1e-9 }
    return coefficients
  }
}
