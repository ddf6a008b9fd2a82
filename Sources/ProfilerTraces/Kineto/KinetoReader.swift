import Analytical
import Operators
import TraceIO

/// Imports traces of PyTorch's profiler (Kineto) in the JSON of Chrome traces.
///
/// The file is streamed once; of its events only operators, launches, kernels and annotations are
/// kept, in flat arrays. Read are all generations since 2021, the array form, metadata before or
/// after the events, and traces whose end is missing (marked in ``Coverage/salvagedAt``). Of damage
/// inside one event is lost, and its place is kept (``Coverage/damagedAt``).
///
///     let trace = try KinetoReader.read(path: "rank0.pt.trace.json.gz")
///     for sample in trace.samples { print(sample.label, sample.duration.median) }
public enum KinetoReader {
  /// Imports a file, or standard input where `path` is `-`.
  public static func read(
    path: String, options: ImportOptions = .standard
  ) throws(ProfilerTraceError) -> ImportedTrace {
    let scanner = try input { () throws(TraceIOError) in
      try JSONScanner(ByteSource(path: path, limits: options.inputLimits))
    }
    return try read(scanner, options: options)
  }

  /// Imports from memory; `name` stands for the path in errors.
  public static func read(
    bytes: [UInt8], name: String = "memory", options: ImportOptions = .standard
  ) throws(ProfilerTraceError) -> ImportedTrace {
    let scanner = try input { () throws(TraceIOError) in
      try JSONScanner(ByteSource(bytes: bytes, name: name, limits: options.inputLimits))
    }
    return try read(scanner, options: options)
  }

  private static func read(
    _ scanner: consuming JSONScanner, options: ImportOptions
  ) throws(ProfilerTraceError) -> ImportedTrace {
    let captures = try GraphCaptureFiles.read(options)
    var parser: KinetoEventParser
    let summary: InputSummary
    (parser, summary) = try parse(scanner, options: options)
    guard let shapes = options.shapes else { return assemble(parser, summary, captures, options) }
    let shapesInput = try parser.joinShapes(path: shapes, profile: summary.path)
    var trace = assemble(parser, summary, captures, options)
    trace.inputs.append(shapesInput)
    return trace
  }

  /// Reads the events of a document.
  static func parse(
    _ scanner: consuming JSONScanner, options: ImportOptions
  ) throws(ProfilerTraceError) -> (KinetoEventParser, InputSummary) {
    var parser = KinetoEventParser(options: options)
    var damage: ProfilerTraceError?
    do throws(ProfilerTraceError) {
      try readDocument(&scanner, &parser)
    } catch {
      damage = error
      guard case .input(let cause) = error, cause.leavesStart, !options.isStrict,
        parser.events.count > 0
      else { throw error }
      parser.coverage.salvagedAt = cause.textOffset ?? scanner.offset
    }
    parser.closePairs()
    parser.applyFlows()
    let summary = try input { () throws(TraceIOError) in
      try scanner.finish()
    }
    try options.check(parser.coverage, path: summary.path)
    guard parser.events.hosts.count + parser.events.devices.count > 0 else {
      throw .noEvents(path: summary.path)
    }
    // Without its kernels, the time of a device's trace on the processor would pass for theirs.
    if parser.events.devices.isEmpty,
      parser.events.launchesKernels || (damage != nil && !parser.metadata.devices.isEmpty)
    {
      throw damage
        ?? .missingInformation(
          path: summary.path, what: "holds launches but no kernels; profile the device as well")
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
      while true {
        do throws(TraceIOError) {
          guard try readMembers(&scanner, &parser) else { break }
        } catch {
          try parser.skipDamage(error, &scanner, to: .arrayInObject)
        }
        try parser.readEvents(&scanner)
      }
    default: throw .unknownFormat(path: scanner.path, found: "a JSON value that is no object")
    }
    // Nothing should follow.
    do throws(TraceIOError) {
      _ = try scanner.next()
    } catch {
      guard !parser.options.isStrict, error.leavesStart else { throw .input(error) }
      let place = error.textOffset ?? scanner.offset
      if error.reason == .corruptStream || error.reason == .truncatedStream {
        parser.coverage.salvagedAt = place
      } else {
        parser.coverage.trailingTextAt = place
      }
    }
  }

  /// Reads members of the outermost object up to the events or the end.
  ///
  /// - Returns: Whether the current token opens the array of events.
  private static func readMembers(
    _ scanner: inout JSONScanner, _ parser: inout KinetoEventParser
  ) throws(TraceIOError) -> Bool {
    while try scanner.next() == .key {
      guard scanner.tokenIs("traceEvents") else {
        try parser.metadata.readMember(&scanner)
        continue
      }
      let token = try scanner.next()
      if token == .arrayStart { return true }
      try scanner.skipValue(of: token)
    }
    return false
  }

  private static func assemble(
    _ parser: KinetoEventParser, _ summary: InputSummary, _ captures: GraphCaptureFiles,
    _ options: ImportOptions
  ) -> ImportedTrace {
    let (events, metadata) = (parser.events, parser.metadata)
    var trace = ImportedTrace(format: .kineto, inputs: [summary])
    trace.coverage = parser.coverage
    trace.coverage.timing.resolution = metadata.hasFractions ? 1 : 1000
    trace.deviceName = metadata.deviceName(of: events)
    trace.runtime = RuntimeDescription(framework: "PyTorch", version: metadata.version)
    trace.facts = metadata.details
    trace.facts["kineto_era"] = metadata.era
    let run = RunContext(
      epoch: metadata.baseTime ?? 0, rank: metadata.details["rank"].flatMap { Int64($0) },
      worldSize: metadata.worldSize, captures: captures.traces)
    trace.attribute(events, run, options)
    if !captures.digests.isEmpty {
      let digests = "capture=" + captures.digests.joined(separator: "+")
      trace.arguments = [trace.arguments, digests].filter { !$0.isEmpty }.joined(separator: " ")
    }
    return trace
  }
}
