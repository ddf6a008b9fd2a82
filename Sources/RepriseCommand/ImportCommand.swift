import ArgumentParser
import Reprise

/// `reprise import`: profiler traces and operator tables into the database.
struct ImportCommand: FailingCommand {
  static let configuration = CommandConfiguration(
    commandName: "import",
    abstract: "Import profiler traces and operator tables into a database.",
    discussion: """
      Formats, told by content: PyTorch Kineto traces (JSON), vLLM layerwise operator tables (a \
      directory; needs --model), tables of Vidur's profiler, of LLMServingSim's first (layers.csv; \
      needs --model) and of Splitwise (CSV), the output of nccl-tests, any other CSV table through \
      --mapping, XLA profiles (*.xplane.pb), Chakra execution traces, Nsight Compute CSV, \
      Reprise's own operator sweeps and measured steps (JSON Lines). Each may be plain, gzip or zstd.

      Several traces of one run, a rank each, are compared: the time of their collectives is told \
      apart from the wait for other ranks. Each file is one transaction: all of it or nothing. The \
      same bytes imported twice for one device change nothing. Ends with a report of what was used, \
      by which rule, and what was not; \
      'reprise inspect' says it beforehand.

        reprise import trace.json.gz --db lat.sqlite
        reprise import RTX4090/Llama-3.1-8B/tp1 --db lat.sqlite --model Llama-3.1-8B
        reprise import table.csv --mapping map.json --db lat.sqlite --device h100-sxm
      """)

  @Argument(help: "The files; '-' for standard input.")
  var files: [String]

  @OptionGroup var database: DatabaseOptions

  @OptionGroup var traces: TraceOptions

  /// The devices without a data sheet that the user was warned of.
  private var warned: Set<String> = []

  mutating func execute() throws {
    let options = try traces.importOptions()
    guard options.shapes == nil || files.count == 1 else {
      throw UsageError("--shapes is of one run: give one trace with it")
    }
    // The ranks of one run are compared before any is added. What cannot be read must not leave a
    // new, empty database behind.
    var ranks: [ImportedTrace] = []
    let start = processorSeconds()
    var bytes = 0
    for file in files {
      let read = try traces.read(file, options)
      let devices = Set(read.compactMap(\.deviceName)).sorted()
      if traces.device != nil, devices.count > 1 {
        throw Failure(
          .usage,
          "\(file): holds several devices (\(devices.joined(separator: ", "))); leave out --device")
      }
      for trace in read {
        // Parts of one file share its bytes.
        if trace.part.isEmpty || trace.part == read.first?.part {
          bytes += trace.inputs.reduce(0) { $0 + $1.textBytes }
        }
        if trace.format == .kineto, files.count > 1 {
          _ = try device(of: trace)
          ranks.append(trace)
        } else {
          try add(trace)
        }
      }
    }
    CollectiveMatching.separateWaiting(in: &ranks)
    for trace in ranks { try add(trace) }
    let seconds = max(processorSeconds() - start, 1e-6)
    try note(
      "\(fixedText(Double(bytes) / 1e6, decimals: 1)) MB of text in "
        + "\(fixedText(seconds, decimals: 3)) s of CPU, "
        + "\(Int(Double(bytes) / 1e6 / seconds)) MB/s")
  }

  private func device(of trace: ImportedTrace) throws -> String {
    guard let device = traces.device ?? trace.deviceName else {
      throw Failure(
        .usage, "\(trace.path): does not name its device; give it with --device NAME")
    }
    return device
  }

  private mutating func add(_ trace: ImportedTrace) throws {
    let device = try device(of: trace)
    for warning in trace.warnings { try note("reprise: warning: \(trace.path): \(warning)") }
    if Device.builtIn(named: device) == nil, warned.insert(device).inserted {
      try note(
        "reprise: warning: no data sheet for device '\(device)': its curves can be shown but not "
          + "predicted from; a processor's name must begin with 'cpu-'")
    }
    let outcome = try database.open(.readWrite).add(trace, device: device)
    for line in trace.importReport(device: device, outcome: outcome) { print(line) }
  }
}
