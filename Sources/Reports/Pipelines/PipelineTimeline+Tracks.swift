import CostModel
import Operators
import Replay
import Scenarios
import TraceIO

extension PipelineTimeline {
  /// Draws every request from its sending to its end.
  func drawRequests(to writer: inout some TimelineWriter & ~Copyable) throws(OutputError) {
    let process = Self.requestProcess
    try writer.name("replayed: requests", process: process, order: process)
    var lanes = LaneNames(
      process: process, first: Timeline.firstRequestTrack, title: "requests", order: 10)
    for trip in trips.sorted(by: {
      ($0.outcome.arrival, $0.outcome.number) < ($1.outcome.arrival, $1.outcome.number)
    }) {
      let outcome = trip.outcome
      guard outcome.status == .finished else {
        try writer.mark(
          "\(outcome.status.rawValue) \(outcome.number)", process: process, time: outcome.end,
          [TimelineArgument("prompt_tokens", .integer(outcome.promptTokens))])
        continue
      }
      var arguments = [
        TimelineArgument("pipeline", .text(plan.scenario.pipelines[outcome.pipeline].name)),
        TimelineArgument("prompt_tokens", .integer(outcome.promptTokens)),
        TimelineArgument("context_tokens", .integer(outcome.contextTokens)),
        TimelineArgument("output_tokens", .integer(outcome.outputTokens)),
        TimelineArgument("cached_tokens", .integer(outcome.cachedTokens)),
        TimelineArgument("retries", .integer(outcome.retries)),
      ]
      if let time = outcome.timeToFirstToken {
        arguments.append(TimelineArgument("ttft", .time(time)))
      }
      try writer.draw(
        TimelineSlice(
          name: "request \(outcome.number)", category: "request",
          track: try lanes.track(from: outcome.arrival, to: outcome.end, naming: &writer),
          start: outcome.arrival, duration: outcome.end - outcome.arrival, arguments: arguments,
          flows: [TimelineFlow(number: outcome.number + 1, point: .start)],
          isNamedForItself: true))
    }
  }

  /// Draws look-ups, which no engine serves, by the store that is asked first.
  func drawLookups(to writer: inout some TimelineWriter & ~Copyable) throws(OutputError) {
    let lookups = visits.filter { $0.stage.engine < 0 }
    guard !lookups.isEmpty else { return }
    let process = Self.lookupProcess
    try writer.name("replayed: look-ups in stores", process: process, order: process)
    for (index, pool) in plan.scenario.pools.enumerated() {
      let own = lookups.filter { stage(of: $0)?.pool == pool.name }
      let first = Timeline.firstRequestTrack + 10_000 * index
      try draw(
        own, LaneNames(process: process, first: first, title: pool.name, order: first),
        to: &writer)
    }
  }

  /// Draws engines: their steps or passes, the stages that they served, and what became of them.
  func drawEngines(
    _ trace: PipelineTrace, _ unfolds: Bool, to writer: inout some TimelineWriter & ~Copyable
  ) throws(OutputError) {
    // The beginning of the first step that does not unfold.
    let starts = unfolds ? trace.steps.map(\.start).sorted() : []
    let detailEnd =
      unfolds
      ? starts.dropFirst(Timeline.mostDetailedSteps).first ?? Nanoseconds(.max)
      : Nanoseconds(.min)
    let steps = Dictionary(grouping: trace.steps) { Int($0.engine) }
    let visits = Dictionary(grouping: self.visits) { $0.stage.engine }
    var engine = 0
    for (index, pool) in plan.scenario.pools.enumerated() {
      if case .store = pool.service { continue }
      for number in 0..<pool.count {
        defer { engine += 1 }
        let process = Timeline.firstEngineProcess + engine
        let name = pool.count > 1 ? "\(pool.name) \(number)" : pool.name
        try writer.name("replayed: \(name)", process: process, order: process)
        for change in trace.changes where change.engine == engine {
          try writer.mark(change.kind.rawValue, process: process, time: change.time, [])
        }
        if let own = steps[engine] {
          try draw(own, of: plan.pools[index], detailEnd, process: process, to: &writer)
        }
        try draw(
          visits[engine] ?? [],
          LaneNames(
            process: process, first: Timeline.firstRequestTrack, title: "requests", order: 10),
          to: &writer)
      }
    }
  }

  private func draw(
    _ steps: [StepRecord], of pool: PoolPlan, _ detailEnd: Nanoseconds, process: Int,
    to writer: inout some TimelineWriter & ~Copyable
  ) throws(OutputError) {
    let steps = steps.sorted { $0.start < $1.start }
    var tracks = try StepTracks(of: steps, process: process, naming: &writer)
    var curves = StepCurves(process: process)
    for step in steps {
      let price = pool.pricing?.price(step.middleShape)
      var parts: [TimelineSlice.Part] = []
      if step.start < detailEnd, case .model(let model) = pool.pricing {
        parts = step.parts(model.shares(of: step.middleShape), price: price)
      }
      let track = try tracks.track(of: step, naming: &writer)
      try writer.draw(
        TimelineSlice(
          name: step.title, category: "step", track: track, start: step.start,
          duration: step.duration, arguments: step.arguments(price: price), parts: parts))
      try curves.add(step, to: &writer)
    }
    try curves.close(to: &writer)
  }

  /// Draws stages of requests on tracks that keep them apart: from when what they need had come.
  private func draw(
    _ visits: [Visit], _ lanes: LaneNames, to writer: inout some TimelineWriter & ~Copyable
  ) throws(OutputError) {
    var lanes = lanes
    let order = visits.sorted {
      ($0.stage.arrived, $0.request, $0.stage.stage) < (
        $1.stage.arrived, $1.request, $1.stage.stage
      )
    }
    for visit in order {
      guard let stage = stage(of: visit) else { continue }
      let times = visit.stage
      var parts: [TimelineSlice.Part] = []
      if times.started > times.arrived, times.ended > times.started {
        parts.append(
          TimelineSlice.Part(
            name: "waits", start: times.arrived, duration: times.started - times.arrived))
      }
      try writer.draw(
        TimelineSlice(
          name: stage.name, category: "stage",
          track: try lanes.track(from: times.arrived, to: times.ended, naming: &writer),
          start: times.arrived, duration: times.ended - times.arrived,
          arguments: [
            TimelineArgument("request", .integer(visit.request)),
            TimelineArgument("rests_on", .text(stage.action.basis)),
            TimelineArgument("on_its_way", .time(times.arrived - times.ready)),
          ], flows: [TimelineFlow(number: visit.request + 1, point: .step)], parts: parts))
    }
  }

  private func stage(of visit: Visit) -> Stage? {
    let pipelines = plan.scenario.pipelines
    guard pipelines.indices.contains(visit.pipeline),
      pipelines[visit.pipeline].stages.indices.contains(visit.stage.stage)
    else { return nil }
    return pipelines[visit.pipeline].stages[visit.stage.stage]
  }

  /// Draws what was on each link.
  func draw(
    _ transfers: [PipelineTrace.Transfer], _ links: [LinkTotals],
    to writer: inout some TimelineWriter & ~Copyable
  ) throws(OutputError) {
    guard transfers.contains(where: { !$0.links.isEmpty }) else { return }
    let process = Self.linkProcess
    try writer.name("replayed: links, stores and memory", process: process, order: process)
    var byLink: [[Int32]] = Array(repeating: [], count: links.count)
    for (index, transfer) in transfers.enumerated() {
      for link in transfer.links where byLink.indices.contains(Int(link)) {
        byLink[Int(link)].append(Int32(truncatingIfNeeded: index))
      }
    }
    for (link, own) in byLink.enumerated() where !own.isEmpty {
      let first = Timeline.firstRequestTrack + 10_000 * link
      var lanes = LaneNames(
        process: process, first: first, title: links[link].name, order: first)
      for index in own.sorted(by: {
        (transfers[Int($0)].start, $0) < (transfers[Int($1)].start, $1)
      }) {
        let transfer = transfers[Int(index)]
        var arguments = [
          TimelineArgument("rests_on", .text("the scenario's bandwidths")),
          TimelineArgument("bytes", .integer(Int(min(transfer.bytes, 1e18)))),
        ]
        if let request = transfer.request {
          arguments.append(TimelineArgument("request", .integer(request)))
        }
        try writer.draw(
          TimelineSlice(
            name: transfer.purpose.rawValue, category: "transfer",
            track: try lanes.track(from: transfer.start, to: transfer.end, naming: &writer),
            start: transfer.start, duration: transfer.end - transfer.start, arguments: arguments))
      }
    }
  }
}

extension StageAction {
  /// What the time of a stage rests on, in words.
  fileprivate var basis: String {
    switch self {
    case .process: "the scenario's times a request and a token"
    case .encode: "the passes of its engine"
    case .retrieve: "the law of its index"
    case .call: "the scenario's durations"
    case .fetch, .prefetch: "the stores' latencies and bandwidths"
    case .prefill, .decode, .generate, .think: "the steps of its engine"
    }
  }
}
