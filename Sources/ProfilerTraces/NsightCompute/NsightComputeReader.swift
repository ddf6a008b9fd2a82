import Operators
import TraceIO

/// Imports the kernels of Nsight Compute (`ncu --csv`), each by its name, grid and block.
///
/// The tool locks the clocks, flushes the caches and runs each kernel alone, several times: what it
/// measures is not what a kernel takes within a model. Its curves therefore have a runtime of their
/// own, `Nsight Compute`, and never mix with those of a trace. It knows no operators and no shapes.
enum NsightComputeReader {
  /// Whether a line is the header of a table; the tool's and the program's own output may come first.
  static func recognises(_ prefix: [UInt8]) -> Bool {
    prefix.split(separator: 10).contains { line in
      line.count < 1 << 16 && line.count > 8
        && (line.starts(with: "\"ID\",".utf8) || line.starts(with: "ID,".utf8))
        && NsightComputeTable.isHeader(String(decoding: line, as: UTF8.self))
    }
  }

  /// Imports a file, or standard input where `path` is `-`.
  static func read(
    path: String, options: ImportOptions = .standard
  ) throws(ProfilerTraceError) -> ImportedTrace {
    let source = try input { () throws(TraceIOError) in
      try ByteSource(path: path, limits: options.inputLimits)
    }
    return try assemble(NsightComputeTable(source, options: options), path, options)
  }

  /// Imports from memory.
  static func read(
    bytes: [UInt8], options: ImportOptions = .standard
  ) throws(ProfilerTraceError) -> ImportedTrace {
    let source = try input { () throws(TraceIOError) in
      try ByteSource(bytes: bytes, limits: options.inputLimits)
    }
    return try assemble(NsightComputeTable(source, options: options), "memory", options)
  }

  /// Launches that are one kernel with one configuration on one device.
  private struct Key: Hashable {
    var kernel: Int32
    var grid: Int32
    var block: Int32
    var device: Int32
  }

  private static func assemble(
    _ table: NsightComputeTable, _ path: String, _ options: ImportOptions
  ) throws(ProfilerTraceError) -> ImportedTrace {
    guard !table.mark.isContradictory else {
      throw .missingInformation(
        path: path,
        what: "writes some numbers with a decimal point and some with a decimal comma; "
          + "export it again with LC_ALL=C")
    }
    guard table.capabilities.count <= 1 else {
      throw .missingInformation(
        path: path,
        what: "holds devices of compute capability "
          + table.capabilities.sorted().joined(separator: " and ") + "; export one at a time")
    }
    var trace = ImportedTrace(format: .nsightCompute, inputs: table.input.map { [$0] } ?? [])
    trace.coverage = table.coverage
    trace.coverage.salvagedAt = table.input?.damagedAt
    trace.runtime = RuntimeDescription(framework: "Nsight Compute")
    trace.facts["condition"] = "isolated"
    trace.facts["compute_capability"] = table.capabilities.first
    trace.deviceName = table.deviceNames.count == 1 ? table.deviceNames.first : nil
    var groups: [Key: (durations: [Int64], launches: KernelLaunches)] = [:]
    var order: [Key] = []
    for launch in table.launches {
      guard let duration = duration(launch, table, options, &trace.coverage) else { continue }
      trace.coverage.recordsUsed += 1
      trace.coverage.add(duration, by: .withoutShape)
      let key = Key(
        kernel: launch.kernel, grid: launch.grid, block: launch.block, device: launch.device)
      if groups[key] == nil { order.append(key) }
      groups[key, default: ([], KernelLaunches())].durations.append(duration)
      groups[key]?.launches.add(duration, at: SourcePlace(offset: Int64(launch.line)))
    }
    for key in order {
      guard let gathered = groups[key], let statistics = DurationStatistics(gathered.durations)
      else { continue }
      add(key, gathered.launches, statistics, table, to: &trace)
    }
    try options.check(trace.coverage, path: path)
    guard !trace.samples.isEmpty else { throw .nothing(in: trace.coverage, path: path) }
    return trace
  }

  /// The duration of a launch in nanoseconds; nil, and counted, where it is none.
  private static func duration(
    _ launch: NsightComputeTable.Launch, _ table: NsightComputeTable, _ options: ImportOptions,
    _ coverage: inout Coverage
  ) -> Int64? {
    guard launch.kernel >= 0 else {
      coverage.reject(.tooManyNames)
      return nil
    }
    let text = table.texts[launch.duration]
    guard launch.duration >= 0, text != "n/a", !text.isEmpty else {
      coverage.reject(.noDuration)
      return nil
    }
    guard let unit = TimeUnit(word: table.texts[launch.unit]),
      let number = LocaleNumber(text),
      let duration = number.value(decimals: unit.nanosecondDecimals, mark: table.mark.mark)
    else {
      coverage.reject(.badDuration)
      return nil
    }
    guard duration > 0 else {
      coverage.reject(.negativeDuration)
      return nil
    }
    guard duration <= options.maximumDuration else {
      coverage.reject(.durationTooLong)
      return nil
    }
    return duration
  }

  private static func add(
    _ key: Key, _ launches: KernelLaunches, _ statistics: DurationStatistics,
    _ table: NsightComputeTable, to trace: inout ImportedTrace
  ) {
    let name = table.texts[key.kernel]
    let grid = sizes(table.texts[key.grid])
    let block = sizes(table.texts[key.block])
    var attributes: [String: Int] = [:]
    for (prefix, sizes) in [("grid", grid), ("block", block)] {
      for (axis, size) in zip(["X", "Y", "Z"], sizes) { attributes[prefix + axis] = size }
    }
    let kernel = launches.total(name: name)
    let launch = "grid \(joined(grid)) block \(joined(block))"
    trace.groups.append(
      OperatorGroup(
        name: name, inputDims: "", inputTypes: "", inputStrides: "",
        concreteInputs: "{\"grid\":[\(grid.map(String.init).joined(separator: ","))],"
          + "\"block\":[\(block.map(String.init).joined(separator: ","))],"
          + "\"device\":\(Int(table.texts[key.device]) ?? 0)}",
        operationCount: kernel.count, totalKernelTime: kernel.total, kernels: [kernel]))
    trace.samples.append(
      OperatorSample(
        Operator(.opaque(name), dataType: nil, attributes), at: .none, label: "\(name) \(launch)",
        duration: statistics))
  }

  /// Reads `(128, 1, 1)`, `128,1,1` or `128x1x1`; empty for anything else.
  private static func sizes(_ text: String) -> [Int] {
    var result: [Int] = []
    for part in text.split(whereSeparator: { !($0.isASCII && $0.isNumber) }).prefix(4) {
      guard let size = Int(part), size <= SizeLimits.attribute else { return [] }
      result.append(size)
    }
    return result.count <= 3 ? result : []
  }

  private static func joined(_ sizes: [Int]) -> String {
    sizes.isEmpty ? "?" : sizes.map(String.init).joined(separator: "x")
  }
}
