import Operators
import TestSupport
import Testing
import TraceIO

@testable import ProfilerTraces

@Suite struct KinetoReaderTests {
  /// Two calls of a product, each with a fill and a kernel, within an outer operator.
  static var product: TraceText {
    var trace = TraceText()
    for call in 0..<2 {
      let (at, id) = (100 * (call + 1), 10 * (call + 1))
      trace.op("aten::linear", "\(at)", "50", dims: "[[4, 8], [6, 8], []]", types: "[\"float\"]")
      trace.op(
        "aten::mm", "\(at + 10).5", "30", dims: "[[4, 8], [8, 6]]", types: "[\"c10::Half\"]")
      trace.launch("cudaMemsetAsync", "\(at + 11)", id)
      trace.launch("cudaLaunchKernel", "\(at + 20)", id + 1)
      trace.kernel("Memset (Device)", "\(at + 300)", "0.250", id, category: "gpu_memset")
      trace.kernel("gemm_kernel", "\(at + 301)", "\(call + 2).125", id + 1)
    }
    return trace
  }

  @Test func `kernels and fills belong to the innermost operator around their launch`() throws {
    let trace = try Self.product.read()
    let group = try #require(trace.groups.first)
    #expect(trace.groups.count == 1)
    #expect(group.name == "aten::mm")
    #expect(group.inputDims == "[[4,8],[8,6]]")
    #expect(group.operationCount == 2)
    #expect(group.totalKernelTime == 2 * 250 + 2125 + 3125)
    #expect(
      group.kernels.map { KernelTotal(name: $0.name, count: $0.count, total: $0.total) } == [
        KernelTotal(name: "gemm_kernel", count: 2, total: 5250),
        KernelTotal(name: "Memset (Device)", count: 2, total: 500),
      ])
    #expect(group.kernels[0].events.map(\.duration) == [2125, 3125])
    #expect(trace.coverage[.correlation] == Tally(count: 4, nanoseconds: 5750))
    #expect(trace.samples[0].operator.canonicalAttributes == "k=8 n=6")
    #expect(trace.samples[0].operator.dataType == .float16)
    #expect(trace.samples[0].point[0] == 4)
    #expect(trace.samples[0].duration.minimum == 2375)
    #expect(trace.facts["kineto_era"] == "relative nanoseconds")
  }

  @Test func `an operator without shapes passes its kernels to the nearest one that has them`()
    throws
  {
    var trace = TraceText()
    trace.op("outer", "0", "100", dims: "[[2]]")
    trace.op("middle", "10", "50")
    trace.launch("cuLaunchKernel", "20", 1)
    trace.kernel("k", "200", "5", 1)
    trace.op("alone", "300", "10", tid: 9)
    trace.launch("cudaLaunchKernel", "301", 2, tid: 9)
    trace.kernel("k", "310", "7", 2)
    let result = try trace.read()
    #expect(result.groups.map(\.name) == ["alone", "outer"])
    #expect(result.coverage[.ancestor] == Tally(count: 1, nanoseconds: 5000))
    #expect(result.coverage[.withoutShape] == Tally(count: 1, nanoseconds: 7000))
  }

  @Test func `clipped, graph and unowned kernels are told apart and give no samples`() throws {
    var trace = Self.product
    trace.kernel("early", "1", "4", 9999)
    trace.op("graphed", "500", "10", dims: "[[2]]")
    trace.launch("hipGraphLaunch", "501", 50)
    for _ in 0..<3 { trace.kernel("in graph", "600", "2", 50) }
    trace.launch("cudaLaunchKernel", "700", 51)
    trace.kernel("bare", "710", "8", 51)
    let result = try trace.read()
    #expect(result.coverage[.clipped] == Tally(count: 1, nanoseconds: 4000))
    #expect(result.coverage[.graph] == Tally(count: 3, nanoseconds: 6000))
    #expect(result.coverage[.noOperator] == Tally(count: 1, nanoseconds: 8000))
    #expect(result.groups.count == 1)
    #expect(result.coverage.total.count == 9)
  }

  @Test func `an operator that overlaps another without holding it does not steal its launches`()
    throws
  {
    var trace = TraceText()
    trace.op("first", "0", "100", dims: "[[1]]")
    trace.op("second", "99", "50", dims: "[[2]]")
    trace.launch("cudaLaunchKernel", "120", 1)
    trace.kernel("k", "200", "1", 1)
    trace.launch("cudaLaunchKernel", "149", 2)
    trace.kernel("k", "300", "1", 2)
    let result = try trace.read()
    #expect(result.groups.map(\.name) == ["second"])
    #expect(result.coverage[.noOperator].count == 1)
  }

  @Test func `equal correlations of two processes go to the one that owns the device`() throws {
    var trace = TraceText()
    for pid in [7, 8] {
      trace.add("cpu_op", "op \(pid)", "0", "90", pid: pid, tid: 7, ["\"Input Dims\": [[1]]"])
      trace.launch("cudaLaunchKernel", "\(pid)", 100 + pid, pid: pid)
      trace.launch("cudaLaunchKernel", "\(pid + 30)", 5, pid: pid)
      trace.kernel("k", "200", "1", 100 + pid, pid: pid - 7)
      trace.kernel("k", "300", "2", 5, pid: pid - 7)
    }
    let result = try trace.read()
    #expect(result.coverage.ambiguousLaunches == 2)
    #expect(result.groups.map(\.totalKernelTime) == [3000, 3000])
  }

  @Test func `launches that share a correlation are found by time, however many they are`() throws {
    var trace = TraceText()
    let count = 20_000
    for index in 0..<count {
      let at = 10 * index
      trace.op("op \(index % 2)", "\(at)", "5", dims: "[[1]]")
      trace.launch("cudaLaunchKernel", "\(at + 1)", 5)
      // The first kernel lies before all launches, and takes the earliest.
      trace.kernel("k", "\(at + (index == 0 ? 0 : 8))", "\(1 + index % 2)", 5)
    }
    let result = try trace.read()
    #expect(result.coverage.ambiguousLaunches == count)
    #expect(result.groups.map(\.name).sorted() == ["op 0", "op 1"])
    #expect(result.groups.allSatisfy { $0.operationCount == count / 2 })
    #expect(Set(result.groups.map(\.totalKernelTime)) == [10_000_000, 20_000_000])
  }

  /// The rule in words, tried on every launch: in the process that owns the device, where any is;
  /// before the kernel, where any is; then the nearest in time, the last in the file of equals.
  @Test(arguments: 1...40)
  func `launches that share a correlation are those that a search of all finds`(seed: Int) throws {
    var random = SplitMix64(seed: UInt64(seed))
    var trace = TraceText()
    var launches: [(process: Int, start: Int, correlation: Int, operator: String)] = []
    for process in 7...8 {
      // Tells which process owns which device.
      trace.launch("cudaLaunchKernel", "0", 100 + process, pid: process)
      trace.kernel("own", "1", "1", 100 + process, pid: process - 7)
    }
    for number in 0..<12 {
      // Each correlation four times, some at one time; each on a thread and in an operator of its
      // own.
      let (process, start, correlation) = (
        7 + random.below(2), 10 + 10 * random.below(6), number % 3
      )
      let tid = 20 + number
      trace.add(
        "cpu_op", "op \(number)", "\(start)", "5", pid: process, tid: tid,
        ["\"Input Dims\": [[1]]"])
      trace.launch("cudaLaunchKernel", "\(start + 1)", correlation, tid: tid, pid: process)
      launches.append((process, start + 1, correlation, "op \(number)"))
    }
    var expected: [String: Int64] = [:]
    for stream in 10..<40 {
      let (device, start, correlation) = (random.below(3), random.below(80), random.below(3))
      let duration = 1 + random.below(9)
      trace.kernel("k", "\(start)", "\(duration)", correlation, pid: device, stream: stream)
      let all = launches.filter { $0.correlation == correlation }
      let own = all.filter { $0.process == device + 7 }
      let candidates = own.isEmpty ? all : own
      let before = candidates.filter { $0.start <= start }.map(\.start).max()
      let best = before ?? candidates.map(\.start).min()
      guard let launch = candidates.last(where: { $0.start == best }) else { continue }
      expected[launch.operator, default: 0] += Int64(1000 * duration)
    }
    let result = try trace.read()
    #expect(
      Dictionary(uniqueKeysWithValues: result.groups.map { ($0.name, $0.totalKernelTime) })
        == expected)
  }

  @Test func `operators nested deeply pass their kernels outwards`() throws {
    var trace = TraceText()
    let depth = 5000
    trace.op("outer", "0", "\(3 * depth)", dims: "[[2]]")
    for level in 1..<depth { trace.op("inner", "\(level)", "\(3 * depth - 2 * level)") }
    for index in 0..<depth {
      trace.launch("cudaLaunchKernel", "\(depth)", index)
      trace.kernel("k", "\(4 * depth + index)", "1", index)
    }
    let result = try trace.read()
    #expect(result.groups.map(\.name) == ["outer"])
    #expect(result.coverage[.ancestor].count == depth)
  }

  @Test(
    "a runtime is named by the software below the framework",
    arguments: [
      (#""cuda_runtime_version": 12040, "cuda_driver_version": 13000"#, "CUDA 12.4"),
      (#""cuda_driver_version": 11080"#, "CUDA driver 11.8"),
      (#""hip_driver_version": 1, "hip_runtime_version": 60443483"#, "ROCm 6.4"),
      (#""hip_runtime_version": "70226015""#, "ROCm 7.2"), (#""roctracer_version": 4.1"#, nil),
      (#""cuda_runtime_version": -1"#, nil), (#""cuda_runtime_version": 1e99"#, nil),
    ] as [(String, String?)])
  func runtime(head: String, version: String?) throws {
    var text = Self.product
    text.head = head
    let trace = try text.read()
    #expect(trace.runtime.framework == "PyTorch")
    #expect(trace.runtime.version == version)
  }

  @Test func `a trace without a device counts the outermost operator with shapes, once`() throws {
    var trace = TraceText()
    trace.op("wrapper", "0", "1000")
    trace.op("aten::linear", "10", "50", dims: "[[4, 8], [6, 8], []]")
    trace.op("aten::addmm", "11", "40", dims: "[[6], [4, 8], [8, 6]]")
    trace.op("aten::scaled_dot_product_attention", "100", "20", dims: "[[2,8,1,64],[2,2,9,64]]")
    trace.op("aten::_scaled_dot_product_flash_attention_for_cpu", "101", "10", dims: "[[1]]")
    let result = try trace.read()
    #expect(
      result.groups.map(\.name) == ["aten::linear", "aten::scaled_dot_product_attention"])
    #expect(result.coverage[.cpuOperator] == Tally(count: 2, nanoseconds: 70000))
    #expect(result.samples[1].point == AxisPoint(0, 0, 2, 9))
    #expect(result.deviceName == nil)
  }

  @Test func `the names of 2021, the array form and absolute time stamps are read`() throws {
    let events = """
      [{"ph":"X","cat":"Operator","name":"aten::add","pid":"1","tid":"stream 7","ts":1000,"dur":50,
        "args":{"external id":3,"Input dims":[[5,6],[5,6]],"Input type":["float","float"]}},
       {"ph":"X","cat":"Runtime","name":"cudaLaunchKernel","pid":"1","tid":"stream 7","ts":1010,
        "dur":1,"args":{"correlation":9,"external id":3}},
       {"ph":"M","name":"process_name","pid":0,"args":{"name":"x"}}, 17, [1],
       {"ph":"X","cat":"Kernel","name":"k","pid":0,"tid":7,"ts":1100,"dur":3,
        "args":{"correlation":9,"external id":3}}]
      """
    let result = try KinetoReader.read(bytes: Array(events.utf8))
    #expect(result.facts["kineto_era"] == "2021")
    #expect(result.samples[0].operator.kind == .elementwise)
    #expect(result.samples[0].duration.mean == 3000)
    #expect(result.coverage.rejected(.notAnObject) == 2)
    #expect(result.coverage.recordsRead == 6)
    let absolute = """
      [{"ph":"X","cat":"user_annotation","name":"execute_context_1(888_788544)_generation_3(3)",
        "pid":1,"tid":1,"ts":1712195495505582.988,"dur":1.5},
       {"ph":"X","cat":"cpu_op","name":"a","pid":1,"tid":1,"ts":1712195495505582.988,"dur":0.001}]
      """
    let exact = try KinetoReader.read(bytes: Array(absolute.utf8))
    #expect(exact.facts["kineto_era"] == "absolute nanoseconds")
    #expect(exact.steps[0].start == 1_712_195_495_505_582_988)
    #expect(exact.steps[0].duration == 1500)
    #expect(
      exact.steps[0].batch
        == StepBatch(
          contextSequences: 1, contextTokens: 888, generationSequences: 3, generationTokens: 3))
  }

  @Test func `metadata may follow the events, and only known facts are kept`() throws {
    var text = Self.product
    text.head = "\"host_name\": \"secret\""
    let tail = """
      , "deviceProperties": [{"id": 1, "name": "B"}, {"id": 0, "name": "A", "x": [{}]}],
        "cuda_runtime_version": 12040, "distributedInfo": {"rank": 3, "world_size": 8}}
      """
    let bytes = Array((text.text.dropLast() + tail).utf8)
    let result = try KinetoReader.read(bytes: bytes)
    #expect(result.deviceName == "A")
    #expect(result.facts["cuda_runtime_version"] == "12040")
    #expect(result.facts["world_size"] == "8")
    #expect(!result.facts.values.contains("secret"))
  }

  @Test(
    "records that are bad are counted by reason and skipped",
    arguments: [
      (("1", "-5"), .negativeDuration), (("NaN", "5"), .badTimestamp),
      (("-1.-500", "5"), .badTimestamp), (("1", "1e300"), .badDuration),
      (("99999999999999999999999999", "1"), .badTimestamp), (("1", "null"), .badDuration),
      (("1", "[]"), .badDuration), (("1", "3600000001"), .durationTooLong),
      (("9007199254740993", "1"), .badTimestamp),
    ] as [((String, String), RejectionReason)])
  func rejection(times: (String, String), reason: RejectionReason) throws {
    var text = Self.product
    text.kernel("bad", times.0, times.1, 11)
    let trace = try text.read()
    #expect(trace.coverage.rejected(reason) == 1)
    #expect(trace.coverage.rejectedRecords == 1)
    #expect(trace.coverage[.correlation].count == 4)
  }

  @Test func `too many bad records fail the import with the commonest reason`() throws {
    var text = Self.product
    for _ in 0..<11 { text.kernel("bad", "1", "-1", 11) }
    let error = #expect(throws: ProfilerTraceError.self) { _ = try text.read() }
    #expect(
      error == .tooManyBadRecords(path: "test", bad: 11, read: 23, worst: .negativeDuration))
    #expect(try text.read(ImportOptions(maximumBadShare: 1)).groups.count == 1)
  }

  @Test func `sums of durations stay at the largest value instead of trapping`() throws {
    var text = Self.product
    for stream in 10..<19 {
      text.kernel("endless", "1", "2000000000000000", 11, stream: stream)
    }
    let trace = try text.read(ImportOptions(maximumDuration: .max))
    #expect(trace.groups[0].totalKernelTime == .max)
    #expect(trace.coverage.total.nanoseconds == .max)
  }

  @Test func `a trace cut short is salvaged and says so, or refused`() throws {
    let text = Self.product.text
    let cut = Array(text.utf8.dropLast(60))
    let trace = try KinetoReader.read(bytes: cut)
    #expect(trace.coverage.salvagedAt == cut.count)
    // The call whose second kernel is lost is not averaged with the whole one.
    #expect(trace.groups.map(\.operationCount) == [1, 1])
    let error = #expect(throws: ProfilerTraceError.self) {
      _ = try KinetoReader.read(bytes: cut, options: ImportOptions(isStrict: true))
    }
    #expect(error?.description.contains("byte \(cut.count)") == true)
  }

  @Test func `damage at any place ends in an import or an error`() throws {
    let bytes = Array(Self.product.text.utf8)
    for length in stride(from: 0, to: bytes.count, by: 3) {
      _ = try? KinetoReader.read(bytes: Array(bytes.prefix(length)))
    }
    var random = SplitMix64(seed: 5)
    let alphabet = Array("{}[]\",:\\0129.eE+-tfnu \u{1}é".utf8)
    for _ in 0..<2000 {
      var damaged = bytes
      for _ in 0...random.below(4) {
        damaged[random.below(damaged.count)] = alphabet[random.below(alphabet.count)]
      }
      _ = try? KinetoReader.read(bytes: damaged)
    }
  }
}
