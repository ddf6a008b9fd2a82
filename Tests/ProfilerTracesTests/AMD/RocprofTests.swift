import Foundation
import Operators
import TestSupport
import Testing

@testable import ProfilerTraces

@Suite("Text of rocprofv3")
struct RocprofTests {
  private let folder: TemporaryDirectory

  init() throws { folder = try TemporaryDirectory() }

  // MARK: CSV

  /// The headers of the generations, each with a row of its own; 100 ns each.
  static let generations: [(header: String, row: String)] = [
    (
      "\"Kind\",\"Agent_Id\",\"Queue_Id\",\"Kernel_Id\",\"Kernel_Name\",\"Correlation_Id\",\"Start_Timestamp\",\"End_Timestamp\",\"Private_Segment_Size\",\"Group_Segment_Size\",\"Workgroup_Size_X\"",
      "\"KERNEL_DISPATCH\",139690710949888,1,15,\"gemm(float*, int)\",7,1000,1100,0,0,4"
    ),
    (
      "\"Kind\",\"Agent_Id\",\"Queue_Id\",\"Thread_Id\",\"Dispatch_Id\",\"Kernel_Id\",\"Kernel_Name\",\"Correlation_Id\",\"Start_Timestamp\",\"End_Timestamp\",\"Private_Segment_Size\"",
      "\"KERNEL_DISPATCH\",4,1,71,1,15,\"gemm(float*, int)\",7,1000,1100,0"
    ),
    (
      "\"Kind\",\"Agent_Id\",\"Queue_Id\",\"Stream_Id\",\"Thread_Id\",\"Dispatch_Id\",\"Kernel_Id\",\"Kernel_Name\",\"Correlation_Id\",\"Start_Timestamp\",\"End_Timestamp\",\"LDS_Block_Size\",\"VGPR_Count\"",
      "\"KERNEL_DISPATCH\",\"Agent 4\",1,0,71,1,15,\"gemm(float*, int)\",7,1000,1100,0,4"
    ),
    (
      "\"Guid\",\"Kind\",\"Agent_Id\",\"Queue_Id\",\"Stream_Id\",\"Thread_Id\",\"Dispatch_Id\",\"Kernel_Id\",\"Kernel_Name\",\"Correlation_Id\",\"Start_Timestamp\",\"End_Timestamp\",\"Lds_Block_Size\",\"Vgpr_Count\"",
      "\"00006409-00d1\",\"KERNEL_DISPATCH\",\"Agent 4\",1,0,71,1,15,\"gemm(float*, int)\",7,1000,1100,0,4"
    ),
  ]

  @Test(arguments: 0..<4)
  func `kernels of every generation go by their names`(generation: Int) throws {
    let (header, row) = Self.generations[generation]
    let path = try folder.write(header + "\n" + row + "\n" + row + "\n", to: "a.csv")
    #expect(try TraceFormat.detect(path: path) == .rocprofCSV)
    let trace = try #require(try TraceReader.read(path: path).first)
    #expect(trace.kernelLines == ["gemm(float*, int)|gemm(float*, int)|2|200"])
    #expect(trace.samples.map(\.operator.kind) == [.opaque("gemm(float*, int)")])
    #expect(trace.coverage[.kernelName] == Tally(count: 2, nanoseconds: 200))
    #expect(trace.groups[0].kernels[0].events.map(\.place.offset) == [2, 3])
  }

  @Test func `the tables of the same run beside it give operators and the device`() throws {
    let (header, row) = Self.generations[2]
    let calls =
      "\"Domain\",\"Function\",\"Process_Id\",\"Thread_Id\",\"Correlation_Id\",\"Start_Timestamp\",\"End_Timestamp\"\n"
    let path = try folder.write(header + "\n" + row + "\n", to: "run/9_kernel_trace.csv")
    _ = try folder.write(
      calls
        + "\"MARKER_CORE_API\",\"aten::mm, op_id = 1, sizes = [[4, 16], [16, 8]]\",70,71,1,100,400\n"
        + "\"MARKER_CORE_API\",\"roctxGetThreadId\",70,71,2,110,390\n",
      to: "run/9_marker_api_trace.csv")
    _ = try folder.write(
      calls + "\"HIP_RUNTIME_API\",\"hipLaunchKernel\",70,71,7,200,210\n"
        + "\"HIP_RUNTIME_API\",\"hipMalloc\",70,71,8,220,230\n",
      to: "run/9_hip_api_trace.csv")
    _ = try folder.write(
      "\"Node_Id\",\"Agent_Type\",\"Product_Name\"\n0,\"CPU\",\"EPYC\"\n4,\"GPU\",\"AMD Instinct MI300X\"\n",
      to: "run/9_agent_info.csv")
    _ = try folder.write(
      "\"Kind\",\"Direction\",\"Source_Agent_Id\",\"Destination_Agent_Id\",\"Correlation_Id\",\"Start_Timestamp\",\"End_Timestamp\"\n"
        + "\"MEMORY_COPY\",\"MEMORY_COPY_HOST_TO_DEVICE\",0,4,99,50,60\n",
      to: "run/9_memory_copy_trace.csv")
    let trace = try #require(try TraceReader.read(path: path).first)
    #expect(trace.kernelLines == ["aten::mm|gemm(float*, int)|1|100"])
    #expect(trace.samples[0].operator == Operator(.gemm, dataType: nil, ["n": 8, "k": 16]))
    #expect(trace.deviceName == "AMD Instinct MI300X")
    #expect(trace.coverage[.clipped].count == 1)
    #expect(trace.inputs.count == 5)
  }

  @Test func `rows that say nonsense are counted`() throws {
    let (header, row) = Self.generations[1]
    let bad = [
      row.replacingOccurrences(of: "1100", with: "900"),
      row.replacingOccurrences(of: "1000", with: "x"),
      row.replacingOccurrences(of: "\"gemm(float*, int)\"", with: ""),
      row.replacingOccurrences(of: "1100", with: "99999999999999999999"), "1,2",
    ]
    let path = try folder.write(
      ([header, row] + bad).joined(separator: "\n") + "\n", to: "a.csv")
    let trace = try #require(try TraceReader.read(path: path).first)
    #expect(trace.coverage.rejectedRecords == 5)
    #expect(trace.coverage[.kernelName].count == 1)
  }

  @Test func `a table that is cut within a name is read up to there`() throws {
    let (header, row) = Self.generations[3]
    let text = header + "\n" + row + "\n" + row.prefix(66)
    let path = try folder.write(text, to: "a.csv")
    let trace = try #require(try TraceReader.read(path: path).first)
    #expect(trace.coverage[.kernelName].count == 1)
    #expect(trace.coverage.salvagedAt == header.utf8.count + row.utf8.count + 2)
    var strict = ImportOptions.standard
    strict.isStrict = true
    #expect(throws: ProfilerTraceError.self) { try TraceReader.read(path: path, options: strict) }
  }

  // MARK: JSON

  @Test func `what is no record is passed over`() throws {
    let text = Self.json.replacingOccurrences(
      of: "\"kernel_dispatch\": [", with: "\"kernel_dispatch\": [1, [2, {}], null, ")
    let path = try folder.write(text, to: "results.json")
    let trace = try #require(try TraceReader.read(path: path).first)
    #expect(trace.coverage.total.count == 3)
    #expect(trace.deviceName == "AMD Instinct MI350X")
  }

  @Test func `a file that ends early is read up to its last whole record`() throws {
    // Names first, as the profiler writes them.
    let end = try #require(Self.json.firstRange(of: "\"agents\""))
    let start = try #require(Self.json.firstRange(of: "\"buffer_records\""))
    let names = Self.json[end.lowerBound...].dropLast(3)
    let text =
      String(Self.json[..<start.lowerBound]) + names + ", "
      + Self.json[start.lowerBound..<end.lowerBound].prefix(420)
    let path = try folder.write(text, to: "results.json")
    let trace = try #require(try TraceReader.read(path: path).first)
    #expect(trace.coverage.total == Tally(count: 1, nanoseconds: 100))
    #expect(trace.coverage.salvagedAt == text.utf8.count)
  }

  private static let json = """
    {"rocprofiler-sdk-tool": [{"metadata": {"pid": 9, "command": ["secret"]},
      "buffer_records": {
        "kernel_dispatch": [
          {"kind": 11, "operation": 2, "thread_id": 9, "correlation_id": {"internal": 5, "external": 0},
           "start_timestamp": 1000, "end_timestamp": 1100, "stream_id": {"handle": 0},
           "dispatch_info": {"agent_id": {"handle": 42}, "kernel_id": 8, "grid_size": {"x": 1}}},
          {"kind": 11, "operation": 2, "thread_id": 9, "correlation_id": {"internal": 6, "external": 0},
           "start_timestamp": 1200, "end_timestamp": 1230,
           "dispatch_info": {"agent_id": {"handle": 42}, "kernel_id": 9}},
          {"thread_id": 9, "correlation_id": {"internal": 7}, "start_timestamp": 1300,
           "end_timestamp": 1290, "dispatch_info": {"agent_id": {"handle": 42}, "kernel_id": 9}}],
        "memory_copy": [{"kind": 2, "operation": 1, "thread_id": 9, "correlation_id": {"internal": 5},
          "start_timestamp": 900, "end_timestamp": 904, "dst_agent_id": {"handle": 42}, "bytes": 64}],
        "hip_api": [{"kind": 1, "operation": 1, "thread_id": 9, "correlation_id": {"internal": 5},
          "start_timestamp": 200, "end_timestamp": 210},
          {"kind": 1, "operation": 0, "thread_id": 9, "correlation_id": {"internal": 80},
          "start_timestamp": 200, "end_timestamp": 210},
          {"kind": 1, "operation": 1, "thread_id": 9, "correlation_id": {"internal": 6},
          "start_timestamp": 700, "end_timestamp": 710}],
        "marker_api": [{"kind": 0, "operation": 0, "thread_id": 9, "correlation_id": {"internal": 3},
          "start_timestamp": 100, "end_timestamp": 400}], "hsa_api": [{"a": [1, {"b": 2}]}]},
      "agents": [{"id": {"handle": 41}, "type": 1, "product_name": "EPYC"},
        {"id": {"handle": 42}, "type": 2, "product_name": "AMD Instinct MI350X"}],
      "strings": {"buffer_records": [
          {"kind": "MARKER_CORE_API", "operations": ["roctxMarkA"]},
          {"kind": "HIP_RUNTIME_API", "operations": ["hipMalloc", "hipLaunchKernel"]},
          {"kind": "MEMORY_COPY", "operations": ["NONE", "MEMORY_COPY_HOST_TO_DEVICE"]}],
        "marker_api": [{"key": 3, "value": "aten::mm, op_id = 1, sizes = [[4, 16], [16, 8]]"}]},
      "kernel_symbols": [{"kernel_id": 8, "kernel_name": "gemm.kd", "formatted_kernel_name": "gemm(int)"},
        {"kernel_id": 9, "kernel_name": "norm.kd", "formatted_kernel_name": ""}]}]}
    """

  @Test func `names are resolved whatever the order of the members`() throws {
    let path = try folder.write(Self.json, to: "results.json")
    #expect(try TraceFormat.detect(path: path) == .rocprofJSON)
    let trace = try #require(try TraceReader.read(path: path).first)
    #expect(
      trace.kernelLines.sorted() == [
        "aten::mm|MEMORY_COPY_HOST_TO_DEVICE|1|4", "aten::mm|gemm(int)|1|100",
        "norm.kd|norm.kd|1|30",
      ])
    #expect(trace.deviceName == "AMD Instinct MI350X")
    #expect(trace.coverage.rejected(.negativeDuration) == 1)
    #expect(trace.ownFacts.isEmpty)
    let event = try #require(
      trace.groups.first { $0.name == "norm.kd" }?.kernels.first?.events.first)
    let bytes = Array(Self.json.utf8)[Int(event.place.offset)...].prefix(Int(event.place.length))
    let text = String(decoding: bytes, as: UTF8.self)
    #expect(text.hasPrefix("{\"kind\": 11") && text.contains("1200") && text.hasSuffix("}}"))
  }

  @Test func `text that is cut or changed anywhere is imported or refused in one line`() throws {
    let path = try folder.write(Self.json, to: "results.json")
    try TestDatabase.damage(path, rounds: 300)
    let bytes = Array(Self.json.utf8)
    for count in stride(from: 0, to: bytes.count, by: 7) {
      let cut = folder.path + "/cut.json"
      try Data(bytes.prefix(count)).write(to: URL(filePath: cut))
      var strict = ImportOptions.standard
      strict.isStrict = true
      #expect(throws: ProfilerTraceError.self) { try TraceReader.read(path: cut, options: strict) }
      do throws(ProfilerTraceError) {
        let trace = try TraceReader.read(path: cut)
        #expect(trace.first?.coverage.salvagedAt == count)
      } catch {
        #expect(!error.description.contains("\n"))
      }
    }
  }

  @Test(.needsSharedData)
  func `every dispatch of a real run is kept`() throws {
    let path = SharedData.path("traces/TraceLens/rocprofv3_908_results.json.gz")
    let trace = try #require(try TraceReader.read(path: path).first)
    #expect(trace.coverage[.kernelName].count == 43_915)
    #expect(trace.coverage.total.count == 43_915)
    #expect(trace.deviceName == "AMD Instinct MI350X")
    #expect(trace.groups.allSatisfy { !$0.name.isEmpty })
    #expect(trace.groups.reduce(0) { $0 + $1.operationCount } == 43_915)
  }
}
