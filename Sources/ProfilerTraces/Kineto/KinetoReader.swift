import Analytical
import Operators
import TraceIO

/// Imports traces of PyTorch's profiler (Kineto) in the JSON of Chrome traces.
///
/// The file is streamed once; of its events only operators, launches, kernels and annotations are
/// kept, in flat arrays. Read are all generations since 2021, the array form, metadata before or
/// after the events, and traces whose end is missing (marked in ``Coverage/salvagedAt``).
///
///     let trace = try KinetoReader.read(path: "rank0.pt.trace.json.gz")
///     for sample in trace.samples { print(sample.label, sample.duration.median) }
public enum KinetoReader {
  /// Imports a file, or standard input where `path` is `-`.
  public static func read(
    path: String, options: ImportOptions = .standard
  ) throws(ProfilerTraceError) -> ImportedTrace {
    let scanner: JSONScanner
    do throws(TraceIOError) {
      scanner = try JSONScanner(ByteSource(path: path, limits: options.inputLimits))
    } catch {
      throw .input(error)
    }
    return try read(scanner, options: options)
  }

  /// Imports from memory; `name` stands for the path in errors.
  public static func read(
    bytes: [UInt8], name: String = "memory", options: ImportOptions = .standard
  ) throws(ProfilerTraceError) -> ImportedTrace {
    let scanner: JSONScanner
    do throws(TraceIOError) {
      scanner = try JSONScanner(ByteSource(bytes: bytes, name: name, limits: options.inputLimits))
    } catch {
      throw .input(error)
    }
    return try read(scanner, options: options)
  }

  private static func read(
    _ scanner: consuming JSONScanner, options: ImportOptions
  ) throws(ProfilerTraceError) -> ImportedTrace {
    let captures = try GraphCaptureFiles.read(options)
    let (parser, summary) = try parse(scanner, options: options)
    return assemble(parser, summary, captures, options)
  }

  /// Reads the events of a document.
  static func parse(
    _ scanner: consuming JSONScanner, options: ImportOptions
  ) throws(ProfilerTraceError) -> (KinetoEventParser, InputSummary) {
    var parser = KinetoEventParser(options: options)
    do throws(ProfilerTraceError) {
      try readDocument(&scanner, &parser)
    } catch {
      guard case .input(let cause) = error, cause.reason == .truncatedDocument,
        !options.isStrict, parser.events.count > 0
      else { throw error }
      parser.coverage.salvagedAt = scanner.offset
    }
    let summary: InputSummary
    do throws(TraceIOError) {
      summary = try scanner.finish()
    } catch {
      throw .input(error)
    }
    try options.check(parser.coverage, path: summary.path)
    guard parser.events.hosts.count + parser.events.devices.count > 0 else {
      throw .noEvents(path: summary.path)
    }
    return (parser, summary)
  }

  /// Reads an object with `traceEvents`, or the array of events alone.
  private static func readDocument(
    _ scanner: inout JSONScanner, _ parser: inout KinetoEventParser
  ) throws(ProfilerTraceError) {
    let first = try input { () throws(TraceIOError) in try scanner.next() }
    switch first {
    case .arrayStart: try parser.readEvents(&scanner)
    case .objectStart:
      while try input({ () throws(TraceIOError) in try scanner.next() }) == .key {
        if scanner.tokenIs("traceEvents") {
          let token = try input { () throws(TraceIOError) in try scanner.next() }
          if token == .arrayStart {
            try parser.readEvents(&scanner)
          } else {
            try input { () throws(TraceIOError) in try scanner.skipValue(of: token) }
          }
        } else {
          try input { () throws(TraceIOError) in try parser.metadata.readMember(&scanner) }
        }
      }
    default: throw .unknownFormat(path: scanner.path, found: "a JSON value that is no object")
    }
    // Nothing may follow.
    _ = try input { () throws(TraceIOError) in try scanner.next() }
  }

  /// Wraps an error of the input.
  private static func input<Result>(
    _ body: () throws(TraceIOError) -> Result
  ) throws(ProfilerTraceError) -> Result {
    do throws(TraceIOError) {
      return try body()
    } catch {
      throw .input(error)
    }
  }

  private static func assemble(
    _ parser: KinetoEventParser, _ summary: InputSummary, _ captures: GraphCaptureFiles,
    _ options: ImportOptions
  ) -> ImportedTrace {
    var (events, metadata) = (parser.events, parser.metadata)
    var trace = ImportedTrace(format: .kineto, inputs: [summary])
    trace.coverage = parser.coverage
    trace.coverage.timing.resolution = metadata.hasFractions ? 1 : 1000
    var attribution = KernelAttribution(events)
    trace.coverage.ambiguousLaunches = attribution.ambiguousLaunches
    StreamOverlaps.resolve(&events, attribution, &trace.coverage.timing)
    trace.steps = AnnotatedSteps.make(events, attribution, base: metadata.baseTime ?? 0)
    trace.deviceName = metadata.deviceName(of: events)
    // A trace may hold the captures of its own graphs, too.
    let own = CapturedTrace(events, attribution)
    GraphRecovery.recover(
      &events, &attribution, from: captures.traces + [own], &trace.coverage.graphs)
    let groups =
      events.devices.isEmpty
      ? OperatorGroups(processor: events, attribution, &trace.coverage)
      : OperatorGroups(events, attribution, &trace.coverage)
    trace.add(groups.finish(worldSize: metadata.worldSize))
    var arguments: [String] = []
    if let model = options.model {
      trace.unfoldAttention(of: model, tensorParallel: options.tensorParallel)
      arguments.append("model=\(model.name) tensor_parallel=\(options.tensorParallel)")
    }
    if !captures.digests.isEmpty {
      arguments.append("capture=" + captures.digests.joined(separator: "+"))
    }
    trace.arguments = arguments.joined(separator: " ")
    trace.runtime = RuntimeDescription(framework: "PyTorch", version: metadata.version)
    trace.facts = metadata.details
    trace.facts["kineto_era"] = metadata.era
    trace.facts.merge(trace.coverage.facts) { _, new in new }
    return trace
  }
}
