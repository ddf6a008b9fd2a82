import TraceIO

/// Imports the SQLite export of Nsight Systems (`nsys export --type sqlite`), schemas 2 and 3.
///
/// A kernel is given to the launch with its correlation in its own process: correlations repeat
/// from process to process. The launch lies within ranges (NVTX) on its thread; the innermost one
/// is the operator, with the shapes that PyTorch's `emit_nvtx` writes into the text. Tables are
/// created when first needed, so that any may be missing.
enum NsightSystemsReader {
  /// The table that tells the format.
  static let kernelTable = "CUPTI_ACTIVITY_KIND_KERNEL"
  private static let graphTable = "CUPTI_ACTIVITY_KIND_GRAPH_TRACE"

  /// Whether the tables are those of Nsight Systems.
  static func recognises(_ database: borrowing SQLiteInput) -> Bool {
    database.hasTable("StringIds")
      && ["META_DATA_EXPORT", "EXPORT_META_DATA", kernelTable, graphTable, "NVTX_EVENTS"]
        .contains { database.hasTable($0) }
  }

  static func read(
    path: String, options: ImportOptions
  ) throws(ProfilerTraceError) -> ImportedTrace {
    var collector = EventCollector(options: options)
    var facts = NsightSystemsFacts()
    let summary: InputSummary
    do throws(TraceIOError) {
      var database = try SQLiteInput(path: path, limits: options.inputLimits)
      var names = try StringColumn(database, table: "StringIds", ["value"])
      try readKernels(database, &names, &collector)
      try readCopies(database, &collector)
      try readGraphs(database, &collector, &facts)
      try readLaunches(database, &names, &collector)
      try readRanges(database, &names, &collector)
      try facts.read(database)
      summary = try database.finish()
    } catch {
      throw .input(error)
    }
    let busiest = collector.busiestDevice.flatMap { Int64($0) }
    var trace = try collector.finish(.nsightSystems, [summary], epoch: facts.epoch)
    trace.deviceName = facts.deviceName(busiest)
    trace.facts.merge(facts.kept) { _, new in new }
    trace.runtime.version = facts.driver
    return trace
  }

  private static func readKernels(
    _ database: borrowing SQLiteInput, _ names: inout StringColumn,
    _ collector: inout EventCollector
  ) throws(TraceIOError) {
    var rows = try database.rows(
      of: kernelTable,
      [
        "start", "end", "deviceId", "streamId", "correlationId", "globalPid", "graphNodeId",
        "demangledName", "shortName", "mangledName",
      ])
    while !collector.isFull, try rows.next() {
      guard let span = collector.span(rows.integer(0), rows.integer(1)) else { continue }
      var name: Int32 = -1
      for column in 7...9 where name < 0 {
        name = try names.number(rows.integer(column), &collector)
      }
      collector.add(device(rows, span, name: name, .kernel, &collector))
    }
  }

  private static func readCopies(
    _ database: borrowing SQLiteInput, _ collector: inout EventCollector
  ) throws(TraceIOError) {
    let columns = [
      "start", "end", "deviceId", "streamId", "correlationId", "globalPid", "graphNodeId",
      "copyKind", "bytes",
    ]
    for (table, kind) in [
      ("CUPTI_ACTIVITY_KIND_MEMCPY", TraceEvents.DeviceKind.memcpy),
      ("CUPTI_ACTIVITY_KIND_MEMSET", .memset),
    ] {
      var rows = try database.rows(of: table, columns)
      while !collector.isFull, try rows.next() {
        guard let span = collector.span(rows.integer(0), rows.integer(1)) else { continue }
        let title = kind == .memset ? "Memset" : copyTitle(rows.integer(7))
        var copy = device(rows, span, name: collector.number(of: title), kind, &collector)
        copy.bytes = rows.integer(8) ?? -1
        collector.add(copy)
      }
    }
  }

  /// The directions as CUPTI counts them.
  private static func copyTitle(_ kind: Int64?) -> String {
    switch kind {
    case 1: "Memcpy HtoD"
    case 2: "Memcpy DtoH"
    case 8: "Memcpy DtoD"
    case 9: "Memcpy HtoH"
    case 10: "Memcpy PtoP"
    default: "Memcpy"
    }
  }

  private static func device(
    _ rows: borrowing SQLiteRows, _ span: EventCollector.Span, name: Int32,
    _ kind: TraceEvents.DeviceKind, _ collector: inout EventCollector
  ) -> TraceEvents.Device {
    TraceEvents.Device(
      start: span.start, duration: span.duration,
      correlation: rows.integer(4) ?? TraceEvents.none, name: name,
      device: collector.number(of: rows.integer(2)), stream: collector.number(of: rows.integer(3)),
      process: collector.number(of: rows.integer(5).map(process)), kind: kind,
      graphNode: rows.integer(6) ?? 0, place: SourcePlace(offset: rows.row))
  }

  /// With `--cuda-graph-trace=graph` a graph is one record, and its kernels are not in the trace.
  private static func readGraphs(
    _ database: borrowing SQLiteInput, _ collector: inout EventCollector,
    _ facts: inout NsightSystemsFacts
  ) throws(TraceIOError) {
    var count = 0
    var rows = try database.rows(of: graphTable, ["start", "end"])
    while try rows.next() {
      guard let span = collector.span(rows.integer(0), rows.integer(1)) else { continue }
      collector.coverage.recordsUsed += 1
      collector.coverage.add(span.duration, by: .graph)
      count += 1
    }
    if count > 0 { facts.kept["graph_launches_without_kernels"] = String(count) }
  }

  private static func readLaunches(
    _ database: borrowing SQLiteInput, _ names: inout StringColumn,
    _ collector: inout EventCollector
  ) throws(TraceIOError) {
    var rows = try database.rows(
      of: "CUPTI_ACTIVITY_KIND_RUNTIME", ["start", "end", "globalTid", "correlationId", "nameId"])
    while !collector.isFull, try rows.next() {
      guard let correlation = rows.integer(3), collector.correlations.contains(correlation),
        let thread = rows.integer(2)
      else {
        collector.coverage.recordsRead += 1
        continue
      }
      guard let span = collector.span(rows.integer(0), rows.integer(1)) else { continue }
      collector.addLaunch(
        span, name: try names.number(rows.integer(4), &collector), correlation: correlation,
        process: collector.number(of: process(thread)), thread: collector.number(of: thread))
    }
  }

  /// Ranges that were pushed and popped on one thread; the others do not nest.
  private static func readRanges(
    _ database: borrowing SQLiteInput, _ names: inout StringColumn,
    _ collector: inout EventCollector
  ) throws(TraceIOError) {
    let pushPop: Int64 = 59
    var rows = try database.rows(
      of: "NVTX_EVENTS", ["start", "end", "eventType", "globalTid", "text", "textId"])
    while !collector.isFull, try rows.next() {
      guard rows.integer(2) == pushPop, let thread = rows.integer(3) else {
        collector.coverage.recordsRead += 1
        continue
      }
      guard let span = collector.span(rows.integer(0), rows.integer(1)) else { continue }
      var text = rows.text(4)
      if text == nil { text = try names.text(rows.integer(5)) }
      collector.addRange(
        span, text, process: collector.number(of: process(thread)),
        thread: collector.number(of: thread))
    }
  }

  /// The machine and process of a serialised thread or process; its lowest 24 bits are the thread.
  private static func process(_ global: Int64) -> Int64 { global >> 24 }
}
