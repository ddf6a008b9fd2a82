import ArgumentParser
import Reprise

/// What is estimated on what: the model, the devices, the types and the workload.
struct EstimateOptions: ParsableArguments {
  @Option(
    help: "A built-in model's name, or the path of a config.json ('reprise catalogue models').")
  var model: String

  @Option(
    help: """
      A device by the name of its data sheet, or FILE.json of your own, FILE.json#NAME where it \
      holds several ('reprise catalogue devices').
      """)
  var device: String?

  @Option(
    help: """
      A platform: devices and what joins them; or FILE.json of your own, FILE.json#NAME where it \
      holds several ('reprise catalogue platforms').
      """)
  var platform: String?

  @Option(
    name: .customLong("dtype"),
    help: """
      The type of weights and of products; below 16 bits all else (attention, keys and values, what \
      passes between layers, the head) stays in bf16.
      """)
  var dataType: DataType = .bfloat16

  @Option(help: "The type of weights alone, if another: products stay in --dtype.")
  var weights: DataType?

  @Option(help: "The type of experts' weights, if another than that of weights.")
  var experts: DataType?

  @Option(help: "The type of keys and values, if another.")
  var keyValues: DataType?

  @Option(help: "Requests at once.")
  var batch = 1

  @Option(help: "Prompt tokens of each.")
  var input = 1024

  @Option(help: "Tokens that each generates; 128, or 1 of a model that only embeds.")
  var output: Int?

  @Option(help: "Candidates that a beam search keeps of each request.")
  var beams = 1

  @Option(help: "Prompt tokens of each that are in the cache already.")
  var cached = 0

  @Option(help: "Prompt tokens that all requests begin with, kept once.")
  var shared = 0

  @Option(help: "Prompt tokens computed in one step; without it whole prompts.")
  var chunk: Int?

  @Option(help: "Other requests that decode in the same steps as the prompts (mixed batches).")
  var beside = 0

  @Flag(help: "Launch decode kernels one by one instead of replaying graphs.")
  var eager = false

  @Flag(help: "The data sheet's rates and nothing besides: the speed of light.")
  var ideal = false

  @Option(help: "How much more the busiest device's experts get than their even share.")
  var imbalance = 1.0

  @OptionGroup var json: JSONOptions

  mutating func validate() throws {
    guard device != nil || platform != nil else {
      throw UsageError("give --device or --platform, or both for that device in that platform")
    }
    guard !(eager && ideal) else { throw UsageError("--eager and --ideal exclude each other") }
    guard imbalance >= 1, imbalance <= 1e6 else {
      throw UsageError("--imbalance must be from 1 to 1000000")
    }
  }

  var efficiencies: Efficiencies {
    var efficiencies = ideal ? Efficiencies.ideal : eager ? .eager : Efficiencies()
    efficiencies.expertImbalance = imbalance
    return efficiencies
  }

  var precision: Precision {
    var precision = Precision(serving: dataType)
    if let weights { (precision.weights, precision.experts) = (weights, weights) }
    if let experts { precision.experts = experts }
    if let keyValues { precision.keyValues = keyValues }
    return precision
  }

  /// The workload of a model.
  func workload(of model: ModelArchitecture) -> Workload {
    var workload = Workload(
      batch: batch, inputTokens: input, outputTokens: output ?? (model.generates ? 128 : 1))
    workload.beams = beams
    workload.cachedTokens = cached
    workload.sharedTokens = shared
    workload.chunk = chunk
    workload.decodesBeside = beside
    return workload
  }

  /// The model; one of a family that is not known is used with a warning.
  func architecture() throws -> ModelArchitecture {
    let architecture = try modelArchitecture(named: model)
    if !architecture.isFamilyKnown {
      try note(
        "reprise: \(model): its model_type is not known; it is read as a decoder like Llama's")
    }
    let workload = workload(of: architecture)
    let length = workload.inputTokens.addingReportingOverflow(workload.outputTokens).partialValue
    if length > architecture.maximumPositions {
      try note(
        "reprise: \(model): made for \(architecture.maximumPositions) positions, asked for \(length)"
      )
    }
    return architecture
  }

  /// What it runs on.
  func resolvedPlatform() throws -> Platform {
    let sheet = try device.map { try dataSheet(named: $0) }
    guard let name = platform else { return Platform(sheet ?? Device.builtIns[0]) }
    var platform = try describedPlatform(named: name, besides: sheet)
    if let sheet { platform.device = sheet }
    return platform
  }

  /// Says where the answer rests on what the device or platform does not have.
  func noteDoubts(_ platform: Platform, devices: Int) throws {
    let device = platform.device
    for type in [precision.products, precision.activations] where device.peakFlops[type] == nil {
      try note(
        "reprise: \(device.name) has no rate for \(type.rawValue); that of a wider type is taken")
      break
    }
    if devices > platform.devices {
      try note(
        "reprise: \(platform.name) joins \(platform.devices) devices; its outermost level is taken "
          + "to go on to \(devices)")
    }
  }
}
