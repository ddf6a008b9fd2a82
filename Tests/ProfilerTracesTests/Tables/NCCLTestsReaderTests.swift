import Operators
import TestSupport
import Testing

@testable import ProfilerTraces

/// The outputs are our own, in the forms that the versions of nccl-tests print.
@Suite struct NCCLTestsReaderTests {
  /// Eight ranks of one node; 20.00 GB/s is 2^20 bytes in 52.43 µs, and 35.00 that times 2 · 7 / 8.
  static let allReduce = """
    # nccl-tests version 2.17.6 nccl-headers=22807 nccl-library=22807
    # Collective test starting: all_reduce_perf
    # nThread 1 nGpus 8 minBytes 8 maxBytes 1048576 step: 2(factor) warmup iters: 5 iters: 20 agg iters: 1 validation: 1 graph: 0
    #
    # Using devices
    \(ranks(8))
    #
    #                                                              out-of-place                       in-place
    #       size         count      type   redop    root     time   algbw   busbw  #wrong     time   algbw   busbw  #wrong
    #        (B)    (elements)                               (us)  (GB/s)  (GB/s)             (us)  (GB/s)  (GB/s)
               0             0      half     sum      -1    11.00    0.00    0.00       0    12.00    0.00    0.00       0
               8             4      half     sum      -1    13.25    0.00    0.00       0    13.00    0.00    0.00       0
         1048576        524288      half     sum      -1    52.43   20.00   35.00       0    51.50   20.36   35.63       3
    # Out of bounds values : 1 FAILED
    # Avg bus bandwidth    : 17.5
    # Collective test concluded: all_reduce_perf

    """

  static func ranks(_ count: Int, hosts: Int = 1, device: String = "NVIDIA H200") -> String {
    (0..<count).map {
      "#  Rank \($0) Group  0 Pid 10\($0) on secret-host-\($0 * hosts / count) device  \($0) [0000:1b:00] \(device)"
    }.joined(separator: "\n")
  }

  /// A run of another collective in the columns of version 2.10, with empty `redop`.
  static func old(
    name: String = "", list: String = "", bus: String = "17.50", redop: String = "     "
  ) -> String {
    """
    \(name)
    # nThread: 1 nGpus: 8 minBytes: 8 maxBytes: 1048576 step: 2(factor) warmup iters: 5 iters: 20 validation: 1
    \(list)
    #                                                     out-of-place                       in-place
    #       size         count    type   redop     time   algbw   busbw  error     time   algbw   busbw  error
    #        (B)    (elements)                     (us)  (GB/s)  (GB/s)            (us)  (GB/s)  (GB/s)
         1048576        32768   float  \(redop)   52.43   20.00   \(bus)  0e+00    52.43   20.00   \(bus)    N/A

    """
  }

  func read(_ text: String, _ options: ImportOptions = .standard) throws -> [ImportedTrace] {
    let directory = try TemporaryDirectory()
    let path = try directory.write(text, to: "log")
    #expect(try TraceFormat.detect(path: path) == .ncclTests)
    return try TraceReader.read(path: path, options: options)
  }

  @Test func `both placements of each size are samples`() throws {
    let trace = try #require(try read(Self.allReduce).first)
    #expect(trace.deviceName == "NVIDIA H200")
    #expect(trace.runtime == RuntimeDescription(framework: "NCCL", version: "2.28.7"))
    #expect(trace.samples.map(\.point) == [8, 8, 1 << 20].map { AxisPoint($0) })
    #expect(trace.samples.map(\.duration.mean) == [13_250, 13_000, 52_430])
    #expect(trace.samples.map(\.label) == ["out of place", "in place", "out of place"])
    let op = Operator(.allReduce, dataType: .float16, ["ranks": 8])
    #expect(trace.samples.allSatisfy { $0.operator == op && $0.duration.count == 20 })
    #expect(trace.coverage.rejected(.noWork) == 2)
    #expect(trace.coverage.rejected(.wrongResult) == 1)
  }

  @Test func `names of hosts are counted and not kept`() throws {
    let text = Self.allReduce.replacingText(Self.ranks(8), with: Self.ranks(8, hosts: 2))
    let trace = try #require(try read(text).first)
    #expect(trace.samples[0].operator.attributes == ["ranks": 8, "nodes": 2])
    #expect(!"\(trace)".contains("secret"))
  }

  @Test func `what mpirun puts before each line is passed over`() throws {
    let text = Self.allReduce.split(separator: "\n", omittingEmptySubsequences: false)
      .map { "[1,0]<stdout>:" + $0 }.joined(separator: "\n")
    let traces = try read("pod/launcher created\n" + text)
    #expect(traces.first?.samples.count == 3)
  }

  @Test(
    "a collective is told by its program's name, or by its columns and bandwidths",
    arguments: [
      (old(name: "$ ./build/all_gather_perf -b 8", list: ranks(8)), OperatorKind.allGather),
      (old(name: "$ mpirun alltoall_perf", list: ranks(8)), .allToAll),
      (old(list: ranks(8), redop: "  sum"), .reduceScatter),
      (old(list: ranks(8), bus: "35.00", redop: "  sum"), .allReduce),
      (old(list: ranks(8), bus: "20.00", redop: "  sum"), .reduce),
    ])
  func kinds(text: String, kind: OperatorKind) throws {
    let samples = try #require(try read(text).first).samples
    #expect(samples.map(\.operator.kind) == [kind, kind])
    #expect(samples.map(\.operator.attributes) == [["ranks": 8], ["ranks": 8]])
  }

  @Test func `ranks that are not listed are told by the bandwidths`() throws {
    let text = Self.old(name: "all_gather_perf")
    #expect(try read(text).first?.samples[0].operator.attributes == ["ranks": 8])
  }

  @Test func `what the output leaves open is asked for`() throws {
    let open = Self.old(list: Self.ranks(8))
    let error = #expect(throws: ProfilerTraceError.self) { try read(open) }
    #expect(error?.description.contains("--operator") == true)
    var options = ImportOptions.standard
    options.collective = .allGather
    #expect(try read(open, options).first?.samples[0].operator.kind == .allGather)
    // The bandwidths contradict this one.
    options.collective = .allReduce
    #expect(throws: ProfilerTraceError.self) { try read(open, options) }
  }

  @Test func `several runs in one file keep their collectives and groups`() throws {
    let text =
      Self.allReduce + Self.old(name: "$ all_gather_perf", list: Self.ranks(8, device: "V100"))
    let traces = try read(text)
    #expect(traces.map(\.deviceName) == ["NVIDIA H200", "V100"])
    #expect(traces.map { $0.samples.map(\.operator.kind) }.last == [.allGather, .allGather])
    #expect(Set(traces.map(\.part)).count == 2)
  }

  @Test func `one rank measures nothing`() throws {
    let error = #expect(throws: ProfilerTraceError.self) {
      try read(Self.old(name: "all_reduce_perf", list: Self.ranks(1), bus: "0.00"))
    }
    #expect(error?.description.contains("one rank") == true)
  }
}

extension String {
  /// This text with one part replaced.
  fileprivate func replacingText(_ part: String, with other: String) -> String {
    guard let range = firstRange(of: part) else { return self }
    return replacingCharacters(in: range, with: other)
  }

  private func replacingCharacters(in range: Range<Index>, with other: String) -> String {
    String(self[..<range.lowerBound]) + other + String(self[range.upperBound...])
  }
}
