import TraceIO

/// Imports the JSON of rocprofv3 (`--output-format json`).
///
/// The file is streamed once. Its members come in any order, so that names, which are numbers in
/// the records, are resolved when a process has been read. Of the metadata nothing is kept.
enum RocprofJSONReader {
  /// The member that tells the format.
  static let member = "rocprofiler-sdk-tool"

  /// A file that ends early is imported up to its last whole record, unless the options are strict.
  static func read(
    path: String, options: ImportOptions
  ) throws(ProfilerTraceError) -> ImportedTrace {
    var collector = EventCollector(options: options)
    var agents: [String: String] = [:]
    let summary: InputSummary
    do throws(TraceIOError) {
      var scanner = try JSONScanner(ByteSource(path: path, limits: options.inputLimits))
      var current: RocprofProcess?
      do throws(TraceIOError) {
        try readDocument(&scanner, &current, &collector, &agents)
      } catch {
        current?.resolve(&collector, &agents)
        guard options.salvages(error, holdingRecords: !collector.events.devices.isEmpty) else {
          throw error
        }
        collector.coverage.salvagedAt = error.textOffset ?? scanner.offset
      }
      summary = try scanner.finish()
    } catch {
      throw .input(error)
    }
    let busiest = collector.busiestDevice
    var trace = try collector.finish(.rocprofJSON, [summary])
    trace.deviceName = busiest.flatMap { agents[$0] }
    return trace
  }

  /// Reads one process after the other; `current` is the one that is not resolved yet.
  private static func readDocument(
    _ scanner: inout JSONScanner, _ current: inout RocprofProcess?,
    _ collector: inout EventCollector, _ agents: inout [String: String]
  ) throws(TraceIOError) {
    var number = 0
    guard try scanner.next() == .objectStart else { return }
    while try scanner.next() == .key {
      let isTool = scanner.tokenIs("rocprofiler-sdk-tool")
      let token = try scanner.next()
      guard isTool, token == .arrayStart else {
        try scanner.skipValue(of: token)
        continue
      }
      while try scanner.nextObject() {
        current = RocprofProcess(number: number)
        try current?.read(&scanner, &collector)
        current?.resolve(&collector, &agents)
        current = nil
        number += 1
      }
    }
    // Nothing may follow.
    _ = try scanner.next()
  }
}
