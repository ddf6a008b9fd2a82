import Analytical
import Operators
import Yams

extension NamedIndex {
  /// Reads an index.
  ///
  /// - Parameter costs: what parts of searches take, by kind.
  init(
    _ node: Node, costs: [IndexForm: VectorSearchCoefficients], path: String
  ) throws(ScenarioError) {
    let (form, reader) = try IndexForm.read(
      node, what: "a vector index", default: nil, path: path)
    let lists = try reader.integer("lists") ?? 1
    let kind: VectorIndex.Kind
    switch form {
    case .quantized:
      kind = .invertedQuantized(
        lists: lists, subquantizers: try reader.integer("subquantizers") ?? 1,
        codeBits: try reader.integer("code_bits") ?? 8)
    case .flat: kind = .invertedFlat(lists: lists)
    case .graph:
      kind = .graph(graphDegree: try reader.integer("graph_degree") ?? 2, efSearch: 1)
    }
    let index: VectorIndex
    let (vectors, dimension) = (
      try reader.integer("vectors") ?? 1, try reader.integer("dimension") ?? 1
    )
    let (depth, imbalance) = (
      try reader.integer("rerank_depth") ?? 0, try reader.number("imbalance") ?? 1
    )
    let vectorType = try reader.choice("vector_type").flatMap(DataType.init) ?? .float32
    let tableType = try reader.choice("table_type").flatMap(DataType.init) ?? .float32
    let keepsTables = try reader.boolean("list_tables")
    do throws(AnalyticalError) {
      index = try VectorIndex(
        kind, vectors: vectors, dimension: dimension, rerankDepth: depth, vectorType: vectorType,
        tableType: tableType, imbalance: imbalance, keepsListTables: keepsTables)
    } catch {
      throw ScenarioError(path: path, line: reader.line, message: "\(error)")
    }
    self.init(
      name: try reader.text("name") ?? "", index: index, coefficients: costs[form],
      cacheBytes: try reader.number("cache_mb").map { $0 * 1e6 } ?? 0)
  }
}

extension MappingReader {
  /// Reads `vector_search`: what parts of searches take, for those of some kinds of indexes that are given.
  func vectorSearch(
    of forms: [IndexForm] = IndexForm.allCases
  ) throws(ScenarioError) -> [IndexForm: VectorSearchCoefficients] {
    guard let kinds = try mapping("vector_search", what: "a 'vector_search'") else { return [:] }
    var found: [IndexForm: VectorSearchCoefficients] = [:]
    for form in forms {
      guard let values = try kinds.mapping(form.rawValue, what: "'\(form.rawValue)'") else {
        continue
      }
      var coefficients = VectorSearchCoefficients()
      for term in form.terms {
        coefficients[term] = (try values.number(term.key) ?? 0) / 1e9
      }
      found[form] = coefficients
    }
    return found
  }
}
