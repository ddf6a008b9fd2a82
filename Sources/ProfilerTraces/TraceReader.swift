import Analytical
import TraceIO

/// Imports a source of any format that is known.
///
///     for trace in try TraceReader.read(path: "rank0.json.gz") { print(trace.samples.count) }
public enum TraceReader {
  /// Imports a file or directory, or standard input where `path` is `-`.
  ///
  /// - Returns: What was read; several where a directory holds several studies.
  public static func read(
    path: String, options: ImportOptions = .standard
  ) throws(ProfilerTraceError) -> [ImportedTrace] {
    let format: TraceFormat
    if options.mapping != nil {
      format = .mapped
    } else if let given = options.format {
      format = given
    } else {
      format = try TraceFormat.detect(path: path, limits: options.inputLimits)
    }
    guard options.captures.isEmpty || format == .kineto else {
      throw .missingInformation(
        path: path, what: "is no Kineto trace, so a graph capture cannot be used with it")
    }
    guard options.shapes == nil || format == .kineto else {
      throw .missingInformation(
        path: path, what: "is no Kineto trace: only those take shapes of an execution trace")
    }
    var traces: [ImportedTrace]
    switch format {
    case .kineto: traces = [try KinetoReader.read(path: path, options: options)]
    case .chakra: traces = [try ChakraReader.read(path: path, options: options)]
    case .nsightCompute: traces = [try NsightComputeReader.read(path: path, options: options)]
    case .xplane: traces = [try XPlaneReader.read(path: path, options: options)]
    case .sweep: traces = [try SweepReader.read(path: path, options: options)]
    case .curves: traces = [try CurvesReader.read(path: path, options: options)]
    case .steps: traces = [try StepsReader.read(path: path, options: options)]
    case .layerwise: traces = try layerwise(path, options)
    case .nsightSystems: traces = [try NsightSystemsReader.read(path: path, options: options)]
    case .rocpd: traces = [try RocpdReader.read(path: path, options: options)]
    case .rocprofCSV: traces = [try RocprofCSVReader.read(path: path, options: options)]
    case .rocprofJSON: traces = [try RocprofJSONReader.read(path: path, options: options)]
    case .rpd: traces = [try RPDReader.read(path: path, options: options)]
    case .layerLatency: traces = [try layerLatency(path, options)]
    case .mapped: traces = try mapped(path, options)
    case .ncclTests: traces = try NCCLTestsReader.read(path: path, options: options)
    case .splitwise: traces = try SplitwiseReader.read(path: path, options: options)
    case .vidur: traces = try VidurReader.read(path: path, options: options)
    }
    for index in traces.indices {
      if traces[index].path.isEmpty { traces[index].path = path }
      traces[index].identifyKernels(options.kernelNames)
      if options.kernelNames.version != KernelNameTable.builtIn.version {
        let names = "kernel_names=\(options.kernelNames.version)"
        traces[index].arguments += traces[index].arguments.isEmpty ? names : " " + names
      }
    }
    return traces
  }

  private static func layerLatency(
    _ path: String, _ options: ImportOptions
  ) throws(ProfilerTraceError) -> ImportedTrace {
    guard let model = options.model else {
      throw .missingInformation(
        path: path, what: "names layers only; give the model with --model NAME")
    }
    return try LayerLatencyReader.read(path: path, model: model, options: options)
  }

  private static func mapped(
    _ path: String, _ options: ImportOptions
  ) throws(ProfilerTraceError) -> [ImportedTrace] {
    guard let mapping = options.mapping else {
      throw .missingInformation(
        path: path, what: "needs to be told what its columns mean; give --mapping FILE")
    }
    return try MappedTableReader.read(path: path, mapping: mapping, options: options)
  }

  /// The tables of a directory, and the study of skewed batches beside them, if there is one.
  private static func layerwise(
    _ path: String, _ options: ImportOptions
  ) throws(ProfilerTraceError) -> [ImportedTrace] {
    guard let model = options.model else {
      throw .missingInformation(
        path: path, what: "names layers only; give the model with --model NAME")
    }
    var tables = try LayerwiseReader.read(
      path: path, architecture: model, tensorParallel: options.tensorParallel, options: options)
    if let profiled = tables.facts["model"],
      let known = ModelArchitecture.builtIn(named: profiled), known != model
    {
      throw .missingInformation(
        path: path, what: "was measured on \(profiled); give --model \(known.name)")
    }
    tables.arguments = "model=\(model.name) tensor_parallel=\(options.tensorParallel)"
    var skew = try SkewReader.read(
      besideTables: tables, directory: path, architecture: model,
      tensorParallel: options.tensorParallel, options: options)
    skew?.path = path + "/" + SkewReader.table
    skew?.arguments = tables.arguments
    return [tables] + (skew.map { [$0] } ?? [])
  }
}
