import ArgumentParser
import Reprise

/// `reprise time-prices`: how fast a deployment's prices are made and read; `tools/benchmark` prints it.
struct TimePricesCommand: FailingCommand {
  static let configuration = CommandConfiguration(
    commandName: "time-prices",
    abstract: "Time the cost model: from the database to ready prices, one query, one step.",
    discussion: """
      Of the first group of engines. The time to ready prices is by the clock, as it has several threads, with \
      the CPU's beside it; queries and steps are CPU time. Floors are bare loops that make as many look-ups in \
      tables as large.
      """,
    shouldDisplay: false)

  @OptionGroup var database: DatabaseOptions

  @OptionGroup var deployment: DeploymentOptions

  @Option(help: "How many queries and steps are timed.")
  var `repeat` = 2_000_000

  mutating func validate() throws {
    guard (1...100_000_000).contains(self.repeat) else {
      throw UsageError("--repeat must be from 1 to 100000000")
    }
  }

  mutating func execute() throws {
    let scenario = try deployment.read()
    let architecture = try deployment.architecture(of: scenario)
    guard let group = scenario.engines.first else { throw Failure(.usage, "no engines") }
    let device = try dataSheet(named: group.device)

    let start = Moment()
    let store = try database.open(.readOnly)
    let known = try store.evidence(for: group, serving: architecture, on: device)
    let loaded = Moment()
    let model = CostModel(
      curves: known.curves, on: device, relatives: known.relatives,
      upTo: StepBounds(
        tokens: group.maxBatchedTokens, sequences: group.maxSequences,
        context: group.maxModelLength))
    let asked = architecture.forwardPass(group.precision, group.layout)
    model.prepare(asked.map(\.operator))
    let fitted = Moment()
    let steps = StepModel(
      architecture, group.precision, group.layout, on: model, maximumTokens: group.maxBatchedTokens,
      maximumSequences: group.maxSequences)
    let ready = Moment()

    let compiled = asked.compactMap { CompiledOperator($0.operator, on: model) }
    let curves = known.curves + known.relatives.flatMap(\.curves)
    print(
      "\(architecture.name) on \(device.name), \(group.dataType.rawValue), "
        + "\(group.layout), \(group.maxBatchedTokens) tokens a step")
    print(
      "ready: \(ready.clock(since: start)) ms: load \(loaded.clock(since: start)), "
        + "fit \(fitted.clock(since: loaded)), compile \(ready.clock(since: fitted)); "
        + "\(ready.processor(since: start)) ms of CPU: load \(loaded.processor(since: start)), "
        + "fit \(fitted.processor(since: loaded)), compile \(ready.processor(since: fitted)); "
        + "\(curves.reduce(0) { $0 + $1.samples.count }) samples of \(curves.count) curves read, of "
        + "\(try store.sampleCount()) in the database")
    if let product = compiled.first(where: { $0.operator.kind == .gemm }) {
      let query = nanoseconds { product.estimate(at: AxisPoint(1 + $0 % 8192)).nanoseconds }
      print("query: \(query) ns, floor \(floor(lookUps: 2)) ns: \(product.operator)")
    }
    let shapes = Self.shapes(group)
    let step = nanoseconds { steps.price(shapes[$0 % shapes.count]).total }
    print(
      "step: \(step) ns, floor \(floor(lookUps: 2 + Self.attentionLookUps)) ns: "
        + "\(asked.count) operators, \(asked.reduce(0) { $0 + $1.count }) runs of them")
  }

  /// The corners of a cell of decodes and of one of prefills at each of two numbers of sequences.
  private static let attentionLookUps = 8

  /// Steps of a server at all loads: decodes, prefills and both.
  private static func shapes(_ group: EngineGroup) -> [StepShape] {
    var random = UInt64(1)
    func next(_ most: Int) -> Int {
      random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return 1 + Int(random >> 33) % max(1, most)
    }
    return (0..<1024).map { index in
      var shape = StepShape()
      if index % 4 != 3 {
        for _ in 0..<next(group.maxSequences) { shape.addDecode(context: next(4096)) }
      }
      if index % 2 == 1 {
        for _ in 0..<next(4) {
          shape.addPrefill(tokens: next(group.maxBatchedTokens / 8), past: 0, samples: true)
        }
      }
      return shape
    }
  }

  /// A moment on the clock and in the processor's time.
  private struct Moment {
    private let now = ContinuousClock.now
    private let seconds = processorSeconds()

    /// Milliseconds on the clock since another moment, as text.
    func clock(since start: Moment) -> String {
      fixedText(1e3 * ((now - start.now) / .seconds(1)), decimals: 1)
    }

    /// Milliseconds that all processors worked since then, as text.
    func processor(since start: Moment) -> String {
      fixedText(1e3 * (seconds - start.seconds), decimals: 1)
    }
  }

  /// The least CPU time of one of many calls, of three rounds, as text.
  private func nanoseconds(_ body: (Int) -> Double) -> String {
    var best = Double.infinity
    for _ in 0..<3 {
      let start = processorSeconds()
      var sum = 0.0
      for index in 0..<self.repeat { sum += body(index) }
      // The sum is looked at, so that nothing of it may be left out.
      precondition(sum >= 0)
      best = min(best, processorSeconds() - start)
    }
    return fixedText(best / Double(self.repeat) * 1e9, decimals: 1)
  }

  /// The time of so many look-ups in a table of eight thousand, in no order.
  private func floor(lookUps: Int) -> String {
    let table = (0..<8192).map(Double.init)
    return nanoseconds { index in
      var (place, sum) = (index, 0.0)
      for _ in 0..<lookUps {
        place = place &* 1_664_525 &+ 1_013_904_223
        sum += table[(place >> 8) & 8191]
      }
      return sum
    }
  }
}
