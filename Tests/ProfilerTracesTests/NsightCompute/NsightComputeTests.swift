import Operators
import Testing
import TraceIO

@testable import ProfilerTraces

@Suite struct NsightComputeTests {
  static let fixed =
    "\"ID\",\"Process ID\",\"Process Name\",\"Host Name\",\"Kernel Name\","
    + "\"Context\",\"Stream\",\"Block Size\",\"Grid Size\",\"Device\",\"CC\""
  static let long = fixed + ",\"Section Name\",\"Metric Name\",\"Metric Unit\",\"Metric Value\"\n"

  static func row(
    _ id: Int, _ kernel: String, _ metric: String, _ unit: String, _ value: String,
    grid: String = "(64, 2, 1)", capability: String = "9.0"
  ) -> String {
    "\"\(id)\",\"77\",\"python\",\"somehost\",\"\(kernel)\",\"1\",\"7\",\"(128, 1, 1)\",\"\(grid)\","
      + "\"0\",\"\(capability)\",\"Section\",\"\(metric)\",\"\(unit)\",\"\(value)\"\n"
  }

  private func read(_ text: String) throws -> ImportedTrace {
    try NsightComputeReader.read(bytes: Array(text.utf8))
  }

  @Test func `launches of the long form are grouped by kernel and grid`() throws {
    let trace = try read(
      "==PROF== Connected to process 77\nsome, \"output of the program\n" + Self.long
        + Self.row(0, "gemm(float*)", "dram__bytes.sum", "byte", "1,073,741,824")
        + Self.row(0, "gemm(float*)", "gpu__time_duration.sum", "nsecond", "1,500")
        + Self.row(1, "gemm(float*)", "gpu__time_duration.sum", "usecond", "2.52")
        + "==PROF== Profiling\n"
        + Self.row(2, "gemm(float*)", "gpu__time_duration.sum", "ms", "1.25", grid: "(8,1,1)")
        + Self.row(3, "copy", "gpu__time_duration.sum", "s", "4.0e-05")
        + Self.row(4, "copy", "gpu__time_duration.sum", "nsecond", "n/a"))
    #expect(trace.samples.map(\.duration.median) == [2010, 1_250_000, 40_000])
    #expect(trace.samples.map(\.duration.count) == [2, 1, 1])
    #expect(trace.samples[0].operator.kind == .opaque("gemm(float*)"))
    #expect(trace.samples[0].label == "gemm(float*) grid 64x2x1 block 128x1x1")
    #expect(
      trace.samples[0].operator.attributes
        == ["gridX": 64, "gridY": 2, "gridZ": 1, "blockX": 128, "blockY": 1, "blockZ": 1])
    #expect(trace.groups[0].kernels[0].events.map(\.place.offset) == [5, 6])
    #expect(trace.coverage.recordsRead == 6)
    #expect(trace.coverage.recordsUsed == 4)
    #expect(trace.coverage.rejected(.noDuration) == 1)
    #expect(trace.runtime.framework == "Nsight Compute")
    #expect(trace.facts == ["condition": "isolated", "compute_capability": "9.0"])
  }

  @Test func `launches stay apart when there is no room for their texts`() throws {
    let rows = (0..<9).map { Self.row($0, "k", "gpu__time_duration.sum", "ns", "1,50\($0)") }
    let table = try NsightComputeTable(
      ByteSource(bytes: Array((Self.long + rows.joined()).utf8)), options: .standard,
      texts: ByteStringTable(capacity: 8))
    #expect(table.launches.count == 9)
    // A kernel, grid, block, device and unit leave room for three durations.
    #expect(table.launches.map { $0.kernel >= 0 } == (0..<9).map { $0 < 3 })
  }

  @Test func `no private fact is kept`() throws {
    let trace = try read(
      Self.long + Self.row(0, "k", "gpu__time_duration.sum", "ns", "1,500"))
    #expect(!"\(trace)".contains("somehost"))
    #expect(!"\(trace)".contains("python"))
  }

  @Test func `the metric is better than the rounded Duration, in either order`() throws {
    for names in [["Duration", "gpu__time_duration.sum"], ["gpu__time_duration.sum", "Duration"]] {
      let rows = names.map { Self.row(0, "k", $0, "us", $0 == "Duration" ? "1.5" : "1.504") }
      #expect(try read(Self.long + rows.joined()).samples.map(\.duration.median) == [1504])
    }
  }

  @Test func `the wide form has a row of units`() throws {
    let text =
      Self.fixed
      + ",\"device__attribute_display_name\",\"dram__bytes.sum\",\"gpu__time_duration.sum\"\n"
      + "\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"byte\",\"usecond\"\n"
      + "\"0\",\"77\",\"p\",\"h\",\"k\",\"1\",\"7\",\"(32, 1, 1)\",\"(4, 1, 1)\",\"0\",\"9.0\","
      + "\"NVIDIA H100 PCIe\",\"10,240,000\",\"3.936\"\n"
    let trace = try read(text)
    #expect(trace.samples.map(\.duration.median) == [3936])
    #expect(trace.deviceName == "NVIDIA H100 PCIe")
    #expect(try TraceFormat.detect(prefix: Array(text.utf8), path: "x") == .nsightCompute)
  }

  @Test func `a wide form without units is refused`() {
    let error = #expect(throws: ProfilerTraceError.self) {
      try read(
        Self.fixed + ",\"gpu__time_duration.sum\"\n"
          + "0,77,p,h,k,1,7,\"(32, 1, 1)\",\"(4, 1, 1)\",0,9.0,1500\n")
    }
    #expect(error?.description.contains("row of units") == true)
  }

  @Test(
    "other values of the file tell the decimal mark",
    arguments: [
      ("27.595.520", "117.344", 117_344), ("65,77", "117.344", 117_344),
      ("1.234,5", "1.500", 1500), ("65.77", "117,344", 117_344), ("1,234.5", "1.500", 2),
    ] as [(String, String, Double)])
  func locale(other: String, value: String, expected: Double) throws {
    let trace = try read(
      Self.long + Self.row(0, "k", "gpu__time_duration.sum", "ns", value)
        + Self.row(0, "k", "dram__bytes.sum", "byte", other))
    #expect(trace.samples.map(\.duration.median) == [expected])
  }

  @Test func `what can be read in two ways is not read`() throws {
    let trace = try read(
      Self.long + Self.row(0, "k", "gpu__time_duration.sum", "ns", "117.344")
        + Self.row(1, "k", "gpu__time_duration.sum", "us", "1,024")
        + Self.row(2, "k", "gpu__time_duration.sum", "ns", "1,024"))
    #expect(trace.coverage.rejected(.badDuration) == 2)
    #expect(trace.samples.map(\.duration.median) == [1024])
  }

  @Test func `contradicting values are an error that says what to do`() {
    let error = #expect(throws: ProfilerTraceError.self) {
      try read(
        Self.long + Self.row(0, "k", "gpu__time_duration.sum", "ns", "65,77")
          + Self.row(1, "k", "gpu__time_duration.sum", "ns", "65.77"))
    }
    #expect(error?.description.contains("LC_ALL=C") == true)
  }

  @Test func `devices of several capabilities do not mix`() {
    let error = #expect(throws: ProfilerTraceError.self) {
      try read(
        Self.long + Self.row(0, "k", "gpu__time_duration.sum", "ns", "1,500")
          + Self.row(1, "k", "gpu__time_duration.sum", "ns", "1,500", capability: "8.0"))
    }
    #expect(error?.description.contains("8.0 and 9.0") == true)
  }

  @Test func `a second run in one file counts its launches from 0 again`() throws {
    let run = Self.long + Self.row(0, "k", "gpu__time_duration.sum", "ns", "1,500")
    #expect(try read(run + run).samples.map(\.duration.count) == [2])
  }

  @Test func `broken files are an error or an import`() throws {
    let text =
      "==PROF== x\n" + Self.long + Self.row(0, "k", "gpu__time_duration.sum", "nsecond", "1,500")
      + Self.row(1, "k", "Duration", "usecond", "2.52")
    survive(Array(text.utf8)) { _ = try NsightComputeReader.read(bytes: $0) }
  }
}
