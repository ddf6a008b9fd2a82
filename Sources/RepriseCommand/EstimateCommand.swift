import ArgumentParser
import Reprise

/// `reprise estimate`: what a workload takes on given devices, by the roofline with what kernels reach.
struct EstimateCommand: FailingCommand {
  static let configuration = CommandConfiguration(
    commandName: "estimate",
    abstract:
      "Estimate latency, memory, energy and cost of a model on devices, without measurements.",
    discussion: """
      The roofline of every operator, with the part of the peaks that kernels reach on seven GPUs \
      (docs/ACCURACY.md), for one batch of equal requests.

        reprise estimate --model llama-3.1-70b --platform dgx-h100 --tp 8 --batch 8 \
      --input 4096 --output 256
        reprise estimate --model mixtral-8x7b --device h100-sxm --tp 4 --operators --plot r.svg
        reprise estimate --model llama-3.1-8b --device H100_GPU --compat genz --efficiency 0.8

      With --json prints an object as TraceSchemas/estimate.schema.json describes it, with --compat genz \
      genz-estimate.schema.json.

      Many models, platforms and sizes side by side are what 'reprise compare-estimates' makes a page of.
      """)

  enum Compatibility: String, ExpressibleByArgument, CaseIterable { case genz }

  @OptionGroup var options: EstimateOptions

  @OptionGroup(title: "Layout") var layout: LayoutOptions

  @Option(help: "The rank of low-rank adapters (LoRA) on every product of the layers.")
  var loraRank: Int?

  @Option(help: "Different adapters that the batch uses.")
  var loraCount = 1

  @Option(help: "The part of the weights in the host's memory, from 0 to 1.")
  var offloadWeights = 0.0

  @Option(help: "The part of keys and values in the host's memory, from 0 to 1.")
  var offloadKeyValues = 0.0

  @Option(help: "A draft model for speculative decoding, on the same devices.")
  var draftModel: String?

  @Option(name: .customLong("draft-tp"), help: "Devices that share each of its layers, if others.")
  var draftTensor: Int?

  @Option(help: "Tokens that the draft model proposes in a round.")
  var draftTokens = 4

  @Option(help: "How likely each proposed token is accepted.")
  var acceptance = 0.7

  @Flag(help: "List every operator of the prefill and of a decode step.")
  var operators = false

  @Option(help: "Write the operators under the roofline as an SVG.", completion: .file())
  var plot: String?

  @Option(help: "Estimate so many times more, and say on standard error how long one takes.")
  var `repeat`: Int?

  @Option(help: "The numbers of another tool, with its faults: genz (0.0.16).")
  var compat: Compatibility?

  @Option(help: "With --compat genz: the part of peak rate and bandwidth that is reached.")
  var efficiency = 1.0

  mutating func validate() throws {
    guard loraRank.map({ (1...65_536).contains($0) }) ?? true, (1...65_536).contains(loraCount)
    else { throw UsageError("--lora-rank and --lora-count must be from 1 to 65536") }
    guard loraRank == nil || loraCount <= options.batch else {
      throw UsageError("a batch of \(options.batch) uses at most as many adapters")
    }
    guard compat != nil || efficiency == 1 else {
      throw UsageError("--efficiency goes with --compat genz")
    }
    guard compat == nil || strange == nil else {
      throw UsageError("--compat genz knows no \(strange ?? "")")
    }
    guard self.repeat.map({ (1...100_000_000).contains($0) }) ?? true else {
      throw UsageError("--repeat must be from 1 to 100000000")
    }
  }

  /// An option that GenZ has no counterpart of, if one is given.
  private var strange: String? {
    let given: [(String, Bool)] = [
      ("--dp", layout.data > 1), ("--sp", layout.sequence > 1), ("--lora-rank", loraRank != nil),
      ("--offload-weights", offloadWeights > 0), ("--offload-key-values", offloadKeyValues > 0),
      ("--draft-tp", draftTensor != nil), ("--plot", plot != nil), ("--repeat", self.repeat != nil),
      ("--eager", options.eager),
      ("--ideal", options.ideal), ("--imbalance", options.imbalance > 1),
      ("--weights", options.weights != nil), ("--experts", options.experts != nil),
      ("--key-values", options.keyValues != nil), ("--shared", options.shared > 0),
      ("--cached without --chunk", options.cached > 0 && options.chunk == nil),
      ("--beside without --chunk", options.beside > 0 && options.chunk == nil),
      ("--beside above 65536", options.beside > 65_536),
    ]
    return given.first { $0.1 }?.0
  }

  mutating func execute() throws {
    if compat == .genz {
      let report = try genZReport()
      print(
        try options.json.isWanted ? report.json() : report.text,
        terminator: options.json.isWanted ? "\n" : "")
      return
    }
    let model = try options.architecture()
    let platform = try options.resolvedPlatform()
    let adapters = loraRank.map { Adapters(rank: $0, count: loraCount) }
    let workload = options.workload(of: model)
    let steps = try StepEstimator(
      model, options.precision, layout.parallelism, on: platform, options.efficiencies,
      adapters: adapters)
    var estimator = RequestEstimator(steps, adapters: adapters)
    estimator.offload.weights = offloadWeights
    estimator.offload.keyValues = offloadKeyValues
    if let draftModel {
      var drafted = layout.parallelism
      drafted.tensor = draftTensor ?? drafted.tensor
      drafted.expert = 1
      let draft = try StepEstimator(
        modelArchitecture(named: draftModel), options.precision, drafted, on: platform,
        options.efficiencies)
      estimator.draft = (draft, Speculation(proposed: draftTokens, acceptance: acceptance))
    }
    var report = EstimateReport(steps, try estimator.estimate(workload))
    if operators || plot != nil {
      report.prefillOperators = steps.operators(estimator.firstPrefillStep(workload))
      report.decodeOperators = steps.operators(estimator.meanDecodeStep(workload))
    }
    if let plot {
      let figure = RooflineFigure(
        title: "\(model.name), \(layout.parallelism)", device: platform.device,
        precision: options.precision,
        steps: [
          .init(name: "prefill", operators: report.prefillOperators),
          .init(name: "decode", operators: report.decodeOperators),
        ])
      try figure.write(to: plot)
    }
    if !operators { (report.prefillOperators, report.decodeOperators) = ([], []) }
    print(try options.json.isWanted ? EstimateFile.json(report) : report.text)
    if let count = self.repeat { try time(estimator, steps, count: count, adapters) }
    try options.noteDoubts(platform, devices: layout.parallelism.devices)
    if !report.estimate.memory.fits {
      try note("reprise: it does not fit into the device's memory; 'reprise size' finds what does")
    }
  }

  /// Says how long one estimate of the workload takes, and one with its forward pass compiled anew.
  private func time(
    _ estimator: RequestEstimator, _ steps: StepEstimator, count: Int, _ adapters: Adapters?
  ) throws {
    func microseconds(_ count: Int, _ body: () throws -> Double) rethrows -> String {
      let start = processorSeconds()
      var sum = 0.0
      for _ in 0..<count { sum += try body() }
      // The sum is looked at, so that nothing of it may be left out.
      precondition(sum >= 0)
      return fixedText((processorSeconds() - start) / Double(count) * 1e6, decimals: 3)
    }
    var workload = options.workload(of: steps.model)
    let estimate = try microseconds(count) {
      // Another output length each time, so that nothing can be kept.
      if steps.model.generates { workload.outputTokens = workload.outputTokens % 1024 + 1 }
      return try estimator.estimate(workload).endToEnd
    }
    let whole = try microseconds(max(1, count / 10)) {
      let steps = try StepEstimator(
        steps.model, steps.precision, steps.layout, on: steps.platform, steps.efficiencies,
        adapters: adapters)
      return try RequestEstimator(steps, adapters: adapters).estimate(workload).endToEnd
    }
    try note("estimate: \(estimate) µs of CPU, \(whole) µs with the forward pass compiled anew")
  }
}
