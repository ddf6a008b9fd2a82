import Testing
import TraceIO

@testable import ProfilerTraces

/// The operator tables of TraceLens, an independent tool, are the oracle.
@Suite(.enabled(if: SharedData.isPresent, "needs ../shared/data"))
struct KinetoGoldenTests {
  struct Row: Hashable {
    var name: String
    var dims: String
    var types: String
    var strides: String
    var inputs: String
  }

  @Test(
    "the operators of a real trace equal the golden table row for row",
    arguments: [("h100", 35), ("mi300", 36)])
  func golden(device: String, rows: Int) throws {
    let path = "traces/TraceLens/"
    let trace = try KinetoReader.read(
      path: SharedData.path(path + "\(device)_Qwen1.5-0.5B-Chat.json.gz"))
    var ours: [Row: OperatorGroup] = [:]
    for group in trace.groups {
      let row = Row(
        name: group.name, dims: group.inputDims, types: group.inputTypes,
        strides: group.inputStrides, inputs: group.concreteInputs)
      #expect(ours.updateValue(group, forKey: row) == nil)
    }
    var table = try CSVReader(
      ByteSource(path: SharedData.path(path + "golden_\(device)_Qwen/ops_unique_args.csv")))
    let columns = [
      "name", "Input Dims", "Input type", "Input Strides", "Concrete Inputs", "operation_count",
      "total_direct_kernel_time_sum",
    ].map { table.column($0) ?? -1 }
    var count = 0
    while try table.next() {
      count += 1
      let texts = columns[1...4].map { json(fromPython: table.field($0)) }
      let row = Row(
        name: table.field(columns[0]), dims: texts[0], types: texts[1], strides: texts[2],
        inputs: texts[3])
      let group = try #require(ours[row], "\(row)")
      let calls = table.integer(columns[5]) ?? -1
      #expect(Int64(group.operationCount) == calls)
      let theirs = table.double(columns[6]) ?? -1
      let microseconds = Double(group.totalKernelTime) / 1000
      // TraceLens subtracts time stamps as Double, whose step here is 1/4096 µs, once a call.
      let tolerance = max(1e-6 * theirs, Double(calls) / 4096)
      #expect(abs(microseconds - theirs) <= tolerance, "\(row.name) \(microseconds) \(theirs)")
    }
    #expect(count == rows)
    #expect(trace.groups.count == rows)
    #expect(trace.coverage.rejectedRecords == 0)
  }
}
