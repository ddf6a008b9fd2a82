import Analytical
import Testing

@testable import Scenarios

@Suite struct ScenarioIndexTests {
  /// What is written instead of what in the whole example, and what is said of it.
  static let errors: [(String, String, String)] = [
    ("index: wiki", "index: wikis", "there is no vector index 'wikis'; did you mean 'wiki'?"),
    (
      "index: wiki, probes: 32", "index: flat, probes: 18",
      "'probes' is at most the 'lists' of 'flat' (17)"
    ),
    (
      "kind: ivf-pq", "kind: ivfpq", "'kind' is one of ivf-pq, ivf-flat, hnsw, not 'ivfpq'; did you"
    ),
    (
      "do: retrieve, on: hosts", "do: retrieve, on: searcher",
      "a search has all of its device, and 'searcher' has no cores; leave 'threads' out"
    ),
    (
      "on: hosts, index: wiki, probes: 32, documents: 20, threads: 64",
      "on: searcher, index: small, probes: 32, documents: 20",
      "'small' is a graph, which is searched hop by hop on cores"
    ),
    ("max_batch: 8", "max_batch: 0", "'max_batch' is a whole number, 1 to 4096, not '0'"),
    ("max_batch: 8", "max_batch: 1", "'max_wait_us' has no effect without a 'max_batch' above 1"),
    ("kind: search, device: a100", "kind: search", "a pool of engines needs the key 'device'"),
    ("vectors: 5000001", "vectors: 0", "'vectors' is a whole number, 1 to 1099511627776, not '0'"),
    ("dimension: 768", "dimensions: 768", "no key 'dimensions'; did you mean 'dimension'?"),
    ("subquantizers: 64", "subquantizers: 65537", "'subquantizers' is a whole number, 1 to 65536"),
    ("code_bits: 6", "code_bits: 17", "'code_bits' is a whole number, 1 to 16, not '17'"),
    (
      "code_bits: 6", "graph_degree: 8",
      "'graph_degree' belongs to 'kind: hnsw', and this is 'kind:"
    ),
    ("table_type: bf16", "table_type: bf17", "'table_type' is one of fp32"),
    ("imbalance: 1.5", "imbalance: 0", "'imbalance' is a number above 0.0 and at most 1000000.0"),
    ("cache_mb: 32", "cache_mb: -1", "'cache_mb' is a number, 0.0 to 1000000.0, not '-1'"),
    ("dimension: 65, lists: 17", "dimension: 65", "a vector index needs the key 'lists'"),
    ("name: flat", "name: wiki", "'wiki' is the name of an earlier one"),
    ("batch_ns: 3000", "batch_ns: -1", "'batch_ns' is a number, 0.0 to 1000000000000.0, not '-1'"),
    ("batch_ns: 3000", "lookup_ns: 3", "'hnsw' has no key 'lookup_ns'"),
    ("  hnsw:\n", "  hnws:\n", "a 'vector_search' has no key 'hnws'; did you mean 'hnsw'?"),
  ]

  @Test("What is wrong has its line, and what to do is said", arguments: errors)
  func error(old: String, new: String, message: String) throws {
    try ScenarioErrorTests().check(old, new, message)
  }

  @Test("Codes have parts of one size, told at the index")
  func parts() {
    let yaml = ScenarioReaderTests.whole.replacing("subquantizers: 64", with: "subquantizers: 63")
    let error = #expect(throws: ScenarioError.self) { try Scenario(yaml: yaml, path: "") }
    #expect(error?.message.contains("cannot be divided into 63 sub-quantisers") == true)
    let line =
      1
      + yaml.prefix(upTo: yaml.firstRange(of: "name: wiki")?.lowerBound ?? yaml.startIndex)
      .count { $0.isNewline }
    #expect(error?.line == line)
  }

  /// Changes of the whole example that no file could have made, and where each is told.
  static let changes: [(String, @Sendable (inout Scenario) -> Void)] = [
    ("indexes", { $0.indexes = .init(repeating: $0.indexes[0], count: 257) }),
    ("indexes[1].name", { $0.indexes[1].name = "" }),
    ("indexes[0].vectors", { $0.indexes[0].index.vectors = .max }),
    ("indexes[0].dimension", { $0.indexes[0].index.dimension = -1 }),
    ("indexes[0].rerank_depth", { $0.indexes[0].index.rerankDepth = -1 }),
    ("indexes[0].imbalance", { $0.indexes[0].index.imbalance = .nan }),
    ("indexes[0].cache_mb", { $0.indexes[0].cacheBytes = .infinity }),
    (
      "indexes[0].subquantizers",
      { $0.indexes[0].index.kind = .invertedQuantized(lists: 4096, subquantizers: 0) }
    ),
    (
      "indexes[0].subquantizers",
      { $0.indexes[0].index.kind = .invertedQuantized(lists: 4096, subquantizers: 5) }
    ),
    ("indexes[1].lists", { $0.indexes[1].index.kind = .invertedFlat(lists: .max) }),
    (
      "indexes[2].graph_degree",
      { $0.indexes[2].index.kind = .graph(graphDegree: 1, efSearch: 1) }
    ),
    ("indexes[2].kind", { $0.indexes[2].coefficients[.entry] = .infinity }),
    ("pipelines[0].stages[2].index", { $0.indexes = [] }),
    ("pipelines[0].stages[2].documents", { $0.indexes[0].index.vectors = 19 }),
  ]

  @Test("Values made in code are held to a file's bounds", arguments: changes.indices)
  func values(index: Int) {
    let (place, change) = Self.changes[index]
    var scenario = ScenarioReaderTests.expected
    change(&scenario)
    let conflict = scenario.firstConflict?.description ?? "none"
    #expect(conflict.hasPrefix(place + ": "), "\(conflict)")
  }

  @Test("Where nothing is said of costs, each kind has those that were measured, and only its own")
  func measured() throws {
    for index in ScenarioReaderTests.indexes {
      let terms = VectorSearchTerm.terms(of: index.index.kind)
      let costs = VectorSearchCoefficients.measuredOnEPYC(index.index.kind)
      #expect(terms.contains { costs[$0] > 0 })
      for term in VectorSearchTerm.allCases where !terms.contains(term) {
        #expect(costs[term] == 0)
      }
    }
  }
}
