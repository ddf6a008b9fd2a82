import Analytical
import Operators

/// The kinds of vector indexes, as an index's `kind` says.
enum IndexForm: String, Sendable, Hashable, MappingForm {
  case quantized = "ivf-pq"
  case flat = "ivf-flat"
  case graph = "hnsw"

  static let selector = "kind"

  /// The keys of an index of this kind.
  var keys: [FormatKey] {
    switch self {
    case .quantized: IndexFormat.quantizedKeys
    case .flat: IndexFormat.flatKeys
    case .graph: IndexFormat.graphKeys
    }
  }

  /// The smallest index of this kind.
  private var smallest: VectorIndex.Kind {
    switch self {
    case .quantized: .invertedQuantized(lists: 1, subquantizers: 1)
    case .flat: .invertedFlat(lists: 1)
    case .graph: .graph(graphDegree: 2, efSearch: 1)
    }
  }

  /// The parts of a search.
  var terms: [VectorSearchTerm] { VectorSearchTerm.terms(of: smallest) }
}

extension VectorIndex.Kind {
  /// The kind in the text.
  var form: IndexForm {
    switch self {
    case .invertedQuantized: .quantized
    case .invertedFlat: .flat
    case .graph: .graph
    }
  }
}

/// The keys and bounds of a scenario's `indexes` and `vector_search`.
enum IndexFormat {
  /// Keys of `vector_search`: for each kind of index what parts of a search take, in nanoseconds, as
  /// `reprise fit-index` prints it.
  static let costKeys = IndexForm.allCases.map { form in
    FormatKey(
      name: form.rawValue,
      kind: .mapping(
        form.terms.map {
          FormatKey(name: $0.key, kind: .amount(0...1e12), isRequired: true)
        }))
  }

  private static let commonKeys = [
    ScenarioFormat.name,
    FormatKey(
      name: "kind", kind: .choice(IndexForm.allCases.map(\.rawValue)), isRequired: true),
    FormatKey(name: "vectors", kind: .integer(1...1_099_511_627_776), isRequired: true),
    FormatKey(name: "dimension", kind: .integer(1...65_536), isRequired: true),
    FormatKey(name: "vector_type", kind: type),
    FormatKey(name: "imbalance", kind: .number(above: 0, through: 1e6)),
    FormatKey(name: "cache_mb", kind: .amount(0...1e6)),
  ]

  /// Keys of lists of whole vectors.
  static let flatKeys =
    commonKeys + [
      FormatKey(name: "lists", kind: .integer(1...16_777_216), isRequired: true),
      FormatKey(name: "table_type", kind: type),
    ]

  /// Keys of lists of codes.
  static let quantizedKeys =
    flatKeys + [
      FormatKey(name: "subquantizers", kind: .integer(1...65_536), isRequired: true),
      FormatKey(name: "code_bits", kind: .integer(1...16)),
      FormatKey(name: "rerank_depth", kind: .integer(0...1_048_576)),
      FormatKey(name: "list_tables", kind: .boolean),
    ]

  /// Keys of graphs.
  static let graphKeys =
    commonKeys + [FormatKey(name: "graph_degree", kind: .integer(2...4096), isRequired: true)]

  private static let type = FormatKey.Kind.choice(DataType.allCases.map(\.rawValue))
}
