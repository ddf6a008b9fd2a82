import Analytical
import Operators

/// What a kernel-level source says about its run, beside its events.
struct RunContext {
  /// What the times count from, in nanoseconds since the epoch.
  var epoch: Int64 = 0
  /// The rank that the source is of, if it says.
  var rank: Int64?
  /// The number of ranks of the run, if the source says.
  var worldSize: Int?
  /// The captures of graphs that the user named.
  var captures: [CapturedTrace] = []
  /// Whether the profiler records devices only: kernels that belong to no operator then become
  /// samples by their own names, and operators are not timed where no kernel is.
  var isOfDevices = false
}

extension ImportedTrace {
  /// Gives the kernels of a source to their operators, and makes samples and steps of them.
  ///
  /// ``coverage`` must hold the resolution of the source's clock already.
  mutating func attribute(
    _ events: TraceEvents, _ run: RunContext, _ options: ImportOptions
  ) {
    var events = events
    var attribution = KernelAttribution(events)
    coverage.ambiguousLaunches = attribution.ambiguousLaunches
    StreamOverlaps.resolve(&events, attribution, &coverage.timing)
    steps = AnnotatedSteps.make(events, attribution, base: run.epoch)
    // A trace may hold the captures of its own graphs, too.
    let own = CapturedTrace(events, attribution)
    GraphRecovery.recover(&events, &attribution, from: run.captures + [own], &coverage.graphs)
    let collectives = CollectiveGroups(
      events, attribution, rank: run.rank, worldSize: run.worldSize)
    addGroups(events, attribution, taken: collectives.taken, run)
    if let model = options.model {
      unfoldAttention(of: model, tensorParallel: options.tensorParallel)
      arguments = "model=\(model.name) tensor_parallel=\(options.tensorParallel)"
    }
    facts.merge(coverage.facts) { _, new in new }
    collectives.finish(into: &self)
  }

  private mutating func addGroups(
    _ events: TraceEvents, _ attribution: KernelAttribution, taken: [Bool], _ run: RunContext
  ) {
    guard run.isOfDevices else {
      if events.devices.isEmpty {
        let groups = OperatorGroups(processor: events, attribution, &coverage)
        add(groups.finish(worldSize: run.worldSize))
      } else if events.hosts.contains(where: { $0.kind == .operator }) {
        let groups = OperatorGroups(events, attribution, taken: taken, &coverage)
        add(groups.finish(worldSize: run.worldSize))
      } else {
        add(NamedKernels(events, taken: taken, &coverage).finish())
      }
      return
    }
    let isLone = attribution.owners.map { $0.rule == .noOperator }
    let groups = OperatorGroups(
      events, attribution, taken: Self.union(isLone, taken), &coverage)
    add(groups.finish(worldSize: run.worldSize))
    // What belongs to no operator is still true of its kernel.
    if isLone.contains(true) {
      add(NamedKernels(events, taken: Self.union(isLone.map { !$0 }, taken), &coverage).finish())
    }
  }

  /// Which events either list holds; the second may be empty.
  private static func union(_ first: [Bool], _ second: [Bool]) -> [Bool] {
    second.isEmpty ? first : zip(first, second).map { $0 || $1 }
  }
}
