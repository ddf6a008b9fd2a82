import Operators
import TestSupport
import Testing

@testable import ProfilerTraces

@Suite struct MappedTableReaderTests {
  static let examples = Checkout.path("docs/examples/tables")

  func options(_ mapping: String) throws -> ImportOptions {
    var options = ImportOptions.standard
    options.mapping = try TableMapping(path: mapping)
    return options
  }

  @Test func `the documented example is read as documented`() throws {
    let options = try options(Self.examples + "/all-reduce.json")
    let traces = try TraceReader.read(path: Self.examples + "/collectives.csv", options: options)
    let trace = try #require(traces.first)
    #expect(traces.count == 1)
    #expect(trace.format == .mapped)
    #expect(trace.deviceName == "NVIDIA H100")
    #expect(trace.runtime == RuntimeDescription(framework: "NCCL"))
    #expect(trace.arguments == "mapping=\(options.mapping?.digest ?? "")")
    #expect(trace.coverage.rejected(.unmatchedRow) == 1)
    let half = Operator(.allReduce, dataType: .float16, ["ranks": 8])
    #expect(
      trace.samples.map(\.operator) == [
        half, half, Operator(.allReduce, dataType: .float16, ["ranks": 16, "nodes": 2]),
        Operator(.allReduce, dataType: .float32, ["ranks": 8]),
      ])
    #expect(trace.samples.map { $0.point[0] } == [1024, 1 << 20, 1 << 20, 1 << 20])
    #expect(trace.samples.map(\.duration.median) == [14_200, 31_500, 96_250, 31_900])
  }

  /// A decimal comma makes a row longer, and moves all behind it; a comma at the end moves nothing.
  @Test func `a row that is longer than the header is bad`() throws {
    let directory = try TemporaryDirectory()
    let mapping = try directory.write(
      #"{"version":1,"operators":[{"kind":"rmsNorm","attributes":{"width":64},"#
        + #""axes":{"tokens":"t"},"times":{"unit":"us","mean":"us"}}]}"#, to: "m.json")
    let table = try directory.write("t,us\n1,2\n2,3,5\n3,4,\n", to: "t.csv")
    let trace = try TraceReader.read(path: table, options: options(mapping)).first
    #expect(trace?.samples.map(\.duration.median) == [2000, 4000])
    #expect(trace?.coverage.rejected(.badValue) == 1)
  }

  /// Rows, of which used, and the sum of their times in µs, by Python's `decimal`:
  ///
  ///     sum(Decimal(x["time(us)"]) for x in r if x["size(kb)"] != "0")
  ///     sum(Decimal(x[3].strip()[:-2]) for x in (l.split(",") for l in text.splitlines()))  # in ms
  @Test(
    "published tables are read whole by the documented mappings",
    .needsSharedData,
    arguments: [
      ("nccl/comm/H100-SXM-80GB/all_reduce.csv", "all-reduce", 114, 111, 11814),
      ("nccl/comm/H200-SXM-141GB/all_reduce.csv", "all-reduce", 57, 54, 4370),
      ("nccl/comm/V100-PCIE-16GB/all_reduce.csv", "all-reduce", 152, 152, 6_169_709),
      ("llmcompass/matmul_A100.csv", "matmul", 20, 20, 152_072.3),
      ("llmcompass/matmul_MI210.csv", "matmul", 22, 22, 361_493.2),
    ])
  func published(
    file: String, mapping: String, rows: Int, used: Int, microseconds: Double
  ) throws {
    let options = try options(Self.examples + "/\(mapping).json")
    let traces = try TraceReader.read(
      path: SharedData.path("operator-tables/" + file), options: options)
    let coverage = try #require(traces.first).coverage
    #expect(coverage.recordsRead == rows)
    #expect(coverage.rejectedRecords == 0)
    let samples = traces.flatMap(\.samples)
    #expect(samples.count == used)
    #expect(abs(samples.reduce(0) { $0 + $1.duration.mean } / 1e3 - microseconds) < 1e-3)
  }

  static let mapping = """
    {"version": 1, "columns": ["op", "m", "n", "dtype", "t", "lo", "runs", "host"],
     "device": "gpu", "framework_version": {"column": "host"},
     "operators": [
      {"where": [{"column": "op", "equals": "mm"}, {"column": "m", "not": "7"}], "kind": "gemm",
       "data_type": {"column": "dtype", "values": {"h": "fp16", "b": "bf16"}},
       "attributes": {"n": "N", "k": 64},
       "axes": {"tokens": {"columns": ["m", "runs"], "factor": 3, "divisor": 2}},
       "times": {"unit": "us", "median": "t", "minimum": "lo", "count": "runs"}},
      {"kind": "opaque:other", "times": {"unit": "s", "mean": "t"}}]}
    """

  @Test func `rows are selected, multiplied and divided as the mapping says`() throws {
    let directory = try TemporaryDirectory()
    let text = """
      mm, 4 ,8,h, 1.5us ,1,10,a
      mm,7,8,h,2,1,10,a
      mm,3,8,b,2.25,1,10,b
      mm,3,8,x,2,1,10,a
      mm,3,8,h,2,1,3,a
      mm,3,,h,2,1,10,a
      mm,3,8,h,fast,1,10,a
      mm,9223372036854775807,8,h,2,1,10,a
      mm,4,8,h,2,1,0,a
      mm,4,8,h,0,1,2,a
      mm,4

      """
    let options = try options(directory.write(Self.mapping, to: "m.json"))
    let traces = try TraceReader.read(path: directory.write(text, to: "t"), options: options)
    #expect(traces.map(\.runtime.version) == ["a", "b"])
    let first = try #require(traces.first)
    #expect(first.samples.map(\.operator.kind) == [.gemm, .opaque("other")])
    #expect(first.samples[0].operator.attributes == ["n": 8, "k": 64])
    #expect(first.samples[0].point == AxisPoint(60))
    #expect(
      first.samples[0].duration
        == DurationStatistics(count: 10, minimum: 1000, median: 1500, mean: 1500, deviation: 0))
    #expect(first.samples[1].duration.mean == 2e9)
    #expect(traces[1].samples[0].operator.dataType == .bfloat16)
    #expect(traces[1].samples[0].point == AxisPoint(45))
    #expect(first.coverage.rejected(.badDuration) == 1)
    #expect(first.coverage.rejected(.negativeDuration) == 1)
    #expect(first.coverage.rejected(.badValue) == 6)
  }

  @Test func `a column that the table lacks is named`() throws {
    let directory = try TemporaryDirectory()
    let path = try directory.write("gpu,num_nodes\n", to: "t.csv")
    let options = try options(Self.examples + "/all-reduce.json")
    #expect(throws: ProfilerTraceError.missingColumn(path: path, column: "size(kb)")) {
      try TraceReader.read(path: path, options: options)
    }
  }

  @Test(
    "what is wrong with a mapping is said in one line, with the member's path",
    arguments: [
      ("\"version\": 1", "\"version\": 2", "version must be 1"),
      ("\"version\": 1,", "", "version is missing"),
      ("\"version\": 1", "\"version\": 1, \"version\": 1", "version is given twice"),
      ("\"device\"", "\"devise\"", "devise is not known; did you mean 'device'?"),
      ("\"equals\"", "\"equal\"", "operators[0].where[0].equal is not known"),
      ("\"equals\": \"mm\"", "\"equals\": \"mm\", \"not\": \"x\"", "operators[0].where[0] needs"),
      ("\"gemm\"", "\"gem\"", "operators[0].kind is no known kind; did you mean 'gemm'?"),
      ("\"bf16\"", "\"bf15\"", "operators[0].data_type says 'bf15'"),
      ("\"tokens\"", "\"token\"", "operators[0].axes.token is no axis of gemm; did you mean"),
      (
        "\"k\": 64", "\"kk\": 64",
        "operators[0].attributes.kk is no attribute of gemm; did you mean"
      ),
      ("\"k\": 64", "\"batch\": 2", "operators[0].attributes lacks 'k'; gemm has n, k, batch"),
      ("\"axes\"", "\"axis\"", "operators[0].axis is not known; did you mean 'axes'?"),
      ("\"divisor\": 2", "\"divisor\": 0", "operators[0].axes.tokens.divisor must be a whole"),
      (
        "\"columns\": [\"m\"", "\"columns\": [1", "operators[0].axes.tokens.columns[0] must be text"
      ),
      ("\"k\": 64", "\"k\": -64", "operators[0].attributes.k must be from 0"),
      ("\"k\": 64", "\"k\": 6.4", "operators[0].attributes.k must be a whole"),
      ("\"us\"", "\"min\"", "operators[0].times.unit must be one of s, ms, us, ns"),
      (", \"mean\": \"t\"", "", "operators[1].times needs 'mean' or 'median'"),
      ("\"operators\": [", "\"operators\": {}, \"x\": [", "x is not known"),
      ("{\"version\"", "[{\"version\"", "the JSON ends early"),
      ("\"gpu\"", "NaN", "not valid JSON"), ("\"gpu\"", "\"\"", "device must be text"),
      ("}]}", "}]} 1", "not valid JSON"),
    ])
  func badMapping(from: String, to: String, complaint: String) throws {
    let directory = try TemporaryDirectory()
    let range = try #require(Self.mapping.firstRange(of: from))
    let text =
      Self.mapping[..<range.lowerBound] + to + Self.mapping[range.upperBound...]
    let path = try directory.write(String(text), to: "m.json")
    let error = #expect(throws: ProfilerTraceError.self) { try TableMapping(path: path) }
    let description = error?.description ?? ""
    #expect(description.contains(complaint), "\(description)")
    #expect(description.hasPrefix(path) && !description.contains("\n"))
  }

  @Test func `a mapping of more than a mebibyte is refused`() throws {
    let directory = try TemporaryDirectory()
    let text = "{\"version\": 1, \"description\": \"\(String(repeating: "x", count: 1 << 20))\"}"
    #expect(throws: ProfilerTraceError.self) {
      try TableMapping(path: directory.write(text, to: "m.json"))
    }
  }
}
