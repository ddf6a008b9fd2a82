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
  }
}
