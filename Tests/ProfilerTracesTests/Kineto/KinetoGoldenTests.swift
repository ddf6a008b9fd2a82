import Operators
import TestSupport
import Testing
import TraceIO

@testable import ProfilerTraces

/// The operator tables of TraceLens, an independent tool, are the oracle.
@Suite(.needsSharedData)
struct KinetoGoldenTests {
  struct Row: Hashable {
    var name: String
    var dims: String
    var types: String
    var strides: String
    var inputs: String
    /// The kernels of one call, where the table tells calls apart by it, else 0.
    var kernels: Int64 = 0
  }

  /// The arguments of an operator in one of the tables; the columns of some end in `_first`.
  static let arguments = ["Input Dims", "Input type", "Input Strides", "Concrete Inputs"]

  /// Our groups by the key of a table.
  private func groups(_ trace: ImportedTrace, byKernels: Bool) -> [Row: [Int]] {
    var groups: [Row: [Int]] = [:]
    for (index, group) in trace.groups.enumerated() {
      let launches = group.kernels.reduce(0) { $0 + $1.count }
      let row = Row(
        name: group.name, dims: group.inputDims, types: group.inputTypes,
        strides: group.inputStrides, inputs: group.concreteInputs,
        kernels: byKernels ? Int64(launches / max(1, group.operationCount)) : 0)
      groups[row, default: []].append(index)
    }
    return groups
  }

  private static func vLLM() throws -> ImportedTrace {
    var options = ImportOptions.standard
    let path = "traces/TraceLens/vllm_decode_full_graph_"
    options.captures = [SharedData.path(path + "capture.pt.trace.json.gz")]
    return try KinetoReader.read(
      path: SharedData.path(path + "execution.json.gz"), options: options)
  }

  @Test(
    "the operators of a real trace equal the golden table row for row",
    arguments: [("h100", 35), ("mi300", 36), ("vLLM", 26)])
  func golden(device: String, rows: Int) throws {
    let path = "traces/TraceLens/"
    let isGraph = device == "vLLM"
    let folder = isGraph ? "golden_vllm_decode_full" : "golden_\(device)_Qwen"
    let trace =
      isGraph
      ? try Self.vLLM()
      : try KinetoReader.read(
        path: SharedData.path(path + "\(device)_Qwen1.5-0.5B-Chat.json.gz"))
    var table = try CSVReader(
      ByteSource(path: SharedData.path(path + folder + "/ops_unique_args.csv")))
    let columns = (["name"] + Self.arguments).map { table.column($0) ?? -1 }
    func statistic(_ name: String) -> Int {
      table.column("total_direct_kernel_time_" + name) ?? -1
    }
    let statistics = ["sum", "min", "median", "mean"].map(statistic)
    let calls = table.column("operation_count") ?? -1
    let kernels = table.column("num_kernels")
    let ours = groups(trace, byKernels: kernels != nil)
    var count = 0
    while try table.next() {
      count += 1
      let texts = columns[1...4].map { json(fromPython: table.field($0)) }
      let row = Row(
        name: table.field(columns[0]), dims: texts[0], types: texts[1], strides: texts[2],
        inputs: texts[3], kernels: kernels.flatMap { table.integer($0) } ?? 0)
      let found = try #require(ours[row], "\(row)")
      #expect(found.count == 1)
      let (group, duration) = (trace.groups[found[0]], trace.samples[found[0]].duration)
      #expect(Int64(group.operationCount) == table.integer(calls))
      let figures = [
        Double(group.totalKernelTime), duration.minimum, duration.median, duration.mean,
      ]
      for (column, figure) in zip(statistics, figures) {
        let theirs = table.double(column) ?? -1
        // TraceLens subtracts time stamps as Double, whose step is 1/4096 µs, and 1/1024 µs in the
        // trace of vLLM, once a kernel.
        let events = column == statistics[0] ? group.kernels.reduce(0) { $0 + $1.count } : 3
        let tolerance = max(1e-6 * theirs, Double(events) / (isGraph ? 1024 : 4096))
        #expect(abs(figure / 1000 - theirs) <= tolerance, "\(row.name) \(figure) \(theirs)")
      }
    }
    #expect(count == rows)
    #expect(trace.groups.count == rows)
    #expect(trace.coverage.rejectedRecords == 0)
  }

  @Test func `every kernel of a graph has its operator's shapes, and every name is verified`()
    throws
  {
    let trace = try Self.vLLM()
    #expect(trace.coverage[.graphCapture].count == 421)
    #expect(trace.coverage[.graph].count == 0)
    #expect(trace.coverage[.correlation].count == 13)
    #expect(trace.groups.allSatisfy { !$0.inputDims.isEmpty })
    #expect(trace.coverage.graphs.recovered == 421)
    #expect(trace.coverage.graphs.verified == 421)
    #expect(trace.coverage.graphs.paddedLaunches == 0)
    #expect(trace.facts["graph_kernels_verified"] == "421")
  }

  @Test(
    "tables that sum up more agree where they name the operators that launch",
    arguments: [("unified_perf_summary.csv", "", 19), ("GEMM.csv", "_first", 4)])
  func summaries(file: String, suffix: String, rows: Int) throws {
    let ours = try Self.vLLM()
    let groups = groups(ours, byKernels: false)
    var table = try CSVReader(
      ByteSource(path: SharedData.path("traces/TraceLens/golden_vllm_decode_full/" + file)))
    let columns =
      ["name"].map { table.column($0) ?? -1 }
      + Self.arguments.map { table.column($0 + suffix) ?? -1 }
    let sum = table.column("Kernel Time (µs)_sum") ?? -1
    var count = 0
    while try table.next() {
      let texts = columns[1...4].map { json(fromPython: table.field($0)) }
      let row = Row(
        name: table.field(columns[0]), dims: texts[0], types: texts[1], strides: texts[2],
        inputs: texts[3])
      // The others are parents of these, or parts of operators that TraceLens makes up.
      guard let found = groups[row] else { continue }
      count += 1
      let total = found.reduce(0) { $0 + ours.groups[$1].totalKernelTime }
      #expect(abs(Double(total) / 1000 - (table.double(sum) ?? -1)) <= 72 / 4096)
    }
    #expect(count == rows)
  }

  @Test(
    "the time of all kernels is the sum of the decimals in the text, to the nanosecond",
    arguments: [
      "TraceLens/h100_Qwen1.5-0.5B-Chat.json.gz", "TraceLens/mi300_Qwen1.5-0.5B-Chat.json.gz",
      "TraceLens/b200_eager_trace.json.gz", "TraceLens/vllm_decode_full_graph_execution.json.gz",
      "TraceLens/mi210_gpu_only.json.gz", "HTA/nccl_data.json.gz", "HTA/rank0.json.gz",
    ])
  func totals(file: String) throws {
    let path = SharedData.path("traces/" + file)
    let expected = try DecimalSum(path: path)
    let trace = try KinetoReader.read(path: path)
    #expect(trace.coverage.total.count == expected.count)
    #expect(trace.coverage.total.nanoseconds == expected.nanoseconds)
    #expect(trace.coverage.timing.overflows.count == 0)
  }
}

/// Sums the durations of device events as digits, without a parser of JSON or of numbers.
struct DecimalSum {
  private(set) var count = 0
  private(set) var nanoseconds: Int64 = 0

  init(path: String) throws {
    var source = try ByteSource(path: path)
    let text = try source.read(count: 1 << 30)
    let categories = ["kernel", "gpu_memcpy", "gpu_memset"].map { Array("\"\($0)\"".utf8) }
    // An event begins at its phase and ends where the next begins.
    let phase = Array("\"ph\":".utf8)
    var starts: [Int] = []
    for index in text.indices.dropLast(phase.count)
    where text[index] == phase[0] && text[index..<index + phase.count].elementsEqual(phase) {
      starts.append(index)
    }
    for (start, end) in zip(starts, starts.dropFirst() + [text.count]) {
      let event = text[start..<end]
      guard let category = Self.value(of: "cat", in: event),
        categories.contains(where: { category.elementsEqual($0) }),
        let duration = Self.value(of: "dur", in: event)
      else { continue }
      count += 1
      let parts = duration.split(separator: UInt8(ascii: "."))
      var digits = String(decoding: parts[0], as: UTF8.self)
      let fraction = parts.count > 1 ? String(decoding: parts[1], as: UTF8.self) : ""
      digits += fraction + String(repeating: "0", count: 3 - fraction.count)
      nanoseconds += Int64(digits) ?? .min
    }
  }

  private static func value(of key: String, in event: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
    let pattern = Array("\"\(key)\":".utf8)
    for index in event.indices.dropLast(pattern.count)
    where event[index] == pattern[0] && event[index..<index + pattern.count].elementsEqual(pattern)
    {
      let rest = event[(index + pattern.count)...].drop { $0 == UInt8(ascii: " ") }
      return rest.prefix { $0 != UInt8(ascii: ",") && $0 != UInt8(ascii: "}") && $0 != 10 }
    }
    return nil
  }
}
