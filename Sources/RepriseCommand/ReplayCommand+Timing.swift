import Reprise

extension ReplayCommand {
  /// Replays the log a few times more, alone, and says what the best run cost, beside the floor: the same
  /// steps priced one after another by a bare loop, which decides nothing.
  func timeEngine(
    _ simulation: Simulation<StepModel>, _ table: RequestTable, plan: EnginePlan, runs: Int
  ) throws {
    var simulation = simulation
    simulation.options.recordsSteps = false
    func best(_ work: () -> Void) -> Double {
      (0..<runs).map { _ in
        let start = threadSeconds()
        work()
        return threadSeconds() - start
      }.min() ?? 0
    }
    var events = 0
    let engine = best { events = simulation.run(table).eventCount }
    simulation.options.recordsSteps = true
    simulation.options.mergesSteps = false
    let shapes = simulation.run(table).steps.map(\.shape)
    var clock: Int64 = 0
    let floor = best {
      for shape in shapes { clock &+= Int64(plan.measured.price(shape).total) }
    }
    func milliseconds(_ seconds: Double) -> String { fixedText(1e3 * seconds, decimals: 2) }
    // What is not used would not be computed.
    precondition(clock >= 0)
    try note(
      "engine: \(shapes.count) steps, \(events) events in \(milliseconds(engine)) ms of CPU, best of \(runs): "
        + "\(Int(Double(shapes.count) / max(engine, 1e-9))) steps/s; floor \(milliseconds(floor)) ms"
    )
    try timeParts(simulation, table, runs: runs)
  }

  /// The same in parts on several threads, where engines do not depend on each other: by the clock, and what
  /// the thread with the most work has to do, which is what the clock would show on idle cores.
  private func timeParts(
    _ simulation: Simulation<StepModel>, _ table: RequestTable, runs: Int
  ) throws {
    var silent = simulation
    silent.options.recordsSteps = false
    let simulation = silent
    let count = simulation.parts(of: table, atMost: threads).count
    guard count > 1 else { return }
    let whole = simulation.run(table)
    var (longest, clock, areEqual) = (Double.infinity, Duration.seconds(1e9), true)
    for _ in 0..<runs {
      let begin = ContinuousClock.now
      let start = threadSeconds()
      let parts = simulation.parts(of: table, atMost: threads)
      let split = threadSeconds() - start
      let results = onThreads(threads, count: parts.count) { part in
        let start = threadSeconds()
        return (simulation.run(parts[part]), threadSeconds() - start)
      }
      let middle = threadSeconds()
      let joined = parts.join(results.map(\.0))
      let join = threadSeconds() - middle
      clock = min(clock, ContinuousClock.now - begin)
      longest = min(longest, split + (results.map(\.1).max() ?? 0) + join)
      areEqual = areEqual && joined == whole
    }
    func milliseconds(_ seconds: Double) -> String { fixedText(1e3 * seconds, decimals: 2) }
    try note(
      "in \(count) parts on \(threads) threads: the longest \(milliseconds(longest)) ms of CPU with taking "
        + "apart and joining, \(milliseconds(clock / .seconds(1))) ms by the clock, results "
        + (areEqual ? "equal" : "DIFFERENT"))
  }
}
