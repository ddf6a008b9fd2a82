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
        """), completion: .file())
  var capture: [String] = []

  @Option(
    help: ArgumentHelp(
      "The PyTorch execution trace (JSON) of the run whose Kineto trace is read.",
      discussion: "Operators without shapes take those of the same record id; names must agree."),
    completion: .file())
  var shapes: String?

  @Option(
    help: "What the columns of a CSV table mean: a JSON file (docs/import.md).", completion: .file()
  )
  var mapping: String?

  @Option(
    help: "The type of weights and activations, for tables that do not give it: bf16, fp16, ...")
  var dataType: String?

  @Option(
    name: .customLong("operator"),
    help: "The collective that nccl-tests ran, where its output does not say: all_reduce, ...")
  var collective: String?

  @Option(
    help: ArgumentHelp(
      "The format of standard input, where its content does not tell.",
      discussion: "One of \(TraceFormat.streams.map(\.rawValue).joined(separator: ", "))."),
    transform: TraceFormat.stream(named:))
  var format: TraceFormat?

  @Option(
    help: "Rules that classify kernels by name, before the built-in ones (JSON).",
    completion: .file())
  var kernelNames: String?

  @Option(
    help: ArgumentHelp(
      "The share of records that may be bad before a file is refused.",
      discussion: "One in a hundred, and ten in any case, unless given."))
  var maxBadRecords: Double?

  @Option(help: "The most bytes that one input may expand to.")
  var maxBytes = InputLimits.standard.maximumOutput

  @Flag(help: "Refuse files that are damaged, instead of importing what is sound.")
  var strict = false

  mutating func validate() throws {
    guard (0...1).contains(maxBadRecords ?? 0) else {
      throw UsageError("--max-bad-records is a share from 0 to 1")
    }
    guard maxBytes > 0 else { throw UsageError("--max-bytes must be at least 1") }
    guard (1...1024).contains(tensorParallel) else {
      throw UsageError("--tensor-parallel must be from 1 to 1024")
    }
    guard device?.contains(where: { !$0.isWhitespace }) != false else {
      throw UsageError("--device is empty")
    }
    guard dataType.map({ DataType(rawValue: $0) != nil }) ?? true else {
      let known = DataType.allCases.map(\.rawValue).joined(separator: ", ")
      throw UsageError("--data-type is one of \(known)")
    }
    guard collective.map({ OperatorKind(collective: $0) != nil }) ?? true else {
      let known = OperatorKind.collectiveNames.joined(separator: ", ")
      throw UsageError("--operator is one of \(known)")
    }
  }

  /// The library's options, for all files.
  func importOptions() throws -> ImportOptions {
    var limits = InputLimits.standard
    limits.maximumOutput = maxBytes
    var options = ImportOptions(isStrict: strict, inputLimits: limits)
    if let maxBadRecords {
      options.maximumBadShare = maxBadRecords
      options.toleratedBadRecords = 0
    }
    options.model = try model.map { try modelArchitecture(named: $0) }
    options.tensorParallel = tensorParallel
    options.captures = capture
    options.dataType = dataType.flatMap { DataType(rawValue: $0) }
    options.collective = collective.flatMap { OperatorKind(collective: $0) }
    if let mapping { options.mapping = try TableMapping(path: mapping) }
    options.shapes = shapes
    if let kernelNames { options.kernelNames = try KernelNameTable(path: kernelNames) }
    return options
  }

  /// What standard input is: what the user says, or else its content.
  private func streamFormat() throws -> TraceFormat {
    if let format { return format }
    let found = try TraceFormat.detect(prefix: StandardInput.peek(), path: "-")
    guard found.isStream else {
      throw Failure(
        .data, "-: \(found.title) comes with other files beside it; give the path of its folder")
    }
    return found
  }

  /// Reads files and passes on what is in them, as these options say.
  ///
  /// Several Kineto traces are the ranks of one run: they are compared before any is passed on.
  ///
  /// - Parameter checking: looks at each trace of a rank before the next file is read.
  /// - Returns: the bytes of text that were read.
  func read(
    _ files: [String], _ options: ImportOptions,
    checking: (ImportedTrace) throws -> Void = { _ in },
    _ use: (ImportedTrace) throws -> Void
  ) throws -> Int {
    guard shapes == nil || files.count == 1 else {
      throw UsageError("--shapes is of one run: give one trace with it")
    }
    var options = options
    var ranks: [ImportedTrace] = []
    var bytes = 0
    for file in files {
      options.format = file == "-" && mapping == nil ? try streamFormat() : nil
      let read: [ImportedTrace]
      do {
        read = try TraceReader.read(path: file, options: options)
      } catch {
        var failure = Failure(error)
        if file == "-", let format = options.format {
          failure.description += "; it was read as '\(format.rawValue)', see --format"
        }
        if !ranks.isEmpty { failure.description += "; no trace of this call was imported" }
        throw failure
      }
      let devices = Set(read.compactMap(\.deviceName)).sorted()
      guard device == nil || devices.count <= 1 else {
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
          try checking(trace)
          ranks.append(trace)
        } else {
          try use(trace)
        }
      }
    }
    CollectiveMatching.separateWaiting(in: &ranks)
    for trace in ranks { try use(trace) }
    return bytes
  }
}

/// Says what a person should know before trusting what was read.
func noteWarnings(of trace: ImportedTrace) throws {
  for warning in trace.warnings { try note("reprise: warning: \(trace.path): \(warning)") }
}

extension TraceFormat {
  /// All formats, for a command's help.
  static let list = allCases.map(\.title).joined(separator: ", ")

  /// The formats that standard input can have.
  fileprivate static let streams = allCases.filter(\.isStream)

  /// The format of standard input that the user names.
  fileprivate static func stream(named name: String) throws -> TraceFormat {
    guard let format = streams.first(where: { $0.rawValue == name }) else {
      throw ValidationError(
        "standard input is one of \(streams.map(\.rawValue).joined(separator: ", "))")
    }
    return format
  }
}
