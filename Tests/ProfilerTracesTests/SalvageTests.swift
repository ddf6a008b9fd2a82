import Operators
import TestSupport
import Testing

@testable import ProfilerTraces

/// Of an input that is cut, what comes before is imported as if the input ended there.
@Suite struct SalvageTests {
  /// A whole input, and the same without its last record.
  struct Input: CustomTestStringConvertible {
    var name: String
    var format: TraceFormat
    var whole: [UInt8]
    var sound: [UInt8]
    /// The bytes that are cut off.
    var cut = 5
    var testDescription: String { name }
  }

  private static func lines(
    _ name: String, _ format: TraceFormat, _ head: String, _ row: String
  ) -> Input {
    func text(_ rows: Int) -> [UInt8] {
      Array((head + String(repeating: row + "\n", count: rows)).utf8)
    }
    return Input(name: name, format: format, whole: text(4), sound: text(3))
  }

  /// The first line of a table, and its last.
  private static func table(_ name: String, _ format: TraceFormat, _ text: String) -> Input {
    let lines = text.split(separator: "\n")
    let head = lines.dropLast().map { $0 + "\n" }.joined()
    return Self.lines(name, format, head, String(lines.last ?? ""))
  }

  static let records = [
    lines(
      "sweep", .sweep, "",
      #"{"kind": "gemm", "attributes": {"n": 8, "k": 8}, "axes": {"tokens": 1}, "count": 3, "#
        + #""mean_ns": 5}"#),
    lines("steps", .steps, "", #"{"start_ns": 1, "duration_ns": 5, "batch": [[512, 0, 1]]}"#),
    lines(
      "curves", .curves, "{\"operator_curves\": 1, \"device\": \"x\"}\n",
      #"{"kind": "gemm", "attributes": {"n": 8, "k": 8}, "axes": ["tokens"], "points": [[1, 9]]}"#),
  ]

  static let documents: [Input] = {
    let nodes = (1...3).map { ChakraTests.Node(id: $0, name: "k\($0)", microseconds: $0) }
    let space = XPlaneTests.space(XPlaneTests.kernels)
    let head =
      #"{"rocprofiler-sdk-tool": [{"kernel_symbols": [{"kernel_id": 8, "kernel_name": "#
      + #""k"}], "buffer_records": {"kernel_dispatch": ["#
    let record =
      #"{"start_timestamp": 10, "end_timestamp": 20, "dispatch_info": {"kernel_id": 8}}"#
    let tail = "]}}]}"
    return [
      Input(
        name: "chakra", format: .chakra, whole: ChakraTests.trace(nodes),
        sound: ChakraTests.trace(nodes.dropLast())),
      Input(name: "xplane", format: .xplane, whole: space + space, sound: space, cut: 15),
      Input(
        name: "rocprofv3", format: .rocprofJSON,
        whole: Array((head + record + ", " + record + tail).utf8),
        sound: Array((head + record + tail).utf8), cut: 10),
    ]
  }()

  static let tables =
    TableDamageTests.tables.compactMap { name, text -> Input? in
      switch name {
      case "mapping": nil
      case "mapped": lines(name, .mapped, "", "mm,4,8,h,1.5us,1,10,a")
      case "nccl":
        lines(
          name, .ncclTests,
          String(text[..<(text.firstRange(of: "         1048576")?.lowerBound ?? text.endIndex)]),
          "         1048576        524288      half     sum      -1    52.43   20.00   35.00       "
            + "0    51.50   20.36   35.63       0")
      case "latencies": table(name, .layerLatency, text)
      case "steps": table("splitwise", .splitwise, text)
      default: table("Vidur's " + name, .vidur, text)
      }
    } + [
      lines(
        "rocprofv3", .rocprofCSV, RocprofTests.generations[2].header + "\n",
        RocprofTests.generations[2].row),
      lines("layers", .layerwise, "layer,tokens,time_us\n", "qkv_proj,16,2.5"),
      table(
        "Nsight Compute", .nsightCompute,
        NsightComputeTests.long
          + NsightComputeTests.row(0, "k", "gpu__time_duration.sum", "ns", "1,500")
          + NsightComputeTests.row(1, "k", "gpu__time_duration.sum", "ns", "1,500")),
    ]

  private func read(
    _ bytes: [UInt8], _ input: Input, isStrict: Bool = false
  ) throws -> [ImportedTrace] {
    let directory = try TemporaryDirectory()
    var options = LayerLatencyReaderTests.options
    options.format = input.format
    options.isStrict = isStrict
    if input.format == .mapped {
      options.mapping = try TableMapping(
        path: directory.write(MappedTableReaderTests.mapping, to: "m.json"))
    }
    return try TraceReader.read(path: directory.write(bytes, to: "input"), options: options)
  }

  private func check(_ bytes: [UInt8], _ input: Input) throws {
    let found = try read(bytes, input)
    let expected = try read(input.sound, input)
    #expect(found.map(\.samples) == expected.map(\.samples))
    #expect(found.map(\.measuredSteps) == expected.map(\.measuredSteps))
    #expect(expected.allSatisfy { !$0.samples.isEmpty || !$0.measuredSteps.isEmpty })
    for trace in found {
      let place = try #require(trace.coverage.salvagedAt ?? trace.coverage.damagedAt.first)
      #expect(place <= input.whole.count - input.cut)
      #expect(trace.warnings.contains { $0.contains("byte \(place) of its text") })
    }
    #expect(throws: ProfilerTraceError.self) { try read(bytes, input, isStrict: true) }
  }

  @Test(
    "a compressed input that is cut yields what came before",
    arguments: records + documents + tables)
  func compressed(input: Input) throws {
    let stored = KinetoRecoveryTests.gzip(input.whole)
    try check(Array(stored.dropLast(8 + input.cut)), input)
  }

  @Test("text that is cut yields what came before", arguments: records + documents)
  func plain(input: Input) throws {
    try check(Array(input.whole.dropLast(input.cut)), input)
  }
}
