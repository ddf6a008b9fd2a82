public import TraceIO

/// A format that is imported.
public enum TraceFormat: String, Hashable, Sendable, CaseIterable, Codable {
  /// A Chakra execution trace, in Protocol Buffers.
  case chakra
  /// PyTorch's Kineto, in the JSON of Chrome traces.
  case kineto
  /// Operator tables of vLLM's layerwise profiler, as a directory of CSV files or one of them.
  case layerwise
  /// The SQLite export of Nsight Systems.
  case nsightSystems = "nsys"
  /// The SQLite databases of rocprofv3.
  case rocpd
  /// The tables of rocprofv3 as CSV.
  case rocprofCSV = "rocprofv3-csv"
  /// The JSON of rocprofv3.
  case rocprofJSON = "rocprofv3-json"
  /// The SQLite databases of rocmProfileData.
  case rpd
  /// Layer latencies of LLMServingSim's first profiler, as one CSV file.
  case layerLatency = "layer-latency"
  /// Any CSV file, by a mapping of its columns.
  case mapped
  /// The output of nccl-tests or rccl-tests.
  case ncclTests = "nccl-tests"
  /// Whole steps of Splitwise's performance model, as one CSV file.
  case splitwise
  /// Operator tables of Vidur's profiler, as one CSV file.
  case vidur
  /// Nsight Compute's kernels as CSV.
  case nsightCompute = "nsight-compute"
  /// Reprise's own operator samples, one JSON object a line.
  case sweep
  /// Operator curves, many points a line, as tools write them from other projects' tables.
  case curves
  /// Reprise's own measured engine steps, one JSON object a line.
  case steps
  /// A profile of JAX or TensorFlow (XLA), in Protocol Buffers.
  case xplane
}

extension TraceFormat {
  /// What a person calls it.
  public var title: String {
    switch self {
    case .chakra: "Chakra execution trace"
    case .kineto: "PyTorch Kineto trace"
    case .layerwise: "vLLM layerwise operator tables"
    case .nsightSystems: "Nsight Systems SQLite export"
    case .rocpd: "rocprofv3 database (rocpd)"
    case .rocprofCSV: "rocprofv3 kernel trace (CSV)"
    case .rocprofJSON: "rocprofv3 trace (JSON)"
    case .rpd: "rocmProfileData database (rpd)"
    case .layerLatency: "LLMServingSim layer latencies"
    case .mapped: "CSV table with a mapping"
    case .ncclTests: "nccl-tests output"
    case .splitwise: "Splitwise performance model"
    case .vidur: "Vidur profiler table"
    case .nsightCompute: "Nsight Compute CSV"
    case .sweep: "Reprise operator samples"
    case .curves: "operator curves"
    case .steps: "Reprise measured engine steps"
    case .xplane: "XLA profile (XPlane)"
    }
  }

  /// Whether one stream of text is all of a source: standard input can be of such a format.
  public var isStream: Bool {
    switch self {
    case .nsightSystems, .rocpd, .rpd, .layerwise: false
    default: true
    }
  }

  /// The unit of the times as the format writes them.
  public var timeUnit: String {
    switch self {
    case .chakra, .kineto, .layerwise, .ncclTests: "microseconds"
    case .nsightSystems, .rocpd, .rocprofCSV, .rocprofJSON, .rpd, .sweep, .curves, .steps,
      .layerLatency:
      "nanoseconds"
    case .splitwise, .vidur: "milliseconds"
    case .mapped: "as the mapping says"
    case .nsightCompute: "the units that its columns name"
    case .xplane: "picoseconds"
    }
  }

  /// Tells the format of a file or directory by its content, never by its name.
  ///
  /// - Throws: ``ProfilerTraceError/unknownFormat(path:found:)`` with what the content looks like.
  public static func detect(
    path: String, limits: InputLimits = .standard
  ) throws(ProfilerTraceError) -> TraceFormat {
    if path == "-" {
      throw .missingInformation(
        path: path, what: "standard input can be read only once; name its format")
    }
    if LayerwiseReader.isTableDirectory(path) { return .layerwise }
    var prefix: [UInt8]
    do throws(TraceIOError) {
      var source = try ByteSource(path: path, limits: limits)
      prefix = try source.readPrefix(count: 256 << 10)
    } catch {
      throw .input(error)
    }
    if isDatabase(prefix) { return try detect(database: path, limits: limits) }
    return try detect(prefix: prefix, path: path)
  }

  private static func isDatabase(_ prefix: [UInt8]) -> Bool {
    prefix.starts(with: "SQLite format 3\0".utf8)
  }

  /// Tells the format by the first bytes of the text, some hundred thousand of them.
  ///
  /// - Parameter path: what errors call the source.
  /// - Throws: ``ProfilerTraceError/unknownFormat(path:found:)`` with what the content looks like.
  public static func detect(
    prefix: [UInt8], path: String
  ) throws(ProfilerTraceError) -> TraceFormat {
    if isDatabase(prefix) {
      throw .unknownFormat(path: path, found: "an SQLite database without a file")
    }
    if prefix.starts(with: [0xEF, 0xBB, 0xBF]) {
      return try detect(prefix: Array(prefix.dropFirst(3)), path: path)
    }
    if prefix.count > 262, prefix[257..<262].elementsEqual("ustar".utf8) {
      throw .unknownFormat(path: path, found: "a tar archive")
    }
    if XPlaneReader.recognises(prefix) { return .xplane }
    if ChakraReader.recognises(prefix) { return .chakra }
    guard let first = prefix.first(where: { $0 > 0x20 }) else {
      let found = prefix.isEmpty ? "an empty file" : "a file of blanks or zeros"
      throw .unknownFormat(path: path, found: found)
    }
    // Before JSON: what mpirun puts before each line begins with a bracket.
    if NCCLTestsReader.isOutput(prefix) { return .ncclTests }
    if first == UInt8(ascii: "{") || first == UInt8(ascii: "[") {
      let names = memberNames(prefix)
      if !names.isDisjoint(with: ["traceEvents", "deviceProperties", "displayTimeUnit", "ph"]) {
        return .kineto
      }
      if names.isSuperset(of: ["kind", "axes"]) { return .sweep }
      if names.contains("operator_curves") { return .curves }
      if names.isSuperset(of: ["duration_ns", "batch"]) { return .steps }
      if names.contains(RocprofJSONReader.member) { return .rocprofJSON }
      if names.isSuperset(of: ["schema", "nodes"]) {
        throw .missingInformation(
          path: path,
          what:
            "is a PyTorch execution trace, which has shapes but no durations; import the Kineto "
            + "trace of the same run, and give this one with --shapes")
      }
      if names.isSuperset(of: ["file", "batch_size"]) {
        throw .missingInformation(
          path: path,
          what:
            "is a list of graph captures; import the trace of a run, and give this with --capture")
      }
      let found =
        names.contains("workload_graph")
        ? "Chakra's JSON, which has no shapes," : "JSON with other members"
      throw .unknownFormat(path: path, found: found)
    }
    if NsightComputeReader.recognises(prefix) { return .nsightCompute }
    if prefix.starts(with: Array("==PROF==".utf8)) {
      throw .unknownFormat(path: path, found: "Nsight Compute's output without --csv")
    }
    let line = String(decoding: prefix.prefix { $0 != 10 && $0 != 13 }, as: UTF8.self)
    if RocprofCSVReader.recognises(header: line) { return .rocprofCSV }
    let columns = Set(line.split(separator: ",").map(String.init))
    if columns.contains("time_us"),
      columns.isSuperset(of: ["layer", "tokens"]) || columns.isSuperset(of: ["layer", "sequences"])
        || columns.isSuperset(of: ["prefill_chunk", "n_decode"])
    {
      return .layerwise
    }
    if columns.isSuperset(of: LayerLatencyReader.columns) { return .layerLatency }
    if columns.isSuperset(of: SplitwiseReader.columns) { return .splitwise }
    if VidurReader.isTable(columns) { return .vidur }
    throw .unknownFormat(
      path: path,
      found: columns.count > 1 ? "a table of other columns, without --mapping," : "this content")
  }

  /// The names of the members of the first object, or of the first object of an array.
  static func memberNames(_ prefix: [UInt8]) -> Set<String> {
    var names: Set<String> = []
    do throws(TraceIOError) {
      var scanner = try JSONScanner(ByteSource(bytes: prefix))
      var token = try scanner.next()
      if token == .arrayStart { token = try scanner.next() }
      guard token == .objectStart else { return names }
      while try scanner.next() == .key, names.count < 1000 {
        names.insert(scanner.string())
        try scanner.skipValue(of: .key)
      }
    } catch {
      // The prefix may end anywhere; the names before that count.
    }
    return names
  }
}
