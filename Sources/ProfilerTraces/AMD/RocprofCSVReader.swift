import TraceIO

/// Imports `kernel_trace.csv` of rocprofv3, with the tables beside it.
///
/// The columns differ from version to version, so that they are found by name, in any case. Beside
/// `…kernel_trace.csv` the tables of markers (`marker_api_trace`), calls (`hip_api_trace`), copies
/// (`memory_copy_trace`) and devices (`agent_info`) of the same run are read where they exist.
enum RocprofCSVReader {
  /// Whether a header is that of a table of kernels.
  static func recognises(header: String) -> Bool {
    let columns = Set(
      header.lowercased().split(separator: ",").map { $0.filter { $0 != "\"" && $0 != " " } })
    return columns.isSuperset(of: ["kernel_name", "start_timestamp", "end_timestamp"])
  }

  static func read(
    path: String, options: ImportOptions
  ) throws(ProfilerTraceError) -> ImportedTrace {
    var collector = EventCollector(options: options)
    var inputs = [try readDevices(path, "Kernel_Name", .kernel, options, &collector)]
    var agents: [Int64: String] = [:]
    if let copies = neighbour(path, "memory_copy_trace", options.inputLimits) {
      inputs.append(try readDevices(copies, "Direction", .memcpy, options, &collector))
    }
    for name in ["marker_api_trace", "hip_api_trace"] {
      guard let calls = neighbour(path, name, options.inputLimits) else { continue }
      inputs.append(try readCalls(calls, options, &collector))
    }
    if let table = neighbour(path, "agent_info", options.inputLimits) {
      inputs.append(try readAgents(table, options, &agents))
    }
    let busiest = collector.busiestDevice.flatMap { Int64($0) }
    var trace = try collector.finish(.rocprofCSV, inputs)
    trace.coverage.salvagedAt = inputs.lazy.compactMap(\.damagedAt).first
    trace.deviceName = busiest.flatMap { agents[$0] }
    return trace
  }

  /// The path of another table of the same run, if there is one.
  private static func neighbour(
    _ path: String, _ name: String, _ limits: InputLimits
  ) -> String? {
    guard let file = path.split(separator: "/").last,
      let found = file.firstRange(of: "kernel_trace")
    else { return nil }
    let other = path.prefix(upTo: found.lowerBound) + name + path.suffix(from: found.upperBound)
    do throws(TraceIOError) {
      _ = try ByteSource(path: String(other), limits: limits)
      return String(other)
    } catch {
      return nil
    }
  }

  private static func open(
    _ path: String, _ options: ImportOptions
  ) throws(ProfilerTraceError) -> CSVReader {
    do throws(TraceIOError) {
      return try CSVReader(path: path, options: options)
    } catch {
      throw .input(error)
    }
  }

  /// Reads a table of kernels or copies, whose names stand in the given column.
  private static func readDevices(
    _ path: String, _ nameColumn: String, _ kind: TraceEvents.DeviceKind, _ options: ImportOptions,
    _ collector: inout EventCollector
  ) throws(ProfilerTraceError) -> InputSummary {
    var table = try open(path, options)
    let columns = Columns(table)
    let name = table.column(nameColumn) ?? table.column("Kind")
    guard let start = columns.start, let end = columns.end, let name else {
      throw .missingColumn(
        path: path,
        column: columns.start == nil
          ? "Start_Timestamp" : columns.end == nil ? "End_Timestamp" : nameColumn)
    }
    do throws(TraceIOError) {
      while !collector.isFull, try table.next() {
        guard let span = collector.span(table.integer(start), table.integer(end)) else { continue }
        collector.add(
          TraceEvents.Device(
            start: span.start, duration: span.duration,
            correlation: columns.correlation.flatMap { table.integer($0) } ?? TraceEvents.none,
            name: collector.number(of: table.field(name)),
            device: collector.number(of: columns.agent.flatMap { agent(table.field($0)) } ?? 0),
            stream: collector.number(of: columns.stream.flatMap { table.integer($0) }),
            kind: kind, place: SourcePlace(offset: Int64(table.rowLine))))
      }
    } catch {
      throw .input(error)
    }
    return try finish(&table)
  }

  private static func finish(
    _ table: inout CSVReader
  ) throws(ProfilerTraceError) -> InputSummary {
    do throws(TraceIOError) {
      return try table.finish()
    } catch {
      throw .input(error)
    }
  }

  /// Reads a table of ranges or of calls of the runtime.
  private static func readCalls(
    _ path: String, _ options: ImportOptions, _ collector: inout EventCollector
  ) throws(ProfilerTraceError) -> InputSummary {
    var table = try open(path, options)
    let columns = Columns(table)
    guard let start = columns.start, let end = columns.end, let name = table.column("Function")
    else {
      throw .missingColumn(
        path: path,
        column: columns.start == nil
          ? "Start_Timestamp" : columns.end == nil ? "End_Timestamp" : "Function")
    }
    let domain = table.column("Domain")
    let thread = table.column("Thread_Id")
    do throws(TraceIOError) {
      while !collector.isFull, try table.next() {
        let isRange = domain.map { table.field($0).uppercased().contains("MARKER") } ?? false
        let correlation = columns.correlation.flatMap { table.integer($0) } ?? TraceEvents.none
        let text = table.field(name)
        guard isRange ? !text.hasPrefix("roctx") : collector.correlations.contains(correlation)
        else {
          collector.coverage.recordsRead += 1
          continue
        }
        guard let span = collector.span(table.integer(start), table.integer(end)) else { continue }
        let thread = collector.number(of: thread.flatMap { table.integer($0) })
        if isRange {
          collector.addRange(span, text, process: -1, thread: thread)
        } else {
          collector.addLaunch(
            span, name: collector.number(of: text), correlation: correlation, process: -1,
            thread: thread)
        }
      }
      return try table.finish()
    } catch {
      throw .input(error)
    }
  }

  /// Reads the devices' names by their numbers.
  private static func readAgents(
    _ path: String, _ options: ImportOptions, _ agents: inout [Int64: String]
  ) throws(ProfilerTraceError) -> InputSummary {
    var table = try open(path, options)
    let node = table.column("Node_Id")
    let type = table.column("Agent_Type")
    let name = table.column("Product_Name") ?? table.column("Name")
    do throws(TraceIOError) {
      while try table.next(), agents.count < 4096 {
        guard let node, let name, let id = table.integer(node),
          type.map({ table.field($0) == "GPU" }) ?? true
        else { continue }
        agents[id] = table.field(name).asFact
      }
      return try table.finish()
    } catch {
      throw .input(error)
    }
  }

  /// The number of a device, which is written as `4`, as `Agent 4`, or as a handle.
  private static func agent(_ text: String) -> Int64? {
    Int64(text.reversed().prefix { $0.isASCII && $0.isNumber }.reversed().map(String.init).joined())
  }

  /// The columns that all tables share.
  private struct Columns {
    var start: Int?
    var end: Int?
    var correlation: Int?
    var agent: Int?
    var stream: Int?

    init(_ table: borrowing CSVReader) {
      start = table.column("Start_Timestamp")
      end = table.column("End_Timestamp")
      correlation = table.column("Correlation_Id")
      agent = table.column("Agent_Id") ?? table.column("Destination_Agent_Id")
      stream = table.column("Stream_Id") ?? table.column("Queue_Id")
    }
  }
}
