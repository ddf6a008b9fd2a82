public import ArgumentParser
import Reprise

/// What plans must keep to, and which is best.
struct SearchOptions: ParsableArguments {
  @Option(help: "The longest time to the first token, in milliseconds.")
  var ttftMs: Double?

  @Option(help: "The longest time per output token, in milliseconds.")
  var tpotMs: Double?

  @Option(
    help: """
      What is best: throughput (generated tokens a second), latency (end to end) or cost (US \
      dollars, or device seconds where no price is known).
      """)
  var objective: PlanSearch.Objective = .throughput

  mutating func validate() throws {
    for limit in [ttftMs, tpotMs] {
      if let limit, !(limit > 0 && limit < 1e12) {
        throw UsageError("--ttft-ms and --tpot-ms must be positive")
      }
    }
  }

  /// The search that these and the other options ask for.
  func search(_ options: EstimateOptions) throws -> PlanSearch {
    var search = PlanSearch(
      model: try options.architecture(), platform: try options.resolvedPlatform())
    search.precision = options.precision
    search.efficiencies = options.efficiencies
    search.serviceLevel.timeToFirstToken = ttftMs.map { $0 * 1e6 }
    search.serviceLevel.timePerOutputToken = tpotMs.map { $0 * 1e6 }
    search.objective = objective
    return search
  }
}

extension PlanSearch.Objective: ExpressibleByArgument {}

/// `reprise search`: the best design, by replays or by estimates.
struct SearchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "search",
    abstract: "Find the best design for a load by replaying it, or the best layout by estimates.",
    discussion: """
      'reprise search SEARCH.yaml' lists designs (engines and how many, layouts, batching limits, prefill and \
      decode apart, routing, kinds of devices), leaves out what bounds show to be of no use, and replays the rest: \
      the answer for a load with queues and percentiles. 'reprise search layouts' estimates every layout of a \
      model on a number of devices for one batch of equal requests, in a millisecond.

        reprise search docs/examples/search/chat.yaml -o out
        reprise search chat.yaml --db lat.sqlite --log requests.jsonl -o out
        reprise search layouts --model llama-3.1-70b --platform dgx-h100 --devices 16 --batch 64
      """,
    subcommands: [DesignSearchCommand.self, LayoutSearchCommand.self],
    defaultSubcommand: DesignSearchCommand.self)
}

/// `reprise search layouts`: the best layout on a number of devices.
struct LayoutSearchCommand: FailingCommand {
  static let configuration = CommandConfiguration(
    commandName: "layouts",
    abstract: "Find the best parallel layout of a model on a number of devices, by estimates.",
    discussion: """
      Every layout of exactly so many devices that the model can lie in, with a request for each \
      data-parallel group, is estimated; those that fit into memory and keep to the limits are \
      listed, the best first. With --json prints an object as TraceSchemas/plans.schema.json describes it.

        reprise search layouts --model llama-3.1-70b --platform dgx-h100 --devices 16 --batch 64 \
      --input 2048 --output 256 --tpot-ms 20
      """)

  @OptionGroup var options: EstimateOptions

  @OptionGroup(title: "Search") var searching: SearchOptions

  @Option(help: "Devices in all.")
  var devices = 8

  @Option(help: "The most plans to print.")
  var limit = 10

  @Flag(help: "Only plans that no other beats in both TPOT and throughput (the Pareto front).")
  var front = false

  mutating func validate() throws {
    guard limit > 0 else { throw UsageError("--limit must be at least 1") }
  }

  mutating func execute() throws {
    let search = try searching.search(options)
    let start = processorSeconds()
    let plans = try search.plans(devices: devices, options.workload(of: search.model))
    let seconds = processorSeconds() - start
    guard !plans.isEmpty else {
      throw Failure(
        .unavailable,
        "no layout of \(devices) × \(search.platform.device.name) holds the model and this batch "
          + "within the limits; 'reprise size' finds how many do")
    }
    try options.noteDoubts(search.platform, devices: devices)
    let best = PlanSearch.front(of: plans)
    let shown = Array((front ? best : plans).prefix(limit))
    if options.json.isWanted {
      print(try EstimateFile.json(shown, search, front: best))
      return
    }
    print(
      """
      \(search.model.name) on \(devices) × \(search.platform.device.name), batch of \
      \(options.batch), \(options.input) tokens in, \(plans.first?.estimate.workload.outputTokens ?? 0) out: \(counted(plans.count, "plan")) of \
      \(counted(search.layouts(devices: devices).count, "layout")) in \
      \(fixedText(1e3 * seconds, decimals: 2)) ms of CPU, best \(search.objective.rawValue) first
      \(TextTable(plans: shown).text)
      """, terminator: "")
  }
}

/// `reprise size`: the fewest devices that hold a model and keep to limits.
struct SizeCommand: FailingCommand {
  static let configuration = CommandConfiguration(
    commandName: "size",
    abstract: "Find the fewest devices that hold a model and keep to latency limits.",
    discussion: """
      Numbers of devices are tried from one upward; the best plan of the first that works is shown. With \
      --json prints its estimate as TraceSchemas/estimate.schema.json describes it.

        reprise size --model deepseek-v3 --dtype fp8 --platform dgx-h200 --batch 32 \
      --input 4096 --output 512 --tpot-ms 50
      """)

  @OptionGroup var options: EstimateOptions

  @OptionGroup(title: "Search") var searching: SearchOptions

  @Option(help: "The most devices to try.")
  var maximumDevices = 64

  mutating func validate() throws {
    guard (1...PlanSearch.mostDevices).contains(maximumDevices) else {
      throw UsageError("--maximum-devices must be from 1 to \(PlanSearch.mostDevices)")
    }
  }

  mutating func execute() throws {
    let search = try searching.search(options)
    guard let plan = try search.smallest(options.workload(of: search.model), upTo: maximumDevices)
    else {
      throw Failure(
        .unavailable,
        "up to \(maximumDevices) × \(search.platform.device.name) hold the model and this batch "
          + "within the limits in no layout; allow more with --maximum-devices, or longer times")
    }
    let steps = try StepEstimator(
      search.model, search.precision, plan.layout, on: search.platform, search.efficiencies)
    try options.noteDoubts(search.platform, devices: plan.layout.devices)
    let report = EstimateReport(steps, plan.estimate)
    print(try options.json.isWanted ? EstimateFile.json(report) : report.text)
  }
}
