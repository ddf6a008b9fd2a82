import Operators
import TestSupport
import Testing

@testable import ProfilerTraces

/// Where a collective's sizes come from.
@Suite struct CollectiveGroupsTests {
  @Test func `a kernel that tells what it is needs no operator and no launch`() throws {
    var rank = RankText(rank: 0, of: 4)
    rank.collective("allreduce", at: 100, for: 30, ranks: [0, 1, 2, 3])
    rank.collective("allreduce", at: 200, for: 50, ranks: [0, 1, 2, 3])
    rank.collective("_allgather_base", at: 300, for: 7, elements: (8, 16), ranks: [0, 2])
    rank.trace.events.removeAll { $0.contains("cudaLaunch") }
    let trace = try rank.read()
    #expect(
      trace.samples.map { "\($0.operator) @\($0.point[0])" } == [
        "allReduce ranks=4 fp32 @1024", "allGather ranks=2 fp32 @64",
      ])
    #expect(trace.samples[0].duration.count == 2)
    #expect(trace.samples[0].duration.mean == 40_000)
    #expect(trace.groups[0].kernels[0].events.map(\.duration) == [30_000, 50_000])
    #expect(trace.coverage[.collectiveAndWait] == Tally(count: 3, nanoseconds: 87_000))
    #expect(trace.coverage.total.count == 3)
    #expect(trace.samples[0].label.hasSuffix(", waiting included"))
    #expect(trace.facts["collective_time"] == "waiting included")
    #expect(trace.warnings.count == 1)
  }

  @Test func `a kernel that tells nothing takes the words of the operator around its launch`()
    throws
  {
    var trace = TraceText()
    trace.op("c10d::allreduce_", "0", "90", dims: "[[5]]", types: "[\"float\"]")
    trace.add(
      "cpu_op", "record_param_comms", "10", "50", pid: 7, tid: 7,
      [
        """
        "Collective name": "allreduce", "dtype": "BFloat16", "In msg nelems": 100,
        "Out msg nelems": 100, "Group size": 2
        """
      ])
    trace.launch("cudaLaunchKernel", "20", 1)
    trace.kernel("ncclDevKernel_AllReduce_Sum_bf16_RING_LL", "100", "3", 1)
    // A copy beside it is no collective.
    trace.launch("cudaMemcpyAsync", "25", 2)
    trace.kernel("Memcpy DtoD", "110", "1", 2, category: "gpu_memcpy")
    let result = try trace.read()
    let sample = try #require(result.samples.last)
    #expect("\(sample.operator) @\(sample.point[0])" == "allReduce ranks=2 bf16 @200")
    #expect(result.coverage[.collectiveAndWait].count == 1)
    #expect(result.coverage.total.count == 2)
  }

  @Test(
    "without words the shapes of the inputs and the kernel's name tell",
    arguments: [
      (
        "AllReduce", "[\"\", \"\", \"\", \"0\", \"\", \"[]\", \"[]\", \"0\", \"1\", \"8\"]",
        "allReduce ranks=8 bf16", 50_272
      ),
      (
        "AllGather", "[\"\", \"\", \"\", \"0\", \"\", \"[]\", \"[]\", \"0\", \"1\", \"8\"]",
        "allGather ranks=8 bf16", 402_176
      ),
      ("ReduceScatter", "[]", "reduceScatter ranks=4 bf16", 50_272),
      ("Broadcast", "[]", "broadcast ranks=4 bf16", 50_272),
    ])
  func inputs(kernel: String, values: String, op: String, bytes: Int) throws {
    var trace = TraceText()
    trace.head = "\"distributedInfo\": {\"rank\": 0, \"world_size\": 4}"
    trace.add(
      "cpu_op", "record_param_comms", "10", "50", pid: 7, tid: 7,
      [
        "\"Input Dims\": [[1, 25136], [], []], \"Input type\": [\"c10::BFloat16\", \"\", \"\"]",
        "\"Concrete Inputs\": \(values)",
      ])
    trace.launch("cudaLaunchKernel", "20", 1)
    trace.kernel("ncclKernel_\(kernel)_RING_LL_Sum_int8_t(ncclDevComm*)", "100", "3", 1)
    let sample = try #require(try trace.read().samples.first)
    #expect("\(sample.operator)" == op)
    #expect(sample.point[0] == bytes)
  }

  @Test(
    "the collectives of a real run are those that a count by hand finds",
    .needsSharedData)
  func real() throws {
    let trace = try KinetoReader.read(path: SharedData.path("traces/HTA/nccl_data.json.gz"))
    // jq '.traceEvents[] | select(.cat == "kernel" and .args["Collective name"])', by elements.
    let expected: [(String, Int, Int64)] = [
      ("allReduce ranks=2 fp32 @8196000", 3, 11_820_962),
      ("allReduce ranks=2 fp32 @31502336", 3, 11_081_355),
      ("allReduce ranks=2 fp32 @26255360", 3, 10_797_936),
      ("allReduce ranks=2 fp32 @26550272", 3, 7_214_656),
      ("allReduce ranks=2 fp32 @9724160", 3, 5_847_250),
      ("broadcast ranks=2 fp32 @212480", 3, 91_007), ("broadcast ranks=2 @424", 3, 23_327),
    ]
    let found = zip(trace.samples, trace.groups).suffix(7)
    #expect(
      found.map { "\($0.0.operator) @\($0.0.point[0])" } == expected.map(\.0))
    #expect(found.map(\.1.operationCount) == expected.map(\.1))
    #expect(found.map(\.1.totalKernelTime) == expected.map(\.2))
  }
}
