import Operators
import TraceIO

/// Imports Chakra execution traces (`*.et`): a `GlobalMetadata` message and then nodes, each after
/// its length, as MLCommons' `et_def.proto` defines them.
///
/// Times are whole microseconds. Kernels are given to the operator that launched them by their
/// control dependency; collectives stand for themselves, by operation, bytes and group.
enum ChakraReader {
  /// Whether the text starts with the metadata of a trace and a node; there is no magic number.
  static func recognises(_ prefix: [UInt8]) -> Bool {
    var isMetadata = false
    do throws(TraceIOError) {
      var reader = ProtobufReader(try ByteSource(bytes: prefix))
      guard try reader.nextRecord(), reader.offset < prefix.count else { return false }
      while try reader.next() {
        switch reader.field {
        case 1:
          let version = try reader.string(maximum: 64)
          guard version.contains("."), version.allSatisfy({ $0.isNumber || $0 == "." }) else {
            return false
          }
          isMetadata = true
        case 2:
          guard try reader.enter(), try reader.next(), reader.field == 1 else { return false }
          let name = try reader.string(maximum: 64)
          guard !name.isEmpty, name.allSatisfy({ $0.isLetter || $0.isNumber || $0 == "_" }) else {
            return false
          }
          isMetadata = true
          while try reader.next() {}
        default: return false
        }
      }
      guard isMetadata, try reader.nextRecord() else { return false }
      while try reader.next() {
        if reader.field > 16 { return false }
      }
    } catch {
      // The text may end anywhere; what came before counts.
      return isMetadata && error.reason == .truncatedMessage
    }
    return isMetadata
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
    var parser = ChakraParser(options: options)
    var isComplete = true
    do throws(TraceIOError) {
      isComplete = try parser.read(&reader)
    } catch {
      guard options.salvages(error, holdingRecords: !parser.events.devices.isEmpty) else {
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
    guard !parser.events.devices.isEmpty else {
      guard parser.coverage.rejected(.noDuration) > 0 else { throw .noEvents(path: summary.path) }
      throw .missingInformation(
        path: summary.path,
        what: "holds no durations, only the structure of a workload; convert a measured trace")
    }
    return assemble(&parser, summary)
  }

  private static func assemble(
    _ parser: inout ChakraParser, _ summary: InputSummary
  ) -> ImportedTrace {
    var trace = ImportedTrace(format: .chakra, inputs: [summary])
    trace.coverage = parser.coverage
    trace.coverage.timing.resolution = 1000
    trace.runtime = RuntimeDescription(framework: "Chakra")
    trace.facts = parser.facts
    let owners = parser.assign()
    let groups = OperatorGroups(
      parser.events, KernelAttribution(owners: owners, hosts: parser.events.hosts.count),
      &trace.coverage)
    trace.facts.merge(trace.coverage.facts) { _, new in new }
    for (group, sample) in groups.finish(worldSize: nil) {
      var sample = sample
      if let communication = parser.communications[group.concreteInputs] {
        let type = TypeList(json: group.inputTypes).dataType(0)
        let mapped = communication.mapped(dataType: type)
        sample.operator = mapped.operator
        sample.point = mapped.point
      }
      trace.groups.append(group)
      trace.samples.append(sample)
    }
    return trace
  }
}
