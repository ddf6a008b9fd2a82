import Analytical
import Foundation
import ProfilerTraces
import Testing

@Suite struct StageReaderTests {
  private func file(_ text: String) throws -> String {
    let url = FileManager.default.temporaryDirectory.appending(path: "reprise-\(UUID()).txt")
    try text.write(to: url, atomically: true, encoding: .utf8)
    return url.path
  }

  private static let header = "{\"index_searches\":1,\"cpu\":\"toy\",\"library\":\"faiss 1\"}\n"
  private static let list =
    "\"kind\":\"ivf-pq\",\"vectors\":1000,\"dimension\":8,\"lists\":10,\"subquantizers\":4"

  @Test func `Searches are read with what they searched`() throws {
    let path = try file(
      Self.header
        + "{\(Self.list),\"batch\":2,\"probes\":3,\"k\":5,\"least_ns\":4000,\"cpu_ns\":3000,\"distances\":450,\"table_bytes\":0,\"index_bytes\":9000}\n"
        + "{\"kind\":\"hnsw\",\"vectors\":1000,\"dimension\":8,\"graph_degree\":16,\"ef_search\":32,\"batch\":1,\"k\":5,\"threads\":2,\"least_ns\":4000}\n"
    )
    defer { try? FileManager.default.removeItem(atPath: path) }
    let read = try IndexSearchReader.read(path: path)
    #expect(read.processor == "toy" && read.library == "faiss 1" && read.searches.count == 2)
    let first = read.searches[0]
    #expect(first.seconds == 3e-6 && first.probes == 3 && first.storedBytes == 9000)
    // 450 scanned where three even lists hold 300.
    #expect(abs(first.index.imbalance - 1.5) < 1e-12 && !first.index.keepsListTables)
    #expect(read.searches[1].seconds == 4e-6 && read.searches[1].threads == 2)
    #expect(read.searches[1].index.kind == .graph(graphDegree: 16, efSearch: 32))
  }

  /// Texts after the header, and words of their errors.
  static let damaged: [(rest: String, words: String)] = [
    ("", "holds no searches"),
    ("{}\n", "line 2"),
    (#"{"kind":"lsh"}"#, "'lsh'"),
    (#"{"kind":"ivf-pq","lists":1e300}"#, "'lists' must be"),
    (#"{"kind":"ivf-pq","lists":1.5}"#, "'lists' must be"),
    (#"{LIST,"probes":1,"batch":1,"k":1}"#, "'least_ns' must be"),
    (#"{LIST,"probes":1,"batch":1,"k":1,"least_ns":-1}"#, "'least_ns' must be"),
    (#"{LIST,"probes":1,"batch":0,"k":1,"least_ns":5}"#, "'batch' must be"),
    (#"{LIST,"probes":1,"batch":1,"k":1,"least_ns":5,"distances":-4}"#, "'distances'"),
    (#"{LIST,"probes":1,"batch":1,"k":1,"least_ns":5,"imbalance":0}"#, "imbalance"),
    (
      #"{"kind":"ivf-pq","vectors":9,"dimension":8,"lists":2,"subquantizers":3,"probes":1}"#,
      "cannot be divided"
    ),
    (#"{"kind":"#, "line 2"),
  ]

  @Test(arguments: damaged)
  func `Searches that cannot be used say where and why`(rest: String, words: String) throws {
    try expectError(
      Self.header + rest.replacingOccurrences(of: "LIST", with: Self.list) + "\n", words)
  }

  @Test(
    arguments: [
      ("", "holds no searches"), ("{}\n", "line 1"), ("[]\n", "line 1"),
      ("{\"index_searches\":2}\n", "line 1"),
    ])
  func `Files without a header of searches are refused`(text: String, words: String) throws {
    try expectError(text, words)
  }

  private func expectError(_ text: String, _ words: String) throws {
    let path = try file(text)
    defer { try? FileManager.default.removeItem(atPath: path) }
    let error = #expect(throws: ProfilerTraceError.self) {
      try IndexSearchReader.read(path: path)
    }
    #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
  }

  @Test func `Reads of storage are grouped by level, in their units`() throws {
    let path = try file("tier,bytes,time_us,other\nA,1024,2.5,x\nB,1,1,\nA,2048,5,\n")
    defer { try? FileManager.default.removeItem(atPath: path) }
    let read = try StorageReadReader.read(path: path)
    #expect(read.map(\.level) == ["A", "B"] && read[0].reads.map(\.bytes) == [1024, 2048])
    #expect(abs(read[0].reads[0].seconds - 2.5e-6) < 1e-18)
  }

  @Test(
    arguments: [
      ("", "is empty"), ("bytes\n1\n", "measured_ms"), ("bytes,seconds\n", "holds no rows"),
      ("bytes,seconds\n1,2\nx,1\n", "line 3: 'x' is no block size"),
      ("bytes,seconds\n1,0\n", "line 2: '0' is no time"), ("bytes,seconds\n1,nan\n", "no time"),
      ("bytes,seconds\n-1,1\n", "no block size"), ("bytes,seconds\n1e300,1\n", "no block size"),
      ("bytes,seconds\n5\n", "no time"), ("bytes,seconds\n\"5", "quote"),
    ])
  func `Tables of reads that cannot be used say where and why`(text: String, words: String) throws {
    let path = try file(text)
    defer { try? FileManager.default.removeItem(atPath: path) }
    let error = #expect(throws: ProfilerTraceError.self) {
      try StorageReadReader.read(path: path)
    }
    #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
  }
}
