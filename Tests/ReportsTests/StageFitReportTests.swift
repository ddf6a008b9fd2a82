import Analytical
import Calibration
import Foundation
import ProfilerTraces
import Reports
import Scenarios
import TestSupport
import Testing

@Suite struct StageFitReportTests {
  private func problems(in json: String, _ schema: String) throws -> [String] {
    let value = try JSONSerialization.jsonObject(with: Data(json.utf8))
    return try SchemaCheck(file: schema).problems(in: value)
  }

  private func storage(_ level: String) throws -> StorageFit {
    let reads = (20...30).map { power in
      let bytes = Double(1 << power)
      return StorageCurve.Point(bytes: bytes, seconds: 2e-3 + bytes / 5e9)
    }
    return try StorageFit(StorageReads(level: level, reads: reads))
  }

  @Test func `A fit of storage is told as a table, as lines of a scenario, and by its schema`()
    throws
  {
    let report = StorageFitReport([try storage("node \"ssd\"")])
    #expect(report.text.contains("2000.00") && report.text.contains("5.00"))
    #expect(
      report.yaml.contains("  - name: \"node \\\"ssd\\\"\"\n    kind: store\n    latency_us: 2000"))
    #expect(report.yaml.contains("    bandwidth_gb_s: 5.0000"))
    #expect(try problems(in: report.json(), "storage-fit.schema.json") == [])
  }

  @Test(arguments: [false, true])
  func `A scenario takes the printed stores as they are`(printsCurves: Bool) throws {
    let fits = [try storage("rack: #1"), try storage("node \"ssd\"")]
    let yaml = StorageFitReport(fits, printsCurves: printsCurves).yaml
    let scenario = try Scenario(
      yaml: """
        version: 1
        name: pasted
        \(yaml)
          - {name: e, model: m, device: d, max_model_len: 9}
        pipelines:
          - {name: p, stages: [{do: fetch, on: "rack: #1"}, {do: generate, on: e}]}
        """, path: "pasted")
    #expect(scenario.pools.map(\.name) == ["rack: #1", "node \"ssd\"", "e"])
    for (pool, fit) in zip(scenario.pools, fits) {
      guard case .store(let store) = pool.service else {
        Issue.record("no store")
        continue
      }
      // What a read took is what it takes here, to the five digits that are printed.
      for bytes in [1_048_576.0, 67_108_864, 1_073_741_824] {
        let seconds =
          store.latency / 1e6 + bytes / min(1e9 * store.bandwidth, store.rate(bytes: bytes))
        #expect(abs(seconds / (2e-3 + bytes / 5e9) - 1) < 2e-4)
      }
      #expect((store.curve?.points.count ?? 0) == (printsCurves ? fit.curve.points.count : 0))
    }
  }

  @Test func `A fit of searches is told as tables, as lines of a scenario, and by its schema`()
    throws
  {
    var searches: [IndexSearch] = []
    for dimension in [16, 32, 64] {
      for size in [1000, 4000] {
        for effort in [8, 16, 32, 64, 128, 256] {
          for batch in [1, 8] {
            let index = try VectorIndex(
              .graph(graphDegree: 16, efSearch: effort), vectors: size, dimension: dimension)
            let seconds =
              Double(batch) * index.graphDistances * Double(dimension + 20) * 1e-9 + 3e-6
            searches.append(
              IndexSearch(
                index, batch: batch, probes: 0, k: 10, seconds: seconds,
                distances: index.graphDistances, storedBytes: index.memory.stored))
          }
        }
      }
    }
    let fits = try VectorIndexFit.fits(searches)
    let report = VectorIndexFitReport(fits, processor: "toy", library: "faiss")
    #expect(report.text.contains("faiss on toy") && report.text.contains("hnsw"))
    #expect(report.yaml.contains("vector_search:\n  hnsw:\n    batch_ns: 3000"), "\(report.yaml)")
    #expect(report.yaml.contains("    element_ns: 1.0000"), "\(report.yaml)")
    #expect(fits[0].heldOut.mean < 1e-3 && fits[0].storedBytes.mean == 0)
    #expect(try problems(in: report.json(), "index-fit.schema.json") == [])
  }

  @Test(
    arguments: [
      ("{\"index_searches\":1,\"cpu\":\"x\",\"seed\":1}", true), ("{\"index_searches\":2}", false),
      (
        "{\"kind\":\"hnsw\",\"vectors\":9,\"dimension\":8,\"graph_degree\":4,\"ef_search\":5,\"batch\":1,\"k\":1,\"least_ns\":7}",
        true
      ),
      (
        "{\"kind\":\"ivf-flat\",\"vectors\":9,\"dimension\":8,\"lists\":2,\"probes\":1,\"batch\":1,\"k\":1,\"least_ns\":7}",
        true
      ),
      (
        "{\"kind\":\"ivf-pq\",\"vectors\":9,\"dimension\":8,\"lists\":2,\"probes\":1,\"batch\":1,\"k\":1,\"least_ns\":7}",
        false
      ),
      ("{\"kind\":\"lsh\"}", false), ("{}", false),
    ])
  func `The schema of searches tells sound lines from others`(line: String, isSound: Bool) throws {
    let problems = try problems(in: line, "index-searches.schema.json")
    #expect(problems.isEmpty == isSound, "\(line) \(problems)")
  }
}
