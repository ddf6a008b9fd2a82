import TraceIO

/// Imports the JSON of rocprofv3 (`--output-format json`).
///
/// The file is streamed once. Its members come in any order, so that names, which are numbers in
/// the records, are resolved when a process has been read. Of the metadata nothing is kept.
enum RocprofJSONReader {
  /// The member that tells the format.
  static let member = "rocprofiler-sdk-tool"

  static func read(
    path: String, options: ImportOptions
  ) throws(ProfilerTraceError) -> ImportedTrace {
    var collector = EventCollector(options: options)
    var agents: [String: String] = [:]
    let summary: InputSummary
    do throws(TraceIOError) {
      var scanner = try JSONScanner(ByteSource(path: path, limits: options.inputLimits))
      var number = 0
      if try scanner.next() == .objectStart {
        while try scanner.next() == .key {
          let isTool = scanner.tokenIs("rocprofiler-sdk-tool")
          let token = try scanner.next()
          guard isTool, token == .arrayStart else {
            try scanner.skipValue(of: token)
            continue
          }
          while try scanner.next() == .objectStart {
            var process = RocprofProcess(number: number)
            try process.read(&scanner, &collector)
            process.resolve(&collector, &agents)
            number += 1
          }
        }
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
}
