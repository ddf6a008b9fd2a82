import Analytical
import Operators
import TestSupport
import Testing
import TraceIO

@testable import ProfilerTraces

@Suite struct TableReaderTests {
  static let llama = ModelArchitecture(
    name: "llama", hiddenSize: 4096, intermediateSize: 14336, layers: 32, heads: 32, kvHeads: 8,
    vocabularySize: 128_256)

  @Test func `a number that may be cut in the last line is not believed`() throws {
    let directory = try TemporaryDirectory()
    let path = try directory.write(
      "layer,tokens,time_us\nqkv_proj,16,9.5\no_proj,16,1", to: "dense.csv")
    let trace = try LayerwiseReader.read(path: path, architecture: Self.llama)
    #expect(trace.samples.map(\.label) == ["qkv_proj"])
    #expect(trace.coverage.salvagedAt == 37)
    #expect(trace.warnings.count == 1)
    let error = #expect(throws: ProfilerTraceError.self) {
      try LayerwiseReader.read(
        path: path, architecture: Self.llama, options: ImportOptions(isStrict: true))
    }
    #expect(error?.description.contains("the last line has no end") == true)
  }

  @Test func `a directory of tables is read with its meta file`() throws {
    let directory = try TemporaryDirectory()
    let meta = """
      {"gpu": "GPU X", "vllm_version": "0.19.0", "variant": "bf16", "measurement_iterations": 3,
       "engine_effective": {"enforce_eager": true, "block_size": 16, "model": "/home/someone"}}
      """
    _ = try directory.write(meta, to: "m/meta.json")
    let dense = """
      layer,tokens,time_us
      qkv_proj,16,9.31067
      layernorm,16,2.5
      final_layernorm,16,2.5
      mystery,16,1
      o_proj,x,1
      o_proj,1,-1
      """
    _ = try directory.write(dense + "\n", to: "m/tp1/dense.csv")
    let sequences = "layer,sequences,time_us\nlm_head,4,1096.93\n"
    _ = try directory.write(sequences, to: "m/tp1/per_sequence.csv")
    let attention = "prefill_chunk,kv_prefill,n_decode,kv_decode,time_us\n0,0,1,16,9.5\n"
    _ = try directory.write(attention, to: "m/tp1/attention.csv")
    _ = try directory.write("pc\n", to: "m/tp1/skew_fit.csv")
    let path = directory.path + "/m/tp1"
    #expect(try TraceFormat.detect(path: path) == .layerwise)
    let trace = try LayerwiseReader.read(path: path, architecture: Self.llama)
    #expect(trace.deviceName == "GPU X")
    #expect(trace.runtime.version == "0.19.0")
    #expect(trace.facts["engine.enforce_eager"] == "true")
    #expect(!trace.facts.values.contains("/home/someone"))
    #expect(trace.inputs.count == 3)
    #expect(trace.coverage.ignoredFiles == ["skew_fit.csv"])
    #expect(trace.coverage.rejected(.unknownLayer) == 1)
    #expect(trace.coverage.rejected(.badValue) == 1)
    #expect(trace.coverage.rejected(.negativeDuration) == 1)
    // Nothing is wrong with the final normalisation, but the layers' rows measure its operator.
    #expect(trace.coverage.rejected(.finalNorm) == 1)
    #expect(trace.coverage.rejectedRecords == 3)
    #expect(trace.samples.map(\.label) == ["qkv_proj", "layernorm", "lm_head", "attention"])
    #expect(trace.samples[0].duration == DurationStatistics(mean: 9310.67, count: 3))
    #expect(trace.samples[3].point == AxisPoint(0, 0, 1, 16))
    let single = try LayerwiseReader.read(path: path + "/dense.csv", architecture: Self.llama)
    #expect(single.samples.count == 2)
    let error = #expect(throws: ProfilerTraceError.self) {
      _ = try LayerwiseReader.read(path: path, architecture: Self.llama, tensorParallel: 2)
    }
    #expect(error?.description.contains("parallelism 1") == true)
  }

  @Test func `a table without a column is refused by name`() throws {
    let directory = try TemporaryDirectory()
    let path = try directory.write("layer,tokens\nqkv_proj,1\n", to: "dense.csv")
    #expect(throws: ProfilerTraceError.missingColumn(path: path, column: "time_us")) {
      _ = try LayerwiseReader.read(path: path, architecture: Self.llama)
    }
  }

  @Test(
    "the real tables are read whole",
    .needsSharedData,
    arguments: [("RTX4090", 1, 9939), ("RTXPRO6000", 1, 20_660), ("RTXPRO6000", 2, 20_660)])
  func realTables(device: String, tensorParallel: Int, samples: Int) throws {
    let trace = try LayerwiseReader.read(
      path: SharedData.path(
        "operator-tables/layerwise/\(device)/Llama-3.1-8B/tp\(tensorParallel)"),
      architecture: Self.llama, tensorParallel: tensorParallel)
    #expect(trace.samples.count == samples)
    #expect(trace.coverage.rejectedRecords == 0)
    #expect(trace.deviceName?.hasPrefix("NVIDIA") == true)
    #expect(Set(trace.samples.map(\.operator)).count == 11)
  }

  @Test func `sweeps are read line by line, and damaged lines counted`() throws {
    let directory = try TemporaryDirectory()
    let text = """
      {"kind":"gemm","dtype":"fp32","attributes":{"n":6,"k":8},"axes":{"tokens":4},"count":5,"min_ns":1,"p50_ns":2,"p90_ns":4,"mean_ns":3,"deviation_ns":0.5}
      {"kind":"attention","attributes":{"heads":8},"axes":{"decodeContext":9,"decodeSequences":2},"count":1,"mean_ns":7}
      {"kind":"gemm","attributes":{},"axes":{"tokens":-1},"count":1,"mean_ns":3}
      {"kind":"gemm","attributes":{},"axes":{"rows":1},"count":1,"mean_ns":3}
      {"kind":"gemm","attributes":{},"axes":{},"count":1}
      {"kind":"gemm","attributes":{},"axes":{"tokens":1},"count":1,"mean_ns":-3}
      {"kind":"gemm","attributes":{},"axes":{},"count":1.5,"mean_ns":3}
      {"kind":"gemm",
      [1]
      """
    let path = try directory.write(text, to: "any.name")
    #expect(try TraceFormat.detect(path: path) == .sweep)
    let trace = try SweepReader.read(path: path)
    #expect(trace.samples.count == 2)
    #expect(trace.samples[0].operator == Operator(.gemm, dataType: .float32, ["n": 6, "k": 8]))
    #expect(
      trace.samples[0].duration
        == DurationStatistics(count: 5, minimum: 1, median: 2, mean: 3, deviation: 0.5))
    #expect(trace.samples[1].point == AxisPoint(0, 0, 2, 9))
    #expect(trace.coverage.rejected(.badValue) == 3)
    #expect(trace.coverage.rejected(.missingField) == 2)
    #expect(trace.coverage.rejected(.negativeDuration) == 1)
    #expect(trace.coverage.rejected(.syntax) == 1)
    #expect(throws: ProfilerTraceError.self) {
      _ = try SweepReader.read(path: path, options: ImportOptions(toleratedBadRecords: 6))
    }
  }

  @Test(
    "hostile numbers in a sweep are refused with a reason",
    arguments: [
      ("axes", #"{"tokens":1099511627777}"#, .badValue),
      ("axes", #"{"tokens":9223372036854775807}"#, .badValue),
      ("attributes", #"{"n":0}"#, .badValue), ("attributes", #"{"n":2147483649}"#, .badValue),
      ("count", "0", .badValue), ("count", "2147483649", .badValue), ("count", "1e300", .badValue),
      ("mean_ns", "0", .negativeDuration), ("mean_ns", "1e300", .durationTooLong),
      ("mean_ns", "3600000000001", .durationTooLong), ("min_ns", "0", .negativeDuration),
      ("min_ns", "1e300", .durationTooLong), ("p50_ns", "-1", .negativeDuration),
      ("p50_ns", "1e300", .durationTooLong), ("deviation_ns", "-1", .negativeDuration),
      ("deviation_ns", "1e300", .durationTooLong),
    ] as [(String, String, RejectionReason)])
  func hostileSweep(field: String, value: String, reason: RejectionReason) throws {
    var fields = [
      "axes": #"{"tokens":1099511627776}"#, "attributes": #"{"n":1,"k":2147483648}"#,
      "count": "2147483648", "mean_ns": "3600000000000", "min_ns": "0.5", "p50_ns": "1",
      "deviation_ns": "0",
    ]
    func line() -> String {
      let members = fields.sorted { $0.key < $1.key }.map { "\"\($0.key)\":\($0.value)" }
      return "{\"kind\":\"gemm\",\(members.joined(separator: ","))}\n"
    }
    let sound = line()
    fields[field] = value
    let directory = try TemporaryDirectory()
    let trace = try SweepReader.read(path: directory.write(sound + line(), to: "samples.jsonl"))
    #expect(trace.samples.count == 1)
    #expect(trace.coverage.rejected(reason) == 1)
    #expect(trace.coverage.rejectedRecords == 1)
    // Where nothing else is left the reason is told, and not whether a profiler ran.
    let error = #expect(throws: ProfilerTraceError.self) {
      try SweepReader.read(path: directory.write(line(), to: "bad.jsonl"))
    }
    #expect(
      error?.description.hasSuffix(
        "none of its 1 record can be used, mostly: \(reason.rawValue)") == true)
  }

  @Test func `axes of attention are bounded so that their products fit`() throws {
    let directory = try TemporaryDirectory()
    let (fits, huge) = (1 << 30, 1 << 30 + 1)
    // What belongs to each size, so that it alone is too large.
    let others = [
      "prefillPast": #","prefillTokens":1"#, "decodeSequences": #","decodeContext":1"#,
      "decodeContext": #","decodeSequences":1"#,
      "decodeLongest": #","decodeSequences":2,"decodeContext":\#(fits)"#,
    ]
    func sample(_ axis: String, _ size: Int) -> String {
      #"{"kind":"attention","axes":{"\#(axis)":\#(size)\#(others[axis] ?? "")},"#
        + #""count":1,"mean_ns":3}"# + "\n"
    }
    let axes = OperatorKind.attention.axes
    let lines = axes.map { sample($0, fits) + sample($0, huge) }.joined()
    let sweep = try SweepReader.read(path: directory.write(lines, to: "samples.jsonl"))
    #expect(sweep.samples.count == axes.count)
    #expect(sweep.coverage.rejected(.badValue) == axes.count)
    let table = """
      prefill_chunk,kv_prefill,n_decode,kv_decode,time_us
      0,0,\(fits),\(fits),9.5
      0,0,\(huge),1,9.5
      0,0,1,\(huge),9.5
      """
    let path = try directory.write(table + "\n", to: "attention.csv")
    let tables = try LayerwiseReader.read(path: path, architecture: Self.llama)
    #expect(tables.samples.count == 1)
    #expect(tables.coverage.rejected(.badValue) == 2)
  }

  @Test func `hostile batches in a step log are refused`() throws {
    let (most, sequences) = (1 << 24, 65_536)
    func step(_ sequence: String, times count: Int = 1) -> String {
      let batch = repeatElement(sequence, count: count).joined(separator: ",")
      return "{\"start_ns\":0,\"duration_ns\":1,\"batch\":[\(batch)]}\n"
    }
    let directory = try TemporaryDirectory()
    let sound = step("[\(most),\(most),1]") + step("[1,\(most),1]", times: sequences)
    let hostile = [
      step("[\(most + 1),0,1]"), step("[1,\(most + 1),1]"), step("[1,1,\(most + 1)]"),
      step("[9223372036854775807,9223372036854775807,1]"), step("[-1,0,1]"), step("[1,2,3,4]"),
      step("[1,1,1]", times: sequences + 1), step("[\(most),\(most),1]", times: sequences),
    ]
    let path = try directory.write(sound + hostile.joined(), to: "steps.jsonl")
    let trace = try StepsReader.read(path: path)
    let steps = trace.measuredSteps
    #expect(steps.count == 2)
    #expect(steps[1].shape.decodeContext == sequences * (most + 1))
    #expect(trace.coverage.rejected(.badValue) == hostile.count)
  }

  @Test func `steps are read with their batches`() throws {
    let directory = try TemporaryDirectory()
    let text = """
      {"start_ns":1000,"duration_ns":5200,"host_ns":300,"batch":[[512,0,1],[1,90,1]]}
      {"start_ns":7000,"duration_ns":5,"batch":[],"extra":{"x":[1]}}
      {"start_ns":7000,"duration_ns":5,"batch":[[1,2]]}
      {"start_ns":7000,"batch":[]}
      {"start_ns":"a","duration_ns":-5,"batch":7}
      """
    let path = try directory.write(text, to: "steps")
    #expect(try TraceFormat.detect(path: path) == .steps)
    let trace = try StepsReader.read(path: path)
    let steps = trace.measuredSteps
    #expect(steps.count == 2)
    #expect(steps[0].shape.decodeContext == 91)
    #expect(trace.coverage.rejectedRecords == 3)
    #expect(trace.inputs[0].storedBytes == text.utf8.count)
  }

  @Test(
    "what is not imported is named by its content",
    arguments: [
      ("", "empty file"),
      ("{\"nodes\":[],\"schema\":1}", "execution trace"),
      ("{\"a\":1}", "other members"),
      ("hello", "this content"), ("layer,tokens\n", "a table of other columns"),
    ])
  func unknown(text: String, found: String) throws {
    let error = #expect(throws: ProfilerTraceError.self) {
      _ = try TraceFormat.detect(prefix: Array(text.utf8), path: "x")
    }
    #expect(error?.description.contains(found) == true, "\(String(describing: error))")
  }
}
