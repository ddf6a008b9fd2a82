import Operators
import Testing

@testable import ProfilerTraces
@testable import TraceIO

@Suite struct TablePartsTests {
  @Test func `names that read the same when joined are parts of their own`() throws {
    var parts = TableParts(.standard)
    let sample = OperatorSample(
      Operator(.gemm, dataType: nil, ["n": 1, "k": 1]), at: AxisPoint(1), label: "x",
      duration: DurationStatistics(mean: 5))
    for names in [["a b", "c"], ["a", "b c"], ["a b", "c"], ["", "d"]] {
      parts.change(names, new: { ImportedTrace(format: .mapped) }) { $0.add(.success(sample)) }
    }
    let input = InputSummary(
      path: "t", compression: .none, sha256: "", storedBytes: 1, textBytes: 1)
    let traces = try parts.finish(path: "t", input)
    #expect(traces.map(\.part) == ["a b c", "a b c (2)", "d"])
    #expect(traces.map(\.samples.count) == [2, 1, 1])
  }
}
