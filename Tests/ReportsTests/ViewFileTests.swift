import Foundation
import OperatorStore
import Operators
import Reports
import TestSupport
import Testing

@testable import ProfilerTraces
@testable import TraceIO

/// `reprise show --json` and `reprise show-source --json`.
@Suite struct ViewFileTests {
  private let folder: TemporaryDirectory

  init() throws { folder = try TemporaryDirectory() }

  /// A database with a row in every view.
  private func store() throws -> OperatorStore {
    let path = folder.path("l.sqlite")
    let store = try OperatorStore(path: path, mode: .readWrite)
    var trace = ImportedTrace(
      format: .sweep,
      inputs: [
        InputSummary(path: "x", compression: .none, sha256: "a", storedBytes: 1, textBytes: 1)
      ])
    trace.samples = [
      OperatorSample(
        Operator(.gemm, dataType: .bfloat16, ["n": 8, "k": 16]), at: AxisPoint(3), label: "mm",
        duration: DurationStatistics(
          count: 4, minimum: 1, median: 2.5, mean: 3, deviation: 2.5))
    ]
    trace.groups = [
      OperatorGroup(
        name: "mm", inputDims: "", inputTypes: "", inputStrides: "", concreteInputs: "",
        operationCount: 1, totalKernelTime: 9,
        kernels: [
          KernelTotal(
            name: "sgemm", count: 1, total: 9,
            events: [KernelEvent(place: SourcePlace(offset: 40, length: 7), duration: 9)])
        ])
    ]
    _ = try store.add(trace, device: "D")
    return store
  }

  private func document(_ file: some Encodable) throws -> [String: Any] {
    try #require(
      try JSONSerialization.jsonObject(with: indentedJSON(file)) as? [String: Any])
  }

  private func text(_ member: Any?) throws -> String {
    String(
      decoding: try JSONSerialization.data(
        withJSONObject: #require(member), options: .sortedKeys), as: UTF8.self)
  }

  @Test func `Values keep their types, and what is missing is left out`() throws {
    let file = ViewFile(
      view: "curves", columns: ["points", "min µs", "type", "runtime"],
      rows: [[.integer(7), .real(0.25), .text("bf16"), .missing], [.integer(-1), .real(-2.5)]])
    let found = try document(file)
    #expect(try SchemaCheck(file: "view.schema.json").problems(in: found) == [])
    #expect(
      try text(found["rows"])
        == #"[{"min µs":0.25,"points":7,"type":"bf16"},{"min µs":-2.5,"points":-1}]"#)
    #expect(found["columns"] as? [String] == ["points", "min µs", "type", "runtime"])
  }

  @Test(arguments: OperatorStore.View.allCases)
  func `The rows of every view are as the contract has them`(view: OperatorStore.View) throws {
    let store = try store()
    let (columns, rows) = try store.values(ofView: view)
    let name = view.rawValue.replacing("_", with: "-")
    let found = try document(ViewFile(view: name, columns: columns, rows: rows))
    #expect(try SchemaCheck(file: "view.schema.json").problems(in: found) == [])
    #expect((found["rows"] as? [[String: Any]])?.count == 1)
    #expect(try store.rows(ofView: view).rows == rows.map { $0.map(\.description) })
  }

  @Test func `Sources and what a sample rests on are as the contract has them`() throws {
    let store = try store()
    let schema = try SchemaCheck(file: "sources.schema.json")
    let all = try document(SourcesFile(store.sources()))
    #expect(schema.problems(in: all) == [])
    #expect(all["sample"] == nil)
    let origin = try #require(try store.origin(ofSample: 1))
    let found = try document(SourcesFile(store.sources(), sample: origin))
    #expect(schema.problems(in: found) == [])
    #expect(
      try text(found["sample"])
        == #"""
        {"kernels":[{"class":"","first_launches":[{"duration_ns":9,"length":7,"place":40}],\#
        "launches":1,"library":"","name":"sgemm","total_ns":9}],"sample":1,"source":1}
        """#)
  }
}
