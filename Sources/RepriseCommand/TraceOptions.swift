import ArgumentParser
import Reprise

/// How traces are read: what `import` and `inspect` share.
struct TraceOptions: ParsableArguments {
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
    help: ArgumentHelp(
      "The trace of a graph capture, or a list of them, to tell the operators of graphs; repeatable.",
      discussion: """
        vLLM and SGLang run CUDA or HIP graphs, whose kernels carry no shapes; a trace of their \
        capture does. Its execution_details.json is such a list.
        """))
  var capture: [String] = []

  @Option(
    help: "The format of standard input: kineto, sweep, curves or steps; files tell it themselves.")
  var format: StreamFormat = .kineto

  @Option(help: "Rules that classify kernels by name, before the built-in ones (JSON).")
  var kernelNames: String?

  @Option(help: "The share of records that may be bad before a file is refused.")
  var maxBadRecords = 0.01

  @Option(help: "The most bytes that one input may expand to.")
  var maxBytes = InputLimits.standard.maximumOutput

  @Flag(help: "Refuse files that are damaged, instead of importing what is sound.")
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

  /// The library's options, for all files.
  func importOptions() throws -> ImportOptions {
    var limits = InputLimits.standard
    limits.maximumOutput = maxBytes
    var options = ImportOptions(
      maximumBadShare: maxBadRecords, isStrict: strict, inputLimits: limits)
    options.model = try model.map { try modelArchitecture(named: $0) }
    options.tensorParallel = tensorParallel
    options.captures = capture
    if let kernelNames { options.kernelNames = try KernelNameTable(path: kernelNames) }
    return options
  }

  /// Reads a file as these options say.
  func read(_ file: String, _ options: ImportOptions) throws -> [ImportedTrace] {
    var options = options
    options.format = file == "-" ? format.traceFormat : nil
    return try TraceReader.read(path: file, options: options)
  }
}
