import Operators

extension VectorIndex {
  /// What an index holds, in bytes.
  public struct Memory: Hashable, Sendable {
    /// Centroids of lists.
    public var centroids = 0.0
    /// Code books of sub-quantisers.
    public var codeBooks = 0.0
    /// Codes or whole vectors, as they are searched.
    public var vectors = 0.0
    /// Identities of vectors, and the lengths of lists.
    public var identities = 0.0
    /// Links of the graph, its layers included.
    public var links = 0.0
    /// Tables kept for each list.
    public var listTables = 0.0
    /// Whole vectors for comparing results again, beside their codes.
    public var rerankVectors = 0.0

    /// All together.
    public var total: Double {
      centroids + codeBooks + vectors + identities + links + listTables + rerankVectors
    }

    /// What faiss writes to a file: all but what it computes when it reads it and what lies beside it.
    public var stored: Double { total - listTables - rerankVectors }
  }

  /// What the index holds, in bytes.
  ///
  /// - Lists: centroids `lists · D · b`, code books `2^bits · D · b`, a code `⌈m · bits / 8⌉` a vector,
  ///   an identity of 8 bytes a vector, a length of 8 a list, and, where kept, tables of
  ///   `lists · m · 2^bits · b`. (b: bytes of an element; D: dimension; m: sub-quantisers.)
  /// - Graph: `D · b` a vector, 2·M links of 4 bytes in the lowest layer and M in each above, in which
  ///   one vector of M stands, so `M / (M - 1) · ...` of them: 4 bytes of layers, 8 of an offset.
  ///
  /// These are faiss 1.15's structures; sizes of its files agree within a hundredth (docs/ACCURACY.md).
  /// MIST's `1.1 · (lists · D · 4 + vectors · (m + 24) + 256 · D · 4)` charges 24 bytes beside a code.
  public var memory: Memory {
    var memory = Memory()
    let (count, size) = (Double(vectors), Double(dimension))
    let whole = size * vectorType.bytesPerElement
    switch kind {
    case .invertedQuantized(let lists, let parts, let bits):
      memory.codeBooks = power(2, Double(bits)) * size * tableType.bytesPerElement
      memory.vectors = count * Double((parts * bits + 7) / 8)
      memory.centroids = Double(lists) * size * tableType.bytesPerElement
      memory.identities = 8 * (count + Double(lists))
      if keepsListTables { memory.listTables = listTableBytes }
    case .invertedFlat(let lists):
      memory.vectors = count * whole
      memory.centroids = Double(lists) * size * tableType.bytesPerElement
      memory.identities = 8 * (count + Double(lists))
    case .graph(let degree, _):
      let degree = Double(degree)
      memory.vectors = count * whole
      memory.links = count * (4 * (2 * degree + degree / (degree - 1)) + 4 + 8)
    }
    if rerankDepth > 0, lists > 0, kind.isQuantized { memory.rerankVectors = count * whole }
    return memory
  }

  /// What tables kept for each list take, in bytes.
  var listTableBytes: Double {
    guard case .invertedQuantized(let lists, let parts, let bits) = kind else { return 0 }
    return Double(lists) * Double(parts) * power(2, Double(bits)) * tableType.bytesPerElement
  }
}

extension VectorIndex.Kind {
  /// Whether vectors are kept as codes.
  public var isQuantized: Bool {
    if case .invertedQuantized = self { true } else { false }
  }
}
