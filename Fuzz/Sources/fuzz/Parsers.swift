import Analytical
import Foundation
import Operators
import ProfilerTraces
import RequestLogs
import Scenarios
import TraceIO

/// Every parser of hostile input by the name that `tools/fuzz` gives it: bytes in, nothing out.
///
/// A parser may throw its error; a trap, a hang or memory beyond the limit is a finding.
let parsers: [String: @Sendable ([UInt8]) -> Void] = {
  var parsers: [String: @Sendable ([UInt8]) -> Void] = [
    "json": json,
    "lines": lines,
    "csv": csv,
    "fixed-point": fixedPoint,
    "kernel-names": { bytes in
      _ = try? KernelNameTable(path: file(bytes)).identity(of: "void a::b<gemm>")
    },
    "mapping": { bytes in _ = try? TableMapping(path: file(bytes)) },
    "request-log": requestLog,
    "deployment": { bytes in
      _ = try? Deployment(yaml: String(decoding: bytes, as: UTF8.self), path: "d.yaml")
    },
    "scenario": scenario,
    "search": { bytes in
      _ = try? SearchSpace(yaml: String(decoding: bytes, as: UTF8.self), path: "s.yaml")
    },
    "defaults": { bytes in
      _ = try? CommandDefaults(yaml: String(decoding: bytes, as: UTF8.self), path: "reprise.yaml")
    },
    "model": model,
    "model-family": { bytes in _ = try? CatalogueModel.read(bytes, name: "family.json") },
    "devices": { bytes in _ = try? Device.read(bytes, name: "devices.json") },
    "platforms": { bytes in
      _ = try? Platform.read(bytes, name: "platforms.json", devices: Device.builtIns)
    },
    "capture": { bytes in
      var options = options(.kineto)
      options.captures = [file(bytes)]
      _ = try? KinetoReader.read(bytes: graphRun, options: options)
    },
    "shapes": { bytes in
      var options = options(.kineto)
      options.shapes = file(bytes)
      _ = try? KinetoReader.read(bytes: graphRun, options: options)
    },
    "index-searches": { bytes in _ = try? IndexSearchReader.read(path: file(bytes)) },
    "storage-reads": storageReads,
    "detect": { bytes in _ = try? TraceReader.read(path: file(bytes), options: options(nil)) },
  ]
  // One for each format that is a file: a new one is fuzzed without a word here.
  for format in TraceFormat.allCases {
    parsers[format.rawValue] = { bytes in
      let traces = try? TraceReader.read(path: file(bytes), options: options(format))
      for trace in traces ?? [] { _ = trace.kernelTimes }
    }
  }
  return parsers
}()

private func options(_ format: TraceFormat?) -> ImportOptions {
  var options = ImportOptions(
    maximumEvents: 100_000, inputLimits: InputLimits(maximumOutput: 16 << 20))
  options.format = format
  options.model = ModelArchitecture.builtIns.first
  // With a mapping every file is a table.
  if format == .mapped { options.mapping = mapping }
  return options
}

/// The mapping of the documented example; the fuzzer's seeds hold a table that fits it.
private let mapping = try? TableMapping(
  path: URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "docs/examples/tables/all-reduce.json").path)

/// A trace of a step that runs a graph, for captures and execution traces to be joined to.
private let graphRun = Array(
  """
  {"traceEvents": [
  {"ph": "X", "cat": "user_annotation", "name": "execute_context_0(0)_generation_8(8)", "pid": 1,
   "tid": 1, "ts": 0, "dur": 99},
  {"ph": "X", "cat": "cpu_op", "name": "aten::mm", "pid": 1, "tid": 1, "ts": 1, "dur": 5,
   "args": {"Record function id": 1, "External id": 1}},
  {"ph": "X", "cat": "cuda_runtime", "name": "hipGraphLaunch", "pid": 1, "tid": 1, "ts": 2, "dur": 3,
   "args": {"correlation": 1}},
  {"ph": "X", "cat": "kernel", "name": "sgemm", "pid": 0, "tid": 7, "ts": 5, "dur": 30,
   "args": {"correlation": 1, "graph node id": 5}},
  {"ph": "X", "cat": "kernel", "name": "norm", "pid": 0, "tid": 7, "ts": 40, "dur": 3,
   "args": {"correlation": 1, "graph node id": 6}}]}
  """.utf8)

/// A configuration, and what is made of a model: no size that is let in may overflow anything.
private func model(_ bytes: [UInt8]) {
  guard let model = try? ModelArchitecture(configuration: bytes, name: "config.json") else { return }
  _ = (model.parameterCount, model.activeParameterCount, model.keyValueBytesPerToken(.float32))
  for use in model.forwardPass(.float32, tensorParallel: 8) { _ = use.point(size: 1 << 40) }
  guard let platform = Platform.builtIns.first else { return }
  for layout in [.single, Parallelism(tensor: 2, pipeline: 2, data: 2)] {
    guard let steps = try? StepEstimator(model, Precision(.float32), layout, on: platform) else { continue }
    _ = try? RequestEstimator(steps).estimate(
      Workload(batch: 1 << 10, inputTokens: 1 << 24, outputTokens: model.generates ? 1 << 20 : 1))
  }
}

/// A scenario, and what is asked of it before it is simulated.
private func scenario(_ bytes: [UInt8]) {
  let text = String(decoding: bytes, as: UTF8.self)
  guard let scenario = try? Scenario(yaml: text, path: "s.yaml") else { return }
  precondition(scenario.firstConflict == nil)
  _ = (scenario.firstPlaces, scenario.engineCount)
  for pipeline in scenario.pipelines { _ = scenario.prefills(of: pipeline) }
}

/// Reads, and the curves that are drawn through them.
private func storageReads(_ bytes: [UInt8]) {
  for level in (try? StorageReadReader.read(path: file(bytes))) ?? [] {
    guard let curve = StorageCurve(level.reads) else { continue }
    for size in [0, 1, 1e6, 1e18] { precondition(curve.seconds(bytes: size) > 0) }
    precondition(curve.peakRate > 0)
  }
}

private func requestLog(_ bytes: [UInt8]) {
  guard var reader = try? RequestLogReader(bytes: bytes) else { return }
  while case .some(.some) = try? reader.next() {}
}

/// The bytes as a file, in memory where the system has such a folder.
private func file(_ bytes: [UInt8]) -> String {
  let folder = FileManager.default.fileExists(atPath: "/dev/shm") ? "/dev/shm" : "/tmp"
  let path = "\(folder)/reprise-fuzz-\(getpid())"
  guard let file = fopen(path, "w") else { return "/dev/null" }
  fwrite(bytes, 1, bytes.count, file)
  fclose(file)
  return path
}

private func json(_ bytes: [UInt8]) {
  guard var scanner = try? JSONScanner(ByteSource(bytes: bytes)) else { return }
  do {
    while true {
      // The length decides how tokens are asked for, so that all ways are tried.
      let token = bytes.count % 5 == 4 ? try scanner.captureValue() : try scanner.next()
      if token == .end { return }
      _ = scanner.string()
      _ = scanner.integer()
      _ = scanner.fixedPoint(decimals: 3)
      if bytes.count % 3 == 2 { try scanner.skipValue(of: token) }
    }
  } catch {
    _ = String(describing: error)
  }
}

private func lines(_ bytes: [UInt8]) {
  guard let source = try? ByteSource(bytes: bytes) else { return }
  var reader = LineReader(source, maximumLine: 4096)
  while (try? reader.next()) == true { _ = reader.withLine { $0.count } }
}

private func csv(_ bytes: [UInt8]) {
  guard let source = try? ByteSource(bytes: bytes), var table = try? CSVReader(source) else {
    return
  }
  while (try? table.next()) == true {
    for index in -1..<8 {
      _ = table.field(index)
      _ = table.integer(index)
      _ = table.double(index)
    }
  }
}

private func fixedPoint(_ bytes: [UInt8]) {
  let decimals = Int(bytes.first ?? 0) % 12
  let text = String(decoding: bytes.dropFirst(), as: UTF8.self)
  _ = FixedPoint(text, decimals: decimals)
  _ = printableText(text)
}
