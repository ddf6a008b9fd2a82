import Operators
import TraceIO

/// Imports profiles of JAX and TensorFlow (`*.xplane.pb`), in the Protocol Buffers of `xplane.proto`.
///
/// Kernels are given to the XLA operator that they name (`hlo_op`); its shapes come from the
/// compiled module that the profile holds, if it does. An operator's call is a run of its kernels on
/// a stream: one that starts with the same kernel again is another call.
enum XPlaneReader {
  /// Whether the text starts with a plane that has a known name; the format has no magic number.
  static func recognises(_ prefix: [UInt8]) -> Bool {
    guard prefix.first == 0x0A else { return false }
    do throws(TraceIOError) {
      var reader = ProtobufReader(try ByteSource(bytes: prefix))
      guard try reader.next(), reader.field == 1, try reader.enter() else { return false }
      while try reader.next(), reader.field <= 2 {
        guard reader.field == 2 else { continue }
        let name = try reader.string(maximum: 64)
        return ["/host:", "/device:", "Task Environment"].contains(where: name.hasPrefix)
      }
    } catch {
      // What is no message has no planes.
    }
    return false
  }

  /// Imports a file, or standard input where `path` is `-`.
  static func read(
    path: String, options: ImportOptions = .standard
  ) throws(ProfilerTraceError) -> ImportedTrace {
    let reader = try input { () throws(TraceIOError) in
      ProtobufReader(try ByteSource(path: path, limits: options.inputLimits))
    }
    return try read(reader, options: options)
  }

  /// Imports from memory.
  static func read(
    bytes: [UInt8], options: ImportOptions = .standard
  ) throws(ProfilerTraceError) -> ImportedTrace {
    let reader = try input { () throws(TraceIOError) in
      ProtobufReader(try ByteSource(bytes: bytes, limits: options.inputLimits))
    }
    return try read(reader, options: options)
  }

  private static func read(
    _ reader: consuming ProtobufReader, options: ImportOptions
  ) throws(ProfilerTraceError) -> ImportedTrace {
    var parser = XPlaneParser(options: options)
    var isComplete = true
    do throws(TraceIOError) {
      isComplete = try parser.read(&reader)
    } catch {
      guard options.salvages(error, holdingRecords: parser.events.count > 0) else {
        throw .input(error)
      }
      parser.coverage.salvagedAt = reader.offset
    }
    guard isComplete else {
      throw .tooManyEvents(path: reader.path, limit: options.maximumEvents)
    }
    let summary = try input { () throws(TraceIOError) in
      try reader.finish()
    }
    try options.check(parser.coverage, path: summary.path)
    guard !parser.events.devices.isEmpty else { throw .noEvents(path: summary.path) }
    return assemble(parser, summary)
  }

  private static func assemble(_ parser: XPlaneParser, _ summary: InputSummary) -> ImportedTrace {
    var trace = ImportedTrace(format: .xplane, inputs: [summary])
    trace.coverage = parser.coverage
    trace.runtime = RuntimeDescription(framework: "XLA")
    trace.facts = parser.facts
    let calls = XLACalls(parser)
    let groups = OperatorGroups(
      calls.events, KernelAttribution(owners: calls.owners, hosts: calls.events.hosts.count),
      &trace.coverage)
    trace.add(
      groups.finish(worldSize: nil).map { group, sample in
        (group, calls.translate(group, sample))
      })
    return trace
  }
}
