import TraceIO

/// Imports the databases of rocmProfileData (`.rpd`), schema 2.
///
/// A call of the runtime is tied to the device's operations by a table of its own, and PyTorch's
/// operators are calls too, with their names and shapes beside them. The views that such files ship
/// are not used.
enum RPDReader {
  /// Whether the tables are those of rocmProfileData.
  static func recognises(_ database: borrowing SQLiteInput) -> Bool {
    ["rocpd_op", "rocpd_api", "rocpd_string"].allSatisfy { database.hasTable($0) }
  }

  static func read(
    path: String, options: ImportOptions
  ) throws(ProfilerTraceError) -> ImportedTrace {
    var collector = EventCollector(options: options)
    let summary: InputSummary
    var schema: String?
    do throws(TraceIOError) {
      var database = try SQLiteInput(path: path, limits: options.inputLimits)
      var strings = try StringColumn(database, table: "rocpd_string", ["string"])
      try readOperations(database, &strings, &collector)
      try readCalls(database, &strings, &collector)
      var facts = try database.rows(of: "rocpd_metadata", ["tag", "value"])
      while try facts.next() {
        if facts.text(0) == "schema_version" { schema = facts.text(1)?.asFact }
      }
      summary = try database.finish()
    } catch {
      throw .input(error)
    }
    var trace = try collector.finish(.rpd, [summary])
    trace.facts["rocpd_schema_version"] = schema
    return trace
  }

  /// What devices did, with the call that asked for it as correlation.
  private static func readOperations(
    _ database: borrowing SQLiteInput, _ strings: inout StringColumn,
    _ collector: inout EventCollector
  ) throws(TraceIOError) {
    var calls: [Int64: Int64] = [:]
    var links = try database.rows(of: "rocpd_api_ops", ["op_id", "api_id"])
    while try links.next() {
      guard calls.count < collector.options.maximumEvents else { return collector.overflow() }
      if let operation = links.integer(0), let call = links.integer(1) { calls[operation] = call }
    }
    // Old recorders leave the name of a kernel to the call.
    var kernels = try database.lookup(
      in: "rocpd_kernelapi", key: "api_ptr_id", ["kernelName_id"])
    var rows = try database.rows(
      of: "rocpd_op", ["id", "gpuId", "queueId", "start", "end", "description_id", "opType_id"])
    while !collector.isFull, try rows.next() {
      let type = try strings.number(rows.integer(6), &collector)
      let title = collector.events.texts[type]
      // Barriers and markers do nothing that takes time.
      if title.contains("Barrier") || title.contains("Marker") {
        collector.coverage.recordsRead += 1
        continue
      }
      guard let span = collector.span(rows.integer(3), rows.integer(4)) else { continue }
      let call = rows.integer(0).flatMap { calls[$0] }
      var name = try strings.number(rows.integer(5), &collector)
      if name < 0, let call, try kernels.find(call) {
        name = try strings.number(kernels.integer(0), &collector)
      }
      let kind = kind(title)
      if name < 0, kind != .kernel { name = type }
      collector.add(
        TraceEvents.Device(
          start: span.start, duration: span.duration, correlation: call ?? TraceEvents.none,
          name: name, device: collector.number(of: rows.integer(1)),
          stream: collector.number(of: rows.integer(2)), kind: kind,
          place: SourcePlace(offset: rows.row)))
    }
  }

  private static func kind(_ type: String) -> TraceEvents.DeviceKind {
    if type.hasPrefix("Copy") { return .memcpy }
    return type.hasPrefix("Fill") ? .memset : .kernel
  }

  /// The calls that launched something, the operators and the ranges.
  private static func readCalls(
    _ database: borrowing SQLiteInput, _ strings: inout StringColumn,
    _ collector: inout EventCollector
  ) throws(TraceIOError) {
    var operators: [Int64: (name: Int32, dims: Int32)] = [:]
    var named = try database.rows(
      of: "ext_autogradapi", ["api_ptr_id", "autogradName_id", "sizes"])
    while try named.next() {
      guard operators.count < collector.options.maximumEvents else { return collector.overflow() }
      guard let call = named.integer(0) else { continue }
      let sizes = named.text(2).flatMap { RangeText.list(Substring($0)) }
      operators[call] = (
        try strings.number(named.integer(1), &collector), collector.number(of: sizes)
      )
    }
    let marker = collector.number(of: "UserMarker")
    var rows = try database.rows(
      of: "rocpd_api", ["id", "pid", "tid", "start", "end", "apiName_id", "args_id"])
    while !collector.isFull, try rows.next() {
      guard let call = rows.integer(0) else { continue }
      let name = try strings.number(rows.integer(5), &collector)
      let isOperator = operators[call] != nil
      guard isOperator || name == marker || collector.correlations.contains(call) else {
        collector.coverage.recordsRead += 1
        continue
      }
      guard let span = collector.span(rows.integer(3), rows.integer(4)) else { continue }
      let process = collector.number(of: rows.integer(1))
      let thread = collector.number(of: rows.integer(2))
      if let found = operators[call] {
        collector.addOperator(
          span, name: found.name, dims: found.dims, process: process, thread: thread)
      } else if name == marker {
        collector.addRange(
          span, try strings.text(rows.integer(6)), process: process, thread: thread)
      } else {
        collector.addLaunch(
          span, name: name, correlation: call, process: process, thread: thread)
      }
    }
  }
}
