import Reprise
import Synchronization

extension ReplayCommand {
  /// One replay of the log.
  struct Run: Sendable {
    /// What became of requests; nil of those replays of which only figures are asked for.
    var result: ReplayResult?
    var summary: ReplaySummary
    /// Processor time, of all threads together.
    var seconds: Double
  }

  /// Replays the log by measurements, by the roofline alone, and at both ends of the step times' doubt,
  /// side by side; where engines do not depend on each other, each in as many parts as there are threads.
  func run(
    _ deployment: Deployment, _ plans: [EnginePlan], _ log: ReplayedLog
  ) throws -> [Run] {
    var options = ReplayOptions()
    options.warmUp = workload.options.warmUp
    options.recordsSteps = timeline
    let measured = try Simulation(
      deployment: deployment, pricings: plans.map(\.measured), options: options)
    options.recordsSteps = false
    let roofline = try Simulation(
      deployment: deployment, pricings: plans.map(\.roofline), options: options)
    let ends = try (bands ? [-1, 1] : []).map { side in
      try Simulation(
        deployment: deployment,
        pricings: plans.map { $0.measured.shifted(by: side * LatencyBands.standardErrors) },
        options: options)
    }
    let simulations = [measured, roofline] + ends
    let labels = ["replay", "roofline"]
    let warmUp = options.warmUp
    // Where the folder is, SIGINT is caught.
    try makeFolder(output, for: Self.files)
    let parts = measured.parts(of: log.table, atMost: threads)
    // Two bars would write over each other.
    let started = simulations.indices.map { number in
      RunInParts(
        count: parts.count, total: log.records.count,
        label: number == 0 || (number == 1 && threads == 1) ? labels[number] : nil)
    }
    let pieces = onThreads(threads, count: simulations.count * parts.count) { piece -> Run? in
      let (number, part) = piece.quotientAndRemainder(dividingBy: parts.count)
      let start = threadSeconds()
      let result = simulations[number].run(parts[part]) {
        started[number].update(to: $0, part: part)
      } shouldStop: {
        Interruption.isRequested
      }
      guard
        let (results, seconds) = started[number].take(
          result, of: part, seconds: threadSeconds() - start)
      else { return nil }
      let joined = parts.join(results)
      return Run(
        result: number < labels.count ? joined : nil,
        summary: ReplaySummary(joined, warmUp: warmUp), seconds: seconds)
    }
    let runs = simulations.indices.compactMap { number in
      pieces[(number * parts.count)..<((number + 1) * parts.count)].lazy.compactMap(\.self).first
    }
    for (label, run) in zip(labels, runs) {
      let steps = run.summary.steps
      try note(
        "\(label): \(steps) engine steps in \(fixedText(run.seconds, decimals: 3)) s of CPU, "
          + "\(Int(Double(steps) / max(run.seconds, 1e-6))) steps/s")
    }
    if bands {
      let seconds = runs[2].seconds + runs[3].seconds
      try note("bands: two replays in \(fixedText(seconds, decimals: 3)) s of CPU")
    }
    if timingRuns > 0 {
      try timeEngine(measured, log.table, plan: plans[0], runs: timingRuns)
    }
    return runs
  }
}

/// A replay whose parts run on several threads, until the last of them has ended.
private final class RunInParts: Sendable {
  private struct State {
    var results: [ReplayResult?]
    var left: Int
    var seconds = 0.0
    var finished: [Int]
    var bar: ProgressBar?
  }

  private let state: Mutex<State>

  /// - Parameters:
  ///   - total: Requests of all parts.
  ///   - label: What the bar of its progress says; nil for none.
  init(count: Int, total: Int, label: String?) {
    state = Mutex(
      State(
        results: Array(repeating: nil, count: count), left: count,
        finished: Array(repeating: 0, count: count),
        bar: label.map { ProgressBar($0, total: total) }))
  }

  /// Notes how many requests of a part have finished.
  func update(to finished: Int, part: Int) {
    state.withLock {
      $0.finished[part] = finished
      $0.bar?.update(to: $0.finished.reduce(0, +))
    }
  }

  /// Takes a part's result; the last one gets those of all, and what they took together.
  func take(
    _ result: ReplayResult, of part: Int, seconds: Double
  ) -> (results: [ReplayResult], seconds: Double)? {
    state.withLock { state in
      state.results[part] = result
      state.seconds += seconds
      state.left -= 1
      guard state.left == 0 else { return nil }
      state.bar?.finish()
      defer { state.results = [] }
      return (state.results.compactMap(\.self), state.seconds)
    }
  }
}
