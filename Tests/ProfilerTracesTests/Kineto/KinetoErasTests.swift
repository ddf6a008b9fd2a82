import Operators
import TestSupport
import Testing

@testable import ProfilerTraces

/// The generations of the format and the names of each vendor, as a table of small traces.
@Suite struct KinetoErasTests {
  @Test(
    "launches of every vendor own their kernels",
    arguments: [
      ("cuda_runtime", "cudaLaunchKernel", "kernel"), ("cuda_driver", "cuLaunchKernelEx", "kernel"),
      ("cuda_runtime", "hipLaunchKernel", "kernel"),
      ("cuda_runtime", "hipExtModuleLaunchKernel", "kernel"),
      ("xpu_runtime", "urEnqueueKernelLaunch", "kernel"),
      ("xpu_driver", "zeCommandListAppendLaunchKernel", "kernel"),
      ("mtia_runtime", "mtiaLaunchKernel", "mtia_ccp_events"),
      ("privateuse1_runtime", "launch", "kernel"), ("privateuse1_driver", "launch", "kernel"),
      ("Runtime", "cudaLaunchKernel", "Kernel"),
    ])
  func vendors(category: String, launch: String, kernel: String) throws {
    var trace = TraceText()
    trace.op("aten::relu", "0", "9", dims: "[[2, 3]]", types: "[\"float\"]")
    trace.add(category, launch, "1", "1", pid: 7, tid: 7, ["\"correlation\": 5"])
    trace.kernel("k", "2", "1.5", 5, category: kernel)
    let result = try trace.read()
    #expect(result.coverage[.correlation] == Tally(count: 1, nanoseconds: 1500))
    #expect(result.samples[0].operator.kind == .activation)
  }

  @Test(
    "every way to write a time gives the same nanoseconds",
    arguments: [
      ("1712195495505582", "3", "microseconds", ""),
      ("\"1712195495505582\"", "\"3\"", "microseconds", ""),
      ("1712195495505582.000", "3.000", "absolute nanoseconds", ""),
      (
        "495505582.000", "3.0", "relative nanoseconds",
        "\"baseTimeNanoseconds\": 1712195000000000000"
      ),
      (
        "\"495505582.000\"", "3.000", "relative nanoseconds",
        "\"baseTimeNanoseconds\": \"1712195000000000000\""
      ),
      (
        "4.95505582e8", "3.000", "relative nanoseconds",
        "\"baseTimeNanoseconds\": 1712195000000000000"
      ),
    ])
  func times(start: String, duration: String, era: String, head: String) throws {
    var trace = TraceText()
    trace.head = head.isEmpty ? "\"schemaVersion\": 1" : head
    trace.add("user_annotation", "step[DECODE bs=32]", start, duration, pid: 1, tid: 1)
    trace.add("cpu_op", "op", start, duration, pid: 1, tid: 1)
    let result = try trace.read()
    #expect(result.facts["kineto_era"] == era)
    #expect(result.steps.map(\.start) == [1_712_195_495_505_582_000])
    #expect(result.steps.map(\.duration) == [3000])
    #expect(result.samples.map(\.duration.mean) == [3000])
  }

  @Test func `a copy is as large as the profiler says, not as its target's shape`() throws {
    var trace = TraceText()
    for (call, size) in [4096, 4096, 64].enumerated() {
      let dims = call < 2 ? "[[7, 7]]" : "[[8, 8]]"
      trace.op("aten::copy_", "\(10 * call)", "5", dims: dims, types: "[\"float\"]")
      trace.launch("cudaMemcpyAsync", "\(10 * call + 1)", call)
      trace.add(
        "gpu_memcpy", "Memcpy HtoD (Pinned -> Device)", "\(100 + call)", "1", pid: 0, tid: 3,
        ["\"correlation\": \(call)", "\"bytes\": \(size)"])
    }
    let result = try trace.read()
    #expect(result.samples.map(\.operator.kind) == [.memcpy, .memcpy])
    #expect(Set(result.samples.map { $0.point[0] }) == [4096, 64])
  }

  @Test func `without operators kernels are kept by their names`() throws {
    var trace = TraceText()
    for index in 0..<3 {
      trace.launch("hipLaunchKernel", "\(index)", index)
      trace.kernel(index == 1 ? "b" : "a", "\(10 + index)", "\(index + 1)", index)
    }
    trace.kernel("unlaunched", "20", "9", 77)
    for (index, size) in [100, 200, 100].enumerated() {
      trace.add(
        "gpu_memcpy", "Memcpy DtoD (Device -> Device)", "\(30 + index)", "0.5", pid: 0, tid: 3,
        ["\"bytes\": \(size)"])
    }
    let result = try trace.read()
    #expect(result.coverage[.kernelName].count == 7)
    #expect(result.coverage.total == result.coverage[.kernelName])
    #expect(result.groups.map(\.name).prefix(3) == ["unlaunched", "a", "b"])
    #expect(result.samples[1].operator.kind == .opaque("a"))
    #expect(result.samples[1].duration.count == 2)
    let copies = result.samples.filter { $0.operator.kind == .memcpy }
    #expect(Set(copies.map { [$0.point[0], $0.duration.count] }) == [[100, 2], [200, 1]])
  }

  @Test func `arrows stand in for correlations that are missing`() throws {
    var trace = TraceText()
    func arrow(_ phase: String, _ id: Int, _ at: Int, pid: Int, tid: Int) -> String {
      """
      {"ph": "\(phase)", "id": \(id), "pid": \(pid), "tid": \(tid), "ts": \(at), "cat": "ac2g",
       "name": "ac2g", "bp": "e"}
      """
    }
    for call in 0..<3 {
      let at = 100 * call
      trace.op("op \(call)", "\(at)", "50", dims: "[[1]]")
      trace.add("cuda_runtime", "cudaLaunchKernel", "\(at + 1)", "1", pid: 7, tid: 7)
      trace.events.append(arrow("s", 40 + call, at + 1, pid: 7, tid: 7))
      trace.add("kernel", "k", "\(at + 60)", "\(call + 1)", pid: 0, tid: 3)
      // Kernels of the second call without an arrow stay without a launch.
      if call != 1 { trace.events.append(arrow("f", 40 + call, at + 60, pid: 0, tid: 3)) }
    }
    let result = try trace.read()
    #expect(result.groups.map(\.name) == ["op 2", "op 0"])
    #expect(result.coverage[.correlation].count == 2)
    #expect(result.coverage[.clipped].count == 1)
  }

  @Test func `begins and ends are joined, each thread by itself`() throws {
    func part(_ phase: String, _ at: Int, tid: Int, _ rest: String = "") -> String {
      #"{"ph": "\#(phase)", "pid": 7, "tid": \#(tid), "ts": \#(at)\#(rest)}"#
    }
    func begin(_ name: String, _ at: Int, tid: Int = 7, cat: String = "cpu_op") -> String {
      part(
        "B", at, tid: tid,
        #", "cat": "\#(cat)", "name": "\#(name)", "args": {"Input Dims": [[1]]}"#)
    }
    var trace = TraceText()
    trace.events = [
      begin("outer", 0), begin("f.py", 1, cat: "python_function"), begin("inner", 10),
      begin("other", 12, tid: 8), part("E", 20, tid: 7), part("E", 25, tid: 7),
      part("E", 30, tid: 7, ", \"name\": \"outer\""), part("E", 40, tid: 8),
    ]
    trace.launch("cudaLaunchKernel", "15", 1)
    trace.kernel("k", "50", "1", 1)
    trace.launch("cudaLaunchKernel", "22", 2)
    trace.kernel("k", "60", "2", 2)
    trace.launch("cudaLaunchKernel", "35", 3, tid: 8)
    trace.kernel("k", "70", "3", 3)
    let whole = try trace.read()
    #expect(whole.groups.map(\.name) == ["other", "outer", "inner"])
    #expect(whole.coverage.rejectedRecords == 0)
    // Without its begin or end a part is counted; the rest stands.
    trace.events += [
      begin("never ended", 100), part("E", 110, tid: 9), begin("a", 120, tid: 10),
      begin("b", 121, tid: 10), part("E", 130, tid: 10, ", \"name\": \"a\""),
      part("E", 131, tid: 10, ", \"cat\": \"cpu_op\", \"name\": \"b\""),
      begin("backwards", 200, tid: 11), part("E", 199, tid: 11),
    ]
    let broken = try trace.read()
    #expect(broken.coverage.rejected(.beginEndPair) == 4)
    #expect(broken.coverage.rejected(.negativeDuration) == 1)
    #expect(broken.groups.map(\.name) == whole.groups.map(\.name))
  }

  @Test func `begins and ends in any disorder are joined as a stack says`() throws {
    var random = SplitMix64(seed: 3)
    for _ in 0..<50 {
      var trace = TraceText()
      var stack: [Int] = []
      var (total, count, unmatched) = (0, 0, 0)
      for at in 0..<60 {
        let begins = random.below(2) == 0
        trace.events.append(
          begins
            ? #"{"ph": "B", "cat": "cpu_op", "name": "op", "pid": 1, "tid": 1, "ts": \#(at)}"#
            : #"{"ph": "E", "pid": 1, "tid": 1, "ts": \#(at)}"#)
        if begins {
          stack.append(at)
        } else if let start = stack.popLast() {
          // The outermost operators stand for all within them.
          if stack.isEmpty { (total, count) = (total + at - start, count + 1) }
        } else {
          unmatched += 1
        }
      }
      guard stack.isEmpty, count > 0 else { continue }
      let result = try trace.read(ImportOptions(maximumBadShare: 1))
      #expect(
        result.coverage[.cpuOperator] == Tally(count: count, nanoseconds: Int64(1000 * total)))
      #expect(result.coverage.rejected(.beginEndPair) == unmatched)
    }
  }
}
