public import TraceIO

/// A format that is imported.
public enum TraceFormat: String, Hashable, Sendable, CaseIterable, Codable {
  /// PyTorch's Kineto, in the JSON of Chrome traces.
  case kineto
  /// Operator tables of vLLM's layerwise profiler, as a directory of CSV files or one of them.
  case layerwise
  /// Reprise's own operator samples, one JSON object a line.
  case sweep
  /// Operator curves, many points a line, as tools write them from other projects' tables.
  case curves
  /// Reprise's own measured engine steps, one JSON object a line.
  case steps
}

extension TraceFormat {
  /// What a person calls it.
  public var title: String {
    switch self {
    case .kineto: "PyTorch Kineto trace"
    case .layerwise: "vLLM layerwise operator tables"
    case .sweep: "Reprise operator samples"
    case .curves: "operator curves"
    case .steps: "Reprise measured engine steps"
    }
  }

  /// The unit of the times as the format writes them.
  public var timeUnit: String {
    switch self {
    case .kineto, .layerwise: "microseconds"
    case .sweep, .curves, .steps: "nanoseconds"
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
      prefix = try source.read(count: 256 << 10)
    } catch {
      throw .input(error)
    }
    return try detect(prefix: prefix, path: path)
  }

  /// Tells the format by the first bytes of the text.
  static func detect(prefix: [UInt8], path: String) throws(ProfilerTraceError) -> TraceFormat {
    if prefix.starts(with: Array("SQLite format 3".utf8)) {
      throw .unknownFormat(path: path, found: "an SQLite database (Nsight Systems, rocpd)")
    }
    if prefix.starts(with: [0xEF, 0xBB, 0xBF]) {
      return try detect(prefix: Array(prefix.dropFirst(3)), path: path)
    }
    if prefix.count > 262, prefix[257..<262].elementsEqual("ustar".utf8) {
      throw .unknownFormat(path: path, found: "a tar archive")
    }
    guard let first = prefix.first(where: { $0 > 0x20 }) else {
      throw .unknownFormat(path: path, found: "an empty file")
    }
    if first == UInt8(ascii: "{") || first == UInt8(ascii: "[") {
      let names = memberNames(prefix)
      if !names.isDisjoint(with: ["traceEvents", "deviceProperties", "displayTimeUnit", "ph"]) {
        return .kineto
      }
      if names.isSuperset(of: ["kind", "axes"]) { return .sweep }
      if names.contains("operator_curves") { return .curves }
      if names.isSuperset(of: ["duration_ns", "batch"]) { return .steps }
      let found =
        names.contains("rocprofiler-sdk-tool")
        ? "rocprofv3's JSON"
        : names.isSuperset(of: ["schema", "nodes"])
          ? "an execution trace without durations" : "JSON with other members"
      throw .unknownFormat(path: path, found: found)
    }
    let line = String(decoding: prefix.prefix { $0 != 10 && $0 != 13 }, as: UTF8.self)
    let columns = Set(line.split(separator: ",").map(String.init))
    if columns.contains("time_us"),
      columns.isSuperset(of: ["layer", "tokens"]) || columns.isSuperset(of: ["layer", "sequences"])
        || columns.isSuperset(of: ["prefill_chunk", "n_decode"])
    {
      return .layerwise
    }
    throw .unknownFormat(path: path, found: "this content")
  }

  /// The names of the members of the first object, or of the first object of an array.
  private static func memberNames(_ prefix: [UInt8]) -> Set<String> {
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
