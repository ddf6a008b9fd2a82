import ArgumentParser
import Reprise

/// `reprise import`: profiler traces and operator tables into the database.
struct ImportCommand: FailingCommand {
  static let configuration = CommandConfiguration(
    commandName: "import",
    abstract: "Import profiler traces and operator tables into a database.",
    discussion: """
      Formats, told by content: PyTorch Kineto traces (JSON), vLLM layerwise operator tables (a \
      directory; needs --model), Reprise's own operator sweeps and measured steps (JSON Lines). \
      Each may be plain, gzip or zstd.

      Each file is one transaction: all of it or nothing. The same bytes imported twice for one \
      device change nothing. Ends with a report of what was used, by which rule, and what was not.

        reprise import trace.json.gz --db lat.sqlite
        reprise import RTX4090/Llama-3.1-8B/tp1 --db lat.sqlite --model Llama-3.1-8B
      """)

  @Argument(help: "The files; '-' for standard input.")
  var files: [String]

  @OptionGroup var database: DatabaseOptions

  @Option(help: "The device's name, where the source does not say it or to overrule it.")
  var device: String?

  @Option(
    help: ArgumentHelp(
      "The model that was profiled: a built-in name such as Llama-3.1-8B, or a config.json.",
      discussion: """
        Needed for tables that name layers only. For a trace it tells grouped-query attention whose \
        query heads were folded into the query length from a short chunk.
        """))
  var model: String?

  @Option(help: "The devices that shared each layer, where --model is given.")
  var tensorParallel = 1

  @Option(
    help: "The format of standard input: kineto, sweep, curves or steps; files tell it themselves.")
  var format: StreamFormat = .kineto

  @Option(help: "The share of records that may be bad before a file is refused.")
  var maxBadRecords = 0.01

  @Option(help: "The most bytes that one input may expand to.")
  var maxBytes = InputLimits.standard.maximumOutput

  @Flag(help: "Refuse files that end early, instead of importing what is there.")
  var strict = false

  /// A format that can be read from a stream.
  enum StreamFormat: String, ExpressibleByArgument, CaseIterable {
    case kineto, sweep, curves, steps

    var traceFormat: TraceFormat {
      switch self {
      case .kineto: .kineto
      case .sweep: .sweep
      case .curves: .curves
      case .steps: .steps
      }
    }
  }

  mutating func validate() throws {
    guard (0...1).contains(maxBadRecords) else {
      throw UsageError("--max-bad-records is a share from 0 to 1")
    }
    guard maxBytes > 0 else { throw UsageError("--max-bytes must be at least 1") }
    guard (1...1024).contains(tensorParallel) else {
      throw UsageError("--tensor-parallel must be from 1 to 1024")
    }
    guard device?.isEmpty != true else { throw UsageError("--device is empty") }
  }

  mutating func execute() throws {
    var limits = InputLimits.standard
    limits.maximumOutput = maxBytes
    var options = ImportOptions(
      maximumBadShare: maxBadRecords, isStrict: strict, inputLimits: limits)
    options.model = try model.map { try modelArchitecture(named: $0) }
    options.tensorParallel = tensorParallel
    // What cannot be read must not leave a new, empty database behind.
    for file in files {
      let start = processorSeconds()
      var bytes = 0
      options.format = file == "-" ? format.traceFormat : nil
      for trace in try TraceReader.read(path: file, options: options) {
        bytes += trace.inputs.reduce(0) { $0 + $1.textBytes }
        guard let device = self.device ?? trace.deviceName else {
          throw Failure(.usage, "\(file): does not name its device; give it with --device NAME")
        }
        if Device.builtIn(named: device) == nil {
          try note(
            "reprise: warning: no data sheet for device '\(device)': its curves can be shown but not "
              + "predicted from; a processor's name must begin with 'cpu-'")
        }
        let outcome = try database.open(.readWrite).add(trace, device: device)
        report(trace, device, outcome)
      }
      let seconds = max(processorSeconds() - start, 1e-6)
      try note(
        "\(fixedText(Double(bytes) / 1e6, decimals: 1)) MB of text in "
          + "\(fixedText(seconds, decimals: 3)) s of CPU, "
          + "\(Int(Double(bytes) / 1e6 / seconds)) MB/s")
    }
  }

  private func report(
    _ trace: ImportedTrace, _ device: String, _ outcome: OperatorStore.ImportOutcome
  ) {
    let file = trace.path
    let (samples, curves, steps): (Int, Int, Int)
    switch outcome {
    case .unchanged:
      print("\(file): already imported for \(device); nothing changed")
      return
    case .added(let ofSamples, let ofCurves, let ofSteps):
      (samples, curves, steps) = (ofSamples, ofCurves, ofSteps)
    case .replaced(let ofSamples, let ofCurves, let ofSteps):
      (samples, curves, steps) = (ofSamples, ofCurves, ofSteps)
      print("\(file): imported before in another way; its rows are replaced")
    }
    let coverage = trace.coverage
    let runtime = [trace.runtime.framework, trace.runtime.version].compactMap { $0 }
    print(
      "\(file): \(trace.format.rawValue) on \(device)"
        + (runtime.isEmpty ? "" : ", \(runtime.joined(separator: " "))"))
    print(
      "  \(coverage.recordsRead) records read, \(coverage.recordsUsed) used: \(samples) samples on "
        + "\(curves) curves" + (steps > 0 ? ", \(steps) measured steps" : ""))
    if let end = coverage.salvagedAt {
      print("  the file ends early, at byte \(end) of its text: what came before was imported")
    }
    let total = coverage.total
    if total.count > 0 {
      var table = TextTable([
        .init("attribution", .left), .init("", .left), .init("events"), .init("events %"),
        .init("time ms"), .init("time %"),
      ])
      for rule in AttributionRule.allCases where coverage[rule].count > 0 {
        let tally = coverage[rule]
        table.add([
          rule.label, rule.isUsed ? "used" : "excluded", "\(tally.count)",
          percent(tally.count, total.count),
          fixedText(Double(tally.nanoseconds) / 1e6, decimals: 3),
          percent(Int(tally.nanoseconds), Int(total.nanoseconds)),
        ])
      }
      for line in table.text.split(separator: "\n") { print("  " + line) }
    }
    for reason in RejectionReason.allCases where coverage.rejected(reason) > 0 {
      print("  not used: \(coverage.rejected(reason)) records: \(reason.rawValue)")
    }
    if coverage.ignoredLiterals > 0 {
      print(
        "  \(coverage.ignoredLiterals) words such as NaN were passed over where they do not matter")
    }
    if !coverage.ignoredFiles.isEmpty {
      print("  not read: \(coverage.ignoredFiles.joined(separator: ", "))")
    }
    if !trace.steps.isEmpty {
      let known = trace.steps.count { $0.batch != nil }
      print("  annotated steps: \(trace.steps.count), \(known) with their batch")
    }
    if coverage.ambiguousLaunches > 0 {
      print("  \(coverage.ambiguousLaunches) kernels have several launches; the latest was taken")
    }
  }

  private func percent(_ part: Int, _ whole: Int) -> String {
    fixedText(whole > 0 ? 100 * Double(part) / Double(whole) : 0, decimals: 1)
  }
}
